//! Golden scripts: each file of `tests/scripts/` tells one behaviour of the protocol, step by step.
//!
//! `tests/scripts/README.md` explains the notation. `UPDATE_SCRIPTS=1 cargo test --test all scripts::` writes down what happens now.

use std::fs;

use squall::config::{Config, Elections, Priority, Reads};
use squall::configuration::{Change, Several};
use squall::ids::{Index, NodeId, NodeSet, Term};
use squall::log::{Batch, Command, Entry, RequestId};
use squall::node::{Input, Request};
use squall::raft::Message;
use squall::time::Span;

use crate::driver::{Disk, Driver, SNAPSHOT_BYTES, n, snapshot, standing};

/// The number behind a letter, as in `n2`, `t3`.
fn number(word: &str) -> u64 {
    let digits = word.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    digits.parse().unwrap_or_else(|_| panic!("`{word}` has no number"))
}

fn node(word: &str) -> NodeId {
    n(number(word) as u8)
}

/// An index and a term, as in `5@3`.
fn position(word: &str) -> (Index, Term) {
    let (index, term) = word.split_once('@').unwrap_or_else(|| panic!("`{word}` is no position"));
    (Index(number(index)), Term(number(term)))
}

fn terms(words: &str) -> Vec<u64> {
    words.split([' ', ',']).filter(|word| !word.is_empty() && *word != "-").map(number).collect()
}

fn request(word: &str) -> Request {
    let (client, serial) =
        word.trim_start_matches('c').split_once('.').expect("a client's request");
    let id = RequestId::new(number(client) as u32, number(serial) as u32);
    Request { id, command: Command::Put { key: 1, value: id.serial } }
}

/// The same request, but it asks to read.
fn read(word: &str) -> Request {
    Request { command: Command::Get { key: 1 }, ..request(word) }
}

/// A change of the members, as in `add n4`, or `joint add n4 n5 remove n1 stay`.
fn change(words: &[&str]) -> Change {
    match *words {
        ["add", id] => Change::Add(node(id)),
        ["add-learner", id] => Change::AddLearner(node(id)),
        ["promote", id] => Change::Promote(node(id)),
        ["remove", id] => Change::Remove(node(id)),
        ["leave"] => Change::Leave,
        ["joint", ..] => {
            let mut several = Several { auto_leave: true, ..Several::default() };
            let mut what = "";
            for word in &words[1..] {
                match *word {
                    "stay" => several.auto_leave = false,
                    "add" | "add-learners" | "remove" => what = word,
                    id if what == "add" => _ = several.add.insert(node(id)),
                    id if what == "add-learners" => _ = several.add_learners.insert(node(id)),
                    id => _ = several.remove.insert(node(id)),
                }
            }
            Change::Enter(several)
        }
        _ => panic!("there is no change {words:?}"),
    }
}

/// A message in the words in which the driver tells it.
fn message(words: &[&str]) -> Message {
    let term = || Term(number(words[1]));
    match words[0] {
        "request-vote" => {
            let (last_log_index, last_log_term) = position(words[3]);
            let by_leader = words[4..] == ["by", "leader"];
            Message::RequestVote { term: term(), last_log_index, last_log_term, by_leader }
        }
        "pre-vote" => {
            let (last_log_index, last_log_term) = position(words[3]);
            Message::PreVote { term: term(), last_log_index, last_log_term }
        }
        "pre-vote-reply" => Message::PreVoteReply { term: term(), granted: words[2] == "granted" },
        "timeout-now" => Message::TimeoutNow { term: term() },
        "vote" => Message::Vote { term: term(), granted: words[2] == "granted" },
        "append" => {
            let (prev_log_index, prev_log_term) = position(words[3]);
            let entries: Batch =
                terms(words[5]).into_iter().map(|term| Entry::noop(Term(term))).collect();
            let leader_commit = Index(number(words[7]));
            let term = term();
            Message::AppendEntries { term, prev_log_index, prev_log_term, entries, leader_commit }
        }
        "appended" => Message::Appended { term: term(), match_index: Index(number(words[3])) },
        "snapshot" => {
            let (index, last) = position(words[3]);
            let (offset, bytes) = (number(words[5]), number(words[7]) as u32);
            let done = offset + u64::from(bytes) == SNAPSHOT_BYTES;
            Message::InstallSnapshot {
                term: term(),
                snapshot: snapshot(index.0, last.0, 3),
                offset,
                bytes,
                done,
            }
        }
        "read-round" => Message::ReadRound { term: term(), round: number(words[3]) },
        "confirmed" => Message::ReadRoundReply { term: term(), round: number(words[3]) },
        "read-index" => Message::ReadIndexReply {
            request: request(words[1]).id,
            index: words.get(3).map(|index| Index(number(index))),
        },
        "forward" => Message::Forward { request: request(words[1]) },
        other => panic!("there is no message `{other}`"),
    }
}

