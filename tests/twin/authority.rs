//! The naive twin of what leaders and reads rest on: it keeps every record, and looks at all that came before whenever something is asked.
//!
//! Local times are those of the records that set clocks, and true time since, at the rate of the clock.

use squall::config::{Config, Reads};
use squall::configuration::Configuration;
use squall::ids::{Index, NodeId, NodeSet, Term};
use squall::log::{Command, RequestId};
use squall::message::Summary;
use squall::node::{Role, TimerId};
use squall::plan::Plan;
use squall::property::Property;
use squall::record::{Kind, Record};
use squall::time::Time;

use super::Twin as Cluster;

/// A leadership: the term, and the place of its first record.
type Reign = (Term, usize);

pub struct Twin {
    plan: Plan,
    config: Config,
    /// Every record, each with the configuration by which its node went before it.
    past: Vec<(Record, Configuration)>,
    applied: Vec<Index>,
}

fn quorum(configuration: Configuration, nodes: NodeSet) -> bool {
    let half = |voters: NodeSet| 2 * voters.intersection(nodes).len() > voters.len();
    half(configuration.voters)
        && (configuration.outgoing.is_empty() || half(configuration.outgoing))
}

impl Twin {
    pub fn new(plan: &Plan) -> Twin {
        let nodes = usize::from(plan.cluster.nodes);
        let config = plan.config();
        Twin { plan: plan.clone(), config, past: Vec::new(), applied: vec![Index::ZERO; nodes] }
    }

    /// Takes a record, with the cluster as it was before it; gives what does not hold.
    pub fn observe(&mut self, record: &Record, cluster: &Cluster) -> Vec<Property> {
        let own = record.node.map(|id| cluster.configuration_of(id));
        let own = own.unwrap_or_else(|| Configuration::of(self.plan.voters()));
        let mut broken = Vec::new();
        if self.overstays(record) {
            broken.push(Property::CheckQuorum);
        }
        self.past.push((*record, own));
        let Some(id) = record.node else { return broken };
        match record.kind {
            Kind::Apply { index, .. }
            | Kind::Restore { index, .. }
            | Kind::Boot { applied: index, .. } => {
                self.applied[id.slot()] = index;
            }
            _ => {}
        }
        if self.is_deposed_by_itself(record, id) {
            broken.push(Property::CheckQuorum);
        }
        let elections = self.config.elections;
        let promises = elections.vote_lease || elections.pre_vote;
        let promises = promises && !self.config.waits_for_disk;
        let lease = self.config.reads == Reads::Lease && !self.config.waits_for_disk;
        if (promises || lease) && self.breaks_promise(record, id) {
            broken.push(Property::Promises);
        }
        if self.config.reads != Reads::Log && self.reads_without_right(record, id) {
            broken.push(Property::ReadRights);
        }
        broken
    }

    /// What both clocks of a node showed at a place of the past: the one that may be set, and the other.
    fn clocks_at(&self, id: NodeId, place: usize) -> (i128, i128) {
        let now = self.past[place].0.time;
        let options = self.plan.node(id);
        let mut rate = options.map_or(0, |it| i128::from(it.clock_drift_ppm)) + 1_000_000;
        let offset = options.map_or(0, |it| i128::from(it.clock_offset.0));
        let mut local = 30 * 24 * 3_600 * 1_000_000_000 + offset;
        let (mut since, mut jumps, mut stands) = (Time::ZERO, 0, false);
        let passed = |since: Time, now: Time, rate: i128, stands: bool| {
            if stands { 0 } else { i128::from(now.since(since).0) * rate / 1_000_000 }
        };
        let own = self.past[..=place].iter().filter(|(record, _)| record.node == Some(id));
        for (record, _) in own {
            match record.kind {
                Kind::Clock { before, after, drift_ppm } => {
                    (local, since) = (i128::from(after.0), record.time);
                    jumps += i128::from(after.0) - i128::from(before.0);
                    rate = drift_ppm.map_or(rate, |drift| i128::from(drift) + 1_000_000);
                }
                Kind::Suspend => {
                    local += passed(since, record.time, rate, stands);
                    (since, stands) = (record.time, true);
                }
                Kind::Pause | Kind::Resume | Kind::Crash(_) if stands => {
                    (since, stands) = (record.time, false);
                }
                _ => {}
            }
        }
        let local = local + passed(since, now, rate, stands);
        (local, local - jumps)
    }

