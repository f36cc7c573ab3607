//! Entries are kept once, in a chain: an entry is known by its index, its term and the entry before it.
//!
//! So a [`PrefixId`] stands for a whole prefix of a log: two logs are the same up to an index exactly if they have the same one there.
//! Comparing prefixes is comparing two numbers, and nothing depends on hashes of hashes.

use crate::ids::{Index, Term};

/// A prefix in the chain: an entry, and by it all before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PrefixId(u32);

impl PrefixId {
    /// The prefix before the first entry.
    pub const ROOT: PrefixId = PrefixId(0);
}

/// An entry that some node appended once.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Its term.
    pub term: Term,
    /// Its fingerprint.
    pub content: u64,
    /// The entry before it.
    pub parent: PrefixId,
    /// The record of the node that had it first.
    pub record: u64,
    /// Another entry at the same index, or the root.
    sibling: PrefixId,
}

/// All entries that any node ever appended, as a tree that grows from the root.
#[derive(Debug)]
pub struct Chain {
    links: Vec<Link>,
    /// For each index from 1, the last entry that was added there.
    heads: Vec<PrefixId>,
}

impl Default for Chain {
    fn default() -> Chain {
        let root = Link {
            term: Term::ZERO,
            content: 0,
            parent: PrefixId::ROOT,
            record: 0,
            sibling: PrefixId::ROOT,
        };
        Chain { links: vec![root], heads: Vec::new() }
    }
}

impl Chain {
    /// What sits at a prefix.
    pub fn link(&self, prefix: PrefixId) -> &Link {
        &self.links[prefix.0 as usize]
    }

    /// The prefix of an entry behind `parent`. If an entry of the same index and term is known, but with other content or behind
    /// another parent, log matching is violated: the known one comes with it. The new one is kept all the same, since a run in
    /// which log matching is not judged goes on with it.
    pub(super) fn intern(
        &mut self,
        index: Index,
        term: Term,
        content: u64,
        parent: PrefixId,
        record: u64,
    ) -> (PrefixId, Option<PrefixId>) {
        let slot = index.0 as usize - 1;
        if slot >= self.heads.len() {
            self.heads.resize(slot + 1, PrefixId::ROOT);
        }
        let mut contradicted = None;
        let mut prefix = self.heads[slot];
        while prefix != PrefixId::ROOT {
            let link = self.link(prefix);
            if link.term == term {
                if link.content == content && link.parent == parent {
                    return (prefix, None);
                }
                contradicted = Some(prefix);
            }
            prefix = link.sibling;
        }
        prefix =
            PrefixId(u32::try_from(self.links.len()).expect("fewer than 2^32 distinct entries"));
        self.links.push(Link { term, content, parent, record, sibling: self.heads[slot] });
        self.heads[slot] = prefix;
        (prefix, contradicted)
    }

    /// The prefix of the entry with an index and a term, if some node had it.
    pub fn find(&self, index: Index, term: Term) -> Option<PrefixId> {
        if index == Index::ZERO {
            return Some(PrefixId::ROOT);
        }
        let mut prefix = *self.heads.get(index.0 as usize - 1)?;
        while prefix != PrefixId::ROOT && self.link(prefix).term != term {
            prefix = self.link(prefix).sibling;
        }
        (prefix != PrefixId::ROOT).then_some(prefix)
    }

    /// Makes a log the one that ends with the entry of a prefix, at this index; says from where on entries are lost. The cost is that of
    /// what changes.
    pub(super) fn replace(
        &self,
        log: &mut Vec<PrefixId>,
        index: Index,
        mut prefix: PrefixId,
    ) -> Option<Index> {
        let before = log.len();
        let mut kept = index.0 as usize;
        log.resize(kept, PrefixId::ROOT);
        while kept > 0 && log[kept - 1] != prefix {
            log[kept - 1] = prefix;
            prefix = self.link(prefix).parent;
            kept -= 1;
        }
        (kept < before).then_some(Index(kept as u64 + 1))
    }

    /// The prefix `steps` before this one.
    pub fn ancestor(&self, mut prefix: PrefixId, steps: u64) -> PrefixId {
        for _ in 0..steps {
            prefix = self.link(prefix).parent;
        }
        prefix
    }
}