/// Carries out one line; gives what happened.
fn carry_out(driver: &mut Option<Driver>, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words[0] == "cluster" {
        let (knobs, rest) = parse_knobs(&line["cluster".len()..]);
        let (disks, options) = rest.split_once(" with ").unwrap_or((rest, ""));
        let disks = parse_disks(disks);
        let (options, members) = options.split_once("members").unwrap_or((options, ""));
        let voters = match members.trim() {
            "" => NodeSet::first(disks.len() as u8),
            members => members.split_whitespace().map(node).collect(),
        };
        let (elections, priorities) = parse_options(options);
        let highest = priorities.iter().copied().max();
        let tune = |slot: usize, config: &mut Config| {
            config.elections = elections;
            let own = priorities.get(slot).copied();
            config.elections.priority =
                own.zip(highest).map(|(own, highest)| Priority { own, highest });
            knobs.iter().for_each(|(knob, to)| set(config, knob, *to));
        };
        *driver = Some(Driver::of(&disks, &[], voters, tune));
        driver.as_mut().expect("just made").told();
        return String::new();
    }
    let driver = driver.as_mut().expect("a script begins with `cluster`");
    match words[..] {
        ["timer", id] => driver.timer(node(id)),
        ["sync", id] => driver.sync(node(id)),
        ["saved", id] => driver.saved(node(id)),
        ["settle"] => driver.settle(&[1, 2, 3, 4, 5, 6, 7]),
        ["settle", ..] => {
            let among: Vec<u8> = words[1..].iter().map(|word| number(word) as u8).collect();
            driver.settle(&among);
        }
        ["deliver", from, to] => assert!(driver.deliver(node(from), node(to)), "nothing to {line}"),
        ["lose"] => driver.lose_all(),
        ["transfer", id, to] => driver.step(node(id), Input::Transfer(node(to))),
        ["change", id, ..] => driver.step(node(id), Input::Change(change(&words[2..]))),
        ["pass", id, span] => driver.pass(node(id), span.parse().expect("a length of time")),
        ["jump", id, shift] => driver.jump(node(id), shift.parse().expect("a shift of a clock")),
        ["request", id, asked] => driver.request(node(id), request(asked)),
        ["read", id, asked] => driver.request(node(id), read(asked)),
        ["fail", id] => driver.step(node(id), Input::WriteFailed(squall::ids::WriteId(1))),
        ["receive", id, from, ..] => driver.receive(node(id), node(from), message(&words[3..])),
        ["show", id] => {
            let (status, log) = (driver.status(node(id)), driver.log(node(id)));
            let standing = standing(status);
            let commit = status.commit;
            let from = match driver.base(node(id)) {
                Index::ZERO => String::new(),
                base => format!("from {} ", base.next()),
            };
            let told = driver.told();
            return format!("{told}{id} {standing}, log {from}{log:?}, commit {commit}\n");
        }
        _ => panic!("`{line}` is no command"),
    }
    driver.told()
}

/// The knobs of the cluster, where the line begins with them, as in `with every 3 keep 1 bytes 10 |`; gives the rest, too.
fn parse_knobs(text: &str) -> (Vec<(&str, u64)>, &str) {
    let Some(rest) = text.trim_start().strip_prefix("with ") else { return (Vec::new(), text) };
    let (head, disks) = rest.split_once('|').expect("disks follow behind `|`");
    let words: Vec<&str> = head.split_whitespace().collect();
    (words.chunks(2).map(|pair| (pair[0], number(pair[1]))).collect(), disks)
}

