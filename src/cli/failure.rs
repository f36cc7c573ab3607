//! What ends a command early, and how it is shown.

use std::io;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::cli::exit::Code;
use crate::plan::files::ReadError;
use crate::plan::scenario::FileError;

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
        Failure { code: Code::Usage, text: format!("error: {message}") }
    }

    /// What it tells, without its heading.
    pub fn sentence(&self) -> &str {
        self.text.strip_prefix("error: ").unwrap_or(&self.text)
    }

    /// A file that could not be read or written.
    pub fn file(path: &Path, what: &str, error: &io::Error) -> Failure {
        Failure::usage(format!("cannot {what} {}: {error}", path.display()))
    }

    /// A file with a mistake: the place is shown with line and column, the offending text is underlined.
    pub fn mistake(path: &Path, text: &str, error: &FileError) -> Failure {
        let name = path.display().to_string();
        let mut group = Level::ERROR.primary_title(error.message.clone()).element(
            Snippet::source(text)
                .path(name)
                .annotation(AnnotationKind::Primary.span(clamp(error.span.clone(), text))),
        );
        if let Some(help) = &error.help {
            group = group.element(Level::HELP.message(help.clone()));
        }
        let choice = anstream::AutoStream::choice(&io::stderr());
        let color = choice != anstream::ColorChoice::Never;
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        Failure { code: Code::Usage, text: renderer.render(&[group]) }
    }
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
            ReadError::Mistake(path, text, error) => Failure::mistake(&path, &text, &error),
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
