//! Liveness: from a moment on faults are over, and within a bound the cluster must be alive again.
//!
//! Raft promises progress only where messages and disks are much quicker than election timeouts (5.6). So at that moment the world of the
//! *core* becomes one in which it promises it, in TigerBeetle's way: links between its nodes lose nothing, are quick, and are cut no more;
//! disks and clocks are well; nodes that are down start. How long it may still take follows from the plan, in integers:
//! `docs/liveness.md` has the reasoning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{OnWriteError, priority};
use crate::configuration::Change;
use crate::ids::{NodeId, NodeSet};
use crate::node::DiskFile;
use crate::plan::problem::{Checked, Problem, check_target, require};
use crate::plan::table::table;
use crate::plan::{Action, Fault, OnCorruption, Plan, Target, When};
use crate::time::Span;

table! {
    /// From when on the cluster must come back to life, and which part of it.
    pub struct Liveness {
        /// When faults end. No fault may have a time from then on, and none that waits for a situation strikes any more.
        required from: Span,
        /// Who must come back to life: nodes by number, or `"everyone"`, `"majority"`, `"all-but-leader"`, `"all-but-leaders"` or
        /// `"connected"` as they are at that moment. Where such a word gives no majority, random others join them. Nobody joins nodes that
        /// are named by number: they must be a majority of the voters when faults end, or liveness is undecided.
        core: Target,
        /// What becomes of the other nodes, to the end of the run. Those that are down then stay down.
        outside: Outside,
        /// Within which time all must be well; without it, the bound that follows from the plan.
        within: Option<Span>,
    }
}

/// What becomes of the nodes outside the core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// They are cut off from all others.
    #[default]
    CutOff,
    /// They crash, and what they did not sync is lost.
    Down,
    /// They hear nobody, but are heard. A node that could disturb a correct Raft for ever in this way is cut off instead: one that the core
    /// follows without check-quorum, or one that stands without pre-vote.
    Deaf,
    /// They hear others, but nobody hears them.
    Mute,
    /// They hear each other, and clients reach them, but they are cut off from the core: a leader may be left with learners, with a
    /// minority, or with servers that were removed.
    Together,
}

/// How quick the core's world is, and how long a correct Raft may take in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// When faults end.
    pub from: Span,
    /// The longest that a message between two nodes takes, or a message between client and node; a sync takes no longer.
    pub message: Span,
    /// How often it is looked whether all is well: once in the longest election timeout.
    pub look: Span,
    /// How long a leader must have led until it counts as one that stays.
    pub stay: Span,
    /// How long a client waits for an answer at least, before it tries elsewhere.
    pub answer: Span,
    /// How long a request may wait while a leader stays.
    pub service: Span,
    /// How long after the end of faults all must be well.
    pub within: Span,
    /// How many events there may be in a row without any that gets the cluster on.
    pub no_progress_max: u64,
}

/// How many times quicker than the spread of election timeouts a message is. A candidate that is alone for five messages wins.
const MESSAGES_PER_SPREAD: u64 = 100;
/// How many messages' time an election takes at most: two for the answer to a pre-vote, two for syncs, one for the vote requests.
const ELECTION_MESSAGES: u64 = 5;
/// How many more where loops wait for disks: before a node stands, and before it answers.
const ELECTION_SYNCS: u64 = 2;
/// Rounds besides those of elections that split: a transfer that comes to nothing, a leader that does not hear that it is none (two, with a
/// clock at half the speed), and the timeout that is running when faults end.
const ROUNDS_BESIDES: u64 = 4;
/// How many looks a leader must have led.
const LOOKS_TO_STAY: u64 = 3;
/// How many events in a row bring a live cluster nothing, for each node: more than a hundred times what runs under faults need.
const NO_PROGRESS_EVENTS: u64 = 50_000;
/// How many events it takes at most to bring a part of a snapshot to a node.
const EVENTS_PER_PART: u64 = 10;
/// An election round splits every time in one of 2 to the power of this many runs.
const DOUBT_BITS: u32 = 30;

