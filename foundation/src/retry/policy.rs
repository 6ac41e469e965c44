//! How often and after which waits.

use std::time::Duration;

use super::budget::RetryBudget;
use super::delays::Delays;
use crate::backoff::Backoff;
use crate::random;

/// How often something is attempted, with which waits between, and for how long in all.
///
/// By default 4 attempts (3 retries) with the waits of [`Backoff::default`], no deadline, no budget, and jitter that differs from
/// run to run.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use foundation::{RetryPolicy, Verdict};
/// use std::time::Duration;
///
/// let policy = RetryPolicy::default().attempts(3).deadline(Duration::from_secs(10));
/// let done = policy
///     .run(
///         async |attempt| if attempt < 3 { Err("not yet") } else { Ok(attempt) },
///         |error| if *error == "not yet" { Verdict::Retry } else { Verdict::Stop },
///     )
///     .await;
/// assert_eq!(done.ok(), Some(3));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
    pub(crate) deadline: Option<Duration>,
    pub(crate) budget: Option<RetryBudget>,
    seed: Option<u64>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, backoff: Backoff::default(), deadline: None, budget: None, seed: None }
    }
}

impl RetryPolicy {
    /// Sets the number of attempts, the first one included. 0 is taken for 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets the waits.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how long all attempts and waits may take together. An attempt that runs then is dropped, and a wait that would last
    /// beyond is not begun.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets a budget, which may be shared with others who call the same service.
    #[must_use]
    pub fn budget(mut self, budget: &RetryBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Sets the seed of the jitter: with the same seed, the same waits.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Returns the waits between the attempts, one fewer than there are attempts, for whoever waits in another way.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Backoff, Jitter, RetryPolicy};
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff { jitter: Jitter::None, ..Backoff::default() };
    /// let waits: Vec<_> = RetryPolicy::default().backoff(backoff).delays().collect();
    /// assert_eq!(waits, [10, 20, 40].map(Duration::from_millis));
    /// ```
    #[must_use]
    pub fn delays(&self) -> Delays {
        let seed = self.seed.unwrap_or_else(random::seed);
        Delays::new(self.backoff, self.attempts - 1, seed)
    }
}
