//! What a plan asks of its guest: a plan never relies on a feature that its guest lacks.
//!
//! A plan from a file that asks for one is refused ([`check`]); a random plan goes without it ([`Plan::restrict`]). What a profile would
//! switch on is off in [`Plan::config`].

use crate::config::{Config, OnWriteError, Reads};
use crate::configuration::Change;
use crate::guest::{BUILT_IN, Feature, Guest, GuestOption};
use crate::ids::NodeSet;
use crate::plan::problem::{Checked, Problem, problem};
use crate::plan::{Action, OnCorruption, Plan, RaftOptions};
use crate::property::Property;
use crate::rng::{Rng, Section, Stream};
use crate::time::Span;

/// An option of Raft that takes a feature: its key, the feature, whether a plan asks for it, and how it is left to the profile.
type Switch = (&'static str, Feature, fn(&RaftOptions) -> bool, fn(&mut RaftOptions));

/// A row for each option that takes a feature: its key, with what value a plan asks for it, the feature, and what goes with it.
macro_rules! switches {
    ($($key:ident [$asked:pat] $feature:ident $(, $with:ident)*;)+) => {
        const SWITCHES: &[Switch] = &[$((
            stringify!($key),
            Feature::$feature,
            |raft| matches!(raft.$key, $asked),
            |raft| {
                raft.$key = None;
                $(raft.$with = None;)*
            },
        )),+];
    };
}

switches! {
    pre_vote [Some(true)] PreVote;
    check_quorum [Some(true)] CheckQuorum;
    vote_lease [Some(true)] VoteLease;
    bytes_in_flight [Some(1..)] ByteWindow;
    batch_delay [Some(Span(1..))] Batching;
    parallel_append [Some(false)] DiskFirst;
    snapshot_every [Some(1..)] Snapshots, snapshot_trailing, snapshot_chunk;
    reads [Some(Reads::ReadIndex)] ReadIndex, follower_reads;
    reads [Some(Reads::Lease)] LeaseReads, follower_reads, drift_bound_ppm;
    follower_reads [Some(true)] FollowerReads;
}

/// An option of squall's own Raft, which no guest is known to have: its key, whether a plan gives it, and how it is left to the profile.
type Own = (&'static str, fn(&RaftOptions) -> bool, fn(&mut RaftOptions));

/// All of them. One that is as every guest has it asks for nothing.
const OWN: [Own; 3] = [
    ("waits_for_disk", |raft| raft.waits_for_disk == Some(true), |raft| raft.waits_for_disk = None),
    (
        "on_write_error",
        |raft| raft.on_write_error.is_some_and(|it| it != OnWriteError::Stop),
        |raft| raft.on_write_error = None,
    ),
    ("strict_change", |raft| raft.strict_change == Some(true), |raft| raft.strict_change = None),
];

/// The feature that a fault takes, if it takes one.
fn needed_by(action: &Action) -> Option<Feature> {
    match action {
        Action::Transfer(_) => Some(Feature::Transfer),
        Action::DiskLies => Some(Feature::LostWrites),
        Action::Change(change) => change.changes().next().map(|change| match change {
            Change::Add(_) | Change::Remove(_) => Feature::SingleChange,
            Change::AddLearner(_) | Change::Promote(_) => Feature::Learners,
            Change::Enter(_) | Change::Leave => Feature::JointConsensus,
            // Refused elsewhere, unless the guest is squall's own.
            Change::Force(_) => Feature::SingleChange,
        }),
        _ => None,
    }
}

fn forces(action: &Action) -> bool {
    matches!(action, Action::Change(change) if !change.force.is_empty())
}

/// Refuses a plan that asks for what its guest lacks.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(plan: &Plan) -> Checked {
    let guest = &plan.guest;
    for (key, feature, is_asked_for, _) in SWITCHES {
        if is_asked_for(&plan.raft) {
            require(guest, *feature, &["raft", key])?;
        }
    }
    for (key, is_asked_for, _) in OWN {
        if is_asked_for(&plan.raft) && !plan.is_for_squalls_own() {
            let name = if guest.name.is_empty() { "this guest" } else { &guest.name };
            let message = format!("{name} does not know this option, which squall's own Raft has");
            let help = Some("leave it out".into());
            return Err(Problem { help, ..problem(&format!("raft/{key}"), message) });
        }
    }
    for (place, node) in plan.nodes.iter().enumerate() {
        if node.election_priority.is_some() {
            let place = place.to_string();
            require(guest, Feature::Priorities, &["nodes", &place, "election_priority"])?;
        }
    }
    let changes = [Feature::SingleChange, Feature::JointConsensus, Feature::Learners];
    if plan.voters() != NodeSet::first(plan.cluster.nodes)
        && !changes.iter().any(|feature| guest.has(*feature))
    {
        require(guest, Feature::SingleChange, &["cluster", "members"])?;
    }
    if plan.clients.sessions.is_some() {
        require(guest, Feature::Sessions, &["clients", "sessions"])?;
    }
    if plan.disk.on_corruption == OnCorruption::Truncate {
        require(guest, Feature::LostWrites, &["disk", "on_corruption"])?;
    }
    for (place, fault) in plan.faults.iter().enumerate() {
        if forces(&fault.action) && !plan.is_for_squalls_own() {
            let path = format!("faults/{place}/change/force");
            return Err(problem(&path, "only squall's own Raft forces members on others"));
        }
        if let Some(feature) = needed_by(&fault.action) {
            require(guest, feature, &["faults", &place.to_string(), fault.kind().name()])?;
        }
    }
    Ok(())
}

fn require(guest: &Guest, feature: Feature, path: &[&str]) -> Checked {
    if guest.has(feature) {
        return Ok(());
    }
    let name = if guest.name.is_empty() { "this guest" } else { &guest.name };
    Err(Problem {
        path: path.iter().map(|step| (*step).to_owned()).collect(),
        message: format!("{name} has no {feature}, which this asks for"),
        help: Some("leave it out, or take it from `guest.lacks` if the guest has it".into()),
    })
}

impl Plan {
    /// Whether it is for squall's own Raft, or for any.
    pub(super) fn is_for_squalls_own(&self) -> bool {
        self.guest.name.is_empty() || self.guest.name == BUILT_IN
    }

    /// The properties that are judged: those of `judge`, without what clients hear where the guest's state machine is another, and without
    /// who could be elected where that is not as in Raft.
    pub fn judged(&self) -> Vec<Property> {
        let is_hearsay = |property: &Property| {
            matches!(property, Property::Linearizability | Property::ExactlyOnce)
        };
        let is_judged = |property: &Property| {
            (self.guest.has(Feature::KeyValue) || !is_hearsay(property))
                && (self.guest.has(Feature::ElectsByLog) || *property != Property::SafeCommit)
        };
        self.judge.iter().copied().filter(is_judged).collect()
    }

    /// Makes a random plan one for this guest: without what it lacks.
    pub fn restrict(&mut self, guest: &Guest) {
        if guest.is_built_in() {
            return;
        }
        self.guest.clone_from(guest);
        for (_, feature, is_asked_for, leave) in SWITCHES {
            if !guest.has(*feature) && is_asked_for(&self.raft) {
                leave(&mut self.raft);
            }
        }
        OWN.iter().for_each(|(.., leave)| leave(&mut self.raft));
        if !guest.has(Feature::Priorities) {
            self.nodes.iter_mut().for_each(|node| node.election_priority = None);
        }
        if !guest.has(Feature::Sessions) {
            self.clients.sessions = None;
        }
        self.faults.retain(|fault| !forces(&fault.action));
        self.faults.retain(|fault| needed_by(&fault.action).is_none_or(|it| guest.has(it)));
        if !guest.has(Feature::LostWrites) {
            self.disk.on_corruption = OnCorruption::Stop;
        }
        // Nobody would ever ask the spare nodes in.
        if !self.changes_members() {
            self.cluster.members.clear();
        }
        // Without what it lacks a server that was removed may disrupt the others for ever.
        let disrupted = self.may_be_disrupted();
        if let Some(liveness) = self.liveness.take_if(|_| disrupted) {
            self.horizon = liveness.from;
        }
        self.leave_out_idle();
    }

    /// Whether a server that was removed, and does not know, may disrupt the others for ever, so that liveness cannot be judged.
    pub fn may_be_disrupted(&self) -> bool {
        self.changes_members() && !self.config().elections.bear_removed_servers()
    }

    /// Draws a value of each option that random plans draw, unless the guest was given one. Options have a stream of their own, from which
    /// each takes a word, used or not.
    pub fn draw_guest_options(&mut self, options: &[GuestOption]) {
        let mut rng = Rng::new(self.seed, Stream::Plan(Section::Guest));
        for option in options.iter().filter(|option| option.drawn && !option.values.is_empty()) {
            let value = rng.pick(&option.values);
            self.guest.options.entry(option.name.clone()).or_insert_with(|| value.into());
        }
    }

    /// Switches off what the guest lacks, whoever switched it on.
    pub(super) fn without_lacking(&self, mut config: Config) -> Config {
        let lacks = |feature| !self.guest.has(feature);
        config.elections.pre_vote &= !lacks(Feature::PreVote);
        config.elections.check_quorum &= !lacks(Feature::CheckQuorum);
        config.elections.vote_lease &= !lacks(Feature::VoteLease);
        if lacks(Feature::Snapshots) {
            config.snapshot_every = 0;
        }
        if config.reads == Reads::Lease && lacks(Feature::LeaseReads) {
            config.reads = Reads::ReadIndex;
        }
        if config.reads == Reads::ReadIndex && lacks(Feature::ReadIndex) {
            config.reads = Reads::Log;
        }
        config.parallel_append |= lacks(Feature::DiskFirst);
        if !self.is_for_squalls_own() {
            config.waits_for_disk = false;
            config.on_write_error = OnWriteError::Stop;
            config.strict_change = false;
        }
        config.follower_reads &= config.reads != Reads::Log && !lacks(Feature::FollowerReads);
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::swarm::draw_with;
    use crate::plan::validate::validate;
    use crate::plan::{Profile, scenario, swarm};

    fn bare() -> Guest {
        let guest = Guest::named("bare");
        Feature::ALL.iter().fold(guest, |guest, feature| guest.lacking(*feature))
    }

    #[test]
    fn random_plans_for_a_guest_ask_for_nothing_that_it_lacks() {
        for seed in 1..=300 {
            let mut plan = draw_with(seed, &swarm::Config::default());
            plan.restrict(&bare());
            assert_eq!(check(&plan), Ok(()), "seed {seed}");
            assert_eq!(validate(&plan), Ok(()), "seed {seed}");
            let config = plan.config();
            assert_eq!((config.snapshot_every, config.reads), (0, Reads::Log), "seed {seed}");
            let elections = config.elections;
            assert!(!elections.pre_vote && !elections.check_quorum && !elections.vote_lease);
        }
    }

    #[test]
    fn options_are_drawn_unless_they_are_given_and_one_does_not_move_another() {
        let option = |name: &str| GuestOption::drawn(name, &["0", "1", "2", "3"]);
        let left = GuestOption::new("left", &["0", "1"]);
        let all = [option("one"), left, option("two")];
        let drawn = |seed: u64, given: Option<&str>| {
            let mut plan = draw_with(seed, &swarm::Config::default());
            let bare = plan.clone();
            plan.guest.options.extend(given.map(|it| ("one".to_owned(), it.into())));
            plan.draw_guest_options(&all);
            let options = std::mem::take(&mut plan.guest.options);
            assert_eq!(plan, bare, "nothing else is drawn otherwise");
            assert!(!options.contains_key("left"));
            (options["one"].clone(), options["two"].clone())
        };
        assert_eq!(drawn(7, None), drawn(7, None));
        for seed in 1..=50 {
            let given = drawn(seed, Some("9"));
            assert_eq!(given, ("9".into(), drawn(seed, None).1), "seed {seed}");
        }
        let values: std::collections::BTreeSet<String> =
            (1..=50).map(|seed| drawn(seed, None).0.to_string()).collect();
        assert_eq!(values.len(), 4);
    }

    #[test]
    fn what_a_profile_has_and_the_guest_lacks_is_off_whatever_is_written_down() {
        let mut plan = Plan::default();
        plan.cluster.profile = Profile::Etcd;
        assert!(plan.config().elections.pre_vote);
        plan.guest = Guest::named("mine").lacking(Feature::PreVote);
        assert!(!plan.config().elections.pre_vote);
        assert_eq!(validate(&plan.clone().concrete()), Ok(()));
    }

    #[test]
    fn a_scenario_that_asks_for_what_the_guest_lacks_is_refused_where_it_does() {
        let refused = |text: &str| {
            let lacks: Vec<&str> = Feature::ALL.iter().map(|feature| feature.name()).collect();
            let text = format!("{text}\n[guest]\nname = \"mine\"\nlacks = {lacks:?}\n");
            scenario::from_toml(&text).expect_err("it is refused").message
        };
        let check = |text: &str, feature: &str| {
            let message = refused(text);
            assert!(message.contains(&format!("mine has no {feature}")), "{text}: {message}");
        };
        check("raft = { pre_vote = true }", "pre-vote");
        check("raft = { snapshot_every = 10 }", "snapshots");
        check("raft = { reads = \"lease\" }", "lease-reads");
        check("cluster = { members = [1, 2] }", "single-change");
        check("clients = { sessions = 4 }", "sessions");
        check("[[nodes]]\nid = 1\nelection_priority = 2", "priorities");
        check("[[faults]]\nat = \"1s\"\ntransfer = { to = 2 }", "transfer");
        check("[[faults]]\nat = \"1s\"\nchange = { add_learner = 3 }", "learners");
        check("[[faults]]\nat = \"1s\"\nchange = { remove = 3 }", "single-change");
        check("[[faults]]\nat = \"1s\"\ndisk-lies = { target = 1 }", "lost-writes");
    }
}
