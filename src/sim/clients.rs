//! The clients' side of a run: requests on their way out, answers on their way back.

use std::collections::BTreeMap;

use crate::client::{Client, Patience, QUEUE_MAX};
use crate::ids::{Index, NodeId};
use crate::log::RequestId;
use crate::machine::Output;
use crate::node::{Answer, Node, Request};
use crate::plan::{Clients, SingleRequest, Target};
use crate::record::{Heard, Kind};
use crate::rng::{Rng, Stream};
use crate::sim::incoming::Incoming;
use crate::sim::{Event, Sim};
use crate::time::{Span, Time};
use crate::world::access::{Line, Way};
use crate::world::latency::sample;

/// What can happen to a client. A token that is not the client's is out of date.
#[derive(Clone, Copy, Debug)]
pub enum ClientEvent {
    /// It begins an operation that it draws.
    Begin,
    /// It begins the single request at this place of the plan, at a node that is chosen now. The trigger is the node at which the situation
    /// occurred that the request waited for.
    Asked { place: usize, trigger: Option<NodeId> },
    /// It tries again, at the node that was named to it.
    Retry { hint: Option<NodeId>, token: u32 },
    /// It hears that the node is down which it asked.
    NoConnection { token: u32 },
    /// It may have waited long enough for a try.
    TimeOut { token: u32 },
    /// A request comes to the clients of these arrivals, of which this is the first.
    Arrives { arrivals: usize },
}

/// The requests that come to a group of clients at a rate.
#[derive(Debug)]
pub struct Arrivals {
    group: usize,
    rng: Rng,
    /// The first of its clients, and how many they are.
    first: u32,
    count: u32,
}

/// A single request of the plan.
#[derive(Debug)]
pub struct Single<'p> {
    /// The number of its client.
    pub client: u32,
    pub single: &'p SingleRequest,
    /// How often it was made.
    pub made: u64,
}

impl<N: Node> Sim<'_, '_, N> {
    /// Makes the clients of the plan, and those of its single requests.
    pub(super) fn schedule_clients(&mut self) {
        let plan = self.plan;
        for (group, options) in plan.client_options().iter().enumerate() {
            self.schedule_group(group, options);
        }
        let options = &plan.clients;
        let mut shared = BTreeMap::new();
        for (place, single) in plan.requests.iter().enumerate() {
            let fresh = self.clients.len() as u32 + 1;
            let number = match single.client {
                Some(client) => *shared.entry(client).or_insert(fresh),
                None => fresh,
            };
            if number == fresh {
                let rng = Rng::new(plan.seed, Stream::Client(number));
                self.clients.push(Client::new(number, rng, options.attempts, Some(single.command)));
            }
            self.singles.push(Single { client: number, single, made: 0 });
            if let Some(at) = single.at {
                let what = ClientEvent::Asked { place, trigger: None };
                self.queue.push(Time::ZERO.plus(at), Event::Client { client: number, what });
            }
        }
    }

    /// Makes the clients of a group. Each begins when it has thought; where requests come at a rate, it waits for one.
    fn schedule_group(&mut self, group: usize, options: &Clients) {
        let (first, count) = (self.clients.len() as u32 + 1, options.count);
        let begin = Time::ZERO.plus(options.start);
        for number in first..first + count {
            let rng = Rng::new(self.plan.seed, Stream::Client(number));
            let mut client = Client::new(number, rng, options.attempts, None);
            client.group = group;
            if options.rate.is_none() {
                let at = begin.plus(client.think(options));
                self.queue.push(at, Event::Client { client: number, what: ClientEvent::Begin });
            }
            self.clients.push(client);
        }
        if let Some(rate) = options.rate.filter(|_| count > 0) {
            let mut rng = Rng::new(self.plan.seed, Stream::Arrivals(group as u32));
            let at = begin.plus(sample(&rate.0, rng.halves().0));
            let what = ClientEvent::Arrives { arrivals: self.arrivals.len() };
            self.arrivals.push(Arrivals { group, rng, first, count });
            self.queue.push(at, Event::Client { client: first, what });
        }
    }

    /// A request comes, and then the next: the first client that is free takes it. If none is, it is not made.
    fn arrive(&mut self, place: usize) {
        let Arrivals { group, rng, first, count } = &mut self.arrivals[place];
        let (options, now) = (&self.client_options[*group], self.recorder.now);
        let stopped = options.stop.is_some_and(|stop| now >= Time::ZERO.plus(stop));
        let Some(rate) = options.rate.filter(|_| !stopped) else { return };
        let at = now.plus(sample(&rate.0, rng.halves().0));
        let what = ClientEvent::Arrives { arrivals: place };
        self.queue.push(at, Event::Client { client: *first, what });
        let mut clients = *first..*first + *count;
        if let Some(free) = clients.find(|number| !self.clients[*number as usize - 1].waiting) {
            self.begin_operation(free, None);
        }
    }

