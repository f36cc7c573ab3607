//! What ends a command early, and how it is shown.

use std::io::{self, Write as _};
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::cli::exit::Code;
use crate::files::is_stdout;
use crate::plan::files::ReadError;
use crate::plan::scenario::FileError;
use crate::shown::shown;

/// What ends a command early.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// What to tell, complete with its heading; nothing where nobody reads any more.
    pub text: String,
}

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
        let mut group = Level::ERROR.primary_title(shown(&error.message)).element(
            Snippet::source(text)
                .path(shown(path))
                .annotation(AnnotationKind::Primary.span(clamp(error.span.clone(), text))),
        );
        if let Some(help) = &error.help {
            group = group.element(Level::HELP.message(shown(help)));
        }
        let choice = anstream::AutoStream::choice(&io::stderr());
        let color = choice != anstream::ColorChoice::Never;
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        Failure { code: Code::Usage, text: renderer.render(&[group]) }
    }
}

/// Writes a line to the standard error. If that cannot be written, nobody is left to tell.
pub fn say(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// A span within the text, on the borders of characters.
fn clamp(span: Option<std::ops::Range<usize>>, text: &str) -> std::ops::Range<usize> {
    let span = span.unwrap_or(0..0);
    let border = |at: usize| text.floor_char_boundary(at.min(text.len()));
    border(span.start)..border(span.end.max(span.start))
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Failure {
        match error {
            ReadError::Mistake { path, text, error } => Failure::mistake(&path, &text, &error),
            _ => Failure::usage(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            // The reader has seen enough, as in `squall ... | head`.
            io::ErrorKind::BrokenPipe => Failure { code: Code::Clean, text: String::new() },
            _ => Failure::usage(error),
        }
    }
}
