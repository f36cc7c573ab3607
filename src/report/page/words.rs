//! Faults in words, as the page of a run has them.

use std::fmt::Display;

use crate::configuration::{Change, Several};
use crate::node::DiskFile;
use crate::plan::fault::{
    Bridge, ClockChange, Corrupt, Crash, Cut, Direction, DiskChange, Isolate, Ring, Slow, Split,
    Transfer, Unsynced,
};
use crate::plan::{Action, Fault, LinkException, Target, When};
use crate::time::Span;

/// A fault in words: what, whom, how long, when.
pub fn fault(fault: &Fault) -> String {
    let when = match fault.when {
        When::At(at) => format!("at {at}"),
        When::On(_) => fault_trigger(fault).unwrap_or_default(),
    };
    format!("{}, {when}", fault_action(fault))
}

/// What a fault does, to whom, and how long.
pub fn fault_action(fault: &Fault) -> String {
    let lasts = fault.action.lasts().map_or_else(String::new, |lasts| format!(" for {lasts}"));
    let flapping = fault
        .action
        .flapping()
        .map_or_else(String::new, |period| format!(", coming and going every {period}"));
    format!("{}{lasts}{flapping}", action(&fault.action))
}

/// What a fault waits for, if it does.
pub fn fault_trigger(fault: &Fault) -> Option<String> {
    let When::On(trigger) = fault.when else { return None };
    let nth = if trigger.nth > 1 { format!(" no. {}", trigger.nth) } else { String::new() };
    let node = trigger.node.map_or_else(String::new, |node| format!(" at {node}"));
    let times = match trigger.times {
        1 => String::new(),
        times => format!(" and {} more", times - 1),
    };
    let after = match trigger.after {
        Span::ZERO => String::new(),
        after => format!(", {after} later"),
    };
    Some(format!("on {}{nth}{times}{node}{after}", trigger.situation))
}

/// Whether a fault is in force for a while, rather than doing something once.
pub fn lasts(fault: &Fault) -> bool {
    !fault.action.is_momentary()
}

/// Several changes at once.
fn several_words(several: Several) -> String {
    let parts = [
        ("adds", several.add),
        ("makes learners of", several.add_learners),
        ("removes", several.remove),
    ];
    let parts = parts.iter().filter(|(_, set)| !set.is_empty());
    let parts: Vec<String> = parts.map(|(word, set)| format!("{word} {set}")).collect();
    format!("at once {}", parts.join(", "))
}

fn rots(corrupt: &Corrupt) -> String {
    let Corrupt { target, what, entries } = corrupt;
    let target = who(target);
    match (what, entries) {
        (DiskFile::Vote, _) => format!("the term and vote of {target} rot"),
        (DiskFile::Snapshot, _) => format!("the snapshot of {target} rots"),
        (DiskFile::Log, 1) => format!("the last durable entry of {target} rots"),
        (DiskFile::Log, _) => {
            format!("a durable entry of {target} rots: number {entries} from the end")
        }
    }
}

