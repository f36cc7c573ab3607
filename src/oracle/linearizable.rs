//! Whether a history of one key can be put in an order: the search of Wing and Gong, with the memory of Lowe.
//!
//! An operation takes effect at one moment between its beginning and its end. The search takes one operation after the other that
//! may come next: one that begins before the first of the others has ended. It never looks twice at the same set of operations
//! done with the same state (Wing and Gong 1993; Lowe 2017; as porcupine and knossos do). An operation of unknown outcome has no
//! end, and may take effect at any later moment or never.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::log::Command;
use crate::oracle::model::{State, step};
use crate::record::{Heard, values_word};

/// One operation on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it asks.
    pub command: Command,
    /// When it began: a number that rises with time.
    pub from: u64,
    /// When it ended, and what its client heard; none if the outcome is not known.
    pub to: Option<(u64, Heard)>,
    /// How many more times it may take effect, now or later: without a session each try may.
    pub copies: u32,
    /// Where it stands in an order that is likely to be right; the search tries that first.
    pub hint: u64,
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is an order.
    Linearizable,
    /// There is none.
    Violated,
    /// The limit was reached first.
    Undecided,
}

/// An operation as the search sees it: one that must take effect, or one that may.
#[derive(Clone, Copy, Debug)]
struct Item {
    command: Command,
    from: u64,
    /// The end; the largest number for what may take effect.
    to: u64,
    heard: Option<Heard>,
    hint: u64,
    /// Whether the item before it is the same, so that this one need not be tried first.
    again: bool,
}

/// What it takes to look at a place at all, in items; in a long history it takes more.
const PLACE: usize = 16;

/// A set of items done, and the state that they left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    done: Vec<u64>,
    state: State,
}

impl Place {
    fn has(&self, item: usize) -> bool {
        self.done[item / 64] & (1 << (item % 64)) != 0
    }

    fn with(&self, item: usize, state: Option<State>) -> Place {
        let mut done = self.done.clone();
        done[item / 64] |= 1 << (item % 64);
        Place { done, state: state.unwrap_or_else(|| self.state.clone()) }
    }
}

/// A search over a history.
#[derive(Debug)]
pub struct Search {
    /// What must take effect, by beginning; then what may.
    items: Vec<Item>,
    required: usize,
    seen: BTreeSet<Rc<Place>>,
    /// Where to go on: from a place by an item. The place it leads to is made when its turn comes, since most turns never come: with
    /// hundreds of unknown outcomes, hundreds wait for each place that was looked at.
    stack: Vec<Turn>,
    /// How many items may yet be weighed, over all places.
    left: usize,
    limit: usize,
}

/// A place, and the item that is done next; none where the search begins.
type Turn = (Rc<Place>, Option<u32>);

impl Search {
    /// A search that begins with any of these states and weighs so many items at most, over all places that it looks at.
    pub fn new(base: &[State], operations: &[Operation], limit: usize) -> Search {
        let mut items = Vec::new();
        for operation in operations.iter().filter(|operation| operation.to.is_some()) {
            let Operation { command, from, to, hint, .. } = *operation;
            let (to, heard) = to.map_or((u64::MAX, None), |(to, heard)| (to, Some(heard)));
            items.push(Item { command, from, to, heard, hint, again: false });
        }
        items.sort_by_key(|item| item.from);
        let required = items.len();
        for operation in operations.iter().filter(|operation| operation.command.writes()) {
            let Operation { command, from, hint, .. } = *operation;
            let open = u32::from(operation.to.is_none());
            for copy in 0..open + operation.copies {
                let hint = if copy == 0 && open == 1 { hint } else { u64::MAX };
                let again = copy > 0;
                items.push(Item { command, from, to: u64::MAX, heard: None, hint, again });
            }
        }
        let done = vec![0; items.len().div_ceil(64)];
        let begin = |state: &State| {
            let place = Place { done: done.clone(), state: state.clone() };
            (Rc::new(place), None)
        };
        let stack = base.iter().map(begin).collect();
        Search { items, required, seen: BTreeSet::new(), stack, left: limit, limit }
    }

    /// Looks for an order.
    pub fn verdict(&mut self) -> Verdict {
        match self.next() {
            Some(_) => Verdict::Linearizable,
            None if self.left == 0 => Verdict::Undecided,
            None => Verdict::Violated,
        }
    }

    /// All states in which the history can end, if all operations have ended; none if the limit was reached first.
    pub fn finals(&mut self) -> Option<Vec<State>> {
        let mut states = BTreeSet::new();
        while let Some(state) = self.next() {
            states.insert(state);
        }
        (self.left > 0).then(|| states.into_iter().collect())
    }

    /// How many items were weighed.
    pub fn weighed(&self) -> usize {
        self.limit - self.left
    }

    /// Every state that was met, by its word.
    pub fn states(&self) -> BTreeMap<u64, State> {
        self.seen.iter().map(|place| (values_word(&place.state), place.state.clone())).collect()
    }

    /// Goes on to the next order, and gives the state in which it ends.
    fn next(&mut self) -> Option<State> {
        while let Some(turn) = self.stack.pop() {
            if self.left == 0 {
                return None;
            }
            let place = self.arrive(turn);
            if !self.seen.insert(Rc::clone(&place)) {
                continue;
            }
            if !self.go_on(&place) {
                return Some(place.state.clone());
            }
        }
        None
    }

    fn arrive(&self, (from, item): Turn) -> Rc<Place> {
        let Some(item) = item else { return from };
        let item = item as usize;
        let (_, state) = step(&from.state, self.items[item].command);
        Rc::new(from.with(item, state))
    }

    /// Puts what may come next on the stack, the likeliest on top; says whether something must still come. Whatever waits on the stack
    /// was weighed, and a place by its size, so the limit bounds memory too.
    fn go_on(&mut self, place: &Rc<Place>) -> bool {
        let mut deadline = u64::MAX;
        let mut candidates: Vec<usize> = Vec::new();
        let first = (0..self.required).find(|item| !place.has(*item));
        for item in first.unwrap_or(self.required)..self.required {
            if self.items[item].from >= deadline {
                break;
            }
            if !place.has(item) {
                deadline = deadline.min(self.items[item].to);
                candidates.push(item);
            }
        }
        let optional = self.items.len() - self.required;
        let weighed = PLACE + self.required / 32 + candidates.len() + optional;
        self.left = self.left.saturating_sub(weighed);
        if first.is_none() {
            return false;
        }
        let may = (self.required..self.items.len())
            .filter(|item| !place.has(*item) && (!self.items[*item].again || place.has(*item - 1)));
        candidates.extend(may);
        candidates.retain(|item| self.items[*item].from < deadline);
        candidates.sort_by_key(|item| (self.items[*item].hint, self.items[*item].to));
        for item in candidates.into_iter().rev() {
            let (heard, state) = step(&place.state, self.items[item].command);
            let fits = match self.items[item].heard {
                Some(expected) => heard == expected,
                // What may take effect and changes nothing may as well be left.
                None => state.is_some(),
            };
            if fits {
                self.stack.push((Rc::clone(place), Some(item as u32)));
            }
        }
        true
    }
}
