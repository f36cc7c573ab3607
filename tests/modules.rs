//! Guests that are WebAssembly modules, honest ones and hostile ones: nothing that a module does reaches beyond it.

mod profile;
mod saved;
mod wasi;

use std::fmt::Write as _;
use std::fs;

use squall::guests::module::{Died, ENGINE, Instance, Limits, MODULE_MAX, Module};
use squall::ids::NodeId;
use squall::node::{Moment, NodeRng};
use squall::rng::{Rng, Stream};
use squall::time::LocalTime;

/// A module with one page of memory, whose input lies at 1024. `imports` stands before all else, `rest` behind it.
fn text(imports: &str, rest: &str) -> String {
    let memory = "(memory (export \"memory\") 1)";
    let buf = "(func (export \"buf\") (param i32) (result i32) i32.const 1024)";
    format!("(module {imports} {memory} {buf} {rest})")
}

/// The imports of WASI that a body of [`text`] may call as `$name`.
fn wasi(names: &[&str]) -> String {
    let mut imports = String::new();
    for name in names {
        let types = match *name {
            "clock_time_get" => "(param i32 i64 i32) (result i32)",
            "random_get" | "fd_fdstat_get" | "args_get" | "args_sizes_get" => {
                "(param i32 i32) (result i32)"
            }
            "fd_write" | "fd_read" | "poll_oneoff" => "(param i32 i32 i32 i32) (result i32)",
            "proc_exit" => "(param i32)",
            other => panic!("{other} has no type here"),
        };
        let from = "\"wasi_snapshot_preview1\"";
        let _ = write!(imports, "(import {from} \"{name}\" (func ${name} {types}))");
    }
    imports
}

/// A step with this body, which has the input's length as `$n`.
fn step(body: &str) -> String {
    format!(
        "(func $step (export \"step\") (param $n i32) (result i64) (local $i i32) (local $e i32) {body})"
    )
}

fn compile(text: &str) -> Result<Module, String> {
    Module::new(&wat::parse_str(text).expect("the text of the module is right"))
}

/// An instance, its randomness and its clocks.
struct Guest {
    instance: Instance,
    rng: NodeRng,
    moment: Moment,
}

fn rng() -> NodeRng {
    let stream = Rng::new(7, Stream::Node(NodeId::new(1)));
    NodeRng::new(stream, Vec::new(), Vec::new(), Vec::new())
}

fn moment(now: u64, steady: u64) -> Moment {
    Moment { now: LocalTime(now), steady: LocalTime(steady) }
}

impl Guest {
    fn new(text: &str) -> Guest {
        Guest::with(text, Limits::DEFAULT)
    }

    fn with(text: &str, limits: Limits) -> Guest {
        let module = compile(text).expect("it is a guest");
        Guest { instance: module.start(limits), rng: rng(), moment: moment(5, 3) }
    }

    fn step(&mut self, input: &[u8]) -> Result<Vec<u8>, Died> {
        let mut out = b"what was there before".to_vec();
        self.instance.step(self.moment, &mut self.rng, input, &mut out)?;
        Ok(out)
    }

    /// The words of the death in the first step.
    fn death(text: &str) -> Died {
        let mut guest = Guest::new(text);
        let died = guest.step(b"input").expect_err("it dies");
        assert_eq!(guest.step(b"").expect_err("it stays dead").words, "it is dead");
        assert!(!died.machine, "{died}");
        died
    }
}

/// The output is so many bytes at this place.
fn output(place: u32, len: u32) -> String {
    format!("i64.const {}", i64::from(place) << 32 | i64::from(len))
}

fn echo() -> String {
    let body = "local.get $n i64.extend_i32_u i64.const 4398046511104 i64.or";
    text("", &step(body))
}

/// Stores the errno of a call at 0, and gives the first `len` bytes of memory.
fn told(call: &str, len: u32) -> String {
    step(&format!("i32.const 0 {call} i32.store {}", output(0, len)))
}

fn errno(output: &[u8]) -> u32 {
    u32::from_le_bytes(output[..4].try_into().expect("four bytes"))
}

fn number(output: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(output[place..place + 8].try_into().expect("eight bytes"))
}

