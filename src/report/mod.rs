//! What runs and campaigns leave: verdicts on promises, words, saved runs, reports for CI.

pub mod campaign;
pub mod diff;
pub mod expectations;
pub mod explain;
pub mod export;
pub mod metrics;
pub mod page;
pub mod perfetto;
pub mod power;
pub mod saved;
pub mod text;
pub mod twice;
pub mod why;
