//! What one key does, from its description alone: the sequential model that histories are held against. It shares nothing with the
//! state machine of the host.

use std::rc::Rc;

use crate::log::Command;
use crate::record::Heard;
use crate::record::values_word;

/// What a key holds, in order; empty where it holds nothing.
pub type State = Rc<[u32]>;

/// How many values a key holds at most: an append to a longer list is refused.
pub const VALUES_MAX: usize = 64;

/// What a command gives on a key that holds these values, and what the key holds then, if that is something else. Commands that are
/// about no key give nothing here.
pub fn step(state: &[u32], command: Command) -> (Heard, Option<State>) {
    let becomes = |values: &[u32]| (values != state).then(|| State::from(values));
    match command {
        Command::Get { .. } => (Heard::Values(values_word(state)), None),
        Command::Put { value, .. } => (Heard::Done, becomes(&[value])),
        Command::Delete { .. } => (Heard::Done, becomes(&[])),
        Command::CompareAndSet { expected, value, .. } => match state {
            [held] if *held == expected => (Heard::Done, becomes(&[value])),
            _ => (Heard::Mismatch, None),
        },
        Command::Append { .. } if state.len() >= VALUES_MAX => (Heard::Full, None),
        Command::Append { value, .. } => {
            let longer = state.iter().copied().chain([value]);
            (Heard::Done, Some(longer.collect()))
        }
        Command::Noop | Command::Register | Command::Configure(_) => (Heard::Done, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::{self, Map};
    use crate::rng::{Rng, Stream};

    /// The model and the state machine were written apart, from one description.
    #[test]
    fn the_model_does_what_the_state_machine_does() {
        assert_eq!(VALUES_MAX, kv::VALUES_MAX);
        for seed in 0..50 {
            let mut rng = Rng::new(seed, Stream::Client(1));
            let (mut map, mut state) = (Map::default(), State::from([]));
            let appends = rng.below(40);
            for _ in 0..300 {
                let (key, value) = (1, rng.below(3) as u32);
                let command = match rng.below(10 + appends) {
                    0 | 1 => Command::Get { key },
                    2 => Command::Put { key, value },
                    3 if appends < 20 => Command::Delete { key },
                    4..6 => Command::CompareAndSet { key, expected: rng.below(3) as u32, value },
                    _ => Command::Append { key, value },
                };
                let (heard, next) = step(&state, command);
                state = next.unwrap_or(state);
                assert_eq!(heard, Heard::from(&map.carry_out(command)), "{command:?}");
            }
        }
    }
}
