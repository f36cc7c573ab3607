//! New guests from templates: the guests of `guests/`, in one language each, with another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::files::write_whole;

/// A language for which there is a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// A module over the library in guests/go, which is copied
    Go,
    /// A module and a process, over squall's own library
    Rust,
    /// A module in one file, without an operating system
    C,
    /// A process in one file, with the standard library
    Python,
}

/// A file of a template: its name, its text, and what takes another's place in it.
struct Source {
    name: &'static str,
    text: &'static str,
    changes: &'static [(&'static str, &'static str)],
}

/// The file in this place of the repository, as it is, or with changes.
macro_rules! source {
    ($name:literal, $path:literal $(, $from:literal => $to:literal)*) => {
        Source {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)),
            changes: &[$(($from, $to)),*],
        }
    };
}

/// Stands for the guest's name, the same with `_` for `-`, and how squall is depended upon.
const NAME: &str = "{name}";
const LIBRARY: &str = "{library}";
const SQUALL: &str = "{squall}";

const GO: &[Source] = &[
    source!("go.mod", "guests/go-raft/go.mod", "squall.example/go-raft" => "squall.example/{name}", "../go" => "./squall"),
    source!("raft.go", "guests/go-raft/raft.go", "\"name\": \"go-raft\"" => "\"name\": \"{name}\"", "guests/go." => "squall/."),
    source!("squall/go.mod", "guests/go/go.mod"),
    source!("squall/doc.go", "guests/go/doc.go"),
    source!("squall/types.go", "guests/go/types.go"),
    source!("squall/decode.go", "guests/go/decode.go"),
    source!("squall/out.go", "guests/go/out.go"),
    source!("squall/summary.go", "guests/go/summary.go"),
    source!("squall/options.go", "guests/go/options.go"),
    source!("squall/module.go", "guests/go/module.go"),
    source!("squall/process.go", "guests/go/process.go"),
];

const RUST: &[Source] = &[
    source!(
        "Cargo.toml",
        "guests/own-raft/Cargo.toml",
        "name = \"own-raft-guest\"" => "name = \"{name}\"",
        "examples/own_raft.rs as a guest" => "A Raft under squall",
        "# The example asks for it." => "# Nothing asks for it: the command line in own_raft.rs is left out.",
        "name = \"own_raft\"" => "name = \"{library}\"",
        "name = \"own-raft\"" => "name = \"{name}-process\"",
        "path = \"../..\"" => "{squall}"
    ),
    source!(
        "src/lib.rs",
        "guests/own-raft/src/lib.rs",
        "`examples/own_raft.rs` as a guest." => "`own_raft.rs` as a guest of squall.",
        "//! It does here, bit for bit, what it does in squall's process: an oracle for the host itself.\n" => "",
        "#[path = \"../../../examples/own_raft.rs\"]\n" => "",
        "\"own-raft\"" => "\"{name}\""
    ),
    source!(
        "src/main.rs",
        "guests/own-raft/src/main.rs",
        "guests/own-raft/target/release/own-raft" => "target/release/{name}-process",
        "own_raft::" => "{library}::"
    ),
    source!(
        "src/own_raft.rs",
        "examples/own_raft.rs",
        "Its `main` is the whole command line of squall for this Raft:" => "As a guest it is run by these commands:",
        "cargo run --example own_raft -- fuzz" => "squall fuzz --guest target/wasm32-wasip1/release/{library}.wasm",
        "cargo run --example own_raft -- explain" => "squall explain",
        "`guests/own-raft` makes a WebAssembly module of the same Raft, which needs" => "A guest needs"
    ),
];

const C: &[Source] = &[source!(
    "raft.c",
    "guests/c/raft.c",
    "\\\"name\\\":\\\"c\\\"" => "\\\"name\\\":\\\"{name}\\\"",
    "guests/build c\n" => "clang --target=wasm32-wasi -mexec-model=reactor -O2 -g -o {name}.wasm raft.c\n",
    "target/guests/c.wasm" => "{name}.wasm"
)];

const PYTHON: &[Source] = &[source!(
    "raft.py",
    "guests/python/raft.py",
    "\"name\": \"python\"" => "\"name\": \"{name}\"",
    "guests/python/raft.py" => "raft.py"
)];

