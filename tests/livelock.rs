//! Clusters that spin: they use up the events of a run and get nowhere, and no time need pass until a look could tell. They are violations
//! of liveness; a run that is merely cut short is none, however little it was given.

use squall::guest::Setup;
use squall::ids::{Index, WriteId};
use squall::message::Summary;
use squall::node::{Context, Effect, Input, Node, Status};
use squall::plan::{Plan, scenario::from_toml, swarm};
use squall::property::Property;
use squall::raft::{Message, Raft};
use squall::record::{Kind, Record};
use squall::sim::{BuiltIn, Ended, Options, Outcome, Runner, run, run_nodes};
use squall::time::{LocalTime, Span, Time};

/// A Raft that from a second after its start on sends each message back to where it came from.
struct Echo {
    raft: Raft,
    started: Option<LocalTime>,
}

impl Node for Echo {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Context<'_, Message>) {
        let started = *self.started.get_or_insert(ctx.now);
        if let Input::Receive { from, message } = &input
            && ctx.now >= started.plus(Span::secs(1))
        {
            let after = WriteId::NONE;
            ctx.emit(Effect::Send { to: *from, message: message.clone(), after });
            return;
        }
        self.raft.step(input, ctx);
    }

    fn status(&self) -> Status {
        self.raft.status()
    }

    fn summary(message: &Message) -> Summary {
        Raft::summary(message)
    }
}

/// Three nodes between whom nothing takes time; faults end after a second.
fn plan(events_max: u64, more: &str) -> Plan {
    let nothing = "latency = \"constant 0s\"\n";
    let text = format!(
        "horizon = \"1h\"\nevents_max = {events_max}\n[liveness]\nfrom = \"1s\"\n[network]\n{nothing}\
         [disk]\nwrite = \"constant 0s\"\nfsync = \"constant 0s\"\n[clients]\n{nothing}{more}"
    );
    from_toml(&text).expect("it is a plan")
}

fn echoing(plan: &Plan) -> Outcome {
    let echo = |setup: &Setup<'_>| Echo { raft: Raft::of(setup), started: None };
    run_nodes(plan, &echo, Options::default())
}

#[test]
fn a_cluster_that_spins_is_not_live() {
    let plan = plan(400_000, "count = 0");
    let bound = plan.liveness_bounds().expect("liveness is judged").no_progress_max;
    assert!(bound < 300_000, "{bound}");
    let outcome = echoing(&plan);
    let violation = outcome.violation.as_ref().expect("it spins");
    assert_eq!((violation.property, outcome.ended), (Property::Liveness, Ended::Violation));
    assert!(violation.sentence.starts_with("The cluster spins: "), "{violation:?}");
    assert!(violation.time < Time::ZERO.plus(Span::secs(2)), "{violation:?}");
    assert_eq!(violation.evidence.last(), Some(&outcome.counters.records));
    assert_eq!(outcome.digest, echoing(&plan).digest);

    let other = Plan { judge: vec![Property::LogMatching], ..plan.clone() };
    assert_eq!(echoing(&other).ended, Ended::EventLimit, "nobody asked");
    assert_eq!(run(&plan).ended, Ended::Recovered, "an honest one has time enough");
}

#[test]
fn a_run_that_is_cut_short_is_not_accused() {
    for events in [1, 1_000, 20_000, 100_000] {
        let outcome = echoing(&plan(events, "count = 0"));
        assert_eq!((outcome.violation, outcome.ended), (None, Ended::EventLimit), "{events}");
    }
    // Clients that ask at once whatever they hear, and are answered.
    let busy = "count = 3\nstart = \"1.2s\"\nthink = \"constant 0s\"\nretry_after = \"0s\"";
    let outcome = run(&plan(400_000, busy));
    assert_eq!((outcome.violation, outcome.ended), (None, Ended::EventLimit));
    assert!(outcome.counters.answers > 1_000);
}

/// The most events in a row after the end of faults that bring nothing, by the records.
fn without_progress(plan: &Plan) -> u64 {
    let (mut gain, mut most, mut longest) = (None, 0, Index::ZERO);
    let mut highs = vec![Index::ZERO; usize::from(plan.cluster.nodes)];
    let mut sink = |record: &Record| {
        let high = record.node.map(|id| &mut highs[id.slot()]);
        let gets_on = match (record.kind, high) {
            (Kind::Append { index, .. } | Kind::Restore { index, .. }, Some(high)) => {
                let is_new = index > *high && index <= longest;
                *high = index.max(*high);
                if gain.is_none() {
                    longest = index.max(longest);
                }
                is_new
            }
            (Kind::Recovery { .. } | Kind::Invoke { .. } | Kind::Answered { .. }, _) => true,
            _ => false,
        };
        let is_calm = matches!(record.kind, Kind::Recovery { .. });
        if gain.is_some() || is_calm {
            most = most.max(record.event - gain.unwrap_or(record.event));
        }
        if gets_on && (gain.is_some() || is_calm) {
            gain = Some(record.event);
        }
    };
    let outcome = BuiltIn::new().run(plan, Options { sink: Some(&mut sink), ..Options::default() });
    assert_eq!((outcome.violation, outcome.ended), (None, Ended::Recovered), "{}", plan.seed);
    most
}

/// The bound is far from whatever a live cluster needs.
#[test]
fn storms_stay_far_below_the_bound() {
    let runs = std::env::var("STORMS").map_or(60, |runs| runs.parse().expect("a number"));
    let config = swarm::Config { liveness: 100, ..swarm::Config::default() };
    let mut most = (0, 0);
    for seed in 0..runs {
        let plan = swarm::draw_with(seed, &config);
        let Some(bounds) = plan.liveness_bounds() else { continue };
        let events = without_progress(&plan);
        most = most.max((events * 1_000_000 / bounds.no_progress_max, seed));
        assert!(
            events * 20 < bounds.no_progress_max,
            "{events} of {} at seed {seed}",
            bounds.no_progress_max
        );
    }
    println!("at most {} millionths of the bound, at seed {}", most.0, most.1);
}
