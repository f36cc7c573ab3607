//! The table of all kinds of fault.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize};

use super::file::{NoKeys, Written, schema_of};
use super::{
    ClockChange, Corrupt, Crash, Cut, DiskChange, Fault, Isolate, MemberChange, Slow, Split,
    Transfer,
};
use crate::plan::{LinkException, Target};

/// Whether a kind of fault has the key `target`, and what the schema says of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whom {
    /// It must be there.
    Needed(&'static str),
    /// It may be there; without it, the leader is meant.
    OrLeader(&'static str),
    /// It has other keys for the nodes that it names, or names none.
    Unnamed,
}

/// How a kind of fault goes on after it has struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// It does something once.
    Once,
    /// It does something once, which is undone after `for`.
    Undone,
    /// It is in force for `for`.
    Lasts,
    /// It is in force for `for`, and may come and go with the period `flapping` meanwhile.
    Flaps,
}

/// Writes out the table: the kinds, the actions, and how the keys of each are read, written and described. A kind without parentheses has
/// no keys but those that all have.
macro_rules! kinds {
    ($($(#[doc = $about:literal])+ $name:literal $kind:ident $(($own:ty))?: $whom:expr, $course:ident;)+) => {
        /// What a fault does.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Action {
            $($(#[doc = $about])+ $kind $(($own))?,)+
        }

        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum FaultKind {
            $($(#[doc = $about])+ #[serde(rename = $name)] $kind,)+
        }

        impl Action {
            /// Its kind.
            pub fn kind(&self) -> FaultKind {
                match self {
                    $(Action::$kind { .. } => FaultKind::$kind,)+
                }
            }
        }

        impl FaultKind {
            /// All of them.
            pub const ALL: &'static [FaultKind] = &[$(FaultKind::$kind),+];

            /// The keys that a fault may have in a file.
            pub(super) const KEYS: &'static [&'static str] = &["at", "on", $($name),+];

            /// Its name in files.
            pub fn name(self) -> &'static str {
                match self {
                    $(FaultKind::$kind => $name,)+
                }
            }

            /// What it does, in a sentence or two.
            pub fn about(self) -> &'static str {
                match self {
                    $(FaultKind::$kind => concat!($($about),+).trim_ascii(),)+
                }
            }

            pub(super) fn whom(self) -> Whom {
                match self {
                    $(FaultKind::$kind => $whom,)+
                }
            }

            pub(super) fn course(self) -> Course {
                match self {
                    $(FaultKind::$kind => Course::$course,)+
                }
            }

            /// Reads an action of this kind from its own keys.
            pub(super) fn read<'de, D: Deserializer<'de>>(self, own: D) -> Result<Action, D::Error> {
                match self {
                    $(FaultKind::$kind => kinds!(@read own $kind $($own)?),)+
                }
            }

            /// The schema of its table, with all its keys.
            pub(super) fn table_schema(self, generator: &mut SchemaGenerator) -> Schema {
                let own = match self {
                    $(FaultKind::$kind => <kinds!(@own $($own)?)>::json_schema(generator),)+
                };
                schema_of(self, own, generator)
            }

            /// The same by its name in the definitions of a schema.
            pub(super) fn schema(self, generator: &mut SchemaGenerator) -> Schema {
                match self {
                    $(FaultKind::$kind => {
                        struct Table;
                        impl JsonSchema for Table {
                            fn schema_name() -> std::borrow::Cow<'static, str> {
                                concat!(stringify!($kind), "Fault").into()
                            }

                            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                                FaultKind::$kind.table_schema(generator)
                            }
                        }
                        generator.subschema_for::<Table>()
                    })+
                }
            }
        }

        impl Fault {
            /// Writes the table of its action into the table of the fault.
            pub(super) fn write_action<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self.action {
                    $(kinds!(@pattern own $kind $($own)?) => {
                        map.serialize_entry($name, &Written::new(self, kinds!(@value own $($own)?)))
                    })+
                }
            }
        }
    };
    (@own) => { NoKeys };
    (@own $own:ty) => { $own };
    (@read $from:ident $kind:ident) => { NoKeys::deserialize($from).map(|_| Action::$kind) };
    (@read $from:ident $kind:ident $own:ty) => { <$own>::deserialize($from).map(Action::$kind) };
    (@pattern $bound:ident $kind:ident) => { Action::$kind };
    (@pattern $bound:ident $kind:ident $own:ty) => { Action::$kind(ref $bound) };
    (@value $bound:ident) => { &NoKeys {} };
    (@value $bound:ident $own:ty) => { $bound };
}

use Whom::{Needed, OrLeader, Unnamed};

