//! What became of the requests of a run, from its records alone: where each went, which entry it made, who carried it out, by what right it
//! was answered, and what its key held when.

use std::collections::BTreeMap;

use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::kv::Map;
use crate::log::{Command, Entry, RequestId};
use crate::machine::Output;
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::Shadow;
use crate::oracle::quorum::Tally;
use crate::plan::Plan;
use crate::record::{Heard, Kind, Record, values_word};
use crate::report::cite::Cite;
use crate::trace::text::client;
use crate::trace::view::ClusterView;

/// The name of a request: its client, and the client's own count.
type Name = (u32, u32);

/// What became of one request.
#[derive(Debug)]
pub struct Fate {
    pub request: RequestId,
    pub command: Command,
    pub tries: Vec<Try>,
    /// The entries that leaders made of it, each with who made it.
    pub entries: Vec<Made>,
    /// Who applied which entry of it, and whether it had an effect.
    pub applied: Vec<Applied>,
    pub answered: Option<(NodeId, Heard, Cite)>,
    pub gave_up: Option<Cite>,
}

impl Fate {
    /// Up to where the log was carried out at the node that answered, for this request: its own entry where it made one.
    fn read_upto(&self) -> Index {
        let answers = |it: &&Try| it.replied.as_ref().is_some_and(|(_, applied, ..)| *applied);
        let last = self.tries.iter().rfind(answers);
        let by = last.and_then(|it| it.replied.as_ref()).map(|(node, ..)| *node);
        let own = self.applied.iter().find(|applied| Some(applied.by) == by);
        own.map(|applied| applied.index).or(last.map(|it| it.upto)).unwrap_or_default()
    }
}

/// One time that a client asked for something.
#[derive(Debug)]
pub struct Try {
    pub to: NodeId,
    pub asked: Cite,
    pub arrived: Option<Cite>,
    /// To whom the asked node handed it, and whether the other had it, and answered it.
    pub forwarded: Option<(NodeId, Cite)>,
    pub forward_arrived: Option<Cite>,
    pub forward_answered: Option<(bool, Cite)>,
    /// What the node answered, and why, in words.
    pub replied: Option<(NodeId, bool, String, Cite)>,
    /// Up to where the node that answered had applied its log then.
    pub upto: Index,
    /// When the asked node passed on what another had answered.
    pub relayed: Option<Cite>,
    /// What the client heard, or that it heard nothing in time.
    pub heard: Option<(bool, Cite)>,
    pub timed_out: Option<Cite>,
}

/// An entry that a leader made of a request.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    pub by: NodeId,
    pub index: Index,
    pub term: Term,
    pub cite: Cite,
}

/// An entry that a node applied.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    pub by: NodeId,
    pub index: Index,
    pub term: Term,
    pub effect: bool,
    pub cite: Cite,
}

/// What a key held from some entry on.
#[derive(Clone, Copy, Debug)]
struct Version {
    word: u64,
    by: RequestId,
    index: Index,
    cite: Cite,
}

/// What a node did for reads.
#[derive(Clone, Debug, Default)]
struct Reader {
    /// The round of reads that it asked for last, since when, and who confirmed that it leads.
    round: Option<(u64, Cite, NodeSet)>,
    /// The last round that a majority confirmed: its number, when it began, who confirmed it, and when that was enough.
    confirmed: Option<(u64, Cite, NodeSet, Cite)>,
    /// Up to where its leader told it to apply before it answers a read.
    told: BTreeMap<Name, (NodeId, Index, Cite)>,
    /// To whom it hands over.
    transfers_to: Option<NodeId>,
}

/// Follows all requests of a run.
pub struct Requests {
    pub shadow: Shadow,
    pub view: ClusterView,
    fates: BTreeMap<Name, Fate>,
    /// Whose entry has this fingerprint.
    contents: BTreeMap<u64, Name>,
    /// Whose request a message hands on, or answers.
    forwards: BTreeMap<u64, Name>,
    readers: Vec<Reader>,
    /// All that was carried out, in the order of the log.
    map: Map,
    done: Index,
    versions: BTreeMap<u32, Vec<Version>>,
}