    fn timeout(&self) -> i128 {
        i128::from(self.config.election_timeout.from.0)
    }

    /// Records of a node, the latest first, with their places, up to and with a place.
    fn back(&self, id: NodeId, upto: usize) -> impl Iterator<Item = (usize, &Record)> {
        let past = self.past[..=upto].iter().enumerate().rev();
        past.map(|(place, (record, _))| (place, record)).filter(move |(_, it)| it.node == Some(id))
    }

    /// The role and term of a node as of a place, and where that began.
    fn role(&self, id: NodeId, upto: usize) -> (Role, Reign) {
        let mut records = self.back(id, upto);
        let found = records.find_map(|(place, record)| match record.kind {
            Kind::Role { role, term } => Some((role, (term, place))),
            Kind::Crash(_) | Kind::Boot { .. } => Some((Role::Follower, (Term::ZERO, place))),
            _ => None,
        });
        found.unwrap_or((Role::Follower, (Term::ZERO, 0)))
    }

    fn term(&self, id: NodeId, upto: usize) -> Term {
        let mut records = self.back(id, upto);
        let found = records.find_map(|(_, record)| match record.kind {
            Kind::Term { term } | Kind::Role { term, .. } | Kind::Boot { term, .. } => Some(term),
            _ => None,
        });
        found.unwrap_or(Term::ZERO)
    }

    /// Whether a leader was answered by a majority within its time, as of a place.
    fn hears(&self, id: NodeId, (term, elected): Reign, upto: usize) -> bool {
        let now = self.clocks_at(id, upto).0;
        let configuration = self.past[upto].1;
        let heard = |other: &NodeId| {
            let mut records = self.back(id, upto).filter(|(place, _)| *place >= elected);
            let last = records.find(|(place, record)| match record.kind {
                Kind::Deliver { from, message, .. } => {
                    from == *other
                        && message.term() == term
                        && matches!(
                            message,
                            Summary::Appended { .. }
                                | Summary::Conflict { .. }
                                | Summary::SnapshotReply { .. }
                                | Summary::ReadRoundReply { .. }
                        )
                }
                Kind::Configure { configuration, .. } => {
                    let before = self.past[*place].1.members();
                    configuration.members().contains(*other) && !before.contains(*other)
                }
                _ => *place == elected,
            });
            let (place, _) = last.expect("the election is there");
            *other == id || now < self.clocks_at(id, place).0 + self.timeout()
        };
        quorum(configuration, configuration.voting().iter().filter(heard).collect())
    }

    fn judges_quorum(&self) -> bool {
        self.config.elections.check_quorum && !self.config.waits_for_disk
    }

    /// Whether a leader leads beyond an event in which it had to give up, into the one of this record.
    fn overstays(&self, record: &Record) -> bool {
        let Some((last, _)) = self.past.last() else { return false };
        if !self.judges_quorum() || record.event == last.event {
            return false;
        }
        let event = self.past.iter().enumerate().rev();
        let mut event = event.take_while(|(_, (it, _))| it.event == last.event);
        let timer =
            event.find(|(_, (it, _))| matches!(it.kind, Kind::Timer { timer: TimerId::FIRST, .. }));
        let Some((place, (Record { node: Some(id), .. }, _))) = timer else { return false };
        let (role, reign) = self.role(*id, self.past.len() - 1);
        role == Role::Leader && reign.1 < place && !self.hears(*id, reign, place)
    }