/// Sets one knob.
fn set(config: &mut Config, knob: &str, to: u64) {
    match knob {
        "every" => config.snapshot_every = to,
        "keep" => config.snapshot_trailing = to,
        "bytes" => config.snapshot_chunk = to as u32,
        "message" => config.bytes_per_append = to,
        "window" => config.bytes_in_flight = to,
        "entries" => config.entries_per_append = to as u32,
        "appends" => config.appends_in_flight = to as u32,
        "gather" => config.batch_delay = Span::millis(to),
        "read-index" => config.reads = if to > 0 { Reads::ReadIndex } else { Reads::Log },
        "lease" => config.reads = if to > 0 { Reads::Lease } else { Reads::Log },
        "drift" => config.drift_bound_ppm = to as u32,
        "follower-reads" => config.follower_reads = to > 0,
        "parallel" => config.parallel_append = to > 0,
        _ => panic!("there is no knob `{knob}`"),
    }
}

/// The disks of a cluster: `3`, or one part for each node, as in `n1 t3 vote n1 log 1 1 2 | n2 t1 | n3 t1`.
fn parse_disks(text: &str) -> Vec<Disk> {
    if let Ok(count) = text.trim().parse::<usize>() {
        return vec![Disk::default(); count];
    }
    text.split('|')
        .map(|part| {
            let (head, log) = part.split_once("log").unwrap_or((part, ""));
            let words: Vec<&str> = head.split_whitespace().collect();
            let vote = words.iter().position(|word| *word == "vote");
            let covers = words.iter().position(|word| *word == "snapshot");
            Disk {
                term: number(words[1]),
                vote: vote.map(|place| number(words[place + 1]) as u8),
                snapshot: covers.map(|place| {
                    let (index, term) = position(words[place + 1]);
                    (index.0, term.0)
                }),
                stale: words.contains(&"stale"),
                log: terms(log),
            }
        })
        .collect()
}

/// What elections have beyond the paper's: `pre-vote check-quorum vote-lease`, and `priorities 100 80 50`.
fn parse_options(text: &str) -> (Elections, Vec<u32>) {
    let (switches, priorities) = text.split_once("priorities").unwrap_or((text, ""));
    let mut elections = Elections::default();
    for switch in switches.split_whitespace() {
        match switch {
            "pre-vote" => elections.pre_vote = true,
            "check-quorum" => elections.check_quorum = true,
            "vote-lease" => elections.vote_lease = true,
            other => panic!("there is no switch `{other}`"),
        }
    }
    (elections, priorities.split_whitespace().map(|word| number(word) as u32).collect())
}

/// Runs a script: a line that begins with `> ` is a command, the lines behind it are what happens.
fn play(script: &str) -> String {
    let mut driver = None;
    let mut played = String::new();
    for line in script.lines() {
        match line.strip_prefix("> ") {
            Some(command) => {
                played += line;
                played.push('\n');
                for told in carry_out(&mut driver, command).lines() {
                    played += "  ";
                    played += told;
                    played.push('\n');
                }
            }
            None if line.starts_with('#') || line.is_empty() => {
                played += line;
                played.push('\n');
            }
            None => {}
        }
    }
    played
}

#[test]
fn every_script_plays_as_it_is_written() {
    let mut paths: Vec<_> = fs::read_dir("tests/scripts")
        .expect("there are scripts")
        .map(|entry| entry.expect("it is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 15, "only {} scripts", paths.len());
    for path in paths {
        let script = fs::read_to_string(&path).expect("it is text");
        assert!(script.starts_with("# "), "{} begins with its story", path.display());
        let played = play(&script);
        if std::env::var_os("UPDATE_SCRIPTS").is_some() {
            fs::write(&path, &played).expect("it is writable");
        } else {
            assert_eq!(played, script, "{}", path.display());
        }
    }
}