#[test]
fn a_step_takes_an_input_and_gives_an_output() {
    let mut guest = Guest::new(&echo());
    for input in [&b"one"[..], b"", b"and another one"] {
        assert_eq!(guest.step(input).expect("it lives"), input);
    }
    assert!((1..100).contains(&guest.instance.fuel_used()));
    assert_eq!(guest.instance.memory_size(), 65_536);
    let long = guest.step(&[0; 65_536]).expect_err("there is no room").words;
    assert_eq!(
        long,
        "the place for its input lies outside of its memory: 65536 bytes from 1024 on"
    );
}

#[test]
fn a_module_is_set_up_in_its_first_step() {
    let rest = format!(
        "(global $ready (mut i32) (i32.const 0)) \
         (func (export \"_initialize\") (global.set $ready (i32.add (global.get $ready) (i32.const 1)))) {}",
        step(&format!("i32.const 0 global.get $ready i32.store {}", output(0, 4)))
    );
    let mut guest = Guest::new(&text("", &rest));
    assert_eq!(errno(&guest.step(b"").expect("it lives")), 1);
    assert_eq!(errno(&guest.step(b"").expect("it lives")), 1, "and only then");
}

#[test]
fn a_file_is_read_and_known_by_its_hash() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("guest.wasm");
    let bytes = wat::parse_str(echo()).expect("it is right");
    fs::write(&path, &bytes).expect("it is written");
    let module = Module::load(&path).expect("it is a guest");
    assert_eq!(module.hash(), xxhash_rust::xxh3::xxh3_128(&bytes));
    assert_eq!(module.size(), bytes.len());
    assert_eq!(module.unsaved(), None);

    let error = Module::load(&folder.path().join("none.wasm")).unwrap_err();
    assert!(error.contains("none.wasm: "), "{error}");
    assert!(Module::load(folder.path()).is_err(), "a folder is none");
    let large = folder.path().join("large.wasm");
    let file = fs::File::create(&large).expect("it can be made");
    file.set_len(MODULE_MAX * 4).expect("it is sparse");
    let error = Module::load(&large).unwrap_err();
    assert!(error.ends_with("large.wasm: it is larger than 64 MiB"), "{error}");
}

#[test]
fn what_is_no_guest_is_refused_with_the_reason() {
    let none = |bytes: &[u8]| Module::new(bytes).unwrap_err();
    assert_eq!(none(b""), "it is no WebAssembly module");
    assert_eq!(none(b"#!/bin/sh\n"), "it is no WebAssembly module");
    assert_eq!(none(b"\0asm\x0d\0\x01\0"), "it is a component; a guest is a core module");
    assert!(none(b"\0asm\x01\0\0\0\x0a").starts_with("it is no valid module: "));
    let whole = wat::parse_str(echo()).expect("it is right");
    for end in 8..whole.len() {
        // Without its last sections it may still be one.
        let _ = Module::new(&whole[..end]);
    }

    let refused = |text: &str| compile(text).unwrap_err();
    let buf = "(func (export \"buf\") (param i32) (result i32) i32.const 0)";
    let memory = "(memory (export \"memory\") 1)";
    assert_eq!(refused("(module)"), "it exports no memory `memory`");
    assert_eq!(refused(&format!("(module {memory})")), "it exports no function `buf`");
    assert_eq!(refused(&format!("(module {memory} {buf})")), "it exports no function `step`");
    assert_eq!(
        refused(&format!("(module {memory} (func (export \"_start\")))")),
        "it exports no function `buf`; it was built as a command: build it as a reactor"
    );
    assert_eq!(
        refused(&text("", "(func (export \"step\") (param i32) (result i32) i32.const 0)")),
        "its function `step` must take (i32) and give (i64)"
    );
    assert_eq!(
        refused(&text("(import \"env\" \"now\" (func))", &step(&output(0, 0)))),
        "it imports `now` from `env`; a guest imports from `wasi_snapshot_preview1` only"
    );
    let from = "(import \"wasi_snapshot_preview1\"";
    let error =
        refused(&text(&format!("{from} \"random_get\" (func (param i64)))"), &step(&output(0, 0))));
    assert!(error.starts_with("it imports what WASI has otherwise: "), "{error}");
    let error = refused(&text(&format!("{from} \"x\" (global i32))"), &step(&output(0, 0))));
    assert_eq!(error, "it imports `x` from `wasi_snapshot_preview1`, which is no function");
    assert!(
        refused("(module (memory (export \"memory\") 1 1 shared))").contains("no valid module")
    );
}

