//! `squall guest new`: what it writes is built by the commands that it names, passes the check, and storms.

use std::fs;
use std::path::Path;
use std::process::Command;

use predicates::str::contains;
use tempfile::TempDir;

use crate::binary::squall;

/// Writes a guest by the name of `my-raft`, runs its command of building, and gives the name by which `--guest` finds it.
fn begun(language: &str, folder: &TempDir) -> String {
    let output = squall()
        .args(["guest", "new", language, "my-raft"])
        .current_dir(folder)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let text = String::from_utf8(output).expect("it is text");
    let mut next = text.lines().skip_while(|line| *line != "next:").skip(1).map(str::trim);
    assert_eq!(next.next(), Some("cd my-raft"), "{text}");
    let rest: Vec<&str> = next.collect();
    for build in &rest[..rest.len() - 2] {
        let built = Command::new("sh")
            .args(["-c", build])
            .current_dir(folder.path().join("my-raft"))
            // What it needs of squall is built once.
            .env("CARGO_TARGET_DIR", "target")
            .status()
            .expect("a shell");
        assert!(built.success(), "{build}");
    }
    let check = rest[rest.len() - 2];
    check.strip_prefix("squall guest check ").expect("it is checked").replace('\'', "")
}

/// The guest passes the check, and a short campaign.
fn works(guest: &str, runs: &str, folder: &TempDir) {
    let short = folder.path().join("my-raft/short.toml");
    fs::write(short, "nodes = [3]\nhorizon = [4, 8]\n").expect("it is writable");
    let at = |words: &[&str]| {
        let mut command = squall();
        command.args(words).current_dir(folder.path().join("my-raft"));
        command
    };
    at(&["guest", "check", guest])
        .assert()
        .success()
        .stdout(contains("next: squall fuzz --guest my-raft"));
    at(&["fuzz", "--guest", guest, "--runs", runs, "--config", "short.toml"]).assert().success();
}

#[test]
fn a_guest_in_python_is_begun() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let guest = begun("python", &folder);
    works(&guest, "2", &folder);
}

/// As a process: squall compiles large modules, which takes a debug build minutes.
#[test]
fn a_guest_in_go_is_begun() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    squall().args(["guest", "new", "go", "my-raft"]).current_dir(&folder).assert().success();
    let built = Command::new("go")
        .args(["build", "-o", "my-raft", "."])
        .current_dir(folder.path().join("my-raft"))
        .status()
        .expect("there is no go: install Go 1.26 or later from https://go.dev/dl");
    assert!(built.success());
    works("cmd: ./my-raft", "20", &folder);
}

#[cfg(feature = "guests")]
#[test]
fn a_guest_in_c_is_begun() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    squall().args(["guest", "new", "c", "my-raft"]).current_dir(&folder).assert().success();
    let raft = folder.path().join("my-raft/raft.c");
    // As guests/build finds a compiler for WASI.
    let script =
        "for cc in ${CC-} clang-19 clang-16 clang; do command -v $cc >/dev/null && break; done
        exec $cc --target=wasm32-wasi -mexec-model=reactor -O2 -g -o my-raft.wasm raft.c";
    let built = Command::new("sh")
        .args(["-c", script])
        .current_dir(raft.parent().expect("a folder"))
        .status();
    assert!(built.expect("a shell").success());
    works("my-raft.wasm", "20", &folder);
}

/// The modules that take long to build or to load, by a release build.
#[cfg(feature = "guests")]
#[test]
#[ignore = "it builds squall anew, and compiles large modules"]
fn modules_in_go_and_rust_are_begun() {
    for language in ["go", "rust"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let guest = begun(language, &folder);
        works(&guest, "20", &folder);
    }
}

#[test]
fn a_new_guest_takes_no_name_and_no_folder_that_it_cannot_have() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, said) in [
        ("raft", "a guest cannot have the name \"raft\""),
        ("My_Raft", "a guest cannot have the name \"My_Raft\""),
        ("taken", "taken is there already, and nothing is written over it"),
    ] {
        fs::create_dir_all(folder.path().join("taken")).expect("it is writable");
        let words = ["guest", "new", "c", name];
        squall().args(words).current_dir(&folder).assert().code(1).stderr(contains(said));
    }
    let left: Vec<_> = fs::read_dir(&folder).expect("it is there").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(
        fs::read_dir(Path::new(&folder.path().join("taken")))
            .expect("it is there")
            .next()
            .is_none()
    );
}
