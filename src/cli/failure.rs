//! How a command ends: its exit code, which is a part of the interface, and what ends it early.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::campaign::Finding;
use crate::files::{is_stdout, write_whole};
use crate::plan::files::ReadError;
use crate::plan::scenario::FileError;
use crate::property::Property;
use crate::report::expectations::Verdict;
use crate::shown::shown;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Everything was as it should be.
    Clean = 0,
    /// The command line or a file was wrong, or a file could not be read or written.
    Usage = 1,
    /// A safety property was violated.
    Safety = 2,
    /// A liveness property was violated.
    Liveness = 3,
    /// A replay was another run than the saved one, or two runs that were compared differ.
    Diverged = 4,
    /// Something that a scenario promised did not happen, an expected violation for one.
    Unmet = 5,
    /// Nothing was violated, but something that was asked for was not decided: a limit or the horizon came first.
    Undecided = 6,
    /// squall itself has a bug.
    Internal = 70,
    /// It was interrupted, and had found nothing until then.
    Interrupted = 130,
}

/// With which code the command would end as far as it has come.
static SO_FAR: AtomicU8 = AtomicU8::new(Code::Clean as u8);

impl Code {
    /// All, the worst first.
    const ALL: [Code; 9] = {
        use Code::{
            Clean, Diverged, Internal, Interrupted, Liveness, Safety, Undecided, Unmet, Usage,
        };
        [Internal, Diverged, Safety, Liveness, Unmet, Undecided, Interrupted, Usage, Clean]
    };

    /// The same, and known before it is told: what was found does not depend on whether somebody reads all of it.
    pub fn found(self) -> Code {
        SO_FAR.store(self as u8, Ordering::Relaxed);
        self
    }

    fn so_far() -> Code {
        let code = SO_FAR.load(Ordering::Relaxed);
        Code::ALL.into_iter().find(|it| *it as u8 == code).unwrap_or(Code::Clean)
    }

    /// The worse of two: of several runs, a violation tells more than an unmet promise, and that more than a bad file.
    pub fn worse(self, other: Code) -> Code {
        Code::ALL.into_iter().find(|code| [self, other].contains(code)).unwrap_or(self)
    }
}

impl From<Property> for Code {
    fn from(property: Property) -> Code {
        if property == Property::Liveness { Code::Liveness } else { Code::Safety }
    }
}

impl From<Finding> for Code {
    fn from(finding: Finding) -> Code {
        match finding {
            Finding::Violation(property) => property.into(),
            Finding::EventLimit | Finding::TimeLimit => Code::Undecided,
            Finding::Panic => Code::Internal,
        }
    }
}

impl From<&Verdict> for Code {
    fn from(verdict: &Verdict) -> Code {
        match verdict {
            Verdict::Kept => Code::Clean,
            Verdict::Violated(property) => (*property).into(),
            Verdict::Broken(_) => Code::Unmet,
            Verdict::Undecided(_) => Code::Undecided,
        }
    }
}

/// What ends a command early.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    /// What to tell, complete with its heading; nothing where nobody reads any more.
    pub text: String,
}

/// How a command ends.
pub type End = Result<Code, Failure>;

impl Failure {
    /// A wrong use, told in a sentence.
    pub fn usage(message: impl std::fmt::Display) -> Failure {
        Failure { code: Code::Usage, text: format!("error: {}", shown(message.to_string())) }
    }

    /// What it tells, without its heading.
    pub fn sentence(&self) -> &str {
        self.text.strip_prefix("error: ").unwrap_or(&self.text)
    }

    /// A file that could not be read or written.
    pub fn file(path: &Path, what: &str, error: &io::Error) -> Failure {
        Failure::usage(format!("cannot {what} {}: {error}", path.display()))
    }

    /// An output that could not be written.
    pub fn output(path: &Path, error: io::Error) -> Failure {
        if is_stdout(path) { error.into() } else { Failure::file(path, "write", &error) }
    }

    /// Tells it, where anybody hears it.
    pub fn tell(&self) {
        if !self.text.is_empty() {
            say(&self.text);
        }
    }

    /// A file with a mistake: the place is shown with line and column, the offending text is underlined.
    pub fn mistake(path: &Path, text: &str, error: &FileError) -> Failure {
        // The span, within the text and on the borders of characters.
        let span = error.span.clone().unwrap_or_default();
        let border = |at: usize| text.floor_char_boundary(at.min(text.len()));
        let span = border(span.start)..border(span.end.max(span.start));
        let snippet = Snippet::source(text).path(shown(path));
        let mut group = Level::ERROR
            .primary_title(shown(&error.message))
            .element(snippet.annotation(AnnotationKind::Primary.span(span)));
        if let Some(help) = &error.help {
            group = group.element(Level::HELP.message(shown(help)));
        }
        let color = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        Failure { code: Code::Usage, text: renderer.render(&[group]) }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Failure {
        match error {
            ReadError::Mistake(path, text, error) => Failure::mistake(&path, &text, &error),
            _ => Failure::usage(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            // The reader has seen enough, as in `squall ... | head`.
            io::ErrorKind::BrokenPipe => Failure { code: Code::so_far(), text: String::new() },
            _ => Failure::usage(error),
        }
    }
}

/// Writes a file of text whole.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_whole(path, text.trim_end().as_bytes()).map_err(|error| Failure::output(path, error))
}

/// Where words go beside an output, which may have the standard output for itself.
pub fn beside(output: Option<&Path>) -> Box<dyn io::Write> {
    match output.is_some_and(is_stdout) {
        true => Box::new(anstream::stderr()),
        false => Box::new(anstream::stdout()),
    }
}

/// Writes a line to the standard error. If that cannot be written, nobody is left to tell.
pub fn say(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// A value as the JSON of a file.
pub fn pretty(value: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(io::Error::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_outranks_an_unmet_promise() {
        assert_eq!(Code::Unmet.worse(Code::Safety), Code::Safety);
        assert_eq!(Code::Safety.worse(Code::Unmet), Code::Safety);
        assert_eq!(Code::Liveness.worse(Code::Safety), Code::Safety);
        assert_eq!(Code::Unmet.worse(Code::from(Property::Liveness)), Code::Liveness);
        assert_eq!(Code::Clean.worse(Code::Usage), Code::Usage);
    }
}
