//! The guest's memory, as WASI reaches it: every place and length is the guest's word, and is checked.

use super::died::Refusal;

/// Why a call of WASI does not do what it is asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// The guest is told so by this number.
    Errno(i32),
    /// The guest's process ends.
    Dies(Refusal),
}

/// Nothing to read yet.
pub(super) const EAGAIN: Fault = Fault::Errno(6);
/// No such descriptor.
pub(super) const EBADF: Fault = Fault::Errno(8);
/// A place that is not in the guest's memory.
pub(super) const EFAULT: Fault = Fault::Errno(21);
/// A number that makes no sense.
pub(super) const EINVAL: Fault = Fault::Errno(28);
/// A function that squall does not have.
pub(super) const ENOSYS: i32 = 52;

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault::Dies(refusal)
    }
}

/// So many bytes of the memory from this place on.
pub(super) fn bytes(memory: &mut [u8], at: u32, len: u32) -> Result<&mut [u8], Fault> {
    let (at, len) = (at as usize, len as usize);
    let end = at.checked_add(len).ok_or(EFAULT)?;
    memory.get_mut(at..end).ok_or(EFAULT)
}

/// The place of a part of a list: `step` bytes for each that is before it.
pub(super) fn place(list: u32, number: u32, step: u32) -> Result<u32, Fault> {
    number.checked_mul(step).and_then(|offset| list.checked_add(offset)).ok_or(EFAULT)
}

fn array<const N: usize>(memory: &mut [u8], at: u32) -> Result<[u8; N], Fault> {
    let mut array = [0; N];
    let len = u32::try_from(N).map_err(|_| EFAULT)?;
    array.copy_from_slice(bytes(memory, at, len)?);
    Ok(array)
}

pub(super) fn get16(memory: &mut [u8], at: u32) -> Result<u16, Fault> {
    array(memory, at).map(u16::from_le_bytes)
}

pub(super) fn get32(memory: &mut [u8], at: u32) -> Result<u32, Fault> {
    array(memory, at).map(u32::from_le_bytes)
}

pub(super) fn get64(memory: &mut [u8], at: u32) -> Result<u64, Fault> {
    array(memory, at).map(u64::from_le_bytes)
}

pub(super) fn put(memory: &mut [u8], at: u32, value: &[u8]) -> Result<(), Fault> {
    let len = u32::try_from(value.len()).map_err(|_| EFAULT)?;
    bytes(memory, at, len)?.copy_from_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_outside_of_memory_is_reached() {
        let mut memory = [7; 64];
        assert_eq!(get32(&mut memory, 60).ok(), Some(0x0707_0707));
        for at in [61, 64, 65, u32::MAX - 3, u32::MAX] {
            assert!(get32(&mut memory, at).is_err(), "{at}");
            assert!(put(&mut memory, at, &[0; 4]).is_err(), "{at}");
        }
        for (at, len) in [(0, 65), (64, 1), (1, u32::MAX), (u32::MAX, u32::MAX)] {
            assert!(bytes(&mut memory, at, len).is_err(), "{at} {len}");
        }
        assert!(bytes(&mut memory, 64, 0).is_ok(), "nothing lies anywhere up to the end");
        assert!(place(8, u32::MAX / 8, 8).is_err());
        assert_eq!(memory, [7; 64]);
    }
}
