//! The network: directed links that delay, lose, duplicate, reorder, and are cut.

use crate::ids::{NodeId, NodeSet};
use crate::message::Summary;
use crate::plan::{Latency, LinkException, LinkOptions, Pin};
use crate::rng::{Rng, Stream, mix};
use crate::time::{Share, Span, Time};
use crate::world::latency::sample;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Cut,
    Lost,
    /// It arrives, maybe twice.
    Arrives(Time, Option<Time>),
    /// It arrives at another node than the one to which it is addressed.
    Astray(Time, NodeId),
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
    /// What is in force for some of the messages only, in the order in which it came.
    partial: Vec<Partial>,
    /// The pins that no message had come for when faults were over.
    unused: Vec<Pin>,
}

/// What is in force for some of the messages from some nodes to some.
#[derive(Debug)]
struct Partial {
    id: u32,
    from: NodeSet,
    to: NodeSet,
    /// Which messages, and what changes for them.
    change: LinkException,
    /// Whether they are lost to a cut.
    cuts: bool,
}

impl Partial {
    fn picks(&self, from: NodeId, to: NodeId, message: &Summary) -> bool {
        let here = self.from.contains(from) && self.to.contains(to);
        here && self.change.selection().picks(message)
    }
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
        let mut network = Network {
            nodes: usize::from(nodes),
            links,
            link_changes: Vec::new(),
            partial: Vec::new(),
            unused: Vec::new(),
        };
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

    /// Decides what becomes of a message. Always two words.
    pub fn send(&mut self, from: NodeId, to: NodeId, now: Time, message: &Summary) -> Fate {
        let (cut, own) = self.special(from, to, message);
        let nodes = self.nodes;
        let link = self.link(from, to);
        let (loss, duplicate) = link.rng.halves();
        let (latency, second_latency) = link.rng.halves();
        link.sent += 1;
        let sent = link.sent;
        let mut pin = link.numbered.pop_if(|pin| pin.message == Some(sent));
        if link.cuts > 0 || cut {
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
        let sent = link.transmit(now, message.bytes());
        let options = own.as_ref().unwrap_or(&link.now);
        let (takes, lost, doubled) = (options.latency, options.loss, options.duplicate);
        if lost.hit(loss) {
            return Fate::Lost;
        }
        if link.now.misdeliver > Share::NEVER && nodes > 2 {
            // Of the same words, so that all else stays as it is.
            let word = mix(u64::from(loss) << 32 | u64::from(duplicate));
            if link.now.misdeliver.hit(word as u32) {
                let strays_to = other_than(from, to, nodes, word >> 32);
                return Fate::Astray(sent.plus(sample(&takes, latency)), strays_to);
            }
        }
        let arrival = link.arrival(sent, &takes, latency);
        let second = doubled.hit(duplicate).then(|| link.arrival(sent, &takes, second_latency));
        Fate::Arrives(arrival, second)
    }

    /// Whether this message is lost to a cut of some messages, and what its link is like for it, where that is not what it is for all.
    #[inline(always)]
    fn special(&self, from: NodeId, to: NodeId, message: &Summary) -> (bool, Option<LinkOptions>) {
        if self.partial.is_empty() {
            return (false, None);
        }
        let (mut cut, mut own) = (false, None::<LinkOptions>);
        for partial in self.partial.iter().filter(|partial| partial.picks(from, to, message)) {
            cut |= partial.cuts;
            let now = || &self.links[from.slot() * self.nodes + to.slot()].now;
            own = Some(partial.change.over(own.as_ref().unwrap_or_else(now)));
        }
        (cut, own)
    }

    /// Whether a message is lost to a cut at this time.
    #[inline(always)]
    pub fn swallows(&self, from: NodeId, to: NodeId, message: &Summary) -> bool {
        let cuts = |it: &Partial| it.cuts && it.picks(from, to, message);
        self.is_cut(from, to) || !self.partial.is_empty() && self.partial.iter().any(cuts)
    }

    /// Cuts some of the messages, as `change` selects them, until [`Network::heal_some`].
    pub fn cut_some(&mut self, id: u32, from: NodeSet, to: NodeSet, change: LinkException) {
        self.partial.push(Partial { id, from, to, change, cuts: true });
    }

    /// Takes a cut of some messages back.
    pub fn heal_some(&mut self, id: u32) {
        self.partial.retain(|partial| !(partial.cuts && partial.id == id));
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
            self.unused.append(&mut link.numbered);
            self.unused.append(&mut link.timed);
        }
        self.link_changes.clear();
        self.partial.clear();
        self.recompute();
    }

    /// The pins that no message has come for.
    pub fn unused_pins(&self) -> impl Iterator<Item = &Pin> {
        let links = self.links.iter().flat_map(|link| link.numbered.iter().chain(&link.timed));
        links.chain(&self.unused)
    }

