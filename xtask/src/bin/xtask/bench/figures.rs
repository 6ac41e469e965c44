//! From the lines of the bench program to the figures of one operation.
//!
//! The ratio is taken within each round, and the median over the rounds: both sides of a round met the same machine.

use super::targets::{self, Target};
use foundation_xtask::Failure;

/// One round of one operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) op: String,
    pub(crate) base: f64,
    pub(crate) ours: f64,
}

impl Sample {
    /// Reads `op TAB round TAB base TAB ours`.
    pub(crate) fn read(line: &str) -> Option<Sample> {
        let [op, round, base, ours] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
        round.parse::<usize>().ok()?;
        let positive = |text: &str| text.parse().ok().filter(|value: &f64| *value > 0.0);
        Some(Sample { op: op.to_owned(), base: positive(base)?, ours: positive(ours)? })
    }
}

/// The middle and the ends of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// The spread of at least one value. The median of an even number is the mean of the middle two.
    fn of(values: impl Iterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        let median = f64::midpoint(lower, upper);
        Some(Spread { min: *values.first()?, median, max: *values.last()? })
    }
}

/// All rounds of one operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) op: String,
    pub(crate) ours: Spread,
    pub(crate) base: Spread,
    pub(crate) ratio: Spread,
    /// Ours without the base.
    pub(crate) over: Spread,
    pub(crate) rounds: usize,
    pub(crate) target: Target,
}

impl Figures {
    /// Whether the median is within the target.
    pub(crate) fn is_met(&self) -> bool {
        match self.target {
            Target::Ratio(most) => self.ratio.median <= most,
            Target::Over(most) => self.over.median <= most,
            Target::Bytes(most) | Target::Time(most) => self.ours.median <= most,
        }
    }
}

/// The figures of every operation that was measured, in the order of the lines.
pub(crate) fn of(samples: &[Sample]) -> Result<Vec<Figures>, Failure> {
    let by_op = samples.chunk_by(|one, next| one.op == next.op);
    by_op
        .map(|rounds| {
            let op = rounds.first().map_or("", |sample| &sample.op);
            of_one(op, rounds)
                .ok_or_else(|| Failure::unanalysed(format!("`{op}` is not an operation")))
        })
        .collect()
}

fn of_one(op: &str, rounds: &[Sample]) -> Option<Figures> {
    Some(Figures {
        op: op.to_owned(),
        ours: Spread::of(rounds.iter().map(|round| round.ours))?,
        base: Spread::of(rounds.iter().map(|round| round.base))?,
        ratio: Spread::of(rounds.iter().map(|round| round.ours / round.base))?,
        over: Spread::of(rounds.iter().map(|round| round.ours - round.base))?,
        rounds: rounds.len(),
        target: targets::of(op)?,
    })
}
