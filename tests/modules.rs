//! Guests that are WebAssembly modules, honest ones and hostile ones: nothing that a module does reaches beyond it.

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
        assert!(Module::new(&whole[..end]).is_err(), "cut at {end}");
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
    assert_eq!(died.backtrace.len(), 20, "a backtrace is bounded");
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
fn wasi_reaches_no_place_outside_of_memory() {
    let names = [
        "clock_time_get",
        "random_get",
        "fd_write",
        "fd_fdstat_get",
        "poll_oneoff",
        "args_get",
        "args_sizes_get",
    ];
    let calls = [
        "(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const PLACE))",
        "(call $random_get (i32.const PLACE) (i32.const 8))",
        "(call $random_get (i32.const 0) (i32.const PLACE))",
        "(call $fd_write (i32.const 1) (i32.const PLACE) (i32.const 1) (i32.const 0))",
        "(call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const PLACE))",
        "(call $fd_fdstat_get (i32.const 3) (i32.const PLACE))",
        "(call $poll_oneoff (i32.const PLACE) (i32.const 0) (i32.const 1) (i32.const 8))",
        "(call $poll_oneoff (i32.const 2048) (i32.const PLACE) (i32.const 1) (i32.const 8))",
        "(call $poll_oneoff (i32.const 2048) (i32.const 0) (i32.const 1) (i32.const PLACE))",
        "(call $args_get (i32.const PLACE) (i32.const 0))",
        "(call $args_get (i32.const 0) (i32.const PLACE))",
        "(call $args_sizes_get (i32.const PLACE) (i32.const 0))",
    ];
    for call in calls {
        for place in ["-1", "-4", "65533", "65536", "2147483647", "-2147483648"] {
            let text = text(&wasi(&names), &told(&call.replace("PLACE", place), 4));
            let out = Guest::new(&text).step(b"").expect("it is told by a number");
            assert_eq!(errno(&out), 21, "{call} {place}");
        }
    }
    // A piece of a text that lies elsewhere, and so many pieces that their list does.
    let rest = "(data (i32.const 16) \"\\ff\\ff\\ff\\ff\\10\\00\\00\\00\")";
    for (count, number) in [("1", 21), ("1000", 21), ("-1", 28)] {
        let call = format!(
            "(call $fd_write (i32.const 1) (i32.const 16) (i32.const {count}) (i32.const 0))"
        );
        let text = text(&wasi(&names), &format!("{rest} {}", told(&call, 4)));
        assert_eq!(errno(&Guest::new(&text).step(b"").expect("it is told")), number, "{count}");
    }
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
fn what_a_guest_says_is_kept_up_to_a_limit() {
    let rest = "(data (i32.const 16) \"\\20\\00\\00\\00\\0b\\00\\00\\00\\2b\\00\\00\\00\\06\\00\\00\\00\") \
        (data (i32.const 32) \"panic: one \\nlog\\n..\")";
    let write = "(call $fd_write (i32.const 2) (i32.const 16) (i32.const 2) (i32.const 4))";
    let imports = wasi(&["fd_write", "proc_exit"]);
    let say = text(&imports, &format!("{rest} {}", told(write, 8)));
    let mut guest = Guest::new(&say);
    let out = guest.step(b"").expect("it lives");
    assert_eq!((errno(&out), errno(&out[4..])), (0, 17));
    assert_eq!(guest.instance.notes(), b"panic: one \nlog\n.");
    guest.step(b"").expect("it lives");
    assert_eq!(guest.instance.notes().len(), 17, "each step has notes of its own");

    let body = format!("{write} drop i32.const 2 call $proc_exit unreachable");
    let died = Guest::death(&text(&imports, &format!("{rest} {}", step(&body))));
    assert_eq!(died.said, "panic: one ");
    assert!(died.to_string().starts_with("it exited with code 2, and said: panic: one "), "{died}");

    let body = format!(
        "(loop $more {write} drop (local.set $i (i32.add (local.get $i) (i32.const 1))) \
         (br_if $more (i32.lt_u (local.get $i) (i32.const 10000)))) {}",
        output(0, 0)
    );
    let mut guest = Guest::new(&text(&imports, &format!("{rest} {}", step(&body))));
    guest.step(b"").expect("it lives");
    assert_eq!(guest.instance.notes().len(), 64 << 10);
    let elsewhere = write.replace("i32.const 2) (i32.const 16", "i32.const 4) (i32.const 16");
    let out = Guest::new(&text(&imports, &told(&elsewhere, 4))).step(b"").expect("it lives");
    assert_eq!(errno(&out), 8);
}

#[test]
fn random_words_are_the_nodes_own_in_the_order_of_the_draws() {
    let call = "(call $random_get (i32.const 8) (i32.const 12)) i32.store i32.const 0 \
        (call $random_get (i32.const 20) (i32.const 8))";
    let mut guest = Guest::new(&text(&wasi(&["random_get"]), &told(call, 28)));
    let mut words = rng();
    for _ in 0..3 {
        let out = guest.step(b"").expect("it lives");
        let (one, two, three) = (words.word(), words.word(), words.word());
        assert_eq!(number(&out, 8), one);
        assert_eq!(out[16..20], two.to_le_bytes()[..4], "the rest of a word is not kept");
        assert_eq!(number(&out, 20), three);
    }
    // The node's stream was handed back, with what was drawn, and goes on.
    assert_eq!(guest.rng.drawn(), words.drawn());
    assert_eq!(guest.rng.word(), words.word());

    let greedy = "(call $random_get (i32.const 0) (i32.const 60000))";
    let body = format!("(loop $more {greedy} drop br $more) unreachable");
    let died = Guest::death(&text(&wasi(&["random_get"]), &step(&body)));
    assert_eq!(died.words, "it draws more than 524288 bytes of randomness in a step");
}

#[test]
fn clocks_are_the_nodes_and_stand_still_within_a_step() {
    let read = |clock: u32, place: u32| {
        format!("(call $clock_time_get (i32.const {clock}) (i64.const 0) (i32.const {place}))")
    };
    let call = format!(
        "{} i32.store i32.const 0 {} i32.store i32.const 0 {} i32.store i32.const 4 {}",
        read(0, 8),
        read(1, 16),
        read(0, 24),
        read(9, 0)
    );
    let mut guest = Guest::new(&text(&wasi(&["clock_time_get"]), &told(&call, 32)));
    for (now, steady) in [(5, 3), (7_000_000_000, 2), (0, u64::MAX), (u64::MAX, 0)] {
        guest.moment = moment(now, steady);
        let out = guest.step(b"").expect("it lives");
        assert_eq!(number(&out, 8), now.wrapping_add(1_700_000_000_000_000_000));
        assert_eq!(number(&out, 16), steady.wrapping_add(1_000_000_000));
        assert_eq!(number(&out, 24), number(&out, 8));
        assert_eq!((errno(&out), errno(&out[4..])), (0, 28), "there is no clock 9");
    }
}

/// The guest's word for it, its kind, the clock or descriptor, the time, and flags.
type Subscription = (u64, u8, u32, u64, u16);

/// Subscriptions from 2048 on.
fn subscriptions(of: &[Subscription]) -> String {
    let mut bytes = Vec::new();
    for (user, kind, what, time, flags) in of {
        let mut one = [0; 48];
        one[..8].copy_from_slice(&user.to_le_bytes());
        one[8] = *kind;
        one[16..20].copy_from_slice(&what.to_le_bytes());
        one[24..32].copy_from_slice(&time.to_le_bytes());
        one[40..42].copy_from_slice(&flags.to_le_bytes());
        bytes.extend_from_slice(&one);
    }
    let escaped: String = bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    });
    format!("(data (i32.const 2048) \"{escaped}\")")
}

