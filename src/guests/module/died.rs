//! Why a guest's process ended, in words for people.

use std::error::Error;
use std::fmt;

use wasmtime::{Trap, WasmBacktrace};

use super::life::Life;

/// How many characters of what a guest said, or of one name of a function, are told.
const CHARS_MAX: usize = 240;

/// How many functions of a backtrace are told.
const FRAMES_TOLD_MAX: usize = 20;

/// A guest's process has ended. Nothing but a new life, or a restore, makes it go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Died {
    /// Why, without a point at its end; the guest is the subject: "it used up the fuel of the step".
    pub words: String,
    /// What the guest itself said of it on descriptor 1 or 2, in one line; empty if it said nothing.
    pub said: String,
    /// The functions that ran, the innermost first, at most 64, of which 20 are told; empty if none did.
    pub backtrace: Vec<String>,
    /// Whether it is the machine that failed, by lack of memory say. Then nothing is known against the guest.
    pub machine: bool,
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        if !self.said.is_empty() {
            write!(f, ", and said: {}", self.said)?;
        }
        if !self.backtrace.is_empty() {
            let told = &self.backtrace[..self.backtrace.len().min(FRAMES_TOLD_MAX)];
            write!(f, "; it was in {}", told.join(", called by "))?;
        }
        Ok(())
    }
}

impl Error for Died {}

/// What the engine does not let a guest do; the words are as in [`Died::words`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Refusal {}

impl Died {
    /// What an error of the engine says of the guest.
    pub(super) fn of(error: &wasmtime::Error, life: &Life) -> Died {
        let trap = error.downcast_ref::<Trap>();
        let (words, machine) = match (error.downcast_ref::<Refusal>(), trap, life.refused()) {
            (Some(refusal), ..) => (refusal.0.clone(), false),
            (None, Some(trap), None) => (trap_words(*trap), false),
            (None, Some(trap), Some(asked)) => (
                format!("{}, after it was refused {asked} bytes of memory", trap_words(*trap)),
                false,
            ),
            (None, None, Some(asked)) => {
                (format!("it asks for {asked} bytes of memory, more than its limit"), false)
            }
            (None, None, None) => (format!("this machine could not run it: {error:#}"), true),
        };
        let frames = error.downcast_ref::<WasmBacktrace>();
        let backtrace = frames.map(backtrace).unwrap_or_default();
        Died { words: cut(&words), said: last_words(life.notes()), backtrace, machine }
    }

    /// One that ended for a reason of the engine's own.
    pub(super) fn plain(words: &str) -> Died {
        Died { words: words.to_owned(), said: String::new(), backtrace: Vec::new(), machine: false }
    }
}

fn trap_words(trap: Trap) -> String {
    match trap {
        Trap::OutOfFuel => "it used up the fuel of the step".to_owned(),
        Trap::StackOverflow => "its calls went too deep".to_owned(),
        Trap::UnreachableCodeReached => "it trapped: unreachable".to_owned(),
        trap => format!("it trapped: {}", trap.to_string().trim_start_matches("wasm trap: ")),
    }
}

/// The names of the functions, as their languages write them.
fn backtrace(frames: &WasmBacktrace) -> Vec<String> {
    // Only the text has names that are demangled: `number: place - module!name`.
    let text = frames.to_string();
    let names = text.lines().skip(1).filter_map(|line| line.split_once('!'));
    names.map(|(_, name)| cut(name)).collect()
}

/// The line that tells why: that of a panic, or the last one.
fn last_words(notes: &[u8]) -> String {
    const SIGNS: [&str; 4] = ["panic: ", "fatal error: ", "panicked at", "Assertion failed"];
    let text = String::from_utf8_lossy(notes);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let sign = |line: &&str| SIGNS.iter().any(|sign| line.contains(sign));
    let Some(line) = lines.clone().find(sign).or_else(|| lines.clone().next_back()) else {
        return String::new();
    };
    // Rust says what it was in the next line.
    let next = lines.by_ref().skip_while(|other| *other != line).nth(1);
    match next.filter(|_| line.contains("panicked at")) {
        Some(next) => cut(&format!("{line} {next}")),
        None => cut(line),
    }
}

/// The beginning of a text, without characters that would spoil a terminal.
fn cut(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = chars.by_ref().take(CHARS_MAX).collect();
    if chars.next().is_some() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_those_of_a_panic_or_the_last_ones() {
        let said = |text: &str| last_words(text.as_bytes());
        assert_eq!(said(""), "");
        assert_eq!(said("one\ntwo\n\n"), "two");
        assert_eq!(said("log\npanic: no leader\n\ngoroutine 1 [running]:\nx"), "panic: no leader");
        assert_eq!(
            said("thread 'main' panicked at src/lib.rs:1:2:\nno leader\nnote: run with"),
            "thread 'main' panicked at src/lib.rs:1:2: no leader"
        );
        assert_eq!(said("\u{1b}[31m\0bad"), " [31m bad");
        assert!(said(&"x".repeat(10_000)).chars().count() < 300);
        assert_eq!(last_words(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
