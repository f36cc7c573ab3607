//! What a scenario promises: a verdict, and bounds on what happens.

use crate::plan::table::table;
use crate::property::Property;
use crate::situation::Situation;

table! {
    /// What a scenario promises. What is left out is not promised.
    pub struct Expect {
        /// The property that is violated; without it, the run is clean.
        violation: Option<Property>,
        /// How many leaders are elected at least.
        leaders_min: Option<u64>,
        /// How many leaders are elected at most.
        leaders_max: Option<u64>,
        /// The highest term that a node may reach.
        term_max: Option<u64>,
        /// How many entries are committed at least, no-ops too.
        commits_min: Option<u64>,
        /// How many entries are committed at most.
        commits_max: Option<u64>,
        /// How many requests clients hear to be applied, at least.
        answers_min: Option<u64>,
        /// How many requests clients hear to be applied, at most.
        answers_max: Option<u64>,
        /// Situations that are reached.
        situations: Vec<Situation>,
        /// Situations that are not reached.
        never: Vec<Situation>,
    }
}