/// Polls for these subscriptions; the output has an errno, the number of events, and the events from 8 on.
fn polling(of: &[Subscription]) -> Guest {
    let poll = format!(
        "(call $poll_oneoff (i32.const 2048) (i32.const 8) (i32.const {}) (i32.const 4))",
        of.len()
    );
    let rest = format!("{} {}", subscriptions(of), told(&poll, 8 + 32 * of.len() as u32));
    let mut guest = Guest::new(&text(&wasi(&["poll_oneoff"]), &rest));
    guest.moment = moment(5_000, 3_000);
    guest
}

#[test]
fn a_wait_for_the_idle_descriptor_ends_at_once_and_gives_the_next_wake_up() {
    let second = 1_000_000_000;
    let date = 1_700_000_000 * second;
    let cases: [(&[Subscription], Option<u64>); 6] = [
        (&[(9, 1, 3, 0, 0)], None),
        (&[(1, 0, 1, 400, 0), (9, 1, 3, 0, 0)], Some(3_400)),
        (&[(9, 1, 3, 0, 0), (1, 0, 1, 400, 0), (2, 0, 1, 300, 0)], Some(3_300)),
        (&[(1, 0, 1, second + 3_200, 1), (9, 1, 3, 0, 0)], Some(3_200)),
        (&[(1, 0, 0, date + 5_100, 1), (9, 1, 3, 0, 0)], Some(3_100)),
        (&[(1, 0, 1, u64::MAX, 0), (9, 1, 3, 0, 0)], Some(u64::MAX)),
    ];
    for (subscriptions, wake) in cases {
        let mut guest = polling(subscriptions);
        let out = guest.step(b"").expect("it goes on");
        assert_eq!((errno(&out), errno(&out[4..])), (0, 1), "{subscriptions:?}");
        assert_eq!((number(&out, 8), out[18]), (9, 1), "{subscriptions:?}");
        assert_eq!(guest.instance.wake(), wake.map(LocalTime), "{subscriptions:?}");
    }
    // What is due is told, and nothing else: it was a look, not a wait.
    let mut guest = polling(&[(1, 0, 1, 0, 0), (9, 1, 3, 0, 0), (2, 2, 1, 0, 0), (3, 1, 8, 0, 0)]);
    let out = guest.step(b"").expect("it goes on");
    assert_eq!((errno(&out), errno(&out[4..])), (0, 3));
    assert_eq!([number(&out, 8), number(&out, 40), number(&out, 72)], [1, 2, 3]);
    assert_eq!(out[80], 8, "no such descriptor");
    assert_eq!(guest.instance.wake(), None);
}