impl Requests {
    /// Of a run of this plan.
    pub fn new(plan: &Plan) -> Requests {
        let nodes = plan.cluster.nodes;
        Requests {
            shadow: Shadow::of(plan),
            view: ClusterView::new(nodes),
            fates: BTreeMap::new(),
            contents: BTreeMap::new(),
            forwards: BTreeMap::new(),
            readers: vec![Reader::default(); usize::from(nodes)],
            map: Map::new(None),
            done: Index::ZERO,
            versions: BTreeMap::new(),
        }
    }

    /// What became of a request; none if no client asked it.
    pub fn fate(&self, request: RequestId) -> Option<&Fate> {
        self.fates.get(&name(request))
    }

    /// How many requests a client made, and how many clients asked for something.
    pub fn counts(&self, of: u32) -> (usize, usize) {
        let clients: std::collections::BTreeSet<u32> =
            self.fates.keys().map(|name| name.0).collect();
        (self.fates.keys().filter(|name| name.0 == of).count(), clients.len())
    }

    /// Takes note of a record.
    pub fn see(&mut self, record: &Record) {
        let cite = Cite::of(record);
        if let Some(node) = record.node {
            match record.kind {
                Kind::Send { to, id, message } => self.sent((node, to), id, &message, cite),
                Kind::Deliver { from, id, message } => {
                    self.delivered((from, node), id, &message, cite);
                }
                Kind::Role { .. } | Kind::Boot { .. } => {
                    self.readers[node.slot()] = Reader::default();
                }
                Kind::Transfer { to } => self.readers[node.slot()].transfers_to = to,
                Kind::Append { index, term, content, .. } => {
                    self.appended(node, (index, term), content, cite);
                }
                Kind::Apply { index, term, request, effect, .. } => {
                    self.applied(request, Applied { by: node, index, term, effect, cite });
                }
                _ => self.client(node, record, cite),
            }
        }
        self.shadow.observe(record);
        self.view.follow(record);
    }