impl Plan {
    /// How quick the core's world is, and how long a correct Raft may take in it. None if the plan does not judge liveness.
    pub fn liveness_bounds(&self) -> Option<Bounds> {
        let liveness = self.liveness.as_ref()?;
        let config = self.config();
        let (timeout, beat) = (config.election_timeout, config.heartbeat_interval.to);
        let fixed = || self.nodes.iter().map(|node| &node.election_timeouts);
        let longest = fixed().flatten().copied().max().unwrap_or(Span::ZERO).max(timeout.to);
        let message = message(self);
        let groups = self.client_options();
        let timeout_of_clients = groups.iter().map(|group| group.timeout).max().unwrap_or_default();
        let pause = groups.iter().map(|group| group.retry_after).max().unwrap_or_default();
        let askers = u64::from(self.clients_count()) + self.requests.len() as u64;
        let answer = beat.times(2).plus(message.times(20)).plus(message.times(5 * askers));
        let answer = answer.max(timeout_of_clients);
        let tries = 2 + self.outside_max();
        let service = answer.plus(pause).plus(message.times(2)).times(tries);
        let election = ELECTION_MESSAGES + if config.waits_for_disk { ELECTION_SYNCS } else { 0 };
        let rounds = rounds(self.cluster.nodes, election)
            .saturating_add(fixed().map(Vec::len).max().unwrap_or(0) as u64)
            .saturating_add(self.patience_max())
            .saturating_add(ROUNDS_BESIDES);
        let elections = longest.plus(message.times(election)).times(rounds);
        let stay = longest.times(LOOKS_TO_STAY);
        let derived = elections
            .plus(self.clocks_back())
            .plus(timeout_of_clients)
            .plus(stay)
            .plus(service.times(2))
            .plus(longest.times(2));
        let within = liveness.within.unwrap_or(derived);
        let no_progress_max = NO_PROGRESS_EVENTS
            .saturating_add(EVENTS_PER_PART.saturating_mul(self.parts_max()))
            .saturating_mul(self.cluster.nodes.into());
        let (from, look) = (liveness.from, longest);
        Some(Bounds { from, message, look, stay, answer, service, within, no_progress_max })
    }

    /// In how many parts a snapshot is sent at most: full lists at all keys, and in all sessions the answer that tells of one.
    fn parts_max(&self) -> u64 {
        let config = self.config();
        if config.snapshot_every == 0 {
            return 0;
        }
        let list = 24 + 4 * crate::kv::VALUES_MAX as u64;
        let keys = self.client_options().iter().map(|group| group.keys).max().unwrap_or(0);
        let keys = u64::from(keys) + self.requests.len() as u64;
        let lists = keys + u64::from(self.clients.sessions.unwrap_or(0));
        (lists * list).div_ceil(config.snapshot_chunk.into())
    }

    /// How many nodes are outside the core at most.
    fn outside_max(&self) -> u64 {
        let nodes = u64::from(self.cluster.nodes);
        if self.changes_members() || !self.cluster.members.is_empty() {
            return nodes - 1;
        }
        match self.liveness.as_ref().map(|liveness| &liveness.core) {
            None | Some(Target::Everyone) => 0,
            Some(Target::Nodes(core)) => nodes.saturating_sub(core.len() as u64),
            Some(_) => nodes - (nodes / 2 + 1),
        }
    }

    /// How many election timeouts a node leaves to others at most before it stands.
    fn patience_max(&self) -> u64 {
        let priorities = self.node_ids().filter_map(|id| self.config_of(id).elections.priority);
        priorities.map(priority::Priority::patience_max).max().unwrap_or(0)
    }

    /// How far clocks are set back at most: what was to happen at a local time is that much later.
    fn clocks_back(&self) -> Span {
        let back = self.faults.iter().map(|fault| {
            let Action::Clock(change) = &fault.action else { return Span::ZERO };
            let times = match fault.when {
                When::At(_) => 1,
                When::On(trigger) => trigger.times,
            };
            let jump = change.jump.map_or(0, |jump| jump.0.min(0).unsigned_abs());
            Span(jump).times(times)
        });
        back.fold(Span::ZERO, Span::plus)
    }
}

