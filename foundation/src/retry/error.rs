//! What is left when no attempt succeeded.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Failed attempts that an error remembers. Of more, the first of these and the last are kept.
pub(crate) const REMEMBERED: usize = 32;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt may succeed.
    Retry,
    /// No other attempt would.
    Stop,
}

/// Why there was no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryEnd {
    /// The last error was not worth another one.
    Stopped,
    /// There were as many as the policy has.
    Exhausted,
    /// The overall deadline passed, or would have passed during the wait.
    Deadline,
    /// The budget had no retry left.
    Budget,
}

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedAttempt<E> {
    /// Which one, from 1.
    pub number: u32,
    /// The wait before it; zero for the first.
    pub waited: Duration,
    /// Its error.
    pub error: E,
}

/// No attempt succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryError<E> {
    end: RetryEnd,
    attempts: u32,
    history: Vec<FailedAttempt<E>>,
}

impl<E> RetryError<E> {
    pub(crate) fn new(end: RetryEnd, attempts: u32, history: Vec<FailedAttempt<E>>) -> Self {
        Self { end, attempts, history }
    }

    /// Returns why there was no further attempt.
    #[must_use]
    pub fn end(&self) -> RetryEnd {
        self.end
    }

    /// Returns how many attempts began, one that the deadline cut off included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the attempts that failed, in order; of more than 33 the first 32 and the last.
    #[must_use]
    pub fn history(&self) -> &[FailedAttempt<E>] {
        &self.history
    }

    /// Returns the last error; `None` if the deadline cut off the first attempt.
    #[must_use]
    pub fn last(&self) -> Option<&E> {
        self.history.last().map(|attempt| &attempt.error)
    }

    /// Returns the last error and drops the others.
    #[must_use]
    pub fn into_last(mut self) -> Option<E> {
        self.history.pop().map(|attempt| attempt.error)
    }
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.end {
            RetryEnd::Stopped => "not worth a retry",
            RetryEnd::Exhausted => "no attempt left",
            RetryEnd::Deadline => "the deadline passed",
            RetryEnd::Budget => "the retry budget is spent",
        };
        write!(f, "{end}, attempt {}", self.attempts)?;
        match self.last() {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.last().map(|error| error as &(dyn Error + 'static))
    }
}
