//! A trace as people read it: one aligned line for each record, with the time, the node, its role and term, and what happened.

use std::fmt::Write as _;

use crate::breach::Broken;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::node::{DiskFile, Role};
use crate::record::{Heard, Kind, Loss, Record, Remains};
use crate::time::Span;
use crate::trace::view::ClusterView;

/// Puts records into words. It follows roles and terms, so it wants to see every record, shown or not.
pub type Formatter = ClusterView;

impl ClusterView {
    /// The line for a record, the last that was followed.
    pub fn line(&self, record: &Record) -> String {
        let who = match record.node {
            None => String::new(),
            Some(id) => {
                let node = self.node(id);
                let role = match node.role {
                    _ if !node.up => "down",
                    Role::Follower => "follower",
                    Role::Candidate => "candidate",
                    Role::Leader => "leader",
                    Role::PreCandidate => "pre-cand.",
                };
                format!("{:<4}{:<10}t{:<4}", id.to_string(), role, node.term)
            }
        };
        format!("{:>14}  {:<20}{}", record.time, who, words(&record.kind, record.node))
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
        Kind::Suspend => "is suspended, its clock too".into(),
        Kind::Resume => "goes on".into(),
        Kind::Clock { before, after, drift_ppm: Some(drift) } if before == after => {
            format!(
                "clock runs {} by {} ppm from now on",
                if drift < 0 { "slow" } else { "fast" },
                drift.abs()
            )
        }
        Kind::Clock { before, after, .. } => {
            let way = if after >= before { "forward" } else { "back" };
            format!("clock set {way} by {}", Span(after.0.abs_diff(before.0)))
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
        Kind::WriteAgain { writes: true } => "writes again what failed".into(),
        Kind::WriteAgain { writes: false } => {
            "SYNCS again what failed, without writing it again".into()
        }
        Kind::WriteFailed { write } => format!("disk fails from {write} on"),
        Kind::Apply { index, term, request, effect, .. } => {
            let whose =
                if request.is_none() { "".into() } else { format!(" for {}", client(request)) };
            let without = if effect { "" } else { ", without effect" };
            format!("applies {index}@{term}{whose}{without}")
        }
        Kind::Send { to, id, ref message } => format!("-> {to} #{id} {}", message_words(message)),
        Kind::Deliver { from, id, ref message } => {
            format!("<- {from} #{id} {}", message_words(message))
        }
        Kind::Drop { from, why: Loss::Unsent, .. } => {
            format!("<x {from} never sent: {}", loss_words(Loss::Unsent))
        }
        Kind::Drop { from, id, why } => format!("<x {from} #{id} lost: {}", loss_words(why)),
        Kind::Stray { from, to, id, ref message } => {
            format!("<- {from} #{id} for {to}: {}", message_words(message))
        }
        Kind::Duplicate { from, id } => format!("<< {from} #{id} will arrive twice"),
        Kind::Timer { timer, late } => {
            let which = if timer.is_first() { String::new() } else { format!("{timer} ") };
            let late = if late == 0 { String::new() } else { format!(", {} late", Span(late)) };
            format!("timer {which}fires{late}")
        }
        Kind::Invoke { request, command, attempt } => {
            let again = if attempt > 1 { format!(", try {attempt}") } else { String::new() };
            format!("is asked by {}: {}{again}", client(request), command_words(command))
        }
        Kind::Request { request } => format!("receives request {}", client(request)),
        Kind::ConnectionRefused { request } => {
            format!("is down, so {} finds no connection", client(request))
        }
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
        Kind::ChangeIgnored { why } => {
            format!("ignores a change of the members: {}", why.words())
        }
        Kind::Counts { configuration } => {
            format!("counts majorities of {}", members(configuration))
        }
        Kind::Carries { index, configuration } => {
            format!("has {} in the snapshot up to {index}", members(configuration))
        }
        Kind::Forced { voters } => format!("makes {voters} the only members BY FORCE"),
        Kind::Copied { fault } => format!("its disk is copied, for fault {fault}"),
        Kind::PutBack { .. } => "its disk is PUT BACK to what it was".into(),
        Kind::Heal { fault } => format!("--- fault {fault} ends"),
        Kind::Recovery { check: 0 } => "is well from now on: faults are over".into(),
        Kind::Recovery { check } => format!("--- check {check}: is all well?"),
        Kind::Snapshot { index, term, received, .. } => {
            let which = if received { "the received" } else { "a" };
            format!("writes {which} snapshot up to {index}@{term}")
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
        Kind::Broken { why: Broken::Panicked(words) } => format!("PANICS: {words}"),
        Kind::Broken { why: Broken::Breached(breach) } => {
            format!("BREAKS THE CONTRACT with its host: it {breach}")
        }
    }
}

/// The name of a request: its client, and the client's own count.
pub fn client(request: RequestId) -> String {
    format!("c{}.{}", request.client, request.serial)
}

/// What a message says.
pub fn message_words(message: &Summary) -> String {
    let vote = |granted: bool| if granted { "granted" } else { "refused" };
    match *message {
        Summary::RequestVote { term, last_index, last_term, by_leader } => {
            let word = if by_leader { " by the leader's word" } else { "" };
            format!("request-vote t{term} last={last_index}@{last_term}{word}")
        }
        Summary::Vote { term, granted } => format!("vote t{term} {}", vote(granted)),
        Summary::AppendEntries { term, prev_index, prev_term, entries: 0, commit } => {
            format!("heartbeat t{term} prev={prev_index}@{prev_term} commit={commit}")
        }
        Summary::AppendEntries { term, prev_index, prev_term, entries, commit } => {
            format!(
                "append t{term} prev={prev_index}@{prev_term} entries={entries} commit={commit}"
            )
        }
        Summary::Appended { term, match_index } => format!("appended t{term} match={match_index}"),
        Summary::Conflict { term, rejected, conflict_term, conflict_index } => {
            format!("conflict t{term} at={rejected} has={conflict_term} from={conflict_index}")
        }
        Summary::InstallSnapshot { term, last_index, last_term, offset, bytes, done } => {
            let last = if done { " done" } else { "" };
            format!(
                "install-snapshot t{term} last={last_index}@{last_term} at={offset} bytes={bytes}{last}"
            )
        }
        Summary::SnapshotReply { term, last_index, installed: true, .. } => {
            format!("installed t{term} last={last_index}")
        }
        Summary::SnapshotReply { term, last_index, received, .. } => {
            format!("received t{term} last={last_index} bytes={received}")
        }
        Summary::ReadRound { term, round } => format!("read-round t{term} round={round}"),
        Summary::ReadRoundReply { term, round, .. } => format!("confirmed t{term} round={round}"),
        Summary::ReadIndex { request } => format!("read-index {}", client(request)),
        Summary::ReadIndexReply { request, index } => {
            let end = index.map_or("refused".into(), |index| format!("upto={index}"));
            format!("read-index {} {end}", client(request))
        }
        Summary::Forward { request } => format!("forward {}", client(request)),
        Summary::ForwardReply { request, applied } => {
            let end = if applied { "done" } else { "refused" };
            format!("forwarded {} {end}", client(request))
        }
        Summary::PreVote { term, last_index, last_term } => {
            format!("pre-vote t{term} last={last_index}@{last_term}")
        }
        Summary::PreVoteReply { term, granted } => {
            format!("pre-vote-reply t{term} {}", vote(granted))
        }
        Summary::TimeoutNow { term } => format!("timeout-now t{term}"),
        Summary::Other { name, term: Term::ZERO, .. } => name.to_string(),
        Summary::Other { name, term, .. } => format!("{name} t{term}"),
    }
}

/// Why a message was lost, as a clause.
pub const fn loss_words(why: Loss) -> &'static str {
    match why {
        Loss::Network => "the network loses it",
        Loss::Cut => "the link is cut",
        Loss::CutInFlight => "the link was cut meanwhile",
        Loss::Down => "the node is down",
        Loss::Unsent => "the sender went down first",
        Loss::Astray => "it goes to another node",
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
        Heard::Values(word) => format!("values #{}", word as u32),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Label;

    #[test]
    fn a_message_of_a_guest_has_the_name_that_the_guest_gives_it() {
        let told = |term| {
            let name = Label::new("gossip");
            let message = Summary::Other { name, term, bytes: 0, reply: false };
            words(&Kind::Send { to: NodeId::new(2), id: 7, message }, Some(NodeId::new(1)))
        };
        assert_eq!(told(Term(3)), "-> n2 #7 gossip t3");
        assert_eq!(told(Term::ZERO), "-> n2 #7 gossip");
    }
}