/// The longest that a message takes: short against the spread of election timeouts, so that elections are won; and against what is left of
/// the lowest one after a heartbeat, so that leaders are not deposed.
fn message(plan: &Plan) -> Span {
    let config = plan.config();
    let (timeout, beat) = (config.election_timeout, config.heartbeat_interval.to);
    let left = timeout.from.0.saturating_sub(beat.0) / 8;
    let longest = left.min(timeout.from.0 / 20);
    Span(match plan.cluster.nodes {
        1 => longest,
        _ => longest.min((timeout.to.0 - timeout.from.0) / MESSAGES_PER_SPREAD),
    })
}

/// After how many rounds one has had a winner, but in one of 2 to the power of 30 runs. A round has one if some node that could win is
/// alone with its candidacy for the time of an election: none of the others may time out within it, which is a twentieth of the spread.
fn rounds(nodes: u8, election: u64) -> u64 {
    const ONE: u64 = 1 << 32;
    let share = election * ONE / MESSAGES_PER_SPREAD;
    let alone = (1..nodes).fold(ONE, |alone, _| alone - (alone * share).div_ceil(ONE));
    let (mut split, mut rounds) = (ONE, 0);
    while split > ONE >> DOUBT_BITS {
        split = (split * (ONE - alone)) >> 32;
        rounds += 1;
    }
    rounds
}

/// A node that stays down for a record that it cannot read is no part of a core that must come back to life.
fn check_corrupt(plan: &Plan) -> Checked {
    let stops = plan.disk.on_corruption == OnCorruption::Stop;
    let stays_down = |fault: &Fault| match &fault.action {
        Action::Corrupt(corrupt) => stops || corrupt.what == DiskFile::Snapshot,
        _ => false,
    };
    none_of(plan.faults.iter().position(stays_down), "faults/{}", || {
        "a node with a corrupt record refuses to start, so liveness cannot be judged; have `on_corruption = \"truncate\"`, and snapshots \
         whole".into()
    })
}

/// Nor is a node that lost its disk and stays out. The core lives without it if it has a majority, by each change of the members, too:
/// which is known where all are named by number.
fn check_wiped(plan: &Plan, core: &Target) -> Checked {
    let wipes = |fault: &Fault| matches!(&fault.action, Action::Crash(crash) if crash.wipe);
    if !plan.cluster.keeps_wiped_out() || !plan.faults.iter().any(wipes) {
        return Ok(());
    }
    let named = core.numbers().is_some();
    require(named, "liveness/core", || {
        "a node that lost its disk stays out, so liveness needs a core that is known to live without it; name its nodes by number".into()
    })?;
    let core: NodeSet = core.numbers().unwrap_or(&[]).iter().copied().collect();
    let voters = plan.voters();
    require(2 * voters.intersection(core).len() > voters.len(), "liveness/core", || {
        format!(
            "a node that lost its disk stays out, so the core must hold a majority of the {} voters",
            voters.len()
        )
    })?;
    let meets = |nodes: NodeSet| !nodes.intersection(core).is_empty();
    let shrinks = |change: Change| match change {
        Change::Add(_) | Change::Promote(_) => !meets(change.nodes()),
        Change::AddLearner(_) | Change::Remove(_) => meets(change.nodes()),
        Change::Enter(it) => {
            !it.add.without(core).is_empty() || meets(it.add_learners.union(it.remove))
        }
        Change::Force(_) => true,
        Change::Leave => false,
    };
    let harms = |fault: &Fault| match &fault.action {
        Action::Crash(crash) if crash.wipe => {
            let nodes = fault.target.numbers().map(|nodes| nodes.iter().copied().collect());
            nodes.is_none_or(meets)
        }
        Action::Change(change) => change.changes().any(shrinks),
        _ => false,
    };
    none_of(plan.faults.iter().position(harms), "faults/{}", || {
        "a node that lost its disk stays out, so liveness needs a core that lives without it: name whose disk is wiped by number, none of them \
         of the core; and let changes of the members add nodes of the core and remove others".into()
    })
}

