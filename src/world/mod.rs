//! The fake outside: an event queue, a network, disks and clocks. It knows no protocol.

pub mod access;
pub mod clock;
pub mod disk;
pub mod latency;
pub mod network;
pub mod queue;