#[test]
fn the_idle_descriptor_has_a_byte_only_after_all_have_waited() {
    let rest = subscriptions(&[(1, 0, 1, 400, 0), (9, 1, 3, 0, 0)]);
    let read = "(call $fd_read (i32.const 3) (i32.const 1008) (i32.const 1) (i32.const 1016))";
    let list = "(data (i32.const 1008) \"\\f8\\03\\00\\00\\01\\00\\00\\00\")";
    let poll = "(call $poll_oneoff (i32.const 2048) (i32.const 512) (i32.const 2) (i32.const 8))";
    let body = told(
        &format!(
            "{read} i32.store i32.const 4 {poll} i32.store i32.const 8 {read} \
        i32.store i32.const 12 {read}"
        ),
        16,
    );
    let mut guest =
        Guest::new(&text(&wasi(&["fd_read", "poll_oneoff"]), &format!("{rest} {list} {body}")));
    for _ in 0..2 {
        let out = guest.step(b"").expect("it goes on");
        let errnos: Vec<u32> = out.chunks(4).map(errno).collect();
        assert_eq!(errnos, [6, 0, 0, 6]);
        assert_eq!(guest.instance.wake(), Some(LocalTime(403)));
    }
    let elsewhere = read.replace("(i32.const 3)", "(i32.const 0)");
    let out = Guest::new(&text(&wasi(&["fd_read"]), &told(&elsewhere, 4))).step(b"");
    assert_eq!(errno(&out.expect("it goes on")), 8);
}

