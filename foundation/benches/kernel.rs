//! The operations of the `ratios` bench for readers of criterion: its plots, its history, its statistics.
//!
//! Both sides are the functions that `ratios` measures. `bytes_idle` is no time and is left out. criterion measures one side after
//! the other, so load that comes and goes does not hit both alike: for a ratio to judge by, use `cargo xtask bench ratios`.
//!
//! ```text
//! cargo bench -p foundation --bench kernel [-- FILTER]
//! cargo bench -p foundation --bench kernel -- --test      every operation once, with tiny numbers
//! ```

#[path = "ratios/bare/mod.rs"]
mod bare;
#[path = "ratios/heap.rs"]
mod heap;
#[path = "ratios/ours/mod.rs"]
mod ours;
#[path = "ratios/recorded.rs"]
mod recorded;
#[path = "ratios/rig.rs"]
mod rig;
#[path = "ratios/rows.rs"]
mod rows;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

use rows::{ROWS, Row, Side};

#[global_allocator]
static HEAP: heap::CountingHeap = heap::CountingHeap::new();

/// Runs as many operations as criterion asks for, within what the row is made for, and tells it the time of all.
fn time(row: &Row, side: Side, iterations: u64) -> Duration {
    let count = usize::try_from(iterations).unwrap_or(usize::MAX).clamp(row.smoke, row.count);
    let ns_each = row.run(side, count);
    #[expect(clippy::cast_precision_loss, reason = "iterations are far below 2^52")]
    let all = ns_each * iterations as f64;
    Duration::from_secs_f64(all / 1e9)
}

fn kernel(criterion: &mut Criterion) {
    // Printing a panic costs more than a restart.
    std::panic::set_hook(Box::new(|_panic| {}));
    for row in ROWS.iter().filter(|row| row.op != "bytes_idle") {
        let mut group = criterion.benchmark_group(row.op);
        group.sample_size(10);
        for (name, side) in [("bare", Side::Bare), ("ours", Side::Ours)] {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|iterations| time(row, side, iterations));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, kernel);
criterion_main!(benches);
