//! The oracles and their naive twins agree: on the first violation, its property and its record, or that there is none.

use std::collections::BTreeMap;

use squall::bugs::Bug;
use squall::plan::{Plan, swarm};
use squall::property::Property;
use squall::record::Record;
use squall::sim::{BuiltIn, Options, Outcome, Runner};

use crate::twin::{self, Twin};

/// Runs a plan, watched by the twins too; gives the outcome and what the twins found first, and where.
fn watched(plan: &Plan) -> (Outcome, Option<(u64, Vec<Property>)>) {
    let mut twin = Twin::new(plan.cluster.nodes);
    let mut authority = twin::authority::Twin::new(plan);
    let mut answers = twin::answers::Twin::new(plan);
    let mut counted = twin::counted::Twin::new(plan);
    let mut found: Option<(u64, Vec<Property>)> = None;
    let mut sink = |record: &Record| {
        if found.is_none() {
            let mut broken = authority.observe(record, &twin);
            broken.extend(counted.observe(record, &twin));
            broken.extend(answers.observe(record, &twin));
            broken.extend(twin.observe(record));
            broken.retain(|property| plan.judge.contains(property));
            if !broken.is_empty() {
                found = Some((record.number, broken));
            }
        }
    };
    let outcome = BuiltIn::new().run(plan, Options { sink: Some(&mut sink), ..Options::default() });
    (outcome, found)
}

/// Holds an oracle's verdict against that of the twins.
fn agree(plan: &Plan) -> Option<Property> {
    let (outcome, found) = watched(plan);
    let name = format!("seed {} with {:?}", plan.seed, plan.raft.bugs);
    match (&outcome.violation, found) {
        (None, None) => None,
        (Some(violation), Some((record, broken))) => {
            let at = *violation.evidence.last().expect("a violation has evidence");
            assert_eq!(at, record, "{name}: {violation:?}, the twins say {broken:?}");
            assert!(broken.contains(&violation.property), "{name}: {violation:?}, {broken:?}");
            Some(violation.property)
        }
        (violation, found) => panic!("{name}: {violation:?}, the twins say {found:?}"),
    }
}

/// What these twins judge: linearizability has a judge of its own in `linearizable.rs`, and liveness a twin of its own below.
fn twinned() -> Vec<Property> {
    let mut judge = Property::ALL.to_vec();
    judge.retain(|it| !matches!(it, Property::Linearizability | Property::Liveness));
    judge
}

/// A short storm: the twins look at everything after every record.
fn storm_of(config: &swarm::Config, seed: u64, bugs: &[Bug]) -> Plan {
    let mut plan = Plan { judge: twinned(), ..swarm::draw_with(seed, config) };
    plan.raft.bugs = bugs.to_vec();
    plan.events_max = 3_000;
    plan
}

fn storm(seed: u64, bugs: &[Bug]) -> Plan {
    storm_of(&swarm::Config::default(), seed, bugs)
}

#[test]
fn oracles_and_twins_agree_on_the_correct_raft() {
    for seed in 0..150 {
        assert_eq!(agree(&storm(seed, &[])), None, "seed {seed}");
    }
}

#[test]
fn oracles_and_twins_agree_on_every_bug() {
    let mut caught: BTreeMap<Property, u32> = BTreeMap::new();
    let mut found = 0;
    for bug in Bug::ALL {
        // A leader that lacks what is committed takes the most luck.
        let is_rare = bug.about().violates.contains(&Property::LeaderCompleteness);
        let seeds = 0..if is_rare { 24 } else { 6 };
        // One that only stalls the cluster violates none of these: the twins agree on that, too.
        let properties: Vec<Property> =
            seeds.filter_map(|seed| agree(&storm(seed, &[bug]))).collect();
        found += u32::from(!properties.is_empty());
        for property in properties {
            *caught.entry(property).or_default() += 1;
        }
    }
    assert!(found >= 15, "only {found} bugs showed: {caught:?}");
    for property in [
        Property::LeaderAppendOnly,
        Property::LogMatching,
        Property::LeaderCompleteness,
        Property::StateMachineSafety,
        Property::Durability,
        Property::OneVote,
        Property::MonotonicTerm,
        Property::MonotonicCommit,
        Property::SafeCommit,
        Property::Snapshot,
    ] {
        assert!(caught.contains_key(&property), "{property} was never violated: {caught:?}");
    }
}

/// Members change in few storms; where they do in all, more shows of what is wrong with that.
#[test]
fn oracles_and_twins_agree_on_changes_of_the_members() {
    let config = swarm::Config { changes: 100, liveness: 0, ..swarm::Config::default() };
    let bugs =
        Bug::ALL.into_iter().filter(|bug| bug.about().violates.contains(&Property::Configuration));
    let mut found = 0;
    for bug in bugs {
        for seed in 0..40 {
            let plan = storm_of(&config, seed, &[bug]);
            found += u32::from(agree(&plan) == Some(Property::Configuration));
        }
    }
    assert!(found >= 5, "a change was wrong only {found} times");
}