    fn is_deposed_by_itself(&self, record: &Record, id: NodeId) -> bool {
        let Kind::Role { role, term } = record.kind else { return false };
        let last = self.past.len() - 1;
        if role == Role::Leader || last == 0 || !self.judges_quorum() {
            return false;
        }
        let (before, reign) = self.role(id, last - 1);
        let mut records = self.back(id, last).take_while(|(place, _)| *place > reign.1);
        before == Role::Leader
            && reign.0 == term
            && !records.any(|(_, it)| matches!(it.kind, Kind::WriteFailed { .. }))
            && self.past[last].1.voting().contains(id)
            && self.hears(id, reign, last)
    }

    /// Whether a node hears its leader, or itself leads and hears a majority, before the record at a place.
    fn is_loyal(&self, id: NodeId, place: usize) -> bool {
        let Some(before) = place.checked_sub(1) else { return false };
        let (role, reign) = self.role(id, before);
        match role {
            Role::Leader => return self.hears(id, reign, place),
            Role::PreCandidate => return false,
            _ => {}
        }
        let leader = self.back(id, before).find_map(|(_, record)| match record.kind {
            Kind::Leader { leader } => Some(leader.is_some()),
            Kind::Crash(_) | Kind::Boot { .. } => Some(false),
            _ => None,
        });
        let heard = self.back(id, before).find(|(place, record)| match record.kind {
            Kind::Crash(_) | Kind::Boot { .. } => true,
            _ => self.is_from_leader(id, *place, record),
        });
        let Some((heard, record)) = heard else { return false };
        leader == Some(true)
            && matches!(record.kind, Kind::Deliver { .. })
            && self.clocks_at(id, place).0 < self.clocks_at(id, heard).0 + self.timeout()
    }

    /// Whether a record brings something from the leader of a node's term, or of a later one.
    fn is_from_leader(&self, id: NodeId, place: usize, record: &Record) -> bool {
        let Kind::Deliver { message, .. } = record.kind else { return false };
        let (role, (led, _)) = self.role(id, place);
        matches!(
            message,
            Summary::AppendEntries { .. }
                | Summary::InstallSnapshot { .. }
                | Summary::ReadRound { .. }
        ) && message.term() >= self.term(id, place)
            && !(role == Role::Leader && led == message.term())
    }

    /// Whether the promise of a lease binds a node as of a place.
    fn has_promised(&self, id: NodeId, upto: usize) -> bool {
        let lease = self.config.reads == Reads::Lease;
        let now = self.clocks_at(id, upto).1;
        let mut replies = self.back(id, upto).filter_map(|(place, record)| match record.kind {
            Kind::Send { message: Summary::ReadRoundReply { term, round, .. }, .. } => {
                self.asked_in_life(id, place, term, round)
            }
            _ => None,
        });
        let last = if lease { replies.next() } else { None };
        last.is_some_and(|asked| now < self.clocks_at(id, asked).1 + self.timeout())
    }

    /// Where the round came that is answered at a place: of several copies, the first that has no answer yet, and none that came before
    /// one that was answered.
    fn asked_in_life(&self, id: NodeId, upto: usize, term: Term, round: u64) -> Option<usize> {
        let life = self.back(id, upto).find(|(_, it)| matches!(it.kind, Kind::Boot { .. }))?.0;
        let mut waiting: Vec<(Term, u64, usize)> = Vec::new();
        let mut found = None;
        for place in life..=upto {
            let record = self.past[place].0;
            if record.node != Some(id) {
                continue;
            }
            match record.kind {
                Kind::Deliver { message: Summary::ReadRound { term, round }, .. }
                    if self.is_from_leader(id, place, &record) =>
                {
                    waiting.push((term, round, place));
                }
                Kind::Send { message: Summary::ReadRoundReply { term, round, .. }, .. } => {
                    let at = waiting.iter().position(|it| (it.0, it.1) == (term, round));
                    found = at.map(|at| waiting.drain(..=at).next_back().expect("it is there").2);
                }
                _ => {}
            }
        }
        let _ = (term, round);
        found
    }

