//! The network: directed links that delay, lose, duplicate, reorder, and are cut.

use crate::ids::{NodeId, NodeSet};
use crate::plan::{LinkException, LinkOptions, Pin};
use crate::rng::{Rng, Stream};
use crate::time::{Span, Time};
use crate::world::latency::sample;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Cut,
    Lost,
    /// It arrives, maybe twice.
    Arrives(Time, Option<Time>),
}

#[derive(Debug)]
struct Link {
    base: LinkOptions,
    now: LinkOptions,
    rng: Rng,
    /// How many partitions cut it at this time.
    cuts: u32,
    /// When the last message of a FIFO link arrives.
    last_arrival: Time,
    /// When the last message has left a link of limited bandwidth.
    free_at: Time,
    sent: u64,
    /// Messages whose fate is fixed by their number, the next one last.
    numbered: Vec<Pin>,
    /// Messages whose fate is fixed by their time, the next one last.
    timed: Vec<Pin>,
}

#[derive(Debug)]
pub struct Network {
    nodes: usize,
    links: Vec<Link>,
    /// Changes of weather that are in force, in the order in which they came.
    link_changes: Vec<(u32, NodeSet, NodeSet, LinkException)>,
}

impl Network {
    /// A network of `nodes` whose links are as `options` says.
    pub fn new(
        seed: u64,
        nodes: u8,
        pins: &[Pin],
        options: impl Fn(NodeId, NodeId) -> LinkOptions,
    ) -> Network {
        let ids = || (1..=nodes).map(NodeId::new);
        let links = ids()
            .flat_map(|from| ids().map(move |to| (from, to)))
            .map(|(from, to)| {
                let base = options(from, to);
                Link {
                    now: base.clone(),
                    base,
                    rng: Rng::new(seed, Stream::Link(from, to)),
                    cuts: 0,
                    last_arrival: Time::ZERO,
                    free_at: Time::ZERO,
                    sent: 0,
                    numbered: Vec::new(),
                    timed: Vec::new(),
                }
            })
            .collect();
        let mut network = Network { nodes: usize::from(nodes), links, link_changes: Vec::new() };
        let mut pins = pins.to_vec();
        // Of two with the same time, the first in the plan is for the first message.
        pins.sort_by_key(|pin| (pin.message, pin.sent));
        for pin in pins.into_iter().rev() {
            let link = network.link(pin.link[0], pin.link[1]);
            let list = if pin.message.is_some() { &mut link.numbered } else { &mut link.timed };
            list.push(pin);
        }
        network
    }

    /// Every link draws from the stream of another seed from now on.
    pub fn reseed(&mut self, seed: u64) {
        let nodes = self.nodes;
        for (place, link) in self.links.iter_mut().enumerate() {
            let (from, to) = (NodeId::at(place / nodes), NodeId::at(place % nodes));
            link.rng = Rng::new(seed, Stream::Link(from, to));
        }
    }

    fn link(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        &mut self.links[from.slot() * self.nodes + to.slot()]
    }

    /// Decides what becomes of a message of so many bytes. Always two words.
    pub fn send(&mut self, from: NodeId, to: NodeId, now: Time, bytes: u64) -> Fate {
        let link = self.link(from, to);
        let (loss, duplicate) = link.rng.halves();
        let (latency, second_latency) = link.rng.halves();
        link.sent += 1;
        let sent = link.sent;
        let mut pin = link.numbered.pop_if(|pin| pin.message == Some(sent));
        if link.cuts > 0 {
            return Fate::Cut;
        }
        let is_due = |pin: &mut Pin| pin.sent.is_some_and(|sent| Time::ZERO.plus(sent) <= now);
        pin = pin.or_else(|| link.timed.pop_if(is_due));
        if let Some(pin) = pin {
            return match pin.arrives[..] {
                [] => Fate::Lost,
                [first, ref second @ ..] => {
                    Fate::Arrives(now.plus(first), second.first().map(|second| now.plus(*second)))
                }
            };
        }
        let sent = link.transmit(now, bytes);
        if link.now.loss.hit(loss) {
            return Fate::Lost;
        }
        let arrival = link.arrival(sent, latency);
        let second = link.now.duplicate.hit(duplicate).then(|| link.arrival(sent, second_latency));
        Fate::Arrives(arrival, second)
    }