    fn client(&mut self, node: NodeId, record: &Record, cite: Cite) {
        match record.kind {
            Kind::Invoke { request, command, .. } => self.asked(node, (request, command), cite),
            Kind::Reply { request, applied } => self.replies(node, request, applied, cite),
            Kind::Request { request } => {
                self.last_try(
                    request,
                    |it| it.to == node && it.arrived.is_none(),
                    |it| {
                        it.arrived = Some(cite);
                    },
                );
            }
            Kind::Answered { request, applied, output } => {
                self.last_try(request, |it| it.to == node, |it| it.heard = Some((applied, cite)));
                let fate = self.fates.get_mut(&name(request));
                if let (Some(fate), true, Some(output)) = (fate, applied, output) {
                    fate.answered = Some((node, output, cite));
                }
            }
            Kind::TimedOut { request } => {
                self.last_try(request, |_| true, |it| it.timed_out = Some(cite));
            }
            Kind::GaveUp { request } => {
                if let Some(fate) = self.fates.get_mut(&name(request)) {
                    fate.gave_up = Some(cite);
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, node: NodeId, (request, command): (RequestId, Command), cite: Cite) {
        let entry = Entry { term: Term::ZERO, request, command };
        self.contents.insert(entry.fingerprint(), name(request));
        let fate = self.fates.entry(name(request)).or_insert_with(|| Fate {
            request,
            command,
            tries: Vec::new(),
            entries: Vec::new(),
            applied: Vec::new(),
            answered: None,
            gave_up: None,
        });
        fate.tries.push(Try {
            to: node,
            asked: cite,
            arrived: None,
            forwarded: None,
            forward_arrived: None,
            forward_answered: None,
            replied: None,
            upto: Index::ZERO,
            relayed: None,
            heard: None,
            timed_out: None,
        });
    }

    fn last_try(
        &mut self,
        request: RequestId,
        is_it: impl Fn(&Try) -> bool,
        note: impl FnOnce(&mut Try),
    ) {
        let fate = self.fates.get_mut(&name(request));
        if let Some(found) = fate.and_then(|fate| fate.tries.iter_mut().rfind(|it| is_it(it))) {
            note(found);
        }
    }

    fn appended(&mut self, by: NodeId, (index, term): (Index, Term), content: u64, cite: Cite) {
        let leads = self.shadow.node(by).role == Role::Leader;
        let of = self.contents.get(&content).filter(|_| leads);
        if let Some(fate) = of.and_then(|of| self.fates.get_mut(of)) {
            fate.entries.push(Made { by, index, term, cite });
        }
    }

    fn applied(&mut self, request: RequestId, applied: Applied) {
        let Applied { by, index, term, effect, cite } = applied;
        if let Some(fate) = self.fates.get_mut(&name(request)) {
            fate.applied.push(applied);
            if !fate.entries.iter().any(|made| (made.index, made.term) == (index, term)) {
                fate.entries.push(Made { by, index, term, cite });
            }
        }
        if index != self.done.next() {
            return;
        }
        self.done = index;
        let command = self.fates.get(&name(request)).map(|fate| fate.command);
        let Some((command, key)) = command.filter(|_| effect).zip(command.and_then(Command::key))
        else {
            return;
        };
        let before = self.holds(key);
        self.map.carry_out(command);
        let word = self.holds(key);
        // What compares and does not find what it expects sets nothing.
        if command.writes() && (word != before || matches!(command, Command::Put { .. })) {
            self.versions.entry(key).or_default().push(Version { word, by: request, index, cite });
        }
    }

    /// What a key holds now, as records have it.
    fn holds(&mut self, key: u32) -> u64 {
        match self.map.carry_out(Command::Get { key }) {
            Output::Values(values) => values_word(&values),
            _ => 0,
        }
    }

    fn sent(&mut self, (from, to): (NodeId, NodeId), id: u64, message: &Summary, cite: Cite) {
        match *message {
            Summary::Forward { request } => {
                self.forwards.insert(id, name(request));
                self.last_try(request, |it| it.to == from, |it| it.forwarded = Some((to, cite)));
            }
            Summary::ForwardReply { request, applied } => {
                let why = self.right(from, request, applied);
                let upto = self.view.node(from).applied;
                self.last_try(
                    request,
                    |it| it.to == to,
                    |it| {
                        it.forward_answered = Some((applied, cite));
                        (it.replied, it.upto) = (Some((from, applied, why, cite)), upto);
                    },
                );
            }
            Summary::ReadRound { round, .. } => {
                let reader = &mut self.readers[from.slot()];
                if reader.round.is_none_or(|(of, ..)| of != round) {
                    reader.round = Some((round, cite, NodeSet::only(from)));
                }
            }
            _ => {}
        }
    }

    fn delivered(
        &mut self,
        (from, node): (NodeId, NodeId),
        id: u64,
        message: &Summary,
        cite: Cite,
    ) {
        match *message {
            Summary::Forward { request } => {
                let is_it = |it: &Try| it.forwarded.is_some_and(|(to, _)| to == node);
                self.last_try(request, is_it, |it| it.forward_arrived = Some(cite));
                self.forwards.remove(&id);
            }
            Summary::ReadRoundReply { round, confirmed: true, .. } => {
                let configuration = self.shadow.configuration_of(node);
                let reader = &mut self.readers[node.slot()];
                let Some((of, begun, by)) = &mut reader.round else { return };
                if *of == round && by.insert(from) && Tally::of(configuration, *by).is_majority() {
                    let before = reader.confirmed.filter(|(of, ..)| *of == round);
                    let enough = before.map_or(cite, |(.., enough)| enough);
                    reader.confirmed = Some((round, *begun, *by, enough));
                }
            }
            Summary::ReadIndexReply { request, index: Some(index) } => {
                self.readers[node.slot()].told.insert(name(request), (from, index, cite));
            }
            _ => {}
        }
    }

    fn replies(&mut self, node: NodeId, request: RequestId, applied: bool, cite: Cite) {
        let why = self.right(node, request, applied);
        let upto = self.view.node(node).applied;
        // What the leader said by way of another node is by the leader's right.
        let is_it = |it: &Try| it.to == node && it.arrived.is_some() && it.relayed.is_none();
        self.last_try(request, is_it, |it| match it.replied {
            Some((by, ..)) if by != node => it.relayed = Some(cite),
            _ => (it.replied, it.upto) = (Some((node, applied, why, cite)), upto),
        });
    }

    /// By what right a node answers a request at this moment, or why it refuses it, in words.
    pub fn right(&self, node: NodeId, request: RequestId, applied: bool) -> String {
        let Some(fate) = self.fates.get(&name(request)) else { return String::new() };
        if !applied {
            return self.refusal(node);
        }
        let own = fate.applied.iter().rfind(|it| it.by == node);
        if let Some(Applied { index, term, effect, .. }) = own {
            let again = if *effect { "" } else { ", which had been carried out before" };
            return format!("it applied entry {index} of term {term} for it{again}");
        }
        if fate.command.writes() {
            let made = fate.entries.iter().rfind(|it| it.by == node);
            return match made {
                Some(made) => {
                    format!("its entry {} of term {} is NOT APPLIED", made.index, made.term)
                }
                None => "it has NO ENTRY for it".into(),
            };
        }
        self.right_to_read(node, fate)
    }

    fn right_to_read(&self, node: NodeId, fate: &Fate) -> String {
        let reader = &self.readers[node.slot()];
        let applied = self.view.node(node).applied;
        if let Some((leader, index, cite)) = reader.told.get(&name(fate.request)) {
            return format!(
                "{leader} told it to apply up to {index} first, {cite}, and it has applied {applied}"
            );
        }
        let came = |it: &&Try| it.to == node || it.forwarded.is_some_and(|(to, _)| to == node);
        let came = fate.tries.iter().rfind(came);
        let came = came.and_then(|it| if it.to == node { it.arrived } else { it.forward_arrived });
        match (reader.confirmed, self.view.node(node).role) {
            (Some((round, begun, by, enough)), Role::Leader) => {
                let who = by.without(NodeSet::only(node));
                let after = came.is_some_and(|came| begun.0 >= came.0);
                let right = if after { "by a round of reads" } else { "by its lease" };
                format!(
                    "{right}: {who} answered round {round}, which began at {}s, until {}s",
                    begun.1, enough.1
                )
            }
            (None, Role::Leader) => {
                "it leads, and no majority has answered a round of reads of it".into()
            }
            (_, role) => format!("it asked nobody, as a {}", role_name(role)),
        }
    }

    /// Why a node refuses requests, as far as records tell.
    fn refusal(&self, node: NodeId) -> String {
        let (own, reader) = (self.view.node(node), &self.readers[node.slot()]);
        match (own.role, reader.transfers_to, own.leader) {
            (Role::Leader, Some(to), _) => {
                format!("it leads term {}, and hands over to {to}", own.term)
            }
            (Role::Leader, None, _) => format!("it leads term {}", own.term),
            (_, _, Some(leader)) => {
                format!("it does not lead; it follows {leader} in term {}", own.term)
            }
            (role, _, None) => {
                format!(
                    "it does not lead; it is a {} in term {}, and knows no leader",
                    role_name(role),
                    own.term
                )
            }
        }
    }

    /// Who wrote what a read heard, and until when that was so; nothing if it is what the key holds at the end.
    pub fn written(&self, request: RequestId) -> Option<String> {
        let fate = self.fate(request)?;
        let (Command::Get { key }, (_, Heard::Values(word), _)) = (fate.command, fate.answered?)
        else {
            return None;
        };
        let versions = self.versions.get(&key).map_or(&[][..], |list| &list[..]);
        let began = fate.tries.first()?.asked;
        let shown =
            |version: &Version| format!("entry {} of {}", version.index, client(version.by));
        let end = |next: Option<&Version>| match next {
            Some(next) => {
                let when = if next.cite.0 < began.0 { "before the read began" } else { "" };
                let when = if when.is_empty() { String::new() } else { format!(", {when}") };
                format!("until {}s, when {} overwrote it{when}", next.cite.1, shown(next))
            }
            None => "and nothing overwrote it".into(),
        };
        // What is written more than once was read where the node stood that answered.
        let upto = fate.read_upto();
        let there = versions.iter().rposition(|version| version.index <= upto);
        let place = there.filter(|place| versions[*place].word == word);
        let elsewhere = || versions.iter().rposition(|version| version.word == word);
        let unwritten = there.is_none() && word == 0;
        let place = if unwritten { None } else { place.or_else(elsewhere) };
        match place {
            Some(place) => {
                let (own, next) = (&versions[place], versions.get(place + 1));
                Some(format!(
                    "what it read was written by {}, and was so from {}s {}",
                    shown(own),
                    own.cite.1,
                    end(next)
                ))
            }
            None if word == 0 => {
                Some(format!("that nothing was written was so {}", end(versions.first())))
            }
            None => Some("nothing that was carried out left what it read".into()),
        }
    }
}

/// How a request is known.
fn name(request: RequestId) -> Name {
    (request.client, request.serial)
}

/// What a role is called.
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Leader => "leader",
        Role::Candidate => "candidate",
        Role::PreCandidate => "pre-candidate",
        Role::Follower => "follower",
    }
}
