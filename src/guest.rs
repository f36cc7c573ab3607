//! Who is simulated: a guest has a name, features that it lacks, and options of its own.
//!
//! A plan is drawn, checked and judged by what its guest declares, so that no Raft is accused of lacking what it never had, and a campaign
//! can say what it did not exercise.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::closest::closest;
use crate::config::Config;
use crate::ids::{NodeId, NodeSet};
use crate::named::{named, words};

named!(Feature, "Feature", "feature", "docs/own-raft.md");

/// The catalogue: a variant, its name, what a Raft has that has it.
macro_rules! features {
    ($($variant:ident $name:literal $means:literal;)+) => {
        /// What a Raft may have or lack beyond elections, replication and commit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Feature {
            $(#[doc = $means] $variant,)+
        }

        impl Feature {
            /// All features, in the order of the catalogue.
            pub const ALL: &'static [Feature] = &[$(Feature::$variant,)+];

            /// The name in files and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Feature::$variant => $name,)+ }
            }

            /// What a Raft does that has it.
            pub const fn means(self) -> &'static str {
                match self { $(Feature::$variant => $means,)+ }
            }
        }
    };
}

features! {
    PreVote "pre-vote" "A node asks whether it could win before it raises its term and stands (thesis 9.6).";
    CheckQuorum "check-quorum" "A leader that hears from no majority steps down (thesis 6.2).";
    VoteLease "vote-lease" "A node that hears its leader refuses its vote and keeps its term (thesis 4.2.3).";
    Priorities "priorities" "Nodes with a lower priority leave elections to others (SOFAJRaft).";
    Transfer "transfer" "A leader hands its leadership over when it is told to (thesis 3.10).";
    Forwarding "forwarding" "A follower hands requests of clients to its leader.";
    Pipelining "pipelining" "A leader sends entries before earlier ones are answered (thesis 10.2.1).";
    Batching "batching" "A leader gathers requests for a while before it appends them (thesis 10.2.2).";
    DiskFirst "disk-first" "A leader can send entries only after its own disk has them.";
    ByteWindow "byte-window" "A leader limits the bytes of entries that are unanswered.";
    Snapshots "snapshots" "Nodes take snapshots, compact their logs and send snapshots (section 7).";
    SingleChange "single-change" "Members change one server at a time (thesis 4.1).";
    JointConsensus "joint-consensus" "Several members change at once, by joint consensus (section 6).";
    Learners "learners" "Members that receive entries and do not vote (thesis 4.2.1).";
    ElectsByLog "elects-by-log" "Nodes vote for whoever has the newer log by last term and index, as Raft's do (5.4.1).";
    KeyValue "key-value" "The state machine does with commands what squall's own does, so that what clients hear can be judged.";
    Sessions "sessions" "Operations that clients try again take effect once (thesis 6.3).";
    ReadIndex "read-index" "Reads leave no entry in the log, after a majority has answered the leader (thesis 6.4).";
    LeaseReads "lease-reads" "Reads are answered at once while a majority has granted the leader a lease (thesis 6.4.1).";
    FollowerReads "follower-reads" "Followers answer reads from their own state machines (thesis 6.4).";
    LostWrites "lost-writes" "Nodes go on, rather than panic, where a disk that lied, or a record that was dropped as corrupt, has lost what they acknowledged.";
}

/// Some of the features. In files a list of names.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Features(u32);

impl Features {
    /// None of them.
    pub const NONE: Features = Features(0);

    /// Whether this one is among them.
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u8) != 0
    }

    /// These, and this one.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Features {
        Features(self.0 | 1 << feature as u8)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of the catalogue.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.iter().copied().filter(move |feature| self.has(*feature))
    }
}

impl FromIterator<Feature> for Features {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Features {
        features.into_iter().fold(Features::NONE, Features::with)
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().map(Feature::name).collect::<Vec<_>>().join(", "))
    }
}