    fn breaks_promise(&self, record: &Record, id: NodeId) -> bool {
        let last = self.past.len() - 1;
        let begun = self.back(id, last).find(|(_, it)| {
            matches!(it.kind, Kind::Deliver { .. } | Kind::Boot { .. } | Kind::Timer { .. })
        });
        let begun = begun.filter(|(_, it)| it.event == record.event);
        let asks = |(place, it): (usize, &Record)| match it.kind {
            Kind::Deliver {
                message: Summary::RequestVote { term, by_leader: false, .. }, ..
            } => Some((place, term)),
            _ => None,
        };
        let asked = begun.and_then(asks);
        let loyal = || {
            asked.is_some_and(|(place, term)| {
                self.config.elections.vote_lease
                    && term > self.term(id, place)
                    && self.is_loyal(id, place)
            })
        };
        let leased = || {
            asked.is_some_and(|(place, _)| {
                self.role(id, place).0 != Role::Leader && self.has_promised(id, place)
            })
        };
        let told = || {
            begun.is_some_and(|(_, it)| {
                matches!(it.kind, Kind::Deliver { message: Summary::TimeoutNow { .. }, .. })
            })
        };
        match record.kind {
            Kind::Term { .. } => self.config.elections.vote_lease && (loyal() || leased()),
            Kind::Vote { vote: Some(vote), .. } if vote == id => {
                !told() && self.has_promised(id, last)
            }
            Kind::Vote { vote: Some(_), .. } => loyal() || leased(),
            Kind::Send { to, message: Summary::PreVoteReply { granted: true, .. }, .. } => {
                self.answered_pre_vote(id, to, last).is_some_and(|asked| self.is_loyal(id, asked))
            }
            Kind::Send { message: Summary::RequestVote { term, by_leader: true, .. }, .. } => {
                !self.stood_for_leader(id, term)
            }
            _ => false,
        }
    }

    /// Where the pre-vote came that is answered at a place: answers leave in the order of the questions.
    fn answered_pre_vote(&self, id: NodeId, to: NodeId, upto: usize) -> Option<usize> {
        let (mut asked, mut answered) = (Vec::new(), 0);
        for (place, record) in self.back(id, upto) {
            match record.kind {
                Kind::Boot { .. } => break,
                Kind::Deliver { from, message: Summary::PreVote { .. }, .. } if from == to => {
                    asked.push(place);
                }
                Kind::Send { to: other, message: Summary::PreVoteReply { .. }, .. } => {
                    answered += usize::from(other == to);
                }
                _ => {}
            }
        }
        asked.into_iter().rev().nth(answered - 1)
    }

    /// Whether a node stood in a term in the event in which its leader told it to.
    fn stood_for_leader(&self, id: NodeId, term: Term) -> bool {
        let mine = || self.past.iter().map(|(it, _)| it).filter(|it| it.node == Some(id));
        let stood = |it: &Record| matches!(it.kind, Kind::Role { role: Role::Candidate, term: of } if of == term);
        let told = |it: &Record| {
            matches!(it.kind, Kind::Deliver { message: Summary::TimeoutNow { .. }, .. })
        };
        mine()
            .filter(|it| stood(it))
            .any(|it| mine().any(|other| other.event == it.event && told(other)))
    }

    /// Whether a read is answered here to which this node had no right.
    fn reads_without_right(&self, record: &Record, id: NodeId) -> bool {
        let last = self.past.len() - 1;
        let (request, told) = match record.kind {
            Kind::Reply { request, applied: true } => {
                let relayed = self.back(id, last).any(|(_, it)| {
                    it.event == record.event
                        && matches!(it.kind, Kind::Deliver { message: Summary::ForwardReply { request: of, .. }, .. } if of == request)
                });
                if relayed {
                    return false;
                }
                (request, None)
            }
            Kind::Send { message: Summary::ForwardReply { request, applied: true }, .. } => {
                (request, None)
            }
            Kind::Send {
                message: Summary::ReadIndexReply { request, index: Some(index) }, ..
            } => (request, Some(index)),
            _ => return false,
        };
        let Some(came) = self.first_came(id, request, last) else { return false };
        let applied = told.unwrap_or(self.applied[id.slot()]);
        let word = self.back(id, last).filter_map(|(place, it)| match it.kind {
            Kind::Deliver {
                message: Summary::ReadIndexReply { request: of, index: Some(index) },
                ..
            } if of == request && place > came => Some(index),
            _ => None,
        });
        let word = word.min();
        let own = self.own_right(id, request, came, last);
        let needed = own.into_iter().chain(word).min();
        needed.is_none_or(|needed| applied < needed)
    }