impl Language {
    fn sources(self) -> &'static [Source] {
        match self {
            Language::Go => GO,
            Language::Rust => RUST,
            Language::C => C,
            Language::Python => PYTHON,
        }
    }

    /// The commands that build such a guest within its folder, and how `--guest` names it then.
    pub fn next(self, name: &str) -> (Option<String>, String) {
        let module = format!("{name}.wasm");
        match self {
            Language::Go => {
                let build = "GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o";
                (Some(format!("{build} {module} .")), module)
            }
            Language::Rust => {
                let library = library(name);
                let module = format!("target/wasm32-wasip1/release/{library}.wasm");
                (Some("cargo build --release --lib --target wasm32-wasip1".into()), module)
            }
            Language::C => {
                let build = "clang --target=wasm32-wasi -mexec-model=reactor -O2 -g -o";
                (Some(format!("{build} {module} raft.c")), module)
            }
            Language::Python => (None, "'cmd: python3 raft.py'".into()),
        }
    }
}

fn library(name: &str) -> String {
    name.replace('-', "_")
}

/// How a crate depends on squall: on the source of this very squall if it is still there, or else on its version.
fn squall() -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    match source.join("Cargo.toml").is_file() {
        true => format!("path = {:?}", source.display().to_string()),
        false => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    }
}

/// Whether a name may be a crate's, a Go module's and a guest's.
pub fn is_plain(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|letter| letter.is_ascii_lowercase())
        && letters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
}

/// The files of a guest of this name, each with its text.
fn files(language: Language, name: &str) -> Vec<(&'static str, String)> {
    let filled = |source: &Source| {
        let mut text = source.text.to_owned();
        for (from, to) in source.changes {
            let to = to.replace(NAME, name).replace(LIBRARY, &library(name));
            text = text.replace(from, &to.replace(SQUALL, &squall()));
        }
        (source.name, text)
    };
    language.sources().iter().map(filled).collect()
}

/// Writes a guest into a folder that is not there yet, whole or not at all, and gives the names of its files.
///
/// # Errors
///
/// As the system says, and [`io::ErrorKind::AlreadyExists`] if there is something of that name.
pub fn write(language: Language, name: &str, folder: &Path) -> io::Result<Vec<&'static str>> {
    if folder.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut unfinished = folder.as_os_str().to_owned();
    unfinished.push(format!(".{}.tmp", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let files = files(language, name);
    let written = files
        .iter()
        .try_for_each(|(file, text)| {
            write_whole(&unfinished.join(file), text.trim_end().as_bytes())
        })
        .and_then(|()| fs::rename(&unfinished, folder));
    if written.is_err() {
        // What went wrong first is told.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written.map(|()| files.into_iter().map(|(file, _)| file).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_to_be_changed_is_there_and_no_other_name_is_left() {
        for language in Language::value_variants() {
            for source in language.sources() {
                for (from, _) in source.changes {
                    assert!(source.text.contains(from), "{language:?} {}: {from}", source.name);
                }
            }
            for (file, text) in files(*language, "my-raft") {
                let left = [NAME, LIBRARY, SQUALL, "own-raft", "go-raft", "../"];
                let left = left.iter().find(|it| text.contains(**it));
                assert_eq!(left, None, "{language:?} {file}");
            }
        }
    }

    #[test]
    fn the_whole_library_in_go_is_copied() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/go");
        for entry in fs::read_dir(folder).expect("it is there") {
            let name = entry.expect("it is read").file_name().into_string().expect("UTF-8");
            let is_code = name.ends_with(".go") && !name.ends_with("_test.go");
            let is_copied = GO.iter().any(|it| it.name.strip_prefix("squall/") == Some(&name));
            assert!(!is_code || is_copied, "{name}");
        }
    }

    #[test]
    fn nothing_is_written_over_and_nothing_is_half_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).expect("it is writable");
        let error = write(Language::C, "taken", &taken).expect_err("it is there");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        let beside = folder.path().join("no-folder");
        fs::write(&beside, "a file").expect("it is writable");
        write(Language::C, "new", &beside.join("new")).expect_err("there is no such folder");
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 2);
    }

    #[test]
    fn names_are_plain() {
        for name in ["raft", "my-raft2"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "2raft", "-raft", "My", "a b", "a_b", "a/b", "ä"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
