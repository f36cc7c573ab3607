//! A client asks, waits, thinks, and asks again; when it hears nothing it tries elsewhere.

use std::collections::VecDeque;

use crate::ids::{Index, NodeId};
use crate::log::{Command, RequestId};
use crate::plan::{Ask, Clients, Latency, Mix};
use crate::rng::{Rng, scale};
use crate::time::{Share, Span, Time};
use crate::world::latency::sample;
use crate::world::queue::Turn;

/// How many single requests wait for the one before: one that finds more is not made.
pub const QUEUE_MAX: usize = 10_000;

/// One client. It has at most one operation under way.
#[derive(Debug)]
pub struct Client {
    rng: Rng,
    /// The place of its group.
    pub group: usize,
    /// The operation under way, or the last one.
    pub request: RequestId,
    pub command: Command,
    pub attempt: u32,
    pub waiting: bool,
    pub target: NodeId,
    /// A wake-up with another token is out of date.
    pub token: u32,
    /// When it made the latest try.
    pub asked: Time,
    /// How long it waits for the latest try.
    pub patience: Option<Patience>,
    /// The next time at which it is looked whether it has waited long enough; no later than its patience ends.
    pub wake_at: Option<Time>,
    pub attempts: u32,
    /// What it is to ask, if it asks single requests.
    pub single: Option<Command>,
    /// When it began what is under way, and whom it asked first.
    pub began: (Time, NodeId),
    /// Single requests that came before the one under way was over: which, and the node that each waited for.
    pub queue: VecDeque<(usize, Option<NodeId>)>,
}

/// How long a client waits for one try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub ends: Time,
    /// In which turn of that time: the one that was next when the try began.
    pub turn: Turn,
    /// Out of date if it is not the client's.
    pub token: u32,
}

impl Client {
    /// A client with a random stream of its own, before its first operation.
    pub fn new(number: u32, rng: Rng, attempts: u32, single: Option<Command>) -> Client {
        Client {
            rng,
            group: 0,
            request: RequestId::new(number, 0),
            command: single.unwrap_or(Command::Noop),
            attempt: 0,
            waiting: false,
            target: NodeId::new(1),
            token: 0,
            asked: Time::ZERO,
            patience: None,
            wake_at: None,
            attempts,
            single,
            began: (Time::ZERO, NodeId::new(1)),
            queue: VecDeque::new(),
        }
    }

    /// Draws from another stream from now on.
    pub fn reseed(&mut self, rng: Rng) {
        self.rng = rng;
    }

    /// Begins an operation: what, and of whom among so many nodes. Always three words.
    pub fn begin(&mut self, options: &Clients, nodes: u8) {
        let command = draw_command(&mut self.rng, options.mix, options.keys);
        let word = self.rng.word();
        let opens = options.sessions.is_some() && self.request.session == Index::ZERO;
        self.command = match self.single {
            _ if opens => Command::Register,
            Some(single) => single,
            None => command,
        };
        let is_first = self.request.serial == 0;
        match &options.ask {
            Ask::Nodes(bound) if is_first => {
                self.target = bound[scale(word, bound.len() as u64) as usize];
            }
            Ask::Nodes(_) => {}
            Ask::SameNode if !is_first => {}
            _ => self.target = NodeId::new(1 + scale(word, u64::from(nodes)) as u8),
        }
        self.request.serial += 1;
        self.attempt = 1;
        self.waiting = true;
    }

    /// Tries again, of whom it was told to ask, or of the next; if it is bound, of the next of those nodes. Servers that were removed may
    /// name each other for ever, so in every third round it goes round whatever it is told.
    pub fn retry(&mut self, ask: &Ask, hint: Option<NodeId>, nodes: u8) {
        if let Ask::Nodes(bound) = ask {
            let place = bound.iter().position(|node| *node == self.target);
            self.attempt += 1;
            self.target = bound[place.map_or(0, |place| place + 1) % bound.len()];
            return;
        }
        let listens = self.attempt / u32::from(nodes) % 3 != 2;
        self.attempt += 1;
        let next = NodeId::at(usize::from(self.target.number() % nodes));
        self.target = hint.filter(|_| listens).unwrap_or(next);
    }