    #[inline(always)]
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.links[from.slot() * self.nodes + to.slot()].cuts > 0
    }

    pub fn cut(&mut self, from: NodeId, to: NodeId) {
        self.link(from, to).cuts += 1;
    }

    pub fn heal(&mut self, from: NodeId, to: NodeId) {
        let link = self.link(from, to);
        debug_assert!(link.cuts > 0, "what is mended was cut");
        link.cuts -= 1;
    }

    /// From now on links lose and double nothing, have room for everything, and take no longer than this. No fate is fixed any more.
    pub fn recover(&mut self, longest: Span) {
        for link in &mut self.links {
            link.base = LinkOptions {
                latency: link.base.latency.at_most(longest),
                fifo: link.base.fifo,
                ..LinkOptions::default()
            };
            link.last_arrival = Time::ZERO;
            link.numbered.clear();
            link.timed.clear();
        }
        self.link_changes.clear();
        self.recompute();
    }

    /// Lays a change over the links from some nodes to some. One that lies there already comes to lie on top: it takes no room twice,
    /// however often it comes.
    pub fn add_link_change(&mut self, id: u32, from: NodeSet, to: NodeSet, change: LinkException) {
        self.link_changes.retain(|(other, senders, receivers, _)| {
            (*other, *senders, *receivers) != (id, from, to)
        });
        for (sender, receiver) in pairs(from, to) {
            let link = self.link(sender, receiver);
            link.now = change.over(&link.now);
        }
        self.link_changes.push((id, from, to, change));
    }

    /// Takes a change back; those that came before and after stay.
    pub fn remove_link_change(&mut self, id: u32) {
        self.link_changes.retain(|(other, ..)| *other != id);
        self.recompute();
    }

    fn recompute(&mut self) {
        for (place, link) in self.links.iter_mut().enumerate() {
            let (from, to) = (NodeId::at(place / self.nodes), NodeId::at(place % self.nodes));
            link.now = link.base.clone();
            for (_, senders, receivers, change) in &self.link_changes {
                if senders.contains(from) && receivers.contains(to) {
                    link.now = change.over(&link.now);
                }
            }
        }
    }
}

/// The links from some nodes to some.
fn pairs(from: NodeSet, to: NodeSet) -> impl Iterator<Item = (NodeId, NodeId)> {
    from.iter().flat_map(move |sender| to.iter().map(move |receiver| (sender, receiver)))
}

