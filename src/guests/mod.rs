//! Other Rafts behind the same contract, and wrappers that spoil any of them.

#[cfg(feature = "guests")]
pub mod module;
pub mod saboteur;
