//! What a plan asked for and did not happen in a run, in words.

use crate::plan::{Plan, Trigger, When};
use crate::sim::{Ended, Outcome};
use crate::time::{Span, Time};

/// One line for each fault that never struck, struck less often than asked for, found nobody, or was ignored; for each single request that
/// was not made; and for pins that nothing came for. What had time only until a run ended early is not among them.
pub fn not_happened(plan: &Plan, outcome: &Outcome) -> Vec<String> {
    let mut lines = faults(plan, outcome);
    lines.extend(requests(plan, outcome));
    lines.extend(pins(plan, outcome));
    lines
}

/// Whether a run went on behind this time.
fn had_time(outcome: &Outcome, at: Span) -> bool {
    Time::ZERO.plus(at) < outcome.time
}

/// What did not occur, for what waits for a situation.
fn waits(trigger: &Trigger) -> String {
    format!("`{}` did not occur as it waits for it", trigger.situation)
}

fn faults(plan: &Plan, outcome: &Outcome) -> Vec<String> {
    let faults = (1..).zip(plan.faults.iter().zip(&outcome.faults));
    let words = faults.filter_map(|(number, (fault, done))| {
        let (action, target) = (fault.kind().name(), &fault.target);
        let tried = done.struck + done.missed;
        let what = match (fault.when, done.ignored) {
            (_, Some((node, why))) => format!("was ignored by {node}: {}", why.words()),
            (When::At(at), _) if tried == 0 && !had_time(outcome, at) => return None,
            (When::At(_), _) if tried == 0 => "never struck: faults were over".into(),
            (When::On(trigger), _) if tried == 0 => format!("never struck: {}", waits(&trigger)),
            _ if done.struck == 0 => format!("found nobody to strike: {target}"),
            _ if done.missed > 0 => {
                format!("found nobody {} times of {tried}: {target}", done.missed)
            }
            (When::On(trigger), _) if tried < trigger.times => format!(
                "struck {tried} of {} times: `{}` did not occur more often",
                trigger.times, trigger.situation
            ),
            _ => return None,
        };
        Some(format!("fault {number} ({action}) {what}"))
    });
    words.collect()
}

fn requests(plan: &Plan, outcome: &Outcome) -> Vec<String> {
    let words = outcome.unused.requests.iter().filter_map(|(number, made)| {
        let single = plan.requests.get(*number as usize - 1)?;
        let why = match (single.on, single.at) {
            (Some(trigger), _) if *made == 0 => format!("was never made: {}", waits(&trigger)),
            (Some(trigger), _) => format!(
                "was made {made} of {} times: `{}` did not occur more often",
                trigger.times, trigger.situation
            ),
            (_, Some(at)) if had_time(outcome, at) => {
                "was never made: its client was busy with others before".into()
            }
            _ => return None,
        };
        Some(format!("request {number} {why}"))
    });
    words.collect()
}

/// A pin that a number names waits for a message that is never sent, if the run was not cut off before.
fn pins(plan: &Plan, outcome: &Outcome) -> Vec<String> {
    let whole = !matches!(outcome.ended, Ended::Violation | Ended::EventLimit | Ended::Interrupted);
    let mut lines = Vec::new();
    for number in &outcome.unused.pins {
        let Some(pin) = plan.pins.get(*number as usize - 1) else { continue };
        let [from, to] = pin.link;
        let which = match (pin.message, pin.sent) {
            (Some(message), _) if whole => format!("message {message}"),
            (_, Some(sent)) if had_time(outcome, sent) => {
                format!("a message sent at {sent} or later")
            }
            _ => continue,
        };
        lines.push(format!("pin {number} was for no message: {from} did not send {to} {which}"));
    }
    for number in &outcome.unused.syncs {
        let Some(pin) = plan.syncs.get(*number as usize - 1) else { continue };
        if had_time(outcome, pin.begun) {
            let (node, begun) = (pin.node, pin.begun);
            lines.push(format!(
                "sync {number} was for no write: {node} began none at {begun} or later"
            ));
        }
    }
    lines
}