impl Link {
    /// When the last byte has left the sender.
    fn transmit(&mut self, now: Time, bytes: u64) -> Time {
        let Some(bandwidth) = self.now.bandwidth else { return now };
        let takes = u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth.max(1));
        let takes = Span(u64::try_from(takes).unwrap_or(u64::MAX));
        self.free_at = self.free_at.max(now).plus(takes);
        self.free_at
    }

    fn arrival(&mut self, sent: Time, word: u32) -> Time {
        let mut arrival = sent.plus(sample(&self.now.latency, word));
        if self.now.fifo {
            arrival = arrival.max(self.last_arrival);
            self.last_arrival = arrival;
        }
        arrival
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Latency;
    use crate::time::Share;

    const ONE: NodeId = NodeId::new(1);
    const TWO: NodeId = NodeId::new(2);

    fn network(options: LinkOptions) -> Network {
        Network::new(1, 2, &[], |_, _| options.clone())
    }

    fn slow() -> LinkOptions {
        let latency = Latency::Uniform(Span::millis(1), Span::millis(9));
        LinkOptions { latency, ..LinkOptions::default() }
    }

    #[test]
    fn messages_overtake_each_other_but_not_on_a_fifo_link() {
        let arrivals = |options| {
            let mut network = network(options);
            (0..100)
                .map(|sent| match network.send(ONE, TWO, Time(sent * 1_000), 64) {
                    Fate::Arrives(time, None) => time,
                    fate => panic!("{fate:?}"),
                })
                .collect::<Vec<Time>>()
        };
        assert!(!arrivals(slow()).is_sorted());
        assert!(arrivals(LinkOptions { fifo: true, ..slow() }).is_sorted());
    }

    #[test]
    fn loss_and_duplication_come_as_often_as_they_say() {
        let options = LinkOptions {
            loss: Share::percent(10),
            duplicate: Share::percent(20),
            ..LinkOptions::default()
        };
        let mut network = network(options);
        let fates: Vec<Fate> =
            (0..10_000).map(|_| network.send(ONE, TWO, Time::ZERO, 64)).collect();
        let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count();
        let twice = fates.iter().filter(|fate| matches!(fate, Fate::Arrives(_, Some(_)))).count();
        assert!((900..1_100).contains(&lost), "{lost}");
        assert!((1_650..1_950).contains(&twice), "{twice}");
    }

    #[test]
    fn bandwidth_makes_messages_queue() {
        let options = LinkOptions {
            latency: Latency::Constant(Span::ZERO),
            bandwidth: Some(1_000),
            ..LinkOptions::default()
        };
        let mut network = network(options);
        let arrivals = [(); 3].map(|()| network.send(ONE, TWO, Time::ZERO, 500));
        let at = |millis| Fate::Arrives(Time::ZERO.plus(Span::millis(millis)), None);
        assert_eq!(arrivals, [at(500), at(1_000), at(1_500)]);
    }

    #[test]
    fn a_fault_elsewhere_does_not_reshuffle_a_link() {
        let (mut calm, mut stormy) = (network(slow()), network(slow()));
        stormy.cut(TWO, ONE);
        stormy.send(TWO, ONE, Time::ZERO, 64);
        stormy.cut(ONE, TWO);
        assert_eq!(stormy.send(ONE, TWO, Time::ZERO, 64), Fate::Cut);
        stormy.heal(ONE, TWO);
        calm.send(ONE, TWO, Time::ZERO, 64);
        assert_eq!(calm.send(ONE, TWO, Time(9), 64), stormy.send(ONE, TWO, Time(9), 64));
    }

    #[test]
    fn a_pin_decides_for_one_message_and_leaves_the_others_as_they_were() {
        let arrives = |spans: &[u64]| spans.iter().map(|millis| Span::millis(*millis)).collect();
        let pin = |message, spans| Pin {
            link: [ONE, TWO],
            message: Some(message),
            sent: None,
            arrives: arrives(spans),
        };
        let pins = [pin(4, &[2, 30]), pin(2, &[])];
        let mut pinned = Network::new(1, 2, &pins, |_, _| slow());
        let mut free = network(slow());
        let fates =
            |network: &mut Network| [(); 5].map(|()| network.send(ONE, TWO, Time::ZERO, 64));
        let (pinned, free) = (fates(&mut pinned), fates(&mut free));
        let at = |millis| Time::ZERO.plus(Span::millis(millis));
        assert_eq!((pinned[1], pinned[3]), (Fate::Lost, Fate::Arrives(at(2), Some(at(30)))));
        assert_eq!([pinned[0], pinned[2], pinned[4]], [free[0], free[2], free[4]]);
    }

    #[test]
    fn link_changes_pass() {
        let mut network = network(slow());
        let all = NodeSet::first(2);
        let rain = LinkException { loss: Some(Share::ALWAYS), ..LinkException::default() };
        network.add_link_change(7, NodeSet::only(ONE), all, rain);
        assert_eq!(network.send(ONE, TWO, Time::ZERO, 64), Fate::Lost);
        assert!(matches!(network.send(TWO, ONE, Time::ZERO, 64), Fate::Arrives(..)));
        network.remove_link_change(7);
        assert!(matches!(network.send(ONE, TWO, Time::ZERO, 64), Fate::Arrives(..)));
    }
}
