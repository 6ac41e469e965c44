//! What came of a broadcast. Pure.

use std::error::Error;
use std::fmt;

use crate::process::pid::Pid;
use crate::send::broadcast::{BroadcastRule, Results};
use crate::send::error::DeliveryFailure;

/// Whether a broadcast did what its rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BroadcastOutcome {
    /// It did.
    Met,
    /// Too few receivers have a receipt; those that have one have the message.
    Missed,
    /// To all or to none: none got it.
    Withheld,
}

/// The result of every receiver, in their order, and what the rule makes of them.
#[derive(Debug, Clone)]
pub struct BroadcastReport<R> {
    rule: BroadcastRule,
    results: Vec<Result<R, DeliveryFailure>>,
    succeeded: usize,
}

impl<R> BroadcastReport<R> {
    pub(crate) fn new(rule: BroadcastRule, results: Results, receipt: fn(Pid) -> R) -> Self {
        let succeeded = results.iter().filter(|result| result.is_ok()).count();
        // In place: a receipt is a pid.
        let results = results.into_iter().map(|result| result.map(receipt)).collect();
        Self { rule, results, succeeded }
    }

    /// Returns the result of every receiver, in the order of the receivers.
    pub fn results(&self) -> &[Result<R, DeliveryFailure>] {
        &self.results
    }

    /// Returns the results themselves, in the order of the receivers.
    pub fn into_results(self) -> Vec<Result<R, DeliveryFailure>> {
        self.results
    }

    /// Returns how many receivers have a receipt.
    #[must_use]
    pub fn succeeded(&self) -> usize {
        self.succeeded
    }

    /// Returns how many must have a receipt.
    #[must_use]
    pub fn wanted(&self) -> usize {
        match self.rule {
            BroadcastRule::BestEffort => 0,
            BroadcastRule::AtLeast(wanted) => wanted,
            BroadcastRule::Quorum => self.results.len() / 2 + 1,
            BroadcastRule::AllOrNothing => self.results.len(),
        }
    }

    /// Returns whether the rule is met.
    #[must_use]
    pub fn outcome(&self) -> BroadcastOutcome {
        let is_withheld = |result: &Result<R, DeliveryFailure>| {
            matches!(result, Err(DeliveryFailure::Withheld | DeliveryFailure::NotAccepted(_)))
        };
        if self.succeeded >= self.wanted() {
            BroadcastOutcome::Met
        } else if self.rule == BroadcastRule::AllOrNothing && self.results.iter().all(is_withheld) {
            BroadcastOutcome::Withheld
        } else {
            BroadcastOutcome::Missed
        }
    }
}

/// A broadcast that did not do what its rule asks, with the result of every receiver.
#[derive(Debug, Clone)]
pub struct BroadcastError<R> {
    /// The results.
    pub report: BroadcastReport<R>,
}

impl<R> fmt::Display for BroadcastError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, wanted) = (self.report.results.len(), self.report.wanted());
        if self.report.outcome() == BroadcastOutcome::Withheld {
            return write!(f, "not every one of {all} receivers could take it, so none got it");
        }
        write!(f, "{} of {all} receivers have it, {wanted} were wanted", self.report.succeeded)
    }
}

impl<R: fmt::Debug> Error for BroadcastError<R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The first that is a cause and not a consequence.
        let failures = self.report.results.iter().filter_map(|result| result.as_ref().err());
        let mut causes = failures.filter(|failure| !matches!(failure, DeliveryFailure::Withheld));
        let cause: &(dyn Error + 'static) = causes.next()?;
        Some(cause)
    }
}
