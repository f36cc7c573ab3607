//! In place of the crate `getrandom`: bytes that are always the same.
//!
//! raft-rs draws election timeouts that the adapter never uses, from a generator that takes its seed here. The simulator's randomness is the
//! node's own stream: if that gave the seed, every later draw of the node would be another than in squall's process.

/// That there are no bytes, which never is.
pub type Error = std::io::Error;

/// Fills the place with zeros.
///
/// # Errors
///
/// None.
pub fn getrandom(place: &mut [u8]) -> Result<(), Error> {
    place.fill(0);
    Ok(())
}
