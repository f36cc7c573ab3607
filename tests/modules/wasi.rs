//! What a module reaches by WASI: clocks, randomness, notes and waiting, and no more.

use std::fmt::Write as _;

use squall::time::LocalTime;

use super::{Guest, errno, moment, number, output, rng, step, text, told, wasi};

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
        "(call $random_get (i32.const 8) (i32.const PLACE))",
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
