//! What runs and campaigns leave: verdicts on promises, words, saved runs, reports for CI.

pub mod campaign;
pub mod junit;
pub mod page;
pub mod power;
pub mod promises;
pub mod saved;
pub mod text;
