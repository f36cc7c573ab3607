//! Exit codes: a part of the interface.

use crate::campaign::Finding;
use crate::property::Property;
use crate::report::expectations::Verdict;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// Everything was as it should be.
    Clean = 0,
    /// The command line or a file was wrong, or a file could not be read or written.
    Usage = 1,
    /// A safety property was violated.
    Safety = 2,
    /// A liveness property was violated.
    Liveness = 3,
    /// A replay was another run than the saved one, or two runs that were compared differ.
    Diverged = 4,
    /// Something that a scenario promised did not happen, an expected violation for one.
    Unmet = 5,
    /// Nothing was violated, but something that was asked for was not decided: a limit or the horizon came first.
    Undecided = 6,
    /// squall itself has a bug.
    Internal = 70,
    /// A campaign was interrupted, and had found nothing until then.
    Interrupted = 130,
}

impl Code {
    /// The worse of two: of several runs, a violation tells more than an unmet promise, and that more than a bad file.
    pub fn worse(self, other: Code) -> Code {
        let rank = |code: Code| match code {
            Code::Clean => 0,
            Code::Usage => 1,
            Code::Interrupted => 2,
            Code::Undecided => 3,
            Code::Unmet => 4,
            Code::Liveness => 5,
            Code::Safety => 6,
            Code::Diverged => 7,
            Code::Internal => 8,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Property> for Code {
    /// The code of a violation.
    fn from(property: Property) -> Code {
        match property {
            Property::Liveness => Code::Liveness,
            _ => Code::Safety,
        }
    }
}

impl From<Finding> for Code {
    fn from(finding: Finding) -> Code {
        match finding {
            Finding::Violation(property) => property.into(),
            Finding::EventLimit | Finding::TimeLimit => Code::Undecided,
            Finding::Panic => Code::Internal,
        }
    }
}

impl From<&Verdict> for Code {
    fn from(verdict: &Verdict) -> Code {
        match verdict {
            Verdict::Kept => Code::Clean,
            Verdict::Violated(property) => (*property).into(),
            Verdict::Broken(_) => Code::Unmet,
            Verdict::Undecided(_) => Code::Undecided,
        }
    }
}

/// The end of `squall -h`.
pub const HELP: &str = "Examples:
  squall run scenarios                 every scenario below a folder
  squall fuzz                          random storms on all cores, for some seconds
  squall fuzz --runs 100000 --profile etcd
  squall run --seed 42 --nodes 5       one random storm
  squall run FILE --show --kind role   what happened, as lines of text
  squall bugs show old-term-commit     the story of a bug

Exit codes: 0 clean, 1 usage, 2 safety, 3 liveness, 4 diverged, 5 unmet, 6 undecided, 70 internal, 130 interrupted";

/// The end of `squall --help`.
pub const LONG_HELP: &str = "Examples:
  squall run scenarios                 every scenario below a folder
  squall fuzz                          random storms on all cores, for some seconds
  squall fuzz --runs 100000 --profile etcd
  squall run --seed 42 --nodes 5       one random storm
  squall run FILE --show --kind role   what happened, as lines of text
  squall bugs show old-term-commit     the story of a bug

Exit codes:
  0   everything was as it should be
  1   the command line or a file was wrong
  2   a safety property was violated
  3   a liveness property was violated
  4   a replay was another run than the saved one, or two compared runs differ
  5   something that a scenario promised did not happen
  6   nothing was violated, but not all was decided: a limit or the horizon came first
  70  squall itself has a bug
  130 a campaign was interrupted, and had found nothing until then

Environment:
  NO_COLOR  if set, nothing is coloured";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_outranks_an_unmet_promise() {
        assert_eq!(Code::Unmet.worse(Code::Safety), Code::Safety);
        assert_eq!(Code::Safety.worse(Code::Unmet), Code::Safety);
        assert_eq!(Code::Liveness.worse(Code::Safety), Code::Safety);
        assert_eq!(Code::Unmet.worse(Code::from(Property::Liveness)), Code::Liveness);
        assert_eq!(Code::Clean.worse(Code::Usage), Code::Usage);
    }
}