#[test]
fn a_guest_that_spins_runs_out_of_fuel_at_the_same_place() {
    let module = text(
        "",
        &step(
            "(loop $spin (i32.add (local.get $i) (i32.const 1)) local.set $i \
        (i32.store (i32.const 0) (local.get $i)) (br $spin)) unreachable",
        ),
    );
    let limits = Limits { fuel: 100_000, ..Limits::DEFAULT };
    let mut places = Vec::new();
    for _ in 0..3 {
        let mut guest = Guest::with(&module, limits);
        let died = guest.step(b"").expect_err("it spins");
        assert_eq!(died.words, "it used up the fuel of the step");
        assert_eq!(died.backtrace, ["step"]);
        places.push(guest.instance.fuel_used());
    }
    assert_eq!(places, [places[0]; 3]);
    let deep = text(
        "",
        "(func $deeper (param i32) (result i64) local.get 0 call $deeper) \
        (export \"step\" (func $deeper))",
    );
    let died = Guest::death(&deep);
    assert_eq!(died.words, "its calls went too deep");
    assert_eq!(died.backtrace.len(), 64, "a backtrace is bounded");
    assert_eq!(died.to_string().matches("called by").count(), 19, "and less of it is told");
}

#[test]
fn memory_grows_up_to_the_limit_and_no_further() {
    let grow = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) \
        (i32.store (i32.const 0) (memory.size))";
    let limits = Limits { memory: 4 << 20, ..Limits::DEFAULT };
    let mut guest = Guest::with(&text("", &step(&format!("{grow} {}", output(0, 4)))), limits);
    assert_eq!(errno(&guest.step(b"").expect("it is told that there is no more")), 64);
    assert_eq!(guest.instance.memory_size(), 4 << 20);
    let mut guest = Guest::with(&text("", &step(&format!("{grow} unreachable"))), limits);
    let died = guest.step(b"").expect_err("it traps");
    assert_eq!(died.words, "it trapped: unreachable, after it was refused 4259840 bytes of memory");
    // More than the limit from the beginning.
    let large = echo().replace("\"memory\") 1", "\"memory\") 100");
    let died = Guest::with(&large, limits).step(b"").expect_err("it has no room");
    assert_eq!(died.words, "it asks for 6553600 bytes of memory, more than its limit");
    assert!(!died.machine);
    let table = text(
        "",
        &format!(
            "(table 0 funcref) {}",
            step(&format!(
                "i32.const 0 (table.grow 0 (ref.null func) (i32.const 2000000)) i32.store {}",
                output(0, 4)
            ))
        ),
    );
    assert_eq!(errno(&Guest::new(&table).step(b"").expect("it is told")), u32::MAX);
}

#[test]
fn what_takes_the_engine_long_costs_fuel() {
    // Each of these would take hours if it cost no more than an instruction.
    let bodies = [
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 60000))",
        "(memory.copy (i32.const 0) (i32.const 8) (i32.const 60000))",
        "(drop (memory.grow (i32.const 65535)))",
        "(drop (call $random_get (i32.const 0) (i32.const 0)))",
        "(drop (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0)))",
        "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 0)))",
    ];
    let imports = wasi(&["random_get", "poll_oneoff", "fd_write"]);
    for body in bodies {
        let spin = format!("(loop $spin {body} (br $spin)) unreachable");
        let limits = Limits { fuel: 20_000_000, ..Limits::DEFAULT };
        let mut guest = Guest::with(&text(&imports, &step(&spin)), limits);
        let died = guest.step(b"").expect_err("it spins");
        assert!(died.words.starts_with("it used up the fuel of the step"), "{body}: {died}");
    }
}

#[test]
fn a_guest_that_lies_about_places_dies_alone() {
    for (place, len) in
        [(0, 65_537), (65_536, 1), (u32::MAX, 1), (0, u32::MAX), (u32::MAX, u32::MAX)]
    {
        let died = Guest::death(&text("", &step(&output(place, len))));
        let beyond = len > Limits::DEFAULT.output;
        let words = if beyond { "more than the limit" } else { "outside of its memory" };
        assert!(died.words.contains(words), "{died}");
    }
    let end = Guest::new(&text("", &step(&output(65_536, 0)))).step(b"").expect("nothing is there");
    assert!(end.is_empty());
    let lie = echo().replace("i32.const 1024", "i32.const -1");
    let died = Guest::death(&lie);
    assert_eq!(
        died.words,
        "the place for its input lies outside of its memory: 5 bytes from 4294967295 on"
    );
}

