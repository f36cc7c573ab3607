//! Faults in words, as the page of a run has them.

use std::fmt::Display;

use crate::configuration::{Change, Several};
use crate::node::DiskFile;
use crate::plan::fault::{
    ClockChange, Corrupt, Crash, Direction, DiskChange, Isolate, Slow, Split, Transfer, Unsynced,
};
use crate::plan::{Action, Fault, Target, When};
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
    let (lasts, period) = (part(" for ", fault.lasts), fault.flapping);
    let again = part(", and again every ", fault.every);
    format!("{}{lasts}{}{again}", action(fault), part(", coming and going every ", period))
}

/// What a fault waits for, if it does.
pub fn fault_trigger(fault: &Fault) -> Option<String> {
    let When::On(trigger) = fault.when else { return None };
    let nth = part(" no. ", (trigger.nth > 1).then_some(trigger.nth));
    let node = part(" at ", trigger.node);
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

fn change_words(change: Change) -> String {
    match change {
        Change::Add(node) => format!("adds {node}"),
        Change::AddLearner(node) => format!("adds {node} as a learner"),
        Change::Promote(node) => format!("promotes {node}"),
        Change::Remove(node) => format!("removes {node}"),
        Change::Enter(Several { add, add_learners, remove, .. }) => {
            let parts = [("adds", add), ("makes learners of", add_learners), ("removes", remove)];
            let parts = parts.iter().filter(|(_, set)| !set.is_empty());
            let parts: Vec<String> = parts.map(|(word, set)| format!("{word} {set}")).collect();
            format!("at once {}", parts.join(", "))
        }
        Change::Leave => "leaves joint consensus".into(),
        Change::Force(voters) => format!("makes {voters} the only members by force"),
    }
}

fn action(fault: &Fault) -> String {
    let target = who(&fault.target);
    match &fault.action {
        Action::Crash(Crash { unsynced, wipe, put_back, .. }) => {
            let writes = match unsynced {
                Unsynced::Lost => "",
                Unsynced::Kept => ", its writes kept",
                Unsynced::Torn => ", a write torn",
                Unsynced::Reordered => ", its writes reordered",
            };
            let back = part(", its disk put back to ", put_back.as_ref());
            let wiped = if *wipe { ", its disk wiped" } else { "" };
            format!("crash {target}{writes}{wiped}{back}")
        }
        Action::Restart => format!("restart {target}"),
        Action::Pause => format!("pause {target}"),
        Action::Suspend => format!("suspend the machine of {target}"),
        Action::Slow(Slow { per_input }) => format!("slow {target}: {per_input} for each input"),
        Action::Split(Split { groups }) => {
            let groups: Vec<String> = groups.iter().map(who).collect();
            format!("split into {}", groups.join(" | "))
        }
        Action::Isolate(isolate) => format!("isolate {target}{}", isolation(isolate)),
        Action::Cut(cut) => {
            let (from, to) = (who(&cut.from), who(&cut.to));
            format!("cut {to} off from {from}{}", cut.selection().words())
        }
        Action::Bridge => format!("only {target} hears both halves"),
        Action::Ring => "each node hears only its neighbours in a ring".into(),
        Action::Link(link) => {
            let changes = [
                part(" latency ", link.latency.as_ref()),
                part(" loss ", link.loss.as_ref()),
                part(" duplicates ", link.duplicate.as_ref()),
                part(" fifo ", link.fifo.as_ref()),
                part(" bytes/s ", link.bandwidth.as_ref()),
                part(" misdelivered ", link.misdeliver.as_ref()),
                link.selection().words(),
            ];
            format!("links from {} to {}:{}", who(&link.from), who(&link.to), changes.concat())
        }
        Action::Disk(DiskChange { write, fsync }) => {
            let (write, fsync) = (part(" write ", write.as_ref()), part(" fsync ", fsync.as_ref()));
            format!("disk of {target}:{write}{fsync}")
        }
        Action::DiskError => format!("the next sync of {target} fails"),
        Action::DiskFull => format!("the disk of {target} is full"),
        Action::DiskHangs => format!("the disk of {target} hangs"),
        Action::DiskLies => format!("the disk of {target} lies about what it has"),
        Action::Corrupt(Corrupt { what, entries, .. }) => match (what, entries) {
            (DiskFile::Vote, _) => format!("the term and vote of {target} become corrupt"),
            (DiskFile::Snapshot, _) => format!("the snapshot of {target} becomes corrupt"),
            (DiskFile::Log, 1) => format!("the last durable entry of {target} becomes corrupt"),
            (DiskFile::Log, place) => {
                format!("a durable entry of {target} becomes corrupt: number {place} from the end")
            }
        },
        Action::Transfer(Transfer { to }) => format!("{target} hands over to {}", who(to)),
        Action::Change(it) => {
            let words: Vec<String> = it.changes().map(change_words).collect();
            format!("{target} {}", words.join(", "))
        }
        Action::Clock(ClockChange { jump, drift_ppm }) => {
            let jump = part(" jump ", jump.as_ref());
            format!("clock of {target}:{jump}{}", part(" drift in ppm ", drift_ppm.as_ref()))
        }
    }
}

/// Which way nodes are cut off, and from whom else, behind their names.
fn isolation(Isolate { direction, clients }: &Isolate) -> String {
    let way = match direction {
        Direction::Both => "",
        Direction::Inbound => ", which hears nothing",
        Direction::Outbound => ", which is not heard",
    };
    format!("{way}{}", if *clients { ", from clients too" } else { "" })
}

/// Something that is said of a value, if there is one.
fn part<T: Display>(before: &str, value: Option<T>) -> String {
    value.map_or_else(String::new, |value| format!("{before}{value}"))
}

fn who(target: &Target) -> String {
    match target {
        Target::Leader | Target::Minority | Target::Majority | Target::LeaderSide => {
            format!("the {target}")
        }
        Target::Follower | Target::Candidate => format!("a {target}"),
        Target::Trigger => "the node where it happened".into(),
        Target::Clients(group) if !group.is_empty() => format!("the clients {group}"),
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
        check(
            "at = \"1s\"\ncut = { from = \"clients\", to = 2, every = \"9s\", for = \"2s\" }",
            "cut n2 off from clients for 2s, and again every 9s, at 1s",
        );
        check("at = \"1s\"\nsplit = { groups = [[1, 2], [3]] }", "split into n1 n2 | n3, at 1s");
    }
}
