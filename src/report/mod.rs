//! What runs and campaigns leave: verdicts on promises, words, saved runs, reports for CI.

pub mod campaign;
pub(crate) mod cite;
pub mod diff;
pub(crate) mod elections;
pub mod expectations;
pub mod explain;
pub mod export;
pub mod metrics;
pub mod not_happened;
pub mod page;
pub mod perfetto;
pub mod power;
mod questions;
pub(crate) mod requests;
pub mod saved;
pub mod side_by_side;
pub mod text;
pub mod turning;
pub mod twice;
pub mod why;
