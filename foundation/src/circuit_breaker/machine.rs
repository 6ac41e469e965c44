//! The state machine of a breaker: who may call, and what the end of a call changes. No clock, no lock.
//!
//! Invariants: `running` is at most the number of probes; a call that began before the last change of the state changes nothing.

use super::config::CircuitBreakerConfig;
use super::rejected::{BreakerRejected, BreakerState, BreakerStatus};
use super::tally::Tally;
use std::time::Duration;

/// What a call carries with it: under which state it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) generation: u64,
}

#[derive(Debug)]
enum Phase {
    Closed,
    Open { until: u64 },
    HalfOpen { running: u32, successes: u32 },
}

/// A breaker for one caller at a time.
#[derive(Debug)]
pub(crate) struct Machine {
    config: CircuitBreakerConfig,
    phase: Phase,
    tally: Tally,
    generation: u64,
    /// How often it opened since it was closed last.
    openings: u32,
    random: u64,
}

impl Machine {
    pub(crate) fn new(config: CircuitBreakerConfig) -> Self {
        Self {
            config,
            phase: Phase::Closed,
            tally: Tally::new(config.rule),
            generation: 0,
            openings: 0,
            random: config.seed.unwrap_or_else(crate::random::seed),
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The state as it was entered, whatever time it is.
    pub(crate) fn phase(&self) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether the success of a call under the closed breaker would change nothing.
    pub(crate) fn is_calm(&self) -> bool {
        self.tally.is_indifferent()
    }

    /// The state in which whoever comes now is met.
    pub(crate) fn state(&self, now: u64) -> BreakerState {
        match self.phase {
            Phase::Open { until } if now >= until => BreakerState::HalfOpen,
            _ => self.phase(),
        }
    }

    pub(crate) fn status(&self, now: u64) -> BreakerStatus {
        let (mut running_probes, mut retry_after) = (0, Duration::ZERO);
        match self.phase {
            Phase::Closed => {}
            Phase::Open { until } => retry_after = Duration::from_nanos(until.saturating_sub(now)),
            Phase::HalfOpen { running, .. } => running_probes = running,
        }
        BreakerStatus {
            state: self.state(now),
            retry_after,
            running_probes,
            consecutive_failures: self.tally.streak(),
        }
    }

    /// Lets a call begin, or says why not.
    pub(crate) fn admit(&mut self, now: u64) -> Result<Ticket, BreakerRejected> {
        if let Phase::Open { until } = self.phase {
            if now < until {
                let retry_after = Duration::from_nanos(until - now);
                return Err(BreakerRejected::Open { retry_after });
            }
            self.enter(Phase::HalfOpen { running: 0, successes: 0 });
        }
        if let Phase::HalfOpen { running, .. } = &mut self.phase {
            if *running >= self.config.probes {
                return Err(BreakerRejected::Probing);
            }
            *running += 1;
        }
        Ok(Ticket { generation: self.generation })
    }

    /// A call succeeded.
    pub(crate) fn success(&mut self, ticket: Ticket, now: u64) {
        if ticket.generation != self.generation {
            return;
        }
        match &mut self.phase {
            Phase::Closed => self.tally.success(now),
            Phase::Open { .. } => {}
            Phase::HalfOpen { running, successes } => {
                *running -= 1;
                *successes += 1;
                if *successes >= self.config.success_threshold {
                    self.reset();
                }
            }
        }
    }

    /// A call failed, or was dropped.
    pub(crate) fn failure(&mut self, ticket: Ticket, now: u64) {
        if ticket.generation != self.generation {
            return;
        }
        let is_enough = match self.phase {
            Phase::Closed => self.tally.failure(now),
            Phase::Open { .. } => false,
            Phase::HalfOpen { .. } => true,
        };
        if is_enough {
            self.trip(now);
        }
    }

    /// Opens, for as long as it is its turn.
    pub(crate) fn trip(&mut self, now: u64) {
        let wait = self.config.reset.delay(self.openings, crate::random::next(&mut self.random));
        self.openings = self.openings.saturating_add(1);
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.enter(Phase::Open { until: now.saturating_add(wait) });
    }

    /// Closes, and forgets what was.
    pub(crate) fn reset(&mut self) {
        self.openings = 0;
        self.enter(Phase::Closed);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
        self.tally = Tally::new(self.config.rule);
    }
}
