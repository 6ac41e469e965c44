//! The operations: how each side runs one, and how often in one measurement.

use crate::{bare, ours, recorded, rig};

/// Which side of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Plain tokio, `governor`, or nothing at all.
    Bare = 0,
    /// A supervised process, or another part of the crate.
    Ours = 1,
}

/// One operation. `count` is the number of operations in one measurement, for restarts that of crashes.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) op: &'static str,
    pub(crate) count: usize,
    pub(crate) smoke: usize,
    bare: fn(usize) -> f64,
    ours: fn(usize) -> f64,
}

impl Row {
    /// Runs one measurement and returns the cost of one operation.
    pub(crate) fn run(&self, side: Side, count: usize) -> f64 {
        match side {
            Side::Bare => (self.bare)(count),
            Side::Ours => (self.ours)(count),
        }
    }
}

/// Writes one row: both sides are functions of the same name with the same arguments.
macro_rules! row {
    ($op:ident, $count:expr, $smoke:expr, $module:ident::$run:ident($($argument:expr),*)) => {
        Row {
            op: stringify!($op),
            count: $count,
            smoke: $smoke,
            bare: |count| rig::on_fresh_runtime(bare::$module::$run($($argument,)* count)),
            ours: |count| rig::on_fresh_runtime(ours::$module::$run($($argument,)* count)),
        }
    };
}

/// Writes one row that compares ours without a recorder of metrics and with one.
macro_rules! recorded {
    ($op:ident, $count:expr, $smoke:expr, $module:ident::$run:ident($($argument:expr),*)) => {
        Row {
            op: stringify!($op),
            count: $count,
            smoke: $smoke,
            bare: |count| rig::on_fresh_runtime(ours::$module::$run($($argument,)* count)),
            ours: |count| recorded::on_recording_runtime(ours::$module::$run($($argument,)* count)),
        }
    };
}

pub(crate) const ROWS: [Row; 29] = [
    row!(tell1_bounded, 200_000, 200, mail::tell(1)),
    row!(tell4_bounded, 200_000, 200, mail::tell(4)),
    row!(call_seq, 50_000, 50, mail::call(1)),
    row!(call_64, 100_000, 128, mail::call(64)),
    row!(pingpong, 40_000, 40, relay::pingpong()),
    row!(ring_hop, 100_000, 1_200, relay::ring()),
    row!(fanout_10k, 20, 2, relay::fanout(10_000)),
    row!(spawn_stop, 10_000, 100, life::spawn_stop()),
    row!(start_child_64, 10_000, 100, life::start_child()),
    row!(bytes_idle, 10_000, 100, life::bytes_idle()),
    row!(monitor_pair, 200_000, 100, life::monitor_pair()),
    row!(restart_1, 400, 3, restart::one_for_one(1)),
    row!(restart_10k, 400, 3, restart::one_for_one(10_000)),
    row!(rest_for_one_100, 40, 2, restart::rest_for_one(100)),
    row!(send_accepted, 200_000, 200, delivery::accepted()),
    row!(send_handled, 50_000, 50, delivery::handled()),
    row!(broadcast_best_effort_10k, 20, 2, delivery::best_effort(10_000)),
    row!(broadcast_all_or_nothing_10k, 20, 2, delivery::all_or_nothing(10_000)),
    recorded!(tell1_recorded, 200_000, 200, mail::tell(1)),
    recorded!(task_recorded, 20_000, 20, recorded::tasks()),
    row!(monitor_down_100k, 100_000, 100, watch::monitor_down()),
    row!(registry_lookup, 100_000, 100, watch::registry_lookup()),
    row!(rate_direct, 400_000, 100, limits::direct(1)),
    row!(rate_keyed_100k, 400_000, 100, limits::keyed(1)),
    row!(rate_direct_2, 400_000, 100, limits::direct(2)),
    row!(rate_keyed_100k_2, 400_000, 100, limits::keyed(2)),
    row!(rate_sliding, 400_000, 100, limits::sliding(1)),
    row!(rate_sliding_2, 400_000, 100, limits::sliding(2)),
    row!(breaker_closed, 1_000_000, 100, limits::breaker_closed()),
];