    /// How long a message to or from a node takes; none if it is lost. Always one word.
    pub fn way(&mut self, (takes, lost): (Latency, Share)) -> Option<Span> {
        let (latency, loss) = self.rng.halves();
        (!lost.hit(loss)).then(|| sample(&takes, latency))
    }

    /// How long it thinks. Always one word.
    pub fn think(&mut self, options: &Clients) -> Span {
        sample(&options.think, self.rng.halves().0)
    }

    /// A token that makes every earlier wake-up out of date.
    pub fn new_token(&mut self) -> u32 {
        self.token += 1;
        self.token
    }

    /// Whether it begins another operation at this time.
    pub fn goes_on(&self, options: &Clients, now: Time) -> bool {
        let stopped = options.stop.is_some_and(|stop| now >= Time::ZERO.plus(stop));
        self.single.is_none() && !stopped
    }
}

fn draw_command(rng: &mut Rng, mix: Mix, keys: u32) -> Command {
    let kind = rng.below(mix.total().max(1));
    let (key, value) = rng.halves();
    let key = ((u64::from(key) * u64::from(keys)) >> 32) as u32;
    let value = value % 1_000;
    let bounds = [mix.get, mix.put, mix.delete, mix.compare_and_set];
    let mut upto = 0;
    let place = bounds.iter().position(|weight| {
        upto += u64::from(*weight);
        kind < upto
    });
    match place {
        Some(0) => Command::Get { key },
        Some(1) => Command::Put { key, value },
        Some(2) => Command::Delete { key },
        // Small values, so that some comparisons hold.
        Some(_) => Command::CompareAndSet { key, expected: value % 8, value: value / 8 % 8 },
        None => Command::Append { key, value },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn the_mix_is_as_asked() {
        let mut rng = Rng::new(1, Stream::Client(1));
        let mix = Mix { get: 1, put: 2, delete: 0, compare_and_set: 0, append: 1 };
        let commands: Vec<Command> = (0..4_000).map(|_| draw_command(&mut rng, mix, 4)).collect();
        let count =
            |of: fn(&Command) -> bool| commands.iter().filter(|command| of(command)).count();
        assert!((900..1_100).contains(&count(|command| matches!(command, Command::Get { .. }))));
        assert!((1_850..2_150).contains(&count(|command| matches!(command, Command::Put { .. }))));
        assert_eq!(count(|command| matches!(command, Command::Delete { .. })), 0);
        assert_eq!(count(|command| matches!(command, Command::CompareAndSet { .. })), 0);
    }

    #[test]
    fn a_retry_goes_round_or_where_it_is_told() {
        let mut client = Client::new(1, Rng::new(1, Stream::Client(1)), 3, None);
        client.target = NodeId::new(3);
        client.retry(&Ask::AnyNode, None, 3);
        assert_eq!(client.target, NodeId::new(1));
        client.retry(&Ask::AnyNode, Some(NodeId::new(3)), 3);
        assert_eq!(client.target, NodeId::new(3));
    }

    #[test]
    fn who_is_bound_asks_its_nodes_in_turn_whatever_it_is_told() {
        let mut client = Client::new(1, Rng::new(1, Stream::Client(1)), 3, None);
        let bound = Ask::Nodes([4, 2].map(NodeId::new).into());
        let options = Clients { ask: bound.clone(), ..Clients::default() };
        client.begin(&options, 5);
        let first = client.target.number();
        let mut asked = vec![first];
        for _ in 0..3 {
            client.retry(&bound, Some(NodeId::new(1)), 5);
            asked.push(client.target.number());
        }
        let other = 6 - first;
        assert_eq!(asked, [first, other, first, other]);
        client.begin(&options, 5);
        assert_eq!(client.target.number(), other, "it stays with the one that answered");
    }

    #[test]
    fn who_is_sent_to_and_fro_asks_everyone_in_the_end() {
        let mut client = Client::new(1, Rng::new(1, Stream::Client(1)), 3, None);
        let mut asked = Vec::new();
        for _ in 0..9 {
            let other = NodeId::new(if client.target == NodeId::new(1) { 2 } else { 1 });
            client.retry(&Ask::AnyNode, Some(other), 3);
            asked.push(client.target.number());
        }
        assert_eq!(asked.iter().filter(|node| **node == 3).count(), 1, "{asked:?}");
    }
}
