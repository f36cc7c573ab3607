//! Checks of one's own, beside the properties by which every Raft is judged.

use std::collections::BTreeMap;

use crate::oracle::shadow::Shadow;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Record;

/// An oracle of one's own. It sees what the others see, every record and the reference model, and may end the run with a violation. It can
/// name situations of its own, too, which are counted beside squall's.
///
/// It must depend on nothing but what it is shown, or a failing run could not be had again.
///
/// ```
/// use squall::oracle::{Checker, Findings, Shadow};
/// use squall::record::{Kind, Record};
///
/// /// "Nobody is ever in a term above 1,000."
/// struct TermsStaySmall;
///
/// impl Checker for TermsStaySmall {
///     fn name(&self) -> &str {
///         "terms-stay-small"
///     }
///
///     fn observe(&mut self, record: &Record, _: &Shadow, findings: &mut Findings) {
///         let Kind::Term { term } = record.kind else { return };
///         findings.reached("a-term-changed");
///         if term.0 > 1_000 {
///             findings.violated(format!("a node is in term {term}."), []);
///         }
///     }
/// }
/// ```
pub trait Checker {
    /// A short name, for sentences: it tells failures apart.
    fn name(&self) -> &str;

    /// Looks at a record; `cluster` is the reference model after it.
    fn observe(&mut self, record: &Record, cluster: &Shadow, findings: &mut Findings);
}

/// What a [`Checker`] found at one record.
#[derive(Debug, Default)]
pub struct Findings {
    violated: Option<(String, Vec<u64>)>,
    reached: BTreeMap<String, u64>,
}

impl Findings {
    /// Ends the run with a violation: one sentence, and the numbers of earlier records that prove it. The record at hand is always among
    /// them. Of several, the first counts.
    pub fn violated(
        &mut self,
        sentence: impl Into<String>,
        evidence: impl IntoIterator<Item = u64>,
    ) {
        if self.violated.is_none() {
            self.violated = Some((sentence.into(), evidence.into_iter().collect()));
        }
    }

    /// Counts a situation of one's own.
    pub fn reached(&mut self, situation: &str) {
        match self.reached.get_mut(situation) {
            Some(count) => *count += 1,
            None => _ = self.reached.insert(situation.to_owned(), 1),
        }
    }
}

/// The checks of a run.
#[derive(Default)]
pub struct Checkers<'a> {
    checkers: Vec<Box<dyn Checker + 'a>>,
    findings: Findings,
}

impl<'a> Checkers<'a> {
    /// These checks.
    pub fn new(checkers: Vec<Box<dyn Checker + 'a>>) -> Checkers<'a> {
        Checkers { checkers, findings: Findings::default() }
    }

    /// Shows a record to all; gives the first violation.
    pub fn observe(&mut self, record: &Record, cluster: &Shadow) -> Option<Box<Violation>> {
        for checker in &mut self.checkers {
            checker.observe(record, cluster, &mut self.findings);
            if let Some((sentence, evidence)) = self.findings.violated.take() {
                let sentence = format!("{}: {sentence}", checker.name());
                return Some(Violation::new(Property::OwnCheck, record, sentence, evidence));
            }
        }
        None
    }

    /// How often each situation of theirs was reached.
    pub fn situations(self) -> BTreeMap<String, u64> {
        self.findings.reached
    }
}