impl Serialize for Features {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Feature>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl JsonSchema for Features {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Features".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<Feature>::json_schema(generator)
    }
}

/// A guest's own options, by name. squall does not look inside.
pub type GuestOptions = BTreeMap<String, serde_json::Value>;

/// An option of a guest's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuestOption {
    /// Its name in `[guest.options]`.
    pub name: String,
    /// The values that it may have; any value if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether random plans draw one of its values, unless it is given one. Each value is as likely as any other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
}

impl GuestOption {
    /// An option that has one of these values, or any value if none is named.
    pub fn new(name: &str, values: &[&str]) -> GuestOption {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        GuestOption { name: name.into(), values, drawn: false }
    }

    /// An option of which random plans draw one of these values.
    pub fn drawn(name: &str, values: &[&str]) -> GuestOption {
        GuestOption { drawn: true, ..GuestOption::new(name, values) }
    }

    /// Says what is wrong with a value that this guest is given for it.
    fn check(&self, guest: &str, value: &serde_json::Value) -> Result<(), String> {
        let (option, values) = (&self.name, &self.values);
        let text = value.as_str().unwrap_or_default();
        if values.is_empty() || values.iter().any(|known| known == text) {
            return Ok(());
        }
        let meant = closest(text, values.iter().map(String::as_str));
        let meant = meant.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
        let known = values.join(", ");
        Err(format!("`{option}` of {guest} is one of {known}, not {value}{meant}"))
    }
}

/// Checks options that a guest of this name is given by those that it takes.
///
/// # Errors
///
/// A sentence on the first option that the guest does not take, or not with this value.
pub fn check_options(
    guest: &str,
    taken: &[GuestOption],
    given: &GuestOptions,
) -> Result<(), String> {
    for (name, value) in given {
        let Some(option) = taken.iter().find(|option| option.name == *name) else {
            if taken.is_empty() {
                return Err(format!("{guest} takes no options, and is given `{name}`"));
            }
            let known: Vec<&str> = taken.iter().map(|option| option.name.as_str()).collect();
            let known = known.join(", ");
            return Err(format!("{guest} takes no option `{name}`; it takes {known}"));
        };
        option.check(guest, value)?;
    }
    Ok(())
}

/// The name of the built-in Raft.
pub const BUILT_IN: &str = "raft";

/// How long the name of a guest may be.
const NAME_BYTES_MAX: usize = 64;

/// Whether a text may be the name of a guest: 1 to 64 letters, digits and `-_.`, so that it is no command and no path.
pub fn is_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(is_plain)
}

/// From when on a node goes by a configuration in its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Configures {
    /// As soon as it is appended, committed or not (section 6; thesis 4.1).
    #[default]
    OnAppend,
    /// When it is applied, as etcd's and tikv's do.
    OnApply,
}

impl Configures {
    /// Whether it is as in the paper.
    pub fn is_default(&self) -> bool {
        *self == Configures::OnAppend
    }
}

words! {
    /// A rule of the built-in Raft that other Rafts may have otherwise, or do not show in what they tell. Only who says so is judged by it.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Rule {
        /// A leader looks whenever its timer fires (number 0, of a node that has several) whether a majority answered it within the lowest
        /// election timeout, and leads no more if not; nothing else but a later term or its removal makes it lead no more (thesis 6.2).
        CheckQuorum,
        /// Who heard its leader within the lowest election timeout by its own clock refuses votes and pre-votes; with lease reads, who
        /// answered a read round keeps that promise over a restart, too (thesis 4.2.3, 6.4.1).
        Promises,
        /// A node says in its status by which configuration it counts, and hands over with each snapshot that of its end.
        Configuration,
        /// Reads that leave no entry rest on read rounds and leases, which the leader's messages show (thesis 6.4).
        ReadRights,
    }
}

