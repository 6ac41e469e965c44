//! What a closed breaker remembers of the calls that ended, as far as its rule asks for it.
//!
//! Invariant: `failures` never has more stamps than the rule's count; `parts` has a fixed length.

use std::collections::VecDeque;
use std::time::Duration;

use super::config::TripRule;

/// A window moves in so many steps.
const PARTS: usize = 10;

/// One step of a window: which one since the origin of the clock, and what ended in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    number: u64,
    calls: u64,
    failures: u64,
}

/// The memory of one rule.
#[derive(Debug)]
pub(crate) enum Tally {
    Consecutive { streak: u32, most: u32 },
    Failures { stamps: VecDeque<u64>, count: usize, window: u64 },
    Ratio { parts: Box<[Part; PARTS]>, width: u64, percent: u64, min_calls: u64 },
}

impl Tally {
    pub(crate) fn new(rule: TripRule) -> Self {
        match rule {
            TripRule::Consecutive(most) => Self::Consecutive { streak: 0, most },
            TripRule::Failures { count, window } => Self::Failures {
                stamps: VecDeque::new(),
                count: usize::try_from(count).unwrap_or(usize::MAX),
                window: nanos(window),
            },
            TripRule::Ratio { percent, min_calls, window } => Self::Ratio {
                parts: Box::new([Part::default(); PARTS]),
                width: nanos(window).div_ceil(PARTS as u64),
                percent: u64::from(percent),
                min_calls: u64::from(min_calls),
            },
        }
    }

    /// Notes a failure; returns true when it is one too many.
    pub(crate) fn failure(&mut self, now: u64) -> bool {
        match self {
            Self::Consecutive { streak, most } => {
                *streak += 1;
                *streak >= *most
            }
            Self::Failures { stamps, count, window } => {
                while stamps.front().is_some_and(|at| at.saturating_add(*window) <= now) {
                    stamps.pop_front();
                }
                stamps.push_back(now);
                stamps.len() >= *count
            }
            Self::Ratio { parts, width, percent, min_calls } => {
                let number = now / *width;
                let part = current(parts, number);
                part.calls += 1;
                part.failures += 1;
                let counts = |part: &&Part| part.number + PARTS as u64 > number;
                let (calls, failures) = parts
                    .iter()
                    .filter(counts)
                    .fold((0, 0), |sum, part| (sum.0 + part.calls, sum.1 + part.failures));
                calls >= *min_calls && failures * 100 >= *percent * calls
            }
        }
    }

    /// Notes a success.
    pub(crate) fn success(&mut self, now: u64) {
        match self {
            Self::Consecutive { streak, .. } => *streak = 0,
            Self::Failures { .. } => {}
            Self::Ratio { parts, width, .. } => current(parts, now / *width).calls += 1,
        }
    }

    /// Whether noting a success would change nothing.
    pub(crate) fn is_indifferent(&self) -> bool {
        match self {
            Self::Consecutive { streak, .. } => *streak == 0,
            Self::Failures { .. } => true,
            Self::Ratio { .. } => false,
        }
    }

    /// The failures in a row, where the rule counts them.
    pub(crate) fn streak(&self) -> u32 {
        match self {
            Self::Consecutive { streak, .. } => *streak,
            Self::Failures { .. } | Self::Ratio { .. } => 0,
        }
    }
}

/// The part with this number, or with a later one that is in its place: who read the clock first may come second.
fn current(parts: &mut [Part; PARTS], number: u64) -> &mut Part {
    let place = usize::try_from(number % PARTS as u64).unwrap_or(0);
    let part = &mut parts[place];
    if part.number < number {
        *part = Part { number, ..Part::default() };
    }
    part
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