    /// What a node must have applied for a read of which copies came to it as leader since a place. The first leadership in which that was
    /// proven gives the right; a copy that came in a later one may be answered in place of that.
    fn own_right(&self, id: NodeId, request: RequestId, came: usize, last: usize) -> Option<Index> {
        let mut firsts: Vec<(Reign, usize)> = Vec::new();
        for place in (came..=last).filter(|place| self.comes_to_leader(id, request, *place)) {
            let (_, reign) = self.role(id, place);
            if firsts.last().is_none_or(|(latest, _)| *latest != reign) {
                firsts.push((reign, place));
            }
        }
        let is_proven = |((_, elected), place): &(Reign, usize)| {
            let ended = (*place..=last).find(|at| self.role(id, *at).1.1 != *elected);
            self.is_proven(id, *place, ended.unwrap_or(last), ended.is_none())
        };
        let right = firsts.iter().position(is_proven)?;
        firsts[right..].iter().map(|(_, place)| self.read_index(id, *place)).min()
    }

    /// Where a copy of a read first came to a node in this life, if it is a read, and the latest of its client there.
    fn first_came(&self, id: NodeId, request: RequestId, last: usize) -> Option<usize> {
        let life = self.back(id, last).find(|(_, it)| matches!(it.kind, Kind::Boot { .. }))?.0;
        let mut known: Option<(RequestId, usize)> = None;
        for place in life..=last {
            let record = self.past[place].0;
            let Some(of) = arrives(&record)
                .filter(|it| record.node == Some(id) && it.client == request.client)
            else {
                continue;
            };
            let is_known = known.is_some_and(|(known, _)| known == of);
            if !is_known && self.is_asked(of, place) {
                known = Some((of, place));
            }
        }
        known.filter(|(known, _)| *known == request).map(|(_, place)| place)
    }

    /// Whether a request is the read that its client waits for as of a place.
    fn is_asked(&self, request: RequestId, upto: usize) -> bool {
        let invoked = self.past[..=upto].iter().rev().find_map(|(it, _)| match it.kind {
            Kind::Invoke { request: of, command, .. } if of.client == request.client => {
                Some((of, command))
            }
            _ => None,
        });
        invoked.is_some_and(|(of, command)| of == request && matches!(command, Command::Get { .. }))
    }

    fn comes_to_leader(&self, id: NodeId, request: RequestId, place: usize) -> bool {
        let record = self.past[place].0;
        record.node == Some(id)
            && arrives(&record) == Some(request)
            && self.role(id, place).0 == Role::Leader
    }

    /// What a leader must have applied for a read that comes at a place.
    fn read_index(&self, id: NodeId, place: usize) -> Index {
        let commit = self.back(id, place).find_map(|(_, it)| match it.kind {
            Kind::Commit { index, .. } | Kind::Boot { applied: index, .. } => Some(index),
            _ => None,
        });
        let (_, (_, elected)) = self.role(id, place);
        let first = (elected..=place).find_map(|at| match self.past[at].0 {
            Record { node, kind: Kind::Append { index, .. }, .. } if node == Some(id) => {
                Some(index)
            }
            _ => None,
        });
        commit.max(first).unwrap_or_default()
    }