kinds! {
    /// Nodes crash: all volatile state is gone. They restart after `for`.
    "crash" Crash(Crash): Needed("The nodes that crash."), Undone;
    /// Nodes that are down start.
    "restart" Restart: Needed("The nodes that start."), Once;
    /// Nodes stand still: messages wait, timers fire late.
    "pause" Pause: Needed("The nodes that stand still."), Lasts;
    /// Machines are suspended: nodes stand still, and so do their clocks, as those of a virtual machine that is moved or of a laptop
    /// that is closed. No timer is late when they go on; a lease that has run out looks as if it had not, so with `reads = "lease"` reads
    /// are not judged, unless the plan expects a violation.
    "suspend" Suspend: Needed("The nodes whose machines are suspended."), Lasts;
    /// Nodes take a while for each input.
    "slow" Slow(Slow): Needed("The nodes that are slow."), Lasts;
    /// The cluster falls into groups that do not hear each other.
    "split" Split(Split): Unnamed, Flaps;
    /// Nodes are cut off from all others. Clients may be, too, from all nodes: `target = "clients"`.
    "isolate" Isolate(Isolate): Needed("The nodes that are cut off."), Flaps;
    /// Messages from some nodes to some others are lost, or those from clients to nodes, or back.
    "cut" Cut(Cut): Unnamed, Flaps;
    /// The other nodes fall into two halves, and only this node hears both.
    "bridge" Bridge: Needed("The node that hears both halves."), Flaps;
    /// Each node hears only its two neighbours.
    "ring" Ring: Unnamed, Flaps;
    /// Links change: they are slower, or lose or double messages. Those between clients and nodes may be slower and lose messages.
    "link" Link(LinkException): Unnamed, Lasts;
    /// Disks change: they are slower. When it is over, a sync that it slowed down ends as soon as it would have without it.
    "disk" Disk(DiskChange): Needed("The nodes whose disks change."), Lasts;
    /// The next sync of a disk fails.
    "disk-error" DiskError: Needed("The nodes whose disks fail."), Once;
    /// Disks are full: whatever is written to the journal fails, and nothing of it is there afterwards but a torn entry.
    "disk-full" DiskFull: Needed("The nodes whose disks are full."), Lasts;
    /// Disks lie: they say that the journal is durable, and do not write it until this ends.
    "disk-lies" DiskLies: Needed("The nodes whose disks lie."), Lasts;
    /// Disks hang: what is being written ends only when this does, snapshots too. A node that starts can read its disk.
    "disk-hangs" DiskHangs: Needed("The nodes whose disks hang."), Lasts;
    /// Durable records become corrupt: their checksums do not hold any more. A node notices when it reads its disk, at its next start; what
    /// it does then, `on_corruption` of the disk says. Nodes whose disks have no such record are left alone.
    "corrupt" Corrupt(Corrupt): Needed("The nodes whose disks have them."), Once;
    /// Clocks jump, or run fast or slow from now on.
    "clock" Clock(ClockChange): Needed("The nodes whose clocks change."), Once;
    /// Leaders are told to hand over to another node (thesis 3.10), as an operator would ask for it. A node that does not lead ignores it.
    "transfer" Transfer(Transfer): OrLeader("The nodes that are told; the leader by default."), Once;
    /// Leaders are told to change the members of the cluster (section 6, thesis 4), as an operator would ask for it. One of the seven
    /// changes is there. A node that does not lead ignores it, and so does a leader that has not committed an entry of its term, whose
    /// change before is not committed, that hands over, or that would have nothing to change or no voter left. A change that makes a
    /// learner a voter waits until the learner holds what its leader knows to be committed (thesis 4.2.1); the leader forgets it when it
    /// leads no more, and for any other change.
    "change" Change(MemberChange): OrLeader("The nodes that are told; the leader by default."), Once;
}

impl FaultKind {
    /// Whether it does something once, rather than being in force for a while.
    pub fn is_momentary(self) -> bool {
        matches!(self.course(), Course::Once | Course::Undone)
    }

    /// Whether it has an end, so that `for` may say when it comes.
    pub fn ends(self) -> bool {
        self.course() != Course::Once
    }

    /// Whether it is a partition, which may come and go.
    pub fn flaps(self) -> bool {
        self.course() == Course::Flaps
    }

    /// Whether it has the key `target`.
    pub fn names_target(self) -> bool {
        !matches!(self.whom(), Whom::Unnamed)
    }

    /// Whom it strikes if nothing is said.
    pub fn default_target(self) -> Target {
        match self.whom() {
            Whom::OrLeader(_) => Target::Leader,
            Whom::Needed(_) | Whom::Unnamed => Target::Everyone,
        }
    }
}