fn action(action: &Action) -> String {
    match action {
        Action::Crash(Crash { target, unsynced, wipe, .. }) => {
            let writes = match unsynced {
                Unsynced::Lost => "",
                Unsynced::Kept => ", its writes kept",
                Unsynced::Torn => ", a write torn",
                Unsynced::Reordered => ", its writes reordered",
            };
            let wipe = if *wipe { ", its disk wiped" } else { "" };
            format!("crash {}{writes}{wipe}", who(target))
        }
        Action::Restart(only) => format!("restart {}", who(&only.target)),
        Action::Pause(lasting) => format!("pause {}", who(&lasting.target)),
        Action::Slow(Slow { target, per_input, .. }) => {
            format!("slow {}: {per_input} for each input", who(target))
        }
        Action::Split(Split { groups, .. }) => {
            let groups: Vec<String> = groups.iter().map(who).collect();
            format!("split into {}", groups.join(" | "))
        }
        Action::Isolate(Isolate { target, direction, .. }) => {
            let way = match direction {
                Direction::Both => "",
                Direction::Inbound => ", which hears nothing",
                Direction::Outbound => ", which is not heard",
            };
            format!("isolate {}{way}", who(target))
        }
        Action::Cut(Cut { from, to, .. }) => format!("cut {} off from {}", who(to), who(from)),
        Action::Bridge(Bridge { target, .. }) => format!("only {} hears both halves", who(target)),
        Action::Ring(Ring { .. }) => "each node hears only its neighbours in a ring".into(),
        Action::Link(link) => links(link),
        Action::Disk(DiskChange { target, write, fsync, .. }) => {
            let changes = [part("write", write.as_ref()), part("fsync", fsync.as_ref())];
            format!("disk of {}:{}", who(target), changes.concat())
        }
        Action::DiskError(only) => format!("the next sync of {} fails", who(&only.target)),
        Action::DiskFull(full) => format!("the disk of {} is full", who(&full.target)),
        Action::DiskLies(lies) => {
            format!("the disk of {} lies about what it has", who(&lies.target))
        }
        Action::Corrupt(corrupt) => rots(corrupt),
        Action::Transfer(Transfer { target, to }) => {
            format!("{} hands over to {}", who(target), who(to))
        }
        Action::Change(change) => {
            let words = change.changes().map(|change| match change {
                Change::Add(node) => format!("adds {node}"),
                Change::AddLearner(node) => format!("adds {node} as a learner"),
                Change::Promote(node) => format!("promotes {node}"),
                Change::Remove(node) => format!("removes {node}"),
                Change::Enter(several) => several_words(several),
                Change::Leave => "leaves joint consensus".into(),
            });
            format!("{} {}", who(&change.target), words.collect::<Vec<_>>().join(", "))
        }
        Action::Clock(ClockChange { target, jump, drift_ppm }) => {
            let changes = [part("jump", jump.as_ref()), part("drift in ppm", drift_ppm.as_ref())];
            format!("clock of {}:{}", who(target), changes.concat())
        }
    }
}

fn links(link: &LinkException) -> String {
    let changes = [
        part("latency", link.latency.as_ref()),
        part("loss", link.loss.as_ref()),
        part("duplicates", link.duplicate.as_ref()),
        part("fifo", link.fifo.as_ref()),
        part("bytes/s", link.bandwidth.as_ref()),
    ];
    format!("links from {} to {}:{}", who(&link.from), who(&link.to), changes.concat())
}

/// One thing that changes, if it does.
fn part<T: Display>(name: &str, value: Option<&T>) -> String {
    value.map_or_else(String::new, |value| format!(" {name} {value}"))
}

fn who(target: &Target) -> String {
    match target {
        Target::Leader | Target::Minority | Target::Majority | Target::LeaderSide => {
            format!("the {target}")
        }
        Target::Follower | Target::Candidate => format!("a {target}"),
        Target::Trigger => "the node where it happened".into(),
        _ => target.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::scenario::from_toml;

    #[test]
    fn a_fault_reads_as_a_sentence() {
        let check = |text: &str, expect: &str| {
            let plan = from_toml(&format!("[[faults]]\n{text}")).expect("a scenario");
            assert_eq!(fault(&plan.faults[0]), expect);
        };
        check(
            "at = \"3s\"\nisolate = { target = \"leader\", direction = \"outbound\", for = \"500ms\" }",
            "isolate the leader, which is not heard for 500ms, at 3s",
        );
        check(
            "on = { situation = \"leader-appended\", nth = 10, after = \"2ms\" }\ncrash = { target = \"trigger\" }",
            "crash the node where it happened, on leader-appended no. 10, 2ms later",
        );
        check("at = \"1s\"\nsplit = { groups = [[1, 2], [3]] }", "split into n1 n2 | n3, at 1s");
    }
}
