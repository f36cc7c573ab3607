//! Whatever a node's own code runs is caught here: a panic in it is the node's fault, and never squall's.
//!
//! What cannot be caught: a destructor that panics while another panic unwinds, and a build that aborts on panics.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::breach::{Breach, Broken, Text};
use crate::guests::framed::Died;
use crate::ids::NodeId;

/// How many characters of a panic's words stand in the sentence of a violation.
const SENTENCE_CHARS_MAX: usize = 160;
/// How many are kept in all.
const CHARS_MAX: usize = 2_000;

std::thread_local! {
    /// Whether a node's own code runs on this thread.
    static IN_NODE: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic in a node's code was: file and line.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Keeps panics of nodes off the terminal: they become violations. Panics elsewhere are reported as before.
pub fn keep_panics_off_the_terminal() {
    HOOK.call_once(|| {
        let report = take_hook();
        set_hook(Box::new(move |info| {
            if IN_NODE.get() {
                note_place(info);
            } else {
                report(info);
            }
        }));
    });
}

fn note_place(info: &PanicHookInfo) {
    let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
    PLACE.with_borrow_mut(|last| *last = place);
}

/// Runs a node's own code. In line, so that what it gives is made where it stays.
#[inline(always)]
pub fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Panic> {
    IN_NODE.set(true);
    let done = catch_unwind(AssertUnwindSafe(run));
    IN_NODE.set(false);
    done.map_err(Panic::new)
}

/// Drops what may be a node's, or hold its messages.
#[inline]
pub fn guarded_drop<T>(value: T) -> Result<(), Panic> {
    if std::mem::needs_drop::<T>() { guarded(|| drop(value)) } else { Ok(()) }
}

#[derive(Debug)]
pub struct Panic {
    words: String,
    place: Option<String>,
}

impl Panic {
    /// The state machine of a node could not be made, which was told before.
    pub fn of_a_machine() -> Panic {
        Panic { words: "its state machine could not be made".into(), place: None }
    }

    #[cold]
    fn new(payload: Box<dyn Any + Send>) -> Panic {
        let payload = match payload.downcast::<Died>() {
            Ok(died) => return Panic { words: died.0, place: None },
            Err(payload) => payload,
        };
        let words = payload.downcast_ref::<String>().cloned();
        let words = words.or_else(|| payload.downcast_ref::<&str>().map(|it| String::from(*it)));
        if words.is_none() {
            // It is the node's, too: to drop it may panic once more.
            std::mem::forget(payload);
        }
        Panic { words: words.unwrap_or_default(), place: PLACE.take() }
    }

    fn line(&self) -> String {
        self.words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Why a node cannot go on, as its host knows it.
#[derive(Debug)]
pub enum Fault {
    Panicked(Box<Panic>),
    Breached(Breach),
}

impl From<Breach> for Fault {
    fn from(breach: Breach) -> Fault {
        Fault::Breached(breach)
    }
}

impl From<Panic> for Fault {
    fn from(panic: Panic) -> Fault {
        Fault::Panicked(Box::new(panic))
    }
}

impl Fault {
    /// What a record has room for.
    pub fn broken(&self) -> Broken {
        match self {
            Fault::Panicked(panic) => Broken::Panicked(Text::new(&panic.line())),
            Fault::Breached(breach) => Broken::Breached(*breach),
        }
    }

    /// All that is known, in one sentence, and in lines where a sentence does not bear it; nothing more for a breach.
    pub fn told(&self, node: NodeId) -> Option<(String, Vec<String>)> {
        let Fault::Panicked(panic) = self else { return None };
        let line = panic.line();
        let short: String = line.chars().take(SENTENCE_CHARS_MAX).collect();
        let is_cut = short.len() < line.len();
        let mut sentence = format!("{node} panicked");
        if !short.is_empty() {
            sentence = format!("{sentence}: {short}{}", if is_cut { "..." } else { "" });
        }
        if let Some(place) = &panic.place {
            sentence = format!("{sentence} ({place})");
        }
        let whole: String = panic.words.chars().take(CHARS_MAX).collect();
        let lines = whole.lines().map(String::from).collect();
        Some((format!("{sentence}."), if is_cut || line != panic.words { lines } else { vec![] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(run: impl FnOnce()) -> (String, Vec<String>) {
        keep_panics_off_the_terminal();
        let fault = Fault::from(guarded(run).expect_err("it panics"));
        fault.told(NodeId::new(2)).expect("it is a panic")
    }

    #[test]
    fn a_panic_is_told_with_its_words_and_place() {
        let (sentence, detail) = told(|| panic!("no entry at {}", 7));
        let place = format!("(src/sim/guest.rs:{}).", line!() - 1);
        assert_eq!(sentence, format!("n2 panicked: no entry at 7 {place}"));
        assert!(detail.is_empty(), "{detail:?}");
    }

    #[test]
    fn a_sentence_bears_one_line_of_bounded_length() {
        let (sentence, detail) = told(|| assert_eq!(1, 2, "two lines\nand more"));
        assert!(
            sentence.starts_with("n2 panicked: assertion `left == right` failed: two lines and")
        );
        assert!(!sentence.contains('\n') && detail.len() == 4, "{detail:?}");
        let (sentence, detail) = told(|| panic!("{}", "ä".repeat(5_000)));
        assert!(sentence.contains("ä... (") && sentence.chars().count() < 220, "{sentence}");
        assert_eq!(detail, ["ä".repeat(CHARS_MAX)]);
    }

    #[test]
    fn a_panic_without_words_is_one_all_the_same() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("it must not be dropped");
            }
        }
        let (sentence, _) = told(|| std::panic::panic_any(Bomb));
        assert!(sentence.starts_with("n2 panicked (src/sim/guest.rs:"), "{sentence}");
    }
}
