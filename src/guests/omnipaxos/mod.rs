//! OmniPaxos, the crate `omnipaxos`, unmodified, as a node of squall.
//!
//! It is no Raft: leaders are elected by ballots and not by votes, entries carry no term, and a new leader takes over whatever log a
//! majority has accepted in the highest round. `ballots` says how that is told in squall's words. What the library leaves to its user is
//! here: `store` and `life` are its storage, `links` its connections. `docs/guests/omnipaxos.md` says more.

mod alone;
mod ballots;
mod life;
mod links;
mod message;
mod node;
mod store;

pub use message::Message;
pub use node::{HAS, NAME, OmniPaxosNode};
