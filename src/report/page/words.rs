//! Faults in words, as the page of a run has them.

use std::fmt::Display;

use crate::configuration::{Change, Several};
use crate::node::DiskFile;
use crate::plan::fault::{
    ClockChange, Corrupt, Crash, Cut, Direction, DiskChange, Isolate, MemberChange, Slow, Split,
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
    let lasts = fault.lasts.map_or_else(String::new, |lasts| format!(" for {lasts}"));
    let flapping = fault
        .flapping
        .map_or_else(String::new, |period| format!(", coming and going every {period}"));
    format!("{}{lasts}{flapping}", action(fault))
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
    !fault.kind().is_momentary()
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

fn corruption(target: &str, corrupt: &Corrupt) -> String {
    match (corrupt.what, corrupt.entries) {
        (DiskFile::Vote, _) => format!("the term and vote of {target} become corrupt"),
        (DiskFile::Snapshot, _) => format!("the snapshot of {target} becomes corrupt"),
        (DiskFile::Log, 1) => format!("the last durable entry of {target} becomes corrupt"),
        (DiskFile::Log, entries) => {
            format!("a durable entry of {target} becomes corrupt: number {entries} from the end")
        }
    }
}

fn crash(target: &str, crash: &Crash) -> String {
    let writes = match crash.unsynced {
        Unsynced::Lost => "",
        Unsynced::Kept => ", its writes kept",
        Unsynced::Torn => ", a write torn",
        Unsynced::Reordered => ", its writes reordered",
    };
    let wipe = if crash.wipe { ", its disk wiped" } else { "" };
    format!("crash {target}{writes}{wipe}")
}

fn change(target: &str, change: &MemberChange) -> String {
    let words = change.changes().map(|change| match change {
        Change::Add(node) => format!("adds {node}"),
        Change::AddLearner(node) => format!("adds {node} as a learner"),
        Change::Promote(node) => format!("promotes {node}"),
        Change::Remove(node) => format!("removes {node}"),
        Change::Enter(several) => several_words(several),
        Change::Leave => "leaves joint consensus".into(),
    });
    format!("{target} {}", words.collect::<Vec<_>>().join(", "))
}

fn action(fault: &Fault) -> String {
    let target = who(&fault.target);
    match &fault.action {
        Action::Crash(it) => crash(&target, it),
        Action::Restart => format!("restart {target}"),
        Action::Pause => format!("pause {target}"),
        Action::Slow(Slow { per_input }) => format!("slow {target}: {per_input} for each input"),
        Action::Split(Split { groups }) => {
            let groups: Vec<String> = groups.iter().map(who).collect();
            format!("split into {}", groups.join(" | "))
        }
        Action::Isolate(Isolate { direction }) => {
            let way = match direction {
                Direction::Both => "",
                Direction::Inbound => ", which hears nothing",
                Direction::Outbound => ", which is not heard",
            };
            format!("isolate {target}{way}")
        }
        Action::Cut(Cut { from, to }) => format!("cut {} off from {}", who(to), who(from)),
        Action::Bridge => format!("only {target} hears both halves"),
        Action::Ring => "each node hears only its neighbours in a ring".into(),
        Action::Link(link) => links(link),
        Action::Disk(DiskChange { write, fsync }) => {
            let changes = [part("write", write.as_ref()), part("fsync", fsync.as_ref())];
            format!("disk of {target}:{}", changes.concat())
        }
        Action::DiskError => format!("the next sync of {target} fails"),
        Action::DiskFull => format!("the disk of {target} is full"),
        Action::DiskLies => format!("the disk of {target} lies about what it has"),
        Action::Corrupt(corrupt) => corruption(&target, corrupt),
        Action::Transfer(Transfer { to }) => format!("{target} hands over to {}", who(to)),
        Action::Change(it) => change(&target, it),
        Action::Clock(ClockChange { jump, drift_ppm }) => {
            let changes = [part("jump", jump.as_ref()), part("drift in ppm", drift_ppm.as_ref())];
            format!("clock of {target}:{}", changes.concat())
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
