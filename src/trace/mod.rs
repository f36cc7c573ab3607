//! Traces: the digest of a run, its records as lines of JSON, and as text for people, and what nodes are record by record.

pub mod digest;
pub mod reader;
pub mod text;
pub mod view;
pub mod writer;

pub use digest::Digest;
