//! A trace as people read it: one aligned line for each record, with the time, the node, its role and term, and what
//! happened.

use std::fmt::Write as _;

use crate::breach::Broken;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Command, RequestId};
use crate::message::{MessageKind, Summary};
use crate::node::{DiskFile, Role, TimerId};
use crate::record::{Heard, Kind, Loss, Record, Remains};

/// Puts records into words. It follows roles and terms, so it wants to see every record, shown or not.
#[derive(Debug)]
pub struct Formatter {
    nodes: Vec<Standing>,
}

/// What a node was, the last time that it was heard of.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    up: bool,
    role: Role,
    term: Term,
}

impl Formatter {
    /// A teller for a cluster of so many nodes.
    pub fn new(nodes: u8) -> Formatter {
        Formatter { nodes: vec![Standing::default(); usize::from(nodes)] }
    }

    /// The line for a record, the last that was followed.
    pub fn line(&self, record: &Record) -> String {
        let who = match record.node {
            None => String::new(),
            Some(node) => {
                let Standing { up, role, term } = self.nodes[node.slot()];
                let role = match role {
                    _ if !up => "down",
                    Role::Follower => "follower",
                    Role::Candidate => "candidate",
                    Role::Leader => "leader",
                    Role::PreCandidate => "pre-cand.",
                };
                format!("{:<4}{:<10}t{:<4}", node.to_string(), role, term)
            }
        };
        format!("{:>14}  {:<20}{}", record.time, who, words(&record.kind, record.node))
    }

    /// Takes note of a record, shown or not.
    pub fn follow(&mut self, record: &Record) {
        let Some(node) = record.node else { return };
        let standing = &mut self.nodes[node.slot()];
        match record.kind {
            Kind::Boot { term, .. } => {
                *standing = Standing { up: true, role: Role::Follower, term }
            }
            Kind::Crash(_) => standing.up = false,
            Kind::Term { term } => standing.term = term,
            Kind::Role { role, term } => (standing.role, standing.term) = (role, term),
            _ => {}
        }
    }
}

/// The kinds of records by which a text trace can be filtered.
pub const GROUPS: [&str; 8] =
    ["role", "log", "commit", "message", "disk", "client", "fault", "timer"];

/// The group that a record belongs to.
pub fn group(kind: &Kind) -> &'static str {
    match kind {
        Kind::Term { .. }
        | Kind::Role { .. }
        | Kind::Leader { .. }
        | Kind::Transfer { .. }
        | Kind::TargetPriority { .. } => "role",
        Kind::Append { .. }
        | Kind::Configure { .. }
        | Kind::Truncate { .. }
        | Kind::Vote { .. }
        | Kind::Compact { .. }
        | Kind::Discard { .. } => "log",
        Kind::Commit { .. } | Kind::Apply { .. } | Kind::Restore { .. } => "commit",
        Kind::Send { .. } | Kind::Deliver { .. } | Kind::Drop { .. } | Kind::Duplicate { .. } => {
            "message"
        }
        Kind::Durable { .. }
        | Kind::WriteFailed { .. }
        | Kind::Snapshot { .. }
        | Kind::SnapshotSaved { .. } => "disk",
        Kind::Invoke { .. }
        | Kind::Request { .. }
        | Kind::Reply { .. }
        | Kind::Answered { .. }
        | Kind::TimedOut { .. }
        | Kind::GaveUp { .. } => "client",
        Kind::Timer { .. } => "timer",
        Kind::Boot { .. }
        | Kind::Crash(_)
        | Kind::Wipe { .. }
        | Kind::Corrupt { .. }
        | Kind::Refuse { .. }
        | Kind::Stop
        | Kind::Pause
        | Kind::Resume
        | Kind::Clock { .. }
        | Kind::Fault { .. }
        | Kind::Missed { .. }
        | Kind::Heal { .. }
        | Kind::Recovery { .. }
        | Kind::Broken { .. } => "fault",
    }
}

