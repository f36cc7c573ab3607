//! Metrics agree with what an independent reading of the records says, and scenarios can bound them.

use serde_json::json;
use squall::ids::NodeId;
use squall::meter::Metrics;
use squall::plan::metric::{Amount, Bounds, Metric};
use squall::plan::{Plan, scenario, swarm};
use squall::record::{Kind, Record};
use squall::report::expectations::{Verdict, judge};
use squall::report::metrics::value;
use squall::sim::{BuiltIn, Options, Outcome, Run, Runner, run};
use squall::time::Span;

use crate::twin::metrics::Twin;

fn recorded(plan: &Plan) -> (Outcome, Vec<Record>) {
    let mut records = Vec::new();
    let mut sink = |record: &Record| records.push(*record);
    let options = Options { sink: Some(&mut sink), ..Options::default() };
    let outcome = BuiltIn::new().run(plan, options);
    (outcome, records)
}

fn twin<'a>(plan: &Plan, outcome: &Outcome, records: &'a [Record]) -> Twin<'a> {
    let members: Vec<NodeId> = plan.voters().iter().collect();
    Twin { records, end: outcome.time, members, nodes: plan.cluster.nodes }
}

/// Each metric that the twin knows agrees.
fn agree(metrics: &Metrics, twin: &Twin<'_>, name: &str) {
    let of = |metric: Metric| metrics.of(metric);
    let count = |count: u64| Some(Amount::Count(count));
    let (begun, answered, given_up) = twin.requests();
    assert_eq!(of(Metric::Requests), count(begun), "{name}");
    assert_eq!(metrics.requests.answered, answered, "{name}");
    assert_eq!(of(Metric::GivenUp), count(given_up), "{name}");
    assert_eq!(of(Metric::Unanswered), count(begun - answered - given_up), "{name}");
    let (tries, failed) = twin.tries();
    assert_eq!(
        (of(Metric::Tries), of(Metric::FailedTries)),
        (count(tries), count(failed)),
        "{name}"
    );
    for (metric, percent) in [
        (Metric::LatencyP50, 50),
        (Metric::LatencyP90, 90),
        (Metric::LatencyP99, 99),
        (Metric::LatencyMax, 100),
    ] {
        assert_eq!(of(metric), twin.latency(percent).map(Amount::Span), "{name}: {metric}");
    }
    assert_eq!(of(Metric::Stall), Some(Amount::Span(twin.stall())), "{name}");
    let (total, longest) = twin.leaderless();
    assert_eq!(of(Metric::Leaderless), Some(Amount::Span(total)), "{name}");
    assert_eq!(of(Metric::LeaderlessLongest), Some(Amount::Span(longest)), "{name}");
    assert_eq!(of(Metric::Elections), count(twin.elections()), "{name}");
    let sent =
        metrics.traffic.iter().map(|it| (it.kind.name().to_owned(), (it.messages, it.bytes)));
    assert_eq!(sent.collect::<std::collections::BTreeMap<_, _>>(), twin.traffic(), "{name}");
}

#[test]
fn metrics_of_random_plans_are_those_of_their_records() {
    let (mut asked, mut lagged, mut changed) = (0, 0, 0);
    for seed in 0..600 {
        let mut plan = swarm::draw(7_700_000 + seed);
        plan.horizon = plan.horizon.min(Span::secs(3));
        if squall::plan::validate::validate(&plan).is_err() {
            continue;
        }
        let (outcome, records) = recorded(&plan);
        if records.len() > 12_000 {
            continue;
        }
        let (metrics, twin) = (&outcome.metrics, twin(&plan, &outcome, &records));
        agree(metrics, &twin, &format!("seed {seed}"));
        asked += metrics.requests.answered;
        let is_destroyed = outcome.gaps.iter().any(|gap| gap.properties.len() > 3);
        if !is_destroyed {
            let (entries, time) = twin.lag();
            assert_eq!(metrics.of(Metric::LagEntries), Some(Amount::Count(entries)), "seed {seed}");
            assert_eq!(metrics.of(Metric::Lag), Some(Amount::Span(time)), "seed {seed}");
            assert_eq!(metrics.lost_writes, 0, "seed {seed}");
            lagged += u64::from(time > Span::millis(100));
            changed +=
                u64::from(records.iter().any(|it| matches!(it.kind, Kind::Configure { .. })));
        }
    }
    assert!(asked > 1_000 && lagged > 20 && changed > 5, "{asked} {lagged} {changed}");
}

/// Of each slice, the lag is the largest that any member had at a moment of it.
#[test]
fn lag_over_time_is_that_of_the_records() {
    let (mut lagged, mut changed, mut compared) = (0, 0, 0);
    for seed in 0..600 {
        let mut plan = swarm::draw(7_700_000 + seed);
        plan.horizon = plan.horizon.min(Span::secs(3));
        if squall::plan::validate::validate(&plan).is_err() {
            continue;
        }
        let (outcome, records) = recorded(&plan);
        if records.len() > 12_000 || outcome.gaps.iter().any(|gap| gap.properties.len() > 3) {
            continue;
        }
        let twin = twin(&plan, &outcome, &records);
        let runner = BuiltIn::new();
        let told = value(&Run::new(&runner, plan.clone()));
        let slices = told["over_time"].as_array().unwrap();
        let width: Span = serde_json::from_value(told["slice"].clone()).unwrap();
        let expected = twin.lags_over_time(width, slices.len() as u64);
        for (slice, (entries, time)) in slices.iter().zip(&expected) {
            let lag = (&slice["lag_entries"], &slice["lag"]);
            let from = &slice["from"];
            assert_eq!(lag, (&json!(entries), &json!(time)), "seed {seed}, from {from}");
        }
        // What the totals tell was so in some slice.
        let (entries, time) = twin.lag();
        assert!(expected.iter().any(|it| it.0 >= entries), "seed {seed}");
        assert!(expected.iter().any(|it| it.1 >= time), "seed {seed}");
        compared += 1;
        lagged += u64::from(expected.iter().filter(|it| it.1 > width).count() > 3);
        changed += u64::from(records.iter().any(|it| matches!(it.kind, Kind::Configure { .. })));
    }
    assert!(compared > 50 && lagged > 10 && changed > 3, "{compared} {lagged} {changed}");
}

