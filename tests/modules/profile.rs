//! Where the fuel of a module goes.

use std::cell::RefCell;
use std::rc::Rc;

use squall::guests::framed::Process;
use squall::guests::module::{Limits, Profile, Profiled};

use super::{compile, moment, output, rng, step, text, wasi};

/// A step that counts, draws, and calls three functions: one that goes round three times as often as another, by way of a third.
fn uneven() -> String {
    let round = |name: &str, times: u32| {
        format!(
            "(func ${name} (local $i i32) (loop $more \
             (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {times})))))"
        )
    };
    let body = "(call $busy) (call $lazy) \
        (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (i64.const 1))) \
        (drop (call $random_get (i32.const 8) (i32.const 8)))";
    let functions = [
        round("spins", 3_000),
        round("lazy", 1_000),
        "(func $busy (call $spins))".into(),
        step(&format!("{body} {}", output(0, 16))),
    ];
    text(&wasi(&["random_get"]), &functions.join(" "))
}

#[test]
fn fuel_is_told_by_function_and_the_guest_does_what_it_would_do() {
    let module = compile(&uneven()).expect("it is a guest");
    let profile = Rc::new(RefCell::new(Profile::default()));
    let (mut plain, mut looked_at) = (
        module.start(Limits::DEFAULT),
        Profiled::new(module.start(Limits::DEFAULT), Rc::clone(&profile), 4),
    );
    let mut rngs = [rng(), rng()];
    for _ in 0..21 {
        let mut outputs = [Vec::new(), Vec::new()];
        let [one, other] = &mut rngs;
        Process::step(&mut plain, moment(1, 1), one, b"", &mut outputs[0]).expect("it lives");
        looked_at.step(moment(1, 1), other, b"", &mut outputs[1]).expect("it lives");
        assert_eq!(outputs[0], outputs[1]);
    }
    let Profile { functions, fuel, looked_at, steps } = profile.take();
    assert_eq!((steps, looked_at), (20, 5), "the first step is left out");
    let share = |spent: u64| spent * 100 / fuel;
    let of = |name: &str| functions.get(name).copied().unwrap_or_default();
    assert!((70..=80).contains(&share(of("spins").own)), "{functions:?}");
    assert!((20..=30).contains(&share(of("lazy").own)), "{functions:?}");
    assert_eq!(of("busy").own, 0, "{functions:?}");
    assert_eq!(of("busy").total, of("spins").total, "{functions:?}");
    assert!((95..=100).contains(&share(of("step").total)), "{functions:?}");
}