/// A record on a disk.
fn record_words(what: DiskFile, index: Index) -> String {
    match what {
        DiskFile::Log => format!("the record of {index}"),
        DiskFile::Vote => "the record of its term and vote".into(),
        DiskFile::Snapshot => format!("its snapshot up to {index}"),
    }
}

/// What happened, without when and to whom.
#[expect(clippy::too_many_lines, reason = "a plain match: one arm for each kind of record")]
pub fn words(kind: &Kind, node: Option<NodeId>) -> String {
    match *kind {
        Kind::Boot { life: 1, .. } => "starts".into(),
        Kind::Boot { term, vote, last_index, applied, .. } => format!(
            "restarts with term {term}, {}, log to {last_index}, applied to {applied}",
            vote.map_or("no vote".into(), |vote| format!("vote for {vote}"))
        ),
        Kind::Crash(Remains { survived, torn, lost, votes, promised }) => {
            let mut text = String::from("CRASHES");
            if survived > WriteId::NONE {
                let _ = write!(text, "; {survived} and all before it survive");
            }
            if torn > 0 {
                let _ = write!(text, "; {torn} entries of the next write survive");
            }
            if lost > 0 {
                let _ = write!(text, "; {lost} writes are lost");
            }
            if promised > 0 {
                let _ = write!(text, ", of which the disk had said that it has {promised}");
            }
            match votes {
                Some(WriteId::NONE) => text.push_str("; of its votes, none survives"),
                Some(last) => _ = write!(text, "; of its votes, those up to {last} survive"),
                None => {}
            }
            text
        }
        Kind::Wipe { .. } => "loses its disk".into(),
        Kind::Corrupt { what, index, .. } => format!("disk: {} rots", record_words(what, index)),
        Kind::Refuse { what: DiskFile::Log, index: Index::ZERO } => {
            "REFUSES TO START: its disk was emptied".into()
        }
        Kind::Refuse { what, index } => {
            format!("REFUSES TO START: {} is corrupt", record_words(what, index))
        }
        Kind::Stop => "stops itself: it cannot trust its disk".into(),
        Kind::Pause => "stands still".into(),
        Kind::Resume => "goes on".into(),
        Kind::Clock { before, after } if after >= before => {
            format!("clock set forward by {}", crate::time::Span(after.0 - before.0))
        }
        Kind::Clock { before, after } => {
            format!("clock set back by {}", crate::time::Span(before.0 - after.0))
        }
        Kind::Term { term } => format!("enters term {term}"),
        Kind::Role { role, term } => match role {
            Role::Follower => format!("becomes follower in term {term}"),
            Role::Candidate => format!("becomes CANDIDATE in term {term}"),
            Role::Leader => format!("becomes LEADER of term {term}"),
            Role::PreCandidate => format!("becomes PRE-CANDIDATE in term {term}"),
        },
        Kind::Transfer { to: Some(to) } => format!("hands over to {to}"),
        Kind::Transfer { to: None } => "hands over no more".into(),
        Kind::TargetPriority { target } => format!("would stand with a priority of {target}"),
        Kind::Leader { leader: Some(leader) } if Some(leader) == node => "leads".into(),
        Kind::Leader { leader: Some(leader) } => format!("follows {leader}"),
        Kind::Leader { leader: None } => "knows no leader".into(),
        Kind::Commit { index, .. } => format!("commits up to {index}"),
        Kind::Append { write, index, term, .. } => format!("appends {index}@{term} ({write})"),
        Kind::Configure { index: Index::ZERO, configuration, .. } => {
            format!("the cluster begins with {}", members(configuration))
        }
        Kind::Configure { index, term, configuration } => {
            format!("goes by {index}@{term}: {}", members(configuration))
        }
        Kind::Truncate { write, from } => format!("removes {from} and all behind ({write})"),
        Kind::Vote { write, term, vote: Some(vote) } => {
            format!("writes its vote for {vote} in term {term} ({write})")
        }
        Kind::Vote { write, term, vote: None } => format!("writes term {term} ({write})"),
        Kind::Durable { write, lie: false } => format!("disk has all up to {write}"),
        Kind::Durable { write, lie: true } => format!("disk LIES that it has all up to {write}"),
        Kind::WriteFailed { write } => format!("disk fails from {write} on"),
        Kind::Apply { index, term, request, effect, .. } => {
            let without = if effect { "" } else { ", without effect" };
            format!("applies {index}@{term}{}{without}", of_request(request))
        }
        Kind::Send { to, id, ref message } => format!("-> {to} #{id} {}", message_words(message)),
        Kind::Deliver { from, id, ref message } => {
            format!("<- {from} #{id} {}", message_words(message))
        }
        Kind::Drop { from, id, why } => match why {
            Loss::Network => format!("<x {from} #{id} lost"),
            Loss::Cut => format!("<x {from} #{id} lost, the link is cut"),
            Loss::CutInFlight => format!("<x {from} #{id} lost on a link that was cut meanwhile"),
            Loss::Down => format!("<x {from} #{id} lost, the node is down"),
            Loss::Unsent => format!("<x {from} never sent: the sender went down first"),
        },
        Kind::Duplicate { from, id } => format!("<< {from} #{id} will arrive twice"),
        Kind::Timer { timer, late } => timer_words(timer, late),
        Kind::Invoke { request, command, attempt } => {
            let again = if attempt > 1 { format!(", try {attempt}") } else { String::new() };
            format!("is asked by {}: {}{again}", client(request), command_words(command))
        }
        Kind::Request { request } => format!("receives request {}", client(request)),
        Kind::Reply { request, applied: true } => format!("answers {}", client(request)),
        Kind::Reply { request, applied: false } => format!("refuses {}", client(request)),
        Kind::Answered { request, applied, output } => {
            let plain = if applied { "done" } else { "try elsewhere" };
            format!("{} hears: {}", client(request), output.map_or(plain.into(), heard_words))
        }
        Kind::TimedOut { request } => format!("{} heard nothing in time", client(request)),
        Kind::GaveUp { request } => format!("{} is given up", client(request)),
        Kind::Fault { fault } => format!("--- fault {fault} strikes"),
        Kind::Missed { fault } => format!("--- fault {fault} finds nobody"),
        Kind::Heal { fault } => format!("--- fault {fault} ends"),
        Kind::Recovery { check: 0 } => "is well from now on: faults are over".into(),
        Kind::Recovery { check } => format!("--- check {check}: is all well?"),
        Kind::Snapshot { index, term, received: false, .. } => {
            format!("writes a snapshot up to {index}@{term}")
        }
        Kind::Snapshot { index, term, .. } => {
            format!("writes the received snapshot up to {index}@{term}")
        }
        Kind::SnapshotSaved { index, term } => {
            format!("disk has the snapshot up to {index}@{term}")
        }
        Kind::Compact { write, upto } => format!("removes {upto} and all before ({write})"),
        Kind::Discard { write, index, term } => {
            format!("gives its log up for the snapshot up to {index}@{term} ({write})")
        }
        Kind::Restore { index, term, .. } => {
            format!("restores its state machine from the snapshot up to {index}@{term}")
        }
        Kind::Broken { why } => broken_words(why),
    }
}