/// Checks what a plan says of liveness.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(plan: &Plan) -> Checked {
    let (Some(liveness), Some(bounds)) = (&plan.liveness, plan.liveness_bounds()) else {
        return Ok(());
    };
    let from = liveness.from;
    let late = plan.faults.iter().position(|fault| fault.when.is_from(from));
    none_of(late, "faults/{}/at", || {
        format!("from {from} on no fault strikes, for liveness is judged; let it strike earlier")
    })?;
    check_core(plan, &liveness.core)?;
    check_corrupt(plan)?;
    check_wiped(plan, &liveness.core)?;
    let leads_on = plan.config().on_write_error == OnWriteError::LeadOn;
    require(!leads_on || !plan.writes_may_fail(), "liveness", || {
        "a node that goes on without its disk never catches up, so liveness cannot be judged; have another `on_write_error`".into()
    })?;
    require(liveness.within != Some(Span::ZERO), "liveness/within", || {
        "a cluster needs some time to come back to life".into()
    })?;
    let timeout = plan.config().election_timeout;
    let spread = Span(timeout.to.0 - timeout.from.0);
    let alone = plan.cluster.nodes == 1;
    require(alone || spread.times(100) >= timeout.from, "liveness", || {
        format!(
            "election timeouts that spread over {spread} only split votes again and again (5.2); give election_timeout \
             a range at least a hundredth as wide as its lower end, {}",
            timeout.from
        )
    })?;
    require(bounds.message >= Span::micros(1), "liveness", || {
        "the election timeout leaves no time for a message; give it a wider range, or let heartbeats come sooner".into()
    })?;
    let never = plan.nodes.iter().position(|it| it.election_priority == Some(priority::NEVER));
    none_of(never, "nodes/{}/election_priority", || {
        "a node that never stands may be the only one that could win; liveness cannot be judged with it".into()
    })?;
    let removes = |fault: &Fault| match &fault.action {
        Action::Change(change) => change.changes().any(Change::removes),
        _ => false,
    };
    let shielded = plan.config().elections.bear_removed_servers();
    let disruptor = plan.faults.iter().position(removes).filter(|_| !shielded);
    none_of(disruptor, "faults/{}/change", || {
        "a server that is removed may disrupt the others for ever (thesis 4.2.3), so liveness cannot be judged; set vote_lease or \
         pre_vote".into()
    })?;
    let end = from.plus(bounds.within);
    // A node that catches up puts the judgement off, and a look comes after it.
    let enough = end.plus(bounds.stay).plus(bounds.service).plus(bounds.look);
    require(end <= plan.horizon, "horizon", || {
        format!(
            "the cluster has until {end} to come back to life, {} after faults end, but the run ends at {}",
            bounds.within, plan.horizon
        )
    })
    .map_err(|problem| Problem { help: Some(format!("set horizon = \"{enough}\" or later")), ..problem })
}

/// Complains about what stands at this place, if there is one.
fn none_of(place: Option<usize>, path: &str, message: impl FnOnce() -> String) -> Checked {
    let path = path.replace("{}", &place.unwrap_or(0).to_string());
    require(place.is_none(), &path, message)
}

