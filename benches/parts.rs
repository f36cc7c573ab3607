//! The parts that every event goes through: the queue, the network's draw, the digest, and the oracles on one appended entry.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

use squall::ids::{Index, NodeId, Term, WriteId};
use squall::message::Summary;
use squall::oracle::Oracles;
use squall::plan::LinkOptions;
use squall::property::Property;
use squall::record::{Kind, Record};
use squall::rng::{Rng, Stream};
use squall::time::{Span, Time};
use squall::trace::digest::Digester;
use squall::world::network::Network;
use squall::world::queue::Queue;

/// A queue as long as that of a busy five-node cluster.
fn queue(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue");
    group.throughput(Throughput::Elements(1));
    group.bench_function("push and pop, 200 waiting", |bencher| {
        let mut queue = Queue::default();
        let mut rng = Rng::new(1, Stream::Client(1));
        (0..200).for_each(|_| queue.push(Time(rng.below(1_000)), [0_u64; 12]));
        bencher.iter(|| {
            let (now, event) = queue.pop_until(Time::MAX).expect("200 wait");
            queue.push(now.plus(Span(rng.below(1_000))), black_box(event));
        });
    });
    group.finish();
}

fn network(criterion: &mut Criterion) {
    let mut network = Network::new(1, 5, &[], |_, _| LinkOptions::default());
    let (one, two) = (NodeId::new(1), NodeId::new(2));
    criterion.bench_function("network/send", |bencher| {
        let message = Summary::TimeoutNow { term: Term(1) };
        bencher.iter(|| network.send(one, two, Time::ZERO, black_box(&message)));
    });
}

fn append(number: u64, node: u8, index: u64) -> Record {
    Record {
        number,
        event: number,
        time: Time(number),
        node: Some(NodeId::new(node)),
        kind: Kind::Append {
            write: WriteId(index),
            index: Index(index),
            term: Term(1 + index / 1_000),
            content: index,
        },
    }
}

fn digest(criterion: &mut Criterion) {
    let mut digester = Digester::default();
    let record = append(1, 1, 1);
    criterion.bench_function("digest/append record", |bencher| {
        bencher.iter(|| digester.add(black_box(&record)));
    });
}

/// Five nodes append the same entries, one after the other, and make them durable.
fn oracles(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("oracles");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one appended and durable entry", |bencher| {
        let mut oracles = Oracles::new(5, &Property::ALL, None);
        let (mut number, mut index, mut node) = (0, 1, 0);
        bencher.iter(|| {
            number += 1;
            node += 1;
            if node > 5 {
                (node, index) = (1, index + 1);
            }
            let record = append(number, node, index);
            let durable =
                Record { kind: Kind::Durable { write: WriteId(index), lie: false }, ..record };
            black_box(oracles.observe(&record));
            black_box(oracles.observe(&durable));
        });
    });
    group.finish();
}

criterion_group!(benches, queue, network, digest, oracles);
criterion_main!(benches);