/// The name of a request: its client, and the client's own count.
pub fn client(request: RequestId) -> String {
    format!("c{}.{}", request.client, request.serial)
}

fn of_request(request: RequestId) -> String {
    if request.is_none() { String::new() } else { format!(" for {}", client(request)) }
}

/// What a message says.
pub fn message_words(message: &Summary) -> String {
    let Summary { term, index, index_term, entries, commit, success, request, .. } = *message;
    match message.message {
        MessageKind::RequestVote if success => {
            format!("request-vote t{term} last={index}@{index_term} by the leader's word")
        }
        MessageKind::RequestVote => format!("request-vote t{term} last={index}@{index_term}"),
        MessageKind::Vote if success => format!("vote t{term} granted"),
        MessageKind::Vote => format!("vote t{term} refused"),
        MessageKind::AppendEntries if entries == 0 => {
            format!("heartbeat t{term} prev={index}@{index_term} commit={commit}")
        }
        MessageKind::AppendEntries => {
            format!("append t{term} prev={index}@{index_term} entries={entries} commit={commit}")
        }
        MessageKind::AppendReply if success => format!("appended t{term} match={index}"),
        MessageKind::AppendReply => {
            format!("conflict t{term} at={index} has={index_term} from={commit}")
        }
        MessageKind::InstallSnapshot => {
            let last = if success { " done" } else { "" };
            format!(
                "install-snapshot t{term} last={index}@{index_term} at={commit} bytes={entries}{last}"
            )
        }
        MessageKind::SnapshotReply if success => format!("installed t{term} last={index}"),
        MessageKind::SnapshotReply => format!("received t{term} last={index} bytes={commit}"),
        MessageKind::ReadRound => format!("read-round t{term} round={index}"),
        MessageKind::ReadRoundReply => format!("confirmed t{term} round={index}"),
        MessageKind::ReadIndex => format!("read-index {}", client(request)),
        MessageKind::ReadIndexReply if success => {
            format!("read-index {} upto={index}", client(request))
        }
        MessageKind::ReadIndexReply => format!("read-index {} refused", client(request)),
        MessageKind::Forward => format!("forward {}", client(request)),
        MessageKind::ForwardReply if success => format!("forwarded {} done", client(request)),
        MessageKind::ForwardReply => format!("forwarded {} refused", client(request)),
        MessageKind::PreVote => format!("pre-vote t{term} last={index}@{index_term}"),
        MessageKind::PreVoteReply if success => format!("pre-vote-reply t{term} granted"),
        MessageKind::PreVoteReply => format!("pre-vote-reply t{term} refused"),
        MessageKind::TimeoutNow => format!("timeout-now t{term}"),
    }
}