fn check_core(plan: &Plan, core: &Target) -> Checked {
    check_target(plan, core, false, "liveness/core")?;
    let majority = plan.voters().majority();
    let words = [Target::Everyone, Target::Majority, Target::AllButLeader, Target::AllButLeaders];
    let known = core.numbers().is_some() || *core == Target::Connected || words.contains(core);
    require(known, "liveness/core", || {
        format!(
            "the core is a list of nodes, or \"everyone\", \"majority\", \"all-but-leader\", \"all-but-leaders\" or \
             \"connected\", not \"{core}\""
        )
    })?;
    // Where members change, who is a majority shows when faults end.
    let is_known = !plan.changes_members();
    let enough = |core: &[NodeId]| !is_known || core.len() >= majority;
    require(core.numbers().is_none_or(enough), "liveness/core", || {
        format!("fewer than {majority} nodes cannot elect a leader; name a majority")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_nodes_split_more_votes() {
        assert_eq!(rounds(1, 5), 1);
        let of = |nodes: [u8; 5], election| nodes.map(|nodes| rounds(nodes, election));
        assert_eq!(of([3, 5, 7, 9, 25], 5), [9, 13, 16, 19, 59]);
        assert!(rounds(5, 7) > 13, "an election that takes longer is disturbed more often");
    }

    fn plan(text: &str) -> Plan {
        toml::from_str(text).expect("it is a plan")
    }

    #[test]
    fn the_core_lives_without_a_node_that_stays_out() {
        let checked_with = |core: &str, more: &str| {
            let fixed = format!("[liveness]\nfrom = \"3s\"\nwithin = \"5s\"\ncore = {core}\n");
            let cluster = "[cluster]\nnodes = 5\nmembers = [1, 2, 3]\nwiped = \"stays-out\"\n";
            let text = format!("{fixed}{cluster}[raft]\nvote_lease = true\n{more}");
            check(&plan(&text)).map_err(|problem| problem.path.join("/"))
        };
        let checked = |more: &str| checked_with("[1, 3, 4]", more);
        let wipe = |target: &str| {
            format!("[[faults]]\nat = \"1s\"\ncrash = {{ target = {target}, wipe = true }}\n")
        };
        let change = |what: &str| {
            let wiped = wipe("2");
            format!("{wiped}[[faults]]\nat = \"2s\"\nchange = {{ {what} }}\n")
        };
        assert_eq!(checked(&wipe("2")), Ok(()));
        for (fine, what) in [
            (true, "add = 4"),
            (true, "remove = 2"),
            (true, "add_learner = 5"),
            (true, "joint = { add = [4], remove = [2] }"),
            (true, "leave = true"),
            (false, "add = 5"),
            (false, "remove = 3"),
            (false, "add_learner = 1"),
            (false, "joint = { add = [4, 5] }"),
            (false, "joint = { add = [4], remove = [1] }"),
        ] {
            let expected = if fine { Ok(()) } else { Err("faults/1".to_owned()) };
            assert_eq!(checked(&change(what)), expected, "{what}");
        }
        // One voter of three is no majority, and nobody knows who belongs to a core without numbers.
        for core in ["[1, 4, 5]", "\"everyone\""] {
            let expected = Err("liveness/core".to_owned());
            assert_eq!(checked_with(core, &wipe("2")), expected, "{core}");
        }
        for target in ["3", "[2, 4]", "\"leader\""] {
            assert_eq!(checked(&wipe(target)), Err("faults/0".to_owned()), "{target}");
        }
    }

    #[test]
    fn the_bound_grows_with_what_makes_elections_slow() {
        let within = |text: &str| {
            let text = format!("[liveness]\nfrom = \"3s\"\n{text}");
            plan(&text).liveness_bounds().expect("liveness is judged").within
        };
        let plain = within("");
        assert!(plain > Span::secs(3) && plain < Span::secs(20), "{plain}");
        for slower in [
            "[cluster]\nnodes = 9",
            "[cluster]\nprofile = \"etcd\"",
            "[[nodes]]\nid = 1\nelection_timeouts = [\"200ms\", \"300ms\"]",
            "[[nodes]]\nid = 1\nelection_priority = 50\n[[nodes]]\nid = 2\nelection_priority = 100",
            "[clients]\ntimeout = \"2s\"",
            "[[faults]]\nat = \"1s\"\nclock = { target = 1, jump = \"-4s\" }",
            "core = \"majority\"",
        ] {
            assert!(within(slower) > plain, "{slower}");
        }
        assert_eq!(within("within = \"1s\""), Span::secs(1));
    }
}
