//! Traces: the digest of a run, its records as lines of JSON, and as text for people.

pub mod digest;
pub mod reader;
pub mod text;
pub mod writer;

pub use digest::Digest;