    pub(super) fn client_event(&mut self, number: u32, what: ClientEvent) {
        let nodes = self.plan.cluster.nodes;
        let client = &mut self.clients[number as usize - 1];
        match what {
            ClientEvent::Begin => {
                let options = &self.client_options[client.group];
                if !client.waiting && client.goes_on(options, self.recorder.now) {
                    self.begin_operation(number, None);
                }
            }
            ClientEvent::Asked { place, trigger } => {
                let Single { single, ref mut made, .. } = self.singles[place];
                if !client.waiting {
                    *made += 1;
                    client.single = Some(single.command);
                    if !self.recovery.begun {
                        let usual = self.client_options[client.group].attempts;
                        client.attempts = single.attempts.unwrap_or(usual);
                    }
                    self.begin_operation(number, Some((single, trigger)));
                } else if single.client.is_some() && client.queue.len() < QUEUE_MAX {
                    *made += 1;
                    client.queue.push_back((place, trigger));
                }
            }
            ClientEvent::Retry { hint, token } => {
                if client.token == token && client.waiting {
                    client.retry(&self.client_options[client.group].ask, hint, nodes);
                    self.ask(number);
                }
            }
            ClientEvent::NoConnection { token } => {
                let line = Line { group: client.group, node: client.target, way: Way::Back };
                if client.token == token && client.waiting && !self.access.is_cut(line) {
                    let after = self.client_options[client.group].retry_after;
                    self.try_again(number, None, after);
                }
            }
            ClientEvent::Arrives { arrivals } => self.arrive(arrivals),
            ClientEvent::TimeOut { token } => {
                if self.is_timed_out(number, token) {
                    self.count_event();
                    let client = &self.clients[number as usize - 1];
                    let (node, request) = (client.target, client.request);
                    self.recorder.record(Some(node), Kind::TimedOut { request });
                    self.try_again(number, None, Span::ZERO);
                }
            }
        }
    }

    /// Whether a client has waited long enough for this try. If it waits for a later one by now, it is looked again when that has taken
    /// too long: a wake-up for every try would fill the queue, and most tries are answered.
    fn is_timed_out(&mut self, number: u32, token: u32) -> bool {
        let client = &mut self.clients[number as usize - 1];
        let wakes = client.wake_at.take_if(|at| *at == self.recorder.now).is_some();
        if client.token == token || !wakes {
            return client.token == token && client.waiting;
        }
        if let Some(patience) = client.patience
            && patience.token == client.token
        {
            self.look_at(number, patience);
        }
        false
    }

    /// Sees to it that it is looked at a client when its patience ends.
    fn look_at(&mut self, client: u32, Patience { ends, turn, token }: Patience) {
        self.clients[client as usize - 1].wake_at = Some(ends);
        let what = ClientEvent::TimeOut { token };
        self.queue.push_in_turn(ends, turn, Event::Client { client, what });
    }

    /// A client begins an operation. A single request goes to the node that the plan names; if nobody fits, to the one that was drawn.
    fn begin_operation(&mut self, number: u32, asked: Option<(&SingleRequest, Option<NodeId>)>) {
        let client = &mut self.clients[number as usize - 1];
        client.begin(&self.client_options[client.group], self.plan.cluster.nodes);
        if let Some((single, trigger)) = asked
            && single.to != Target::Everyone
        {
            let word = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            if let Some(target) = self.resolve(&single.to, trigger, word).iter().next() {
                self.clients[number as usize - 1].target = target;
            }
        }
        let client = &mut self.clients[number as usize - 1];
        client.began = (self.recorder.now, client.target);
        self.note_operation(number);
        self.ask(number);
    }

    /// Sends the client's request on its way.
    fn ask(&mut self, number: u32) {
        self.count_event();
        let now = self.recorder.now;
        let client = &mut self.clients[number as usize - 1];
        let (node, request, command) = (client.target, client.request, client.command);
        let kind = Kind::Invoke { request, command, attempt: client.attempt };
        let options = &self.client_options[client.group];
        let line = Line { group: client.group, node, way: Way::There };
        let weather = self.access.weather(line, (options.latency, options.loss));
        let way = client.way(weather).filter(|_| !self.access.is_cut(line));
        let token = client.new_token();
        client.asked = now;
        let ends = now.plus(options.timeout);
        self.recorder.record(Some(node), kind);
        if let Some(span) = way {
            self.note_request(now.plus(span), node, command);
            let request = Request { id: request, command };
            let what = Incoming::Request(request);
            self.queue.push(now.plus(span), Event::Incoming { node, what });
        }
        let patience = Patience { ends, turn: self.queue.take_turn(), token };
        let client = &mut self.clients[number as usize - 1];
        client.patience = Some(patience);
        if client.wake_at.is_none_or(|at| at > ends) {
            self.look_at(number, patience);
        }
    }

