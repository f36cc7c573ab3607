//! openraft, unmodified, as a node of squall.
//!
//! openraft is a library of tasks: it wants a runtime, a log store, a state machine and a network. `runtime` is an executor on squall's
//! clock, and the other files are what every user of the library writes. `docs/guests/openraft.md` says what the adapter does in the
//! library's place, and what the library lacks. All that differs between versions of the library is in `versions`.

mod clients;
mod library;
mod life;
mod log_store;
mod machine;
mod members;
mod message;
mod network;
mod node;
mod options;
mod runtime;
mod shared;
mod versions;
mod wire;

pub use message::Message;
pub use node::OpenRaft;
pub use options::{LACKS, NAME, own_options};
