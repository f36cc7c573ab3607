//! Ballots as squall's terms.
//!
//! A node of OmniPaxos writes down two ballots: the one that it has promised to follow, and the round in which it accepted its log last,
//! which is never above the first. squall's disk has one term. So a term holds both, the promise in its upper bits: it never falls, as
//! neither does. A leader has accepted in its own round, so its term is that ballot twice over, and belongs to nobody else. The vote beside
//! a term is the node whose ballot was promised.

use omnipaxos::ballot_leader_election::Ballot;

use crate::ids::Term;

/// The only configuration that there is.
pub const CONFIGURATION: u32 = 1;

/// The bits of a node's number in a ballot: there are 25 nodes at most.
const NODE_BITS: u32 = 5;
/// The bits of a ballot.
const BALLOT_BITS: u32 = 24;

/// A ballot as a number, in the order of ballots; zero for none.
///
/// # Panics
///
/// If half a million elections were not enough.
fn number(ballot: Ballot) -> u64 {
    let number = u64::from(ballot.n) << NODE_BITS | ballot.pid;
    assert!(
        number < 1 << BALLOT_BITS,
        "there are ballots up to {}",
        1 << (BALLOT_BITS - NODE_BITS)
    );
    number
}

fn ballot(number: u64) -> Ballot {
    match number {
        0 => Ballot::default(),
        number => {
            let (n, pid) = (number >> NODE_BITS, number & ((1 << NODE_BITS) - 1));
            Ballot::with(CONFIGURATION, n as u32, 0, pid)
        }
    }
}

/// The term of a node that has promised one ballot, and accepted in another.
pub fn term(promised: Ballot, accepted: Ballot) -> Term {
    Term((number(promised) << BALLOT_BITS | number(accepted)).max(Term::FIRST.0))
}

/// The two ballots of a term.
pub fn ballots(term: Term) -> (Ballot, Ballot) {
    if term <= Term::FIRST {
        return (Ballot::default(), Ballot::default());
    }
    (ballot(term.0 >> BALLOT_BITS), ballot(term.0 & ((1 << BALLOT_BITS) - 1)))
}

/// The term of a leader with this ballot, and of the entries that it takes.
pub fn leaders(ballot: Ballot) -> Term {
    term(ballot, ballot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_in_the_order_of_ballots() {
        let none = Ballot::default();
        let all: Vec<Ballot> = [(1, 1), (1, 3), (2, 2), (7, 25)]
            .map(|(n, pid)| Ballot::with(CONFIGURATION, n, 0, pid))
            .into();
        let mut last = term(none, none);
        assert_eq!(last, Term::FIRST);
        for (place, promised) in all.iter().enumerate() {
            for accepted in [none].iter().chain(&all[..=place]) {
                let next = term(*promised, *accepted);
                assert!(next > last, "{promised:?} {accepted:?}");
                assert_eq!(ballots(next), (*promised, *accepted));
                last = next;
            }
        }
        assert_eq!(ballots(Term::FIRST), (none, none));
        assert_eq!(leaders(all[3]), last);
    }
}