    /// Whether a request that would come to a node now is lost, for its client is cut off.
    pub(super) fn is_cut_off(&self, node: NodeId, request: RequestId) -> bool {
        let group = self.clients[request.client as usize - 1].group;
        self.access.is_cut(Line { group, node, way: Way::There })
    }

    /// A request came to a node that is down. Its client hears of that after the way back, which takes as long as the way there: nothing is
    /// drawn. A client that has given the try up hears nothing.
    pub(super) fn refuse_connection(&mut self, node: NodeId, request: RequestId) {
        self.count_event();
        self.recorder.record(Some(node), Kind::ConnectionRefused { request });
        let (number, now) = (request.client, self.recorder.now);
        let client = &self.clients[number as usize - 1];
        if client.waiting && client.request == request && client.target == node {
            let at = now.plus(now.since(client.asked));
            let what = ClientEvent::NoConnection { token: client.token };
            self.queue.push(at, Event::Client { client: number, what });
        }
    }

    /// Tries the operation again after a while, or gives it up.
    fn try_again(&mut self, number: u32, hint: Option<NodeId>, after: Span) {
        let client = &mut self.clients[number as usize - 1];
        if client.attempt < client.attempts {
            let what = ClientEvent::Retry { hint, token: client.new_token() };
            let at = self.recorder.now.plus(after);
            return self.queue.push(at, Event::Client { client: number, what });
        }
        let (node, request) = (client.target, client.request);
        self.recorder.record(Some(node), Kind::GaveUp { request });
        self.next_operation(number);
    }

    /// A session is open: the client begins what it opened it for. A single request goes to the node that opened it.
    fn opened(&mut self, number: u32, session: Index) {
        let client = &mut self.clients[number as usize - 1];
        let target = client.target;
        client.request.session = session;
        client.begin(&self.client_options[client.group], self.plan.cluster.nodes);
        match client.single {
            Some(_) => client.target = target,
            None => self.note_operation(number),
        }
        self.ask(number);
    }

    fn next_operation(&mut self, number: u32) {
        let client = &mut self.clients[number as usize - 1];
        client.waiting = false;
        client.new_token();
        let options = &self.client_options[client.group];
        let think = client.think(options);
        let at = self.recorder.now.plus(think);
        if let Some((place, trigger)) = client.queue.pop_front() {
            let what = ClientEvent::Asked { place, trigger };
            self.queue.push(self.recorder.now, Event::Client { client: number, what });
        } else if options.rate.is_none() && client.goes_on(options, at) {
            self.queue.push(at, Event::Client { client: number, what: ClientEvent::Begin });
        }
    }

    /// Sends a node's answer on its way to the client. What names no client goes nowhere.
    pub(super) fn send_answer(&mut self, node: NodeId, request: RequestId, answer: Answer) {
        let Some(place) = (request.client as usize).checked_sub(1) else { return };
        let Some(client) = self.clients.get_mut(place) else { return };
        let options = &self.client_options[client.group];
        let line = Line { group: client.group, node, way: Way::Back };
        let weather = self.access.weather(line, (options.latency, options.loss));
        if let Some(span) = client.way(weather).filter(|_| !self.access.is_cut(line)) {
            let at = self.recorder.now.plus(span);
            self.queue.push(at, Event::Answer { node, request, answer });
        }
    }

    /// An answer reaches its client. One for an operation that is over is not heard.
    pub(super) fn answered(&mut self, node: NodeId, request: RequestId, answer: Answer) {
        let client = &self.clients[request.client as usize - 1];
        let line = Line { group: client.group, node, way: Way::Back };
        if !client.waiting || client.request != request || self.access.is_cut(line) {
            return;
        }
        let retry_after = self.client_options[client.group].retry_after;
        self.count_event();
        let output = match &answer {
            Answer::Applied(output) => Some(Heard::from(output)),
            Answer::Refused(_) => None,
        };
        let applied = output.is_some_and(|output| output != Heard::Expired);
        self.recorder.record(Some(node), Kind::Answered { request, applied, output });
        match answer {
            Answer::Applied(Output::Opened(session)) => self.opened(request.client, session),
            // An earlier try may have been done in the session, so there is no other way to ask for it again.
            Answer::Applied(Output::Expired) => {
                self.clients[request.client as usize - 1].request.session = Index::ZERO;
                self.recorder.record(Some(node), Kind::GaveUp { request });
                self.next_operation(request.client);
            }
            Answer::Applied(_) => self.next_operation(request.client),
            Answer::Refused(hint) => self.try_again(request.client, hint, retry_after),
        }
    }
}
