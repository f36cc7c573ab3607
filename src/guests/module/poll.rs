//! `poll_oneoff`: how a guest with threads of its own says that all of them wait, and until when.

use super::died::Refusal;
use super::life::Life;
use super::reach::{EINVAL, Fault, get16, get32, get64, place, put};
use super::wasi::{IDLE, STEADY_DATE, WALL_DATE};
use crate::time::LocalTime;

/// How long a subscription is, and where its parts are.
const SUBSCRIPTION: u32 = 48;
/// How long an event is.
const EVENT: u32 = 32;
/// How many subscriptions one call may have.
const SUBSCRIPTIONS_MAX: u32 = 4_096;
/// How often a guest's runtime may pause before its first step.
const PAUSES_MAX: u32 = 1_000;

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

/// An event for the guest: its own word for the subscription, an error or 0, and the kind of the subscription.
struct Event {
    user: u64,
    errno: i32,
    kind: u8,
}

/// What all subscriptions come to.
#[derive(Default)]
struct Asked {
    /// What has happened already.
    ready: Vec<Event>,
    /// Who waits for the idle descriptor.
    idle: Option<u64>,
    /// The first timer: its time, and whose it is.
    timer: Option<(LocalTime, u64)>,
}

/// Waits as little as it can: what is due is told; if all wait, then the step goes on and the first timer is the guest's next wake-up.
pub(super) fn poll(
    memory: &mut [u8],
    life: &mut Life,
    (subscriptions, events): (u32, u32),
    count: u32,
    told: u32,
) -> Result<(), Fault> {
    if !(1..=SUBSCRIPTIONS_MAX).contains(&count) {
        return Err(EINVAL);
    }
    let mut asked = Asked::default();
    for number in 0..count {
        asked.take(memory, life, place(subscriptions, number, SUBSCRIPTION)?)?;
    }
    let ready = asked.decide(life)?;
    for (number, event) in (0..).zip(&ready) {
        let at = place(events, number, EVENT)?;
        let mut bytes = [0; EVENT as usize];
        bytes[..8].copy_from_slice(&event.user.to_le_bytes());
        bytes[8..10].copy_from_slice(&event.errno.to_le_bytes()[..2]);
        bytes[10] = event.kind;
        put(memory, at, &bytes)?;
    }
    let ready = u32::try_from(ready.len()).map_err(|_| EINVAL)?;
    put(memory, told, &ready.to_le_bytes())
}

impl Asked {
    fn take(&mut self, memory: &mut [u8], life: &Life, at: u32) -> Result<(), Fault> {
        let user = get64(memory, at)?;
        let kind = get16(memory, place(at, 8, 1)?)?.to_le_bytes()[0];
        let mut ready = |errno| self.ready.push(Event { user, errno, kind });
        match kind {
            CLOCK => match due(memory, life, at)? {
                Some(due) if due <= life.moment.steady => ready(0),
                Some(due) if self.timer.is_none_or(|(first, _)| due < first) => {
                    self.timer = Some((due, user));
                }
                Some(_) => {}
                None => ready(errno(&EINVAL)),
            },
            FD_READ | FD_WRITE => match (kind, get32(memory, place(at, 16, 1)?)?) {
                (FD_READ, IDLE) => self.idle = self.idle.or(Some(user)),
                (FD_WRITE, 1 | 2) => ready(0),
                _ => ready(errno(&super::reach::EBADF)),
            },
            _ => return Err(EINVAL),
        }
        Ok(())
    }

    fn decide(self, life: &mut Life) -> Result<Vec<Event>, Fault> {
        if !self.ready.is_empty() {
            return Ok(self.ready);
        }
        if let Some(user) = self.idle {
            life.wake = self.timer.map(|(due, _)| due);
            life.idle = true;
            return Ok(vec![Event { user, errno: 0, kind: FD_READ }]);
        }
        match self.timer {
            Some((_, user)) if !life.booted && life.pauses < PAUSES_MAX => {
                life.pauses += 1;
                Ok(vec![Event { user, errno: 0, kind: CLOCK }])
            }
            _ => {
                let words = "the step itself blocks: it waits, and not for descriptor 3";
                Err(Refusal(words.to_owned()).into())
            }
        }
    }
}

/// When a timer is due by the clock that nobody sets; none for a clock that there is not.
fn due(memory: &mut [u8], life: &Life, at: u32) -> Result<Option<LocalTime>, Fault> {
    let clock = get32(memory, place(at, 16, 1)?)?;
    let time = get64(memory, place(at, 24, 1)?)?;
    let absolute = get16(memory, place(at, 40, 1)?)? & 1 == 1;
    let shown = match clock {
        0 => life.moment.now.0.wrapping_add(WALL_DATE),
        1 => life.moment.steady.0.wrapping_add(STEADY_DATE),
        _ => return Ok(None),
    };
    let wait = if absolute { time.saturating_sub(shown) } else { time };
    Ok(Some(LocalTime(life.moment.steady.0.saturating_add(wait))))
}

const fn errno(fault: &Fault) -> i32 {
    match fault {
        Fault::Errno(number) => *number,
        Fault::Dies(_) => 0,
    }
}