/// Whose Raft a plan is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Guest {
    /// The guest's name; without one, the plan is for any Raft that has what it asks for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Features that the guest does not have. The plan asks for none of them, and is judged without them.
    #[serde(skip_serializing_if = "Features::is_empty")]
    pub lacks: Features,
    /// From when on its nodes go by a configuration. Members are judged by that.
    #[serde(skip_serializing_if = "Configures::is_default")]
    pub configures: Configures,
    /// Rules of the built-in Raft that the guest keeps to as well. The built-in Raft keeps to all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keeps: Vec<Rule>,
    /// The guest's own options, handed to it as they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: GuestOptions,
}

impl Guest {
    /// A guest of this name that lacks nothing.
    pub fn named(name: &str) -> Guest {
        Guest { name: name.into(), ..Guest::default() }
    }

    /// The same guest without a feature.
    #[must_use]
    pub fn lacking(mut self, feature: Feature) -> Guest {
        self.lacks = self.lacks.with(feature);
        self
    }

    /// Whether it is the built-in Raft, of which a plan need not speak.
    pub fn is_built_in(&self) -> bool {
        *self == Guest::named(BUILT_IN)
    }

    /// Whether the guest is judged by a rule: the built-in Raft by all of them, any other by those that it says it keeps to.
    pub fn keeps_to(&self, rule: Rule) -> bool {
        self.name.is_empty() || self.name == BUILT_IN || self.keeps.contains(&rule)
    }

    /// Whether the guest has a feature.
    pub const fn has(&self, feature: Feature) -> bool {
        !self.lacks.has(feature)
    }
}

/// What a guest's constructor is told about the node that it is to make.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Setup<'a> {
    /// The node.
    pub id: NodeId,
    /// Every node that there is, members of the cluster or not.
    pub nodes: NodeSet,
    /// The voters with whom the cluster begins.
    pub voters: NodeSet,
    /// What the plan asks of this node: timeouts, limits, switches. What a guest lacks is switched off.
    pub config: Config,
    /// The guest's own options, from the plan's `[guest.options]`.
    pub options: &'a GuestOptions,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_a_list_of_names_in_files() {
        let lacks: Features = [Feature::Snapshots, Feature::PreVote].into_iter().collect();
        let text = serde_json::to_string(&lacks).expect("names are text");
        assert_eq!(text, r#"["pre-vote","snapshots"]"#);
        assert_eq!(serde_json::from_str::<Features>(&text).expect("it reads back"), lacks);
        let error = serde_json::from_str::<Features>(r#"["pre-votes"]"#).unwrap_err().to_string();
        assert!(error.contains("pre-vote"), "{error}");
    }

    #[test]
    fn an_option_is_checked_by_its_values() {
        let taken = [GuestOption::new("size", &[]), GuestOption::drawn("mode", &["fast", "slow"])];
        let check = |name: &str, value: &str| {
            check_options("mine", &taken, &[(name.to_owned(), value.into())].into())
        };
        assert_eq!(check("mode", "slow"), Ok(()));
        assert_eq!(check("size", "whatever"), Ok(()));
        let wrong = check("mode", "slwo").unwrap_err();
        assert_eq!(
            wrong,
            "`mode` of mine is one of fast, slow, not \"slwo\"; did you mean `slow`?"
        );
        assert_eq!(
            check("modes", "slow").unwrap_err(),
            "mine takes no option `modes`; it takes size, mode"
        );
        let text = serde_json::to_string(&taken).expect("they are JSON");
        assert_eq!(
            text,
            r#"[{"name":"size"},{"name":"mode","values":["fast","slow"],"drawn":true}]"#
        );
        assert_eq!(serde_json::from_str::<Vec<GuestOption>>(&text).expect("it is read"), taken);
    }

    #[test]
    fn all_features_fit_into_the_set() {
        let all: Features = Feature::ALL.iter().copied().collect();
        assert_eq!(all.iter().count(), Feature::ALL.len());
        assert!(Feature::ALL.len() <= 32);
    }
}