#[test]
fn a_step_that_waits_for_anything_else_blocks() {
    for subscriptions in [&[(1, 0, 1, 400, 0)][..], &[(1, 0, 0, 400, 0), (2, 0, 1, 1, 0)]] {
        let died = polling(subscriptions).step(b"").expect_err("nothing would wake it");
        assert!(died.words.starts_with("the step itself blocks"), "{died}");
        assert_eq!(died.backtrace, ["step"]);
    }
    // The runtime of a language may pause while it is set up; but not for ever.
    let rest = subscriptions(&[(1, 0, 1, 400, 0)]);
    let poll =
        "(drop (call $poll_oneoff (i32.const 2048) (i32.const 8) (i32.const 1) (i32.const 4)))";
    for (body, lives) in [(poll.to_owned(), true), (format!("(loop $more {poll} br $more)"), false)]
    {
        let setup = format!("(func (export \"_initialize\") {body})");
        let all = format!("{rest} {setup} {}", step(&output(0, 0)));
        let mut guest = Guest::new(&text(&wasi(&["poll_oneoff"]), &all));
        assert_eq!(guest.step(b"").is_ok(), lives);
        assert_eq!(guest.instance.wake(), None);
    }
    // Nothing to wait for, a kind that there is not, and a count that is no count.
    let out = polling(&[(1, 7, 1, 400, 0)]).step(b"").expect("it is told");
    assert_eq!(errno(&out), 28);
    for count in ["0", "-1", "4097"] {
        let call = format!(
            "(call $poll_oneoff (i32.const 0) (i32.const 8) (i32.const {count}) (i32.const 4))"
        );
        let text = text(&wasi(&["poll_oneoff"]), &told(&call, 4));
        assert_eq!(errno(&Guest::new(&text).step(b"").expect("it is told")), 28);
    }
}

#[test]
fn other_functions_of_wasi_fail_when_they_are_called() {
    let from = "(import \"wasi_snapshot_preview1\"";
    let imports = format!(
        "{from} \"path_open\" (func $one (param i64) (result i32))) {from} \"path_open\" (func $two (param i64) \
         (result i32))) {from} \"odd\" (func $odd (result i64))) {from} \"random_get\" (func (param i32 i32) \
         (result i32))) {from} \"random_get\" (func (param i32 i32) (result i32)))"
    );
    let call = "(call $two (i64.const 0))";
    let out = Guest::new(&text(&imports, &told(call, 4))).step(b"").expect("it is told");
    assert_eq!(errno(&out), 52);
    let died = Guest::death(&text(&imports, &step("call $odd")));
    assert_eq!(died.words, "it called `odd`, which squall does not have");
}

#[test]
fn a_guest_has_a_name_and_is_told_of_its_descriptors() {
    let call = "(call $args_sizes_get (i32.const 4) (i32.const 8)) i32.store i32.const 0 \
        (call $args_get (i32.const 12) (i32.const 16)) i32.store i32.const 0 \
        (call $fd_fdstat_get (i32.const 3) (i32.const 24))";
    let imports = wasi(&["args_sizes_get", "args_get", "fd_fdstat_get"]);
    let out = Guest::new(&text(&imports, &told(call, 48))).step(b"").expect("it lives");
    assert_eq!(out[..24], *b"\0\0\0\0\x01\0\0\0\x06\0\0\0\x10\0\0\0guest\0\0\0");
    assert_eq!((out[24], out[26]), (6, 4), "a socket that does not block");
}

