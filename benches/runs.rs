//! Whole runs: three, five and seven nodes, idle, loaded and in a storm, with every oracle on.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use squall::plan::standard::{self, Load};
use squall::sim::run;
use squall::time::Span;

fn runs(criterion: &mut Criterion) {
    for load in Load::ALL {
        let mut group = criterion.benchmark_group(load.name());
        for nodes in [3, 5, 7] {
            let mut plan = standard::plan(load, nodes);
            plan.horizon = plan.horizon.min(Span::secs(20));
            plan.faults.retain(
                |fault| !matches!(fault.when, squall::plan::When::At(at) if at > Span::secs(20)),
            );
            group.throughput(Throughput::Elements(run(&plan).counters.events));
            group.sample_size(10);
            group.bench_function(format!("{nodes} nodes"), |bencher| bencher.iter(|| run(&plan)));
        }
        group.finish();
    }
}

criterion_group!(benches, runs);
criterion_main!(benches);
