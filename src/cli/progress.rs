//! What long commands have in common: how many things they do at once, how they go on the terminal, and how Ctrl-C ends them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::campaign::Summary;
use crate::campaign::clock::now;
use crate::cli::failure::{Code, Failure};
use crate::guest::{Guest, GuestOption};
use crate::plan::Plan;
use crate::report::campaign::grouped;
use crate::sim::{Ended, Options, Outcome, Runner};
use crate::situation::Situation;
use crate::time::Span;

/// How many workers: as many as asked for, or one for each core.
pub fn jobs(wanted: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    wanted.map_or_else(cores, usize::from)
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Listens to Ctrl-C, and to a wish to terminate: the first asks for an end in good order, the second ends at once.
pub fn listen() -> Result<(), Failure> {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(Code::Interrupted as i32);
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::usage(format!("cannot listen to Ctrl-C: {error}")))
}

/// Whether somebody wants an end.
pub fn is_end_wanted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// How long a run may take, for commands that run plans one by one.
#[derive(Args, Clone, Copy)]
pub struct LimitArgs {
    /// Gives up a run that takes longer on the wall; it is undecided then [default: no limit]
    #[arg(long, value_name = "TIME")]
    run_time_max: Option<Span>,
}

/// Whether a run was given up since it was last asked.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Runs the plans of a command, each until its time is over, or Ctrl-C comes. What begins after that is run to its end.
pub struct Limited<'r> {
    pub runner: &'r dyn Runner,
    /// None for a command that ends its runs in a way of its own.
    pub limit: Option<LimitArgs>,
}

impl Runner for Limited<'_> {
    fn guest(&self) -> &Guest {
        self.runner.guest()
    }

    fn code(&self) -> Option<&str> {
        self.runner.code()
    }

    fn guest_options(&self) -> &[GuestOption] {
        self.runner.guest_options()
    }

    fn run(&self, plan: &Plan, options: Options<'_>) -> Outcome {
        let Some(LimitArgs { run_time_max }) = self.limit else {
            return self.runner.run(plan, options);
        };
        // The one that is there already does as well.
        let _ = listen();
        let (begun, heard) = (now(), is_end_wanted());
        let is_over = move || {
            let is_too_long =
                |max: Span| now().duration_since(begun) >= Duration::from_nanos(max.0);
            (!heard && is_end_wanted()) || run_time_max.is_some_and(is_too_long)
        };
        let other = options.interrupt;
        let interrupt = move || other.as_ref().is_some_and(|other| other()) || is_over();
        let options = Options { interrupt: Some(Box::new(interrupt)), ..options };
        let outcome = self.runner.run(plan, options);
        if outcome.ended == Ended::Interrupted && is_over() {
            GIVEN_UP.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

/// Whether a run was given up.
pub fn is_given_up() -> bool {
    GIVEN_UP.load(Ordering::Relaxed)
}

/// The same, told once.
pub fn take_given_up() -> bool {
    GIVEN_UP.swap(false, Ordering::Relaxed)
}

/// Refuses to show a run that was given up: how far it came is not in its plan.
pub fn check_whole(name: &str) -> Result<(), Failure> {
    let (code, why) = match is_end_wanted() {
        _ if !take_given_up() => return Ok(()),
        true => (Code::Interrupted, "it was interrupted"),
        false => (Code::Undecided, "it took longer than --run-time-max"),
    };
    Err(Failure { code, text: format!("error: {name} is undecided: {why}") })
}

/// The code of a command that found so much before Ctrl-C, if that came.
pub fn interrupted(code: Code) -> Code {
    match code {
        Code::Clean | Code::Undecided if is_end_wanted() => Code::Interrupted,
        _ => code,
    }
}

/// A bar on the terminal; nothing where there is none.
pub fn bar(length: Option<u64>) -> ProgressBar {
    ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr())
}

pub struct Progress {
    pub bar: ProgressBar,
    begun: Instant,
    time: Option<Duration>,
    /// The runs, events and virtual nanoseconds of before, so that rates are of this session.
    before: (u64, u64, u64),
}

impl Progress {
    /// Progress towards a number of runs, or the end of a time, or neither.
    pub fn new(runs: Option<u64>, time: Option<Duration>, before: &Summary) -> Progress {
        let length = time.map(|time| time.as_millis() as u64).or(runs);
        let bar = bar(length);
        let template = if length.is_some() { "{wide_bar} {msg}" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let totals = before.totals;
        let before = (totals.runs, totals.events, totals.virtual_time.0);
        Progress { bar, begun: now(), time, before }
    }

    pub fn tell(&self, summary: &Summary) {
        if self.bar.is_hidden() {
            return;
        }
        let elapsed = now().duration_since(self.begun).as_millis();
        let totals = &summary.totals;
        let (runs, events, nanos) = self.before;
        let rate = |count: u64| grouped((u128::from(count) * 1_000 / elapsed.max(1)) as u64);
        self.bar.set_message(format!(
            "{} runs ({}/s), {} events/s, {} times real time, {} violations, {} of {} situations",
            grouped(totals.runs),
            rate(totals.runs - runs),
            rate(totals.events - events),
            rate((totals.virtual_time.0 - nanos) / 1_000_000_000),
            grouped(summary.failures.values().map(|seen| seen.count).sum()),
            summary.situations.len(),
            Situation::COUNT
        ));
        self.bar.set_position(self.time.map_or(totals.runs, |_| elapsed as u64));
    }
}
