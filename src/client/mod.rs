//! Clients: what they ask, when, and of whom.

pub mod workload;