/// What a restarted node carries out again changes its state, too: left out of judgement, that hides nothing.
#[test]
fn oracles_and_twins_agree_on_exactly_once_alone() {
    let mut found = 0;
    for bug in [Bug::DedupLost, Bug::SnapDropsSessions] {
        for seed in 0..60 {
            let judge = vec![Property::ExactlyOnce];
            let mut plan = Plan { judge, ..storm(seed, &[bug]) };
            plan.clients.sessions = Some(100);
            found += u32::from(agree(&plan) == Some(Property::ExactlyOnce));
        }
    }
    assert!(found >= 3, "a request took effect twice only {found} times");
}

/// A second vote of a disk shows before the second leader that it elects. Left out of judgement, it hides nothing.
#[test]
fn oracles_and_twins_agree_on_election_safety_alone() {
    let mut found = 0;
    for bug in [Bug::VoteTwice, Bug::VoteClearedSameTerm, Bug::StaleVoteReply] {
        for seed in 0..60 {
            let judge = vec![Property::ElectionSafety];
            let plan = Plan { judge, ..storm(seed, &[bug]) };
            found += u32::from(agree(&plan) == Some(Property::ElectionSafety));
        }
    }
    assert!(found >= 10, "two leaders of one term were found only {found} times");
}

#[test]
fn oracles_and_twins_agree_on_the_scenarios_of_bugs() {
    for path in squall::plan::files::find(&["scenarios/bugs".into()]).expect("there are scenarios")
    {
        let mut plan = squall::plan::files::read(&path).expect("it is valid");
        plan.judge = twinned();
        if plan.expect.violation.is_some_and(|property| plan.judge.contains(&property)) {
            assert!(agree(&plan).is_some(), "{}", path.display());
        }
    }
}

#[test]
fn oracles_and_twins_agree_on_disks_that_are_emptied() {
    let config = swarm::Config { wipes: 100, liveness: 0, ..swarm::Config::default() };
    let storm = |seed, bugs: &[Bug]| storm_of(&config, seed, bugs);
    let mut found = 0;
    for seed in 0..60 {
        assert_eq!(agree(&storm(seed, &[])), None, "seed {seed}");
        found += u32::from(agree(&storm(seed, &[Bug::WipedSameId])).is_some());
    }
    assert!(found >= 10, "the bug showed {found} times only");
}

/// Whatever a disk says, whatever rots, and in whatever order it writes; until a crash finds it out, a lie makes no difference.
#[test]
fn oracles_and_twins_agree_on_disks_that_lie_rot_and_keep_no_order() {
    let config = swarm::Config {
        reordered: 100,
        lies: 100,
        disk_faults: 40,
        liveness: 0,
        ..swarm::Config::default()
    };
    let storm = |seed, bugs: &[Bug]| storm_of(&config, seed, bugs);
    let bugs = [Bug::VoteSentBeforeFsync, Bug::AckBeforeFsync, Bug::VoteTwice];
    let mut found = 0;
    for seed in 0..50 {
        assert_eq!(agree(&storm(seed, &[])), None, "seed {seed}");
        found += bugs.iter().filter(|bug| agree(&storm(seed, &[**bug])).is_some()).count();
    }
    assert!(found >= 5, "the bugs showed {found} times only");
}

/// Liveness has a twin of its own, which sees nothing else: storms are short, and their ends are seen whole.
fn liveness_agrees(seed: u64, bugs: &[Bug]) -> bool {
    let config = swarm::Config { liveness: 100, horizon: (4, 12), ..swarm::Config::default() };
    let mut plan = swarm::draw_with(seed, &config);
    plan.raft.bugs = bugs.to_vec();
    plan.judge = vec![Property::Liveness];
    plan.events_max = 20_000;
    let Some(bounds) = plan.liveness_bounds() else { return false };
    let mut twin = twin::liveness::Twin::new(bounds);
    let mut cluster = Twin::new(plan.cluster.nodes);
    let mut found: Option<u64> = None;
    let mut sink = |record: &Record| {
        cluster.follow(record);
        if twin.observe(record, &cluster) {
            found.get_or_insert(record.number);
        }
    };
    let outcome =
        BuiltIn::new().run(&plan, Options { sink: Some(&mut sink), ..Options::default() });
    let accused = outcome.violation.as_ref().and_then(|it| it.evidence.last().copied());
    assert_eq!(accused, found, "seed {seed} with {bugs:?}: {:?}", outcome.violation);
    found.is_some()
}

#[test]
fn liveness_and_its_twin_agree() {
    for seed in 0..30 {
        assert!(!liveness_agrees(seed, &[]), "seed {seed}");
    }
    let stalls = |bug: &Bug| bug.about().violates.first() == Some(&Property::Liveness);
    let stalls = Bug::ALL.into_iter().filter(stalls);
    let found = stalls.map(|bug| (0..4).filter(|seed| liveness_agrees(*seed, &[bug])).count());
    let found: Vec<usize> = found.collect();
    assert!(found.iter().filter(|count| **count > 0).count() >= 4, "{found:?}");
}