/// All disks are wiped, or lose what they had promised: what clients heard to be done is gone.
#[test]
fn acknowledged_writes_that_are_gone_are_counted() {
    for fault in [
        "at = \"5s\"\ncrash = { target = \"everyone\", for = \"1s\", wipe = true }",
        "at = \"2s\"\ndisk-lies = { target = \"everyone\" }\n\
         [[faults]]\nat = \"5s\"\ncrash = { target = \"everyone\", for = \"1s\" }",
    ] {
        let plan = format!("horizon = \"8s\"\n[cluster]\nnodes = 3\n[[faults]]\n{fault}\n");
        let plan = scenario::from_toml(&plan).unwrap();
        let (outcome, records) = recorded(&plan);
        let twin = twin(&plan, &outcome, &records);
        agree(&outcome.metrics, &twin, fault);
        assert!(outcome.metrics.lost_writes > 50, "{}", outcome.metrics.lost_writes);
        assert_eq!(outcome.metrics.lost_writes, twin.lost_writes(), "{fault}");
    }
}

#[test]
fn bounds_on_metrics_and_counts_are_promises() {
    let text = "horizon = \"4s\"\n[cluster]\nnodes = 3\n[[faults]]\non = { situation = \"leader-elected\", after = \"1s\" }\n\
        crash = { target = \"trigger\", for = \"1s\" }\n[expect.counts]\nleader-crashed = { min = 1, max = 1 }\n\
        [expect.metrics]\nlatency_p50 = { max = \"50ms\" }\nleaderless = { min = \"300ms\", max = \"2s\" }\n\
        failed_tries_share = { min = \"0.1%\", max = \"60%\" }\nlost_writes = { max = 0 }\nthroughput = { min = 5 }\n";
    let mut plan = scenario::from_toml(text).unwrap();
    assert_eq!(judge(&plan, &run(&plan), false), Verdict::Kept);
    assert_eq!(scenario::from_toml(&scenario::to_toml(&plan)), Ok(plan.clone()));
    plan.expect.metrics.latency_p50 = Some(Bounds { min: None, max: Some(Span::micros(1)) });
    plan.expect.metrics.stall = Some(Bounds { min: Some(Span::secs(9)), max: None });
    plan.expect
        .counts
        .insert(squall::situation::Situation::LeaderCrashed, Bounds { min: Some(2), max: None });
    let Verdict::Broken(lines) = judge(&plan, &run(&plan), false) else { panic!("kept") };
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines.iter().any(|it| it.starts_with("latency_p50 is ") && it.contains("more than 1us"))
    );
    assert!(
        lines.iter().any(|it| it.contains("`leader-crashed` was reached 1 times, fewer than 2"))
    );
    // What could not be measured was not kept.
    plan.clients.count = 0;
    let Verdict::Broken(lines) = judge(&plan, &run(&plan), false) else { panic!("kept") };
    assert!(lines.iter().any(|it| it.contains("there was nothing to measure")), "{lines:?}");
}

#[test]
fn bounds_that_say_nothing_or_cannot_hold_are_refused() {
    for (bounds, expected) in [
        ("[expect.metrics]\nlatency_p99 = {}", "bounds need `min`, `max` or both"),
        (
            "[expect.metrics]\nstall = { min = \"2s\", max = \"1s\" }",
            "nothing is at least 2s and at most 1s",
        ),
        ("[expect.metrics]\nlatency_p99 = { max = 5 }", "expected a length of time in quotes"),
        ("[expect.metrics]\nlatency_p9 = { max = \"5s\" }", "unknown field `latency_p9`"),
        ("[expect.counts]\nleader-crashed = { min = 3, max = 2 }", "at least 3 and at most 2"),
        ("[expect.counts]\nleader-crash = { min = 3 }", "leader-crash"),
    ] {
        let error = scenario::from_toml(bounds).unwrap_err();
        assert!(error.message.contains(expected), "{bounds}: {}", error.message);
        assert!(error.span.is_some(), "{bounds}");
    }
}

/// With every planted bug: a run that goes on begins with the run that ends, and counts at least that violation.
#[test]
fn a_run_that_goes_on_after_a_violation_counts_what_follows() {
    let (mut more, mut lost) = (0, 0);
    for path in squall::plan::files::find(&["scenarios/bugs".into()]).unwrap() {
        let ends = squall::plan::files::read(&path).unwrap();
        let name = path.display();
        let plan =
            Plan { keep_going: true, horizon: ends.horizon.min(Span::secs(30)), ..ends.clone() };
        let (first, goes_on) = (run(&ends), run(&plan));
        assert_eq!(goes_on.violation, first.violation, "{name}");
        let property = first.violation.unwrap().property;
        assert!(goes_on.violations.get(&property).is_some_and(|count| *count > 0), "{name}");
        assert!(goes_on.counters.records >= first.counters.records, "{name}");
        more += u64::from(goes_on.counters.events > first.counters.events);
        lost += u64::from(goes_on.metrics.lost_writes > 0);
    }
    assert!(more > 50 && lost > 3, "{more} went on, {lost} lost writes");
}