#[test]
fn an_exit_and_a_trap_end_the_process_and_say_why() {
    let exit = text(&wasi(&["proc_exit"]), &step("i32.const 3 call $proc_exit unreachable"));
    let died = Guest::death(&exit);
    assert_eq!(died.words, "it exited with code 3");
    assert_eq!(died.backtrace, ["step"]);
    let rest = "(func $divide (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))";
    let body = format!("i32.const 0 i32.const 0 call $divide i32.store {}", output(0, 0));
    let died = Guest::death(&text("", &format!("{rest} {}", step(&body))));
    assert_eq!(died.words, "it trapped: integer divide by zero");
    assert_eq!(died.backtrace, ["divide", "step"]);
    let text = died.to_string();
    assert_eq!(text, "it trapped: integer divide by zero; it was in divide, called by step");
    let setup = "(func $setup (export \"_initialize\") unreachable)";
    let died = Guest::death(&self::text("", &format!("{setup} {}", step(&output(0, 0)))));
    assert_eq!(died.backtrace, ["setup"]);
    let start = "(func $first unreachable) (start $first)";
    let died = Guest::death(&self::text("", &format!("{start} {}", step(&output(0, 0)))));
    assert_eq!(died.words, "it trapped: unreachable");
}

#[test]
fn the_version_of_the_engine_is_what_is_built() {
    let lock = include_str!("../Cargo.lock");
    let (name, version) = ENGINE.split_once(' ').expect("a name and a version");
    let package = format!("name = \"{name}\"\nversion = \"{version}\"");
    assert!(lock.contains(&package), "name the version of Cargo.lock in ENGINE: {ENGINE}");
}

#[test]
fn nans_are_canonical() {
    let body = "(f64.store (i32.const 0) (f64.div (f64.const 0) (f64.const 0))) \
        (f64.store (i32.const 8) (f64.sqrt (f64.reinterpret_i64 (i64.const 0x7ff0_0000_dead_beef))))";
    let mut guest = Guest::new(&text("", &step(&format!("{body} {}", output(0, 16)))));
    let out = guest.step(b"").expect("it lives");
    assert_eq!([number(&out, 0), number(&out, 8)], [0x7ff8 << 48; 2]);
}

#[test]
fn no_module_that_a_few_bytes_were_changed_in_does_any_harm() {
    let imports = wasi(&["random_get", "fd_write", "poll_oneoff", "clock_time_get"]);
    let body = "(drop (call $random_get (local.get $n) (i32.const 40))) \
        (drop (call $fd_write (i32.const 1) (local.get $n) (i32.const 1) (i32.const 8))) \
        (drop (memory.grow (local.get $n))) (memory.fill (i32.const 0) (i32.const 1) (local.get $n)) \
        (drop (call $poll_oneoff (local.get $n) (i32.const 8) (i32.const 1) (i32.const 4)))";
    let rest = "(global $g (mut i32) (i32.const 0)) (data (i32.const 64) \"some data\")";
    let whole = text(&imports, &format!("{rest} {}", step(&format!("{body} {}", output(0, 16)))));
    let whole = wat::parse_str(whole).expect("it is right");
    let mut draw = Rng::new(3, Stream::Core);
    let (mut compiled, mut lived) = (0, 0);
    let limits = Limits { fuel: 1_000_000, memory: 8 << 20, ..Limits::DEFAULT };
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..draw.between(1, 3) {
            let place = draw.below(bytes.len() as u64) as usize;
            bytes[place] = draw.word() as u8;
        }
        let Ok(module) = Module::new(&bytes) else { continue };
        compiled += 1;
        let mut guest = Guest { instance: module.start(limits), rng: rng(), moment: moment(5, 3) };
        for input in [&b"a"[..], &[0; 40]] {
            match guest.step(input) {
                Ok(_) => lived += 1,
                Err(died) => assert!(!died.machine, "{died}"),
            }
        }
        if let Ok(saved) = guest.instance.save(None) {
            guest.instance.restore(&saved).expect("what was saved can be put back");
        }
    }
    assert!(compiled > 20 && lived > 20, "{compiled} compiled, {lived} steps");
}
