//! The executor: attempts, asks what the error is worth, waits.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::error::{FailedAttempt, REMEMBERED, RetryEnd, RetryError, Verdict};
use super::policy::RetryPolicy;
use crate::telemetry;
use crate::time::{after, sleep, timeout};

impl RetryPolicy {
    /// Awaits `operation` until it succeeds, or until its error, the policy or the budget forbids another attempt.
    ///
    /// `operation` gets the number of the attempt, from 1. `classify` is asked about every error, once. The first attempt is always
    /// made. Waits go by the timers of the runtime. Nothing is kept that grows beyond 33 errors.
    ///
    /// # Errors
    ///
    /// [`RetryError`] with the reason, the errors of the attempts and the waits before them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt that runs; no other one begins.
    ///
    /// # Metrics
    ///
    /// `foundation.retry.runs_total`, with the label `result`: `success`, `stopped`, `exhausted`, `deadline` or `budget`, and
    /// `foundation.retry.retries_total`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use foundation::{RetryEnd, RetryPolicy, Verdict};
    ///
    /// let failed = RetryPolicy::default()
    ///     .run(async |_| Err::<(), _>("no such user"), |_| Verdict::Stop)
    ///     .await
    ///     .expect_err("nobody has that name");
    /// assert_eq!((failed.end(), failed.attempts()), (RetryEnd::Stopped, 1));
    /// assert_eq!(failed.last(), Some(&"no such user"));
    /// # }
    /// ```
    pub async fn run<T, E, F>(
        &self,
        operation: impl FnMut(u32) -> F,
        classify: impl FnMut(&E) -> Verdict,
    ) -> Result<T, RetryError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let outcome = self.attempt(operation, classify).await;
        if outcome.is_ok()
            && let Some(budget) = &self.budget
        {
            budget.earn();
        }
        telemetry::retry_ended(outcome.as_ref().map(drop).map_err(RetryError::end));
        outcome
    }

    async fn attempt<T, E, F>(
        &self,
        mut operation: impl FnMut(u32) -> F,
        mut classify: impl FnMut(&E) -> Verdict,
    ) -> Result<T, RetryError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let deadline = self.deadline.map(after);
        let mut delays = self.delays();
        let (mut number, mut waited, mut history) = (1, Duration::ZERO, Vec::new());
        let end = loop {
            let attempt = operation(number);
            let outcome = match deadline {
                None => Ok(attempt.await),
                Some(deadline) => timeout(left_until(deadline), attempt).await,
            };
            let Ok(outcome) = outcome else { break RetryEnd::Deadline };
            let error = match outcome {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let verdict = classify(&error);
            remember(&mut history, FailedAttempt { number, waited, error });
            if verdict == Verdict::Stop {
                break RetryEnd::Stopped;
            }
            let Some(delay) = delays.next() else { break RetryEnd::Exhausted };
            if deadline.is_some_and(|deadline| delay >= left_until(deadline)) {
                break RetryEnd::Deadline;
            }
            if self.budget.as_ref().is_some_and(|budget| !budget.take()) {
                break RetryEnd::Budget;
            }
            sleep(delay).await;
            telemetry::retried();
            waited = delay;
            number += 1;
        };
        Err(RetryError::new(end, number, history))
    }
}

fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(after(Duration::ZERO))
}

/// Keeps the first errors and the last one.
fn remember<E>(history: &mut Vec<FailedAttempt<E>>, attempt: FailedAttempt<E>) {
    if history.len() > REMEMBERED {
        history.pop();
    }
    history.push(attempt);
}
