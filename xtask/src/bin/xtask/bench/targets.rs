//! The operations and what each may cost: the table of section 9 of the architecture, as far as the kernel goes, one more way to
//! start a process, limiters beside those of `governor`, and a breaker beside a bare call; and the lint
//! beside plain clippy.

/// The most that an operation may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// So many times what the base takes in the same round.
    Ratio(f64),
    /// So many nanoseconds more than the base takes in the same round.
    Over(f64),
    /// So many bytes, whatever the base needs.
    Bytes(f64),
    /// So many nanoseconds, whatever the base takes.
    Time(f64),
}

const ALL: [(&str, Target); 31] = [
    ("tell1_bounded", Target::Ratio(0.3)),
    ("tell4_bounded", Target::Ratio(0.5)),
    ("call_seq", Target::Ratio(0.9)),
    ("call_64", Target::Ratio(1.0)),
    ("pingpong", Target::Ratio(1.0)),
    ("ring_hop", Target::Ratio(0.6)),
    ("fanout_10k", Target::Ratio(0.5)),
    ("spawn_stop", Target::Ratio(0.8)),
    ("start_child_64", Target::Ratio(1.0)),
    ("bytes_idle", Target::Bytes(800.0)),
    ("monitor_pair", Target::Ratio(0.9)),
    ("restart_1", Target::Ratio(1.0)),
    ("restart_10k", Target::Ratio(1.0)),
    ("rest_for_one_100", Target::Ratio(0.7)),
    ("send_accepted", Target::Ratio(1.1)),
    ("send_handled", Target::Ratio(1.1)),
    ("broadcast_best_effort_10k", Target::Ratio(1.0)),
    ("broadcast_all_or_nothing_10k", Target::Ratio(2.0)),
    // Beside ours without a recorder. A message is not counted on its way, so this is the noise of the machine.
    ("tell1_recorded", Target::Ratio(1.2)),
    // Four metrics a task, each a look-up under a lock of the recorder.
    ("task_recorded", Target::Ratio(1.5)),
    ("monitor_down_100k", Target::Ratio(1.0)),
    ("registry_lookup", Target::Ratio(1.0)),
    ("rate_direct", Target::Ratio(1.0)),
    ("rate_keyed_100k", Target::Ratio(1.0)),
    ("rate_direct_2", Target::Ratio(1.0)),
    ("rate_keyed_100k_2", Target::Ratio(1.0)),
    ("rate_sliding", Target::Ratio(1.0)),
    ("rate_sliding_2", Target::Ratio(1.0)),
    ("breaker_closed", Target::Over(30.0)),
    ("lint_cold", Target::Ratio(1.3)),
    ("lint_warm", Target::Time(3e9)),
];

/// The target of an operation; `None` for a name that is none.
pub(crate) fn of(op: &str) -> Option<Target> {
    ALL.iter().find(|(name, _)| *name == op).map(|(_, target)| *target)
}