    /// Lays a change over the links from some nodes to some. One that lies there already comes to lie on top: it takes no room twice,
    /// however often it comes.
    pub fn add_link_change(&mut self, id: u32, from: NodeSet, to: NodeSet, change: LinkException) {
        if !change.selection().is_all() {
            self.partial.retain(|it| it.cuts || (it.id, it.from, it.to) != (id, from, to));
            return self.partial.push(Partial { id, from, to, change, cuts: false });
        }
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
        self.partial.retain(|partial| partial.cuts || partial.id != id);
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

/// A node that is neither of two, by a word of 32 bits.
fn other_than(one: NodeId, two: NodeId, nodes: usize, word: u64) -> NodeId {
    debug_assert!(nodes > 2 && one != two);
    let (low, high) = (one.slot().min(two.slot()), one.slot().max(two.slot()));
    let place = ((word * (nodes as u64 - 2)) >> 32) as usize;
    let place = place + usize::from(place >= low);
    NodeId::at(place + usize::from(place >= high))
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

    fn arrival(&mut self, sent: Time, takes: &Latency, word: u32) -> Time {
        let mut arrival = sent.plus(sample(takes, word));
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
    use crate::ids::Term;
    use crate::message::Label;

    const ONE: NodeId = NodeId::new(1);
    const TWO: NodeId = NodeId::new(2);

    fn network(options: LinkOptions) -> Network {
        Network::new(1, 2, &[], |_, _| options.clone())
    }

    /// A message that takes so many bytes.
    fn bytes(all: u32) -> Summary {
        let name = Label::new("gossip");
        Summary::Other { name, term: Term(1), bytes: all - 64, reply: false }
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
                .map(|sent| match network.send(ONE, TWO, Time(sent * 1_000), &bytes(64)) {
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
            (0..10_000).map(|_| network.send(ONE, TWO, Time::ZERO, &bytes(64))).collect();
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
        let arrivals = [(); 3].map(|()| network.send(ONE, TWO, Time::ZERO, &bytes(500)));
        let at = |millis| Fate::Arrives(Time::ZERO.plus(Span::millis(millis)), None);
        assert_eq!(arrivals, [at(500), at(1_000), at(1_500)]);
    }

    #[test]
    fn a_fault_elsewhere_does_not_reshuffle_a_link() {
        let (mut calm, mut stormy) = (network(slow()), network(slow()));
        stormy.cut(TWO, ONE);
        stormy.send(TWO, ONE, Time::ZERO, &bytes(64));
        stormy.cut(ONE, TWO);
        assert_eq!(stormy.send(ONE, TWO, Time::ZERO, &bytes(64)), Fate::Cut);
        stormy.heal(ONE, TWO);
        calm.send(ONE, TWO, Time::ZERO, &bytes(64));
        assert_eq!(
            calm.send(ONE, TWO, Time(9), &bytes(64)),
            stormy.send(ONE, TWO, Time(9), &bytes(64))
        );
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
        let fates = |network: &mut Network| {
            [(); 5].map(|()| network.send(ONE, TWO, Time::ZERO, &bytes(64)))
        };
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
        assert_eq!(network.send(ONE, TWO, Time::ZERO, &bytes(64)), Fate::Lost);
        assert!(matches!(network.send(TWO, ONE, Time::ZERO, &bytes(64)), Fate::Arrives(..)));
        network.remove_link_change(7);
        assert!(matches!(network.send(ONE, TWO, Time::ZERO, &bytes(64)), Fate::Arrives(..)));
    }

    #[test]
    fn some_messages_are_cut_or_lost_and_others_are_not() {
        let mut network = network(slow());
        let (one, two) = (NodeSet::only(ONE), NodeSet::only(TWO));
        let large = LinkException { larger_than: Some(100), ..LinkException::default() };
        network.cut_some(7, one, two, large.clone());
        assert!(network.swallows(ONE, TWO, &bytes(101)) && !network.swallows(ONE, TWO, &bytes(99)));
        assert_eq!(network.send(ONE, TWO, Time::ZERO, &bytes(101)), Fate::Cut);
        assert!(matches!(network.send(ONE, TWO, Time::ZERO, &bytes(100)), Fate::Arrives(..)));
        assert!(matches!(network.send(TWO, ONE, Time::ZERO, &bytes(101)), Fate::Arrives(..)));
        network.heal_some(7);
        network.add_link_change(8, one, two, LinkException { loss: Some(Share::ALWAYS), ..large });
        assert_eq!(network.send(ONE, TWO, Time::ZERO, &bytes(101)), Fate::Lost);
        assert!(matches!(network.send(ONE, TWO, Time::ZERO, &bytes(100)), Fate::Arrives(..)));
        network.remove_link_change(8);
        assert!(matches!(network.send(ONE, TWO, Time::ZERO, &bytes(101)), Fate::Arrives(..)));
    }

    #[test]
    fn what_goes_astray_arrives_at_a_third_node() {
        let options = LinkOptions { misdeliver: Share::percent(20), ..LinkOptions::default() };
        let mut network = Network::new(1, 5, &[], |_, _| options.clone());
        let mut seen = [0; 6];
        for _ in 0..10_000 {
            if let Fate::Astray(_, node) = network.send(TWO, ONE, Time::ZERO, &bytes(64)) {
                seen[usize::from(node.number())] += 1;
            }
        }
        assert_eq!(seen[..3], [0; 3], "{seen:?}");
        assert!(seen[3..].iter().all(|count| (550..800).contains(count)), "{seen:?}");
    }
}