    /// Whether a round or a lease proved, between two places, that a leader led; at the second a read may be answered.
    fn is_proven(&self, id: NodeId, from: usize, upto: usize, answers: bool) -> bool {
        let alone = |place: usize| quorum(self.past[place].1, NodeSet::only(id));
        let mine = |place: &usize| self.past[*place].0.node == Some(id);
        let is_answer = |place: usize| answers && place == upto;
        if is_answer(upto) && alone(upto) {
            return true;
        }
        // Each leadership in which something may have been proven since.
        (from..=upto).filter(mine).any(|place| {
            let asks = is_answer(place) || arrives(&self.past[place].0).is_some();
            let answers = matches!(
                self.past[place].0.kind,
                Kind::Deliver { message: Summary::ReadRoundReply { .. }, .. }
            );
            let (role, reign) = self.role(id, place);
            role == Role::Leader
                && ((asks && (alone(place) || self.has_lease(id, reign, place)))
                    || ((asks || answers) && self.round_since(id, reign, from, place)))
        })
    }

    /// The latest round of a leadership as of a place: where it was sent, and who answered it.
    fn rounds(&self, id: NodeId, (term, elected): Reign, upto: usize) -> Vec<(usize, u64)> {
        let mut rounds: Vec<(usize, u64)> = Vec::new();
        for place in elected..=upto {
            if let (
                Record {
                    node,
                    kind: Kind::Send { message: Summary::ReadRound { term: of, round }, .. },
                    ..
                },
                _,
            ) = self.past[place]
                && node == Some(id)
                && of == term
                && rounds.last().is_none_or(|(_, last)| *last < round)
            {
                rounds.push((place, round));
            }
        }
        rounds
    }

    fn answered(
        &self,
        id: NodeId,
        term: Term,
        (sent, number): (usize, u64),
        upto: usize,
    ) -> NodeSet {
        let mut nodes = NodeSet::only(id);
        for (record, _) in &self.past[sent..=upto] {
            if let Kind::Deliver {
                from,
                message: Summary::ReadRoundReply { term: of, round, .. },
                ..
            } = record.kind
                && record.node == Some(id)
                && (of, round) == (term, number)
            {
                nodes.insert(from);
            }
        }
        nodes
    }

    /// Whether a round that was sent behind a place is answered by a majority as of another.
    fn round_since(&self, id: NodeId, reign: Reign, from: usize, upto: usize) -> bool {
        let latest = self.rounds(id, reign, upto).pop();
        latest
            .filter(|(sent, _)| *sent > from)
            .is_some_and(|round| quorum(self.past[upto].1, self.answered(id, reign.0, round, upto)))
    }

    fn has_lease(&self, id: NodeId, reign: Reign, upto: usize) -> bool {
        if self.config.reads != Reads::Lease {
            return false;
        }
        let handed_over = self.past[reign.1..=upto].iter().any(|(it, _)| {
            it.node == Some(id)
                && matches!(it.kind, Kind::Send { message: Summary::TimeoutNow { .. }, .. })
        });
        let bound = 1_000_000 + i128::from(self.config.drift_bound_ppm);
        let span = self.timeout() * 1_000_000 / bound;
        let rounds = self.rounds(id, reign, upto);
        // The latest that a majority had answered before the next was sent.
        let held = rounds.iter().enumerate().rev().find(|(at, round)| {
            let end = rounds.get(at + 1).map_or(upto, |next| next.0);
            (round.0..=end).any(|place| {
                let settles = self.past[place].0.node == Some(id)
                    && (place == upto
                        || arrives(&self.past[place].0).is_some()
                        || matches!(
                            self.past[place].0.kind,
                            Kind::Deliver { message: Summary::ReadRoundReply { .. }, .. }
                        ));
                settles && quorum(self.past[place].1, self.answered(id, reign.0, **round, place))
            })
        });
        let Some((at, round)) = held else { return false };
        let end = rounds.get(at + 1).map_or(upto, |next| next.0);
        !handed_over
            && self.clocks_at(id, upto).1 < self.clocks_at(id, round.0).1 + span
            && quorum(self.past[upto].1, self.answered(id, reign.0, *round, end))
    }
}

/// The request that comes to a node.
fn arrives(record: &Record) -> Option<RequestId> {
    match record.kind {
        Kind::Request { request }
        | Kind::Deliver {
            message: Summary::Forward { request } | Summary::ReadIndex { request },
            ..
        } => Some(request),
        _ => None,
    }
}
