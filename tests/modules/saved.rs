//! States of modules that are saved and put back.

use squall::guests::module::Limits;

use super::{Guest, compile, echo, moment, output, rng, step, text, wasi};

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