/// Counts in memory and in a global, grows, and draws: all that a state may consist of.
fn counting() -> String {
    let body = "(global.set $count (i64.add (global.get $count) (i64.const 1))) \
        (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (global.get $count))) \
        (global.set $half (f64.add (global.get $half) (f64.const 0.5))) \
        (f64.store (i32.const 8) (global.get $half)) \
        (drop (memory.grow (i32.const 1))) \
        (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 7)) \
        (i32.store (i32.const 16) (memory.size)) \
        (drop (call $random_get (i32.const 24) (i32.const 8)))";
    let rest = "(global $count (mut i64) (i64.const 5)) (global $half (mut f64) (f64.const 0)) \
        (func (export \"_initialize\") (global.set $count (i64.const 100)))";
    text(&wasi(&["random_get"]), &format!("{rest} {}", step(&format!("{body} {}", output(0, 32)))))
}

fn go_on(guest: &mut Guest, steps: u32) -> Vec<Vec<u8>> {
    (0..steps).map(|_| guest.step(b"").expect("it lives")).collect()
}

#[test]
fn a_saved_guest_goes_on_bit_for_bit() {
    let module = compile(&counting()).expect("it is a guest");
    let fresh =
        || Guest { instance: module.start(Limits::DEFAULT), rng: rng(), moment: moment(1, 1) };
    let mut guest = fresh();
    let before = guest.instance.save(None).expect("it is saved");
    let first = go_on(&mut guest, 3);
    let (saved, words) = (guest.instance.save(None).expect("it is saved"), guest.rng.clone());
    let later = go_on(&mut guest, 20);
    let since = guest.instance.save(Some(&saved)).expect("it is saved");
    assert!(since.pages_beside(&saved) < since.pages(), "pages that did not change are shared");

    // Into the same instance, whose memory has grown meanwhile; into a fresh one; into one that died.
    guest.instance.restore(&saved).expect("it is put back");
    assert!(guest.instance.save(None).expect("it is saved") == saved);
    let mut dead = fresh();
    dead.instance.set_fuel(1);
    dead.step(b"").expect_err("it dies");
    assert!(dead.instance.save(None).is_err());
    dead.instance.set_fuel(Limits::DEFAULT.fuel);
    for mut other in [guest, fresh(), dead] {
        other.instance.restore(&saved).expect("it is put back");
        other.rng = words.clone();
        assert_eq!(go_on(&mut other, 20), later);
        assert!(other.instance.save(None).expect("it is saved") == since);
        other.instance.restore(&before).expect("it is put back");
        other.rng = rng();
        assert_eq!(go_on(&mut other, 3), first, "it is set up again");
    }
}

#[test]
fn a_state_that_cannot_be_kept_is_refused() {
    let table = text(
        "",
        &format!(
            "(table 1 funcref) {}",
            step(&format!("(table.set (i32.const 0) (ref.null func)) {}", output(0, 0)))
        ),
    );
    let mut guest = Guest::new(&table);
    guest.step(b"").expect("it runs");
    let error = guest.instance.save(None).unwrap_err();
    assert_eq!(error, "it cannot be saved: its code changes a table of functions");
    let global =
        text("", &format!("(global (mut funcref) (ref.null func)) {}", step(&output(0, 0))));
    assert!(compile(&global).expect("it is a guest").unsaved().is_some());
    let saved = Guest::new(&echo()).instance.save(None).expect("it is saved");
    assert!(Guest::new(&counting()).instance.restore(&saved).is_err(), "another module");
    // A name of the engine's own.
    let taken = format!(
        "(global (mut i32) (i32.const 0)) (export \"squall:global:0\" (memory 0)) {}",
        step(&output(0, 0))
    );
    assert!(compile(&text("", &taken)).is_err());
}

#[test]
fn the_version_of_the_engine_is_what_is_built() {
    let lock = include_str!("../Cargo.lock");
    let (name, version) = ENGINE.split_once(' ').expect("a name and a version");
    let package = format!("name = \"{name}\"\nversion = \"{version}\"");
    assert!(lock.contains(&package), "name the version of Cargo.lock in ENGINE: {ENGINE}");
}