/// What a command asks for, in words.
pub fn command_words(command: Command) -> String {
    match command {
        Command::Noop => "no-op".into(),
        Command::Get { key } => format!("get k{key}"),
        Command::Put { key, value } => format!("put k{key}={value}"),
        Command::Delete { key } => format!("delete k{key}"),
        Command::CompareAndSet { key, expected, value } => {
            format!("compare-and-set k{key} {expected}->{value}")
        }
        Command::Append { key, value } => format!("append k{key}+={value}"),
        Command::Register => "open a session".into(),
        Command::Configure(configuration) => members(configuration),
    }
}

/// What a request gave, in words. Of a list of two values or more, only a fingerprint is known.
pub fn heard_words(output: Heard) -> String {
    match output {
        Heard::Done => "done".into(),
        Heard::Values(0) => "no value".into(),
        Heard::Values(word) if word >> 32 == 1 => format!("{}", word as u32),
        Heard::Values(word) => format!("values #{:08x}", word as u32),
        Heard::Mismatch => "mismatch".into(),
        Heard::Full => "full".into(),
        Heard::Opened(session) => format!("session {session}"),
        Heard::Expired => "session expired".into(),
    }
}

/// A configuration in words.
pub fn members(configuration: Configuration) -> String {
    let Configuration { voters, learners, outgoing, .. } = configuration;
    let mut words = format!("voters {voters}");
    if configuration.is_joint() {
        let _ = write!(words, " and, of before, {outgoing}");
    }
    if !learners.is_empty() {
        let _ = write!(words, "; learners {learners}");
    }
    words
}

/// Why a node cannot go on.
pub fn broken_words(why: Broken) -> String {
    match why {
        Broken::Panicked(words) => format!("PANICS: {words}"),
        Broken::Breached(breach) => format!("BREAKS THE CONTRACT with its host: it {breach}"),
    }
}

fn timer_words(timer: TimerId, late: u64) -> String {
    let which = if timer.is_first() { String::new() } else { format!("{timer} ") };
    match late {
        0 => format!("timer {which}fires"),
        _ => format!("timer {which}fires, {} late", crate::time::Span(late)),
    }
}
