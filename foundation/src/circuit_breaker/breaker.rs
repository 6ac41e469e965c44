//! The handle of a breaker.

use std::future::Future;
use std::sync::Arc;

use super::config::{BreakerConfigError, CircuitBreakerConfig};
use super::gate::Gate;
use super::machine::{Machine, Ticket};
use super::permit::BreakerPermit;
use super::rejected::{BreakerError, BreakerRejected, BreakerState, BreakerStatus};
use crate::clock::Clock;
use crate::telemetry;

/// Stops calling what keeps failing, and finds out when it works again. A handle: clones share one state.
///
/// After M. Nygard, "Release It!" (2007). The call runs in its caller; the breaker has no process, no queue and no timer, and
/// never holds a lock while somebody else's code runs. While it is closed and nothing has failed, a call costs two reads of a word.
///
/// | state | a call | leaves it |
/// |---|---|---|
/// | closed | begins | when its [`TripRule`](crate::TripRule) says so: open |
/// | open | is rejected at once, with the remaining time | after the reset timeout, with the next call: half-open |
/// | half-open | begins, as long as fewer than `probes` run | with a failure: open; with `success_threshold` successes: closed |
///
/// A call that panics or whose future is dropped has failed. One that ends after the state has changed counts for nothing. A probe
/// that never ends keeps its place: give what you call a deadline.
///
/// # Metrics
///
/// `foundation.circuit_breaker.calls_total`, with the label `result`: `success`, `failure` or `rejected`, and
/// `foundation.circuit_breaker.state_changes_total`, with the label `to`: `closed`, `open` or `half_open`.
///
/// # Examples
///
/// ```
/// use foundation::{BreakerError, CircuitBreaker, CircuitBreakerConfig, SystemClock, TripRule};
/// use std::sync::Arc;
///
/// let config = CircuitBreakerConfig::default().trip(TripRule::Consecutive(1));
/// let breaker = CircuitBreaker::new(config, Arc::new(SystemClock::new()))?;
/// assert_eq!(breaker.call(|| Ok::<_, String>(1)), Ok(1));
/// assert_eq!(breaker.call(|| Err::<u8, _>("down")), Err(BreakerError::Failed("down")));
/// let rejected = breaker.call(|| Ok::<_, String>(2));
/// assert!(matches!(rejected, Err(BreakerError::Open { .. })), "it did not run");
/// # Ok::<(), foundation::BreakerConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CircuitBreaker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    gate: Gate,
    clock: Arc<dyn Clock>,
}

impl CircuitBreaker {
    /// Creates a closed breaker.
    ///
    /// # Errors
    ///
    /// [`BreakerConfigError`] if a threshold, a window, the number of probes or the reset timeout is zero, or a number is out of its
    /// range.
    pub fn new(
        config: CircuitBreakerConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BreakerConfigError> {
        config.validate()?;
        let gate = Gate::new(Machine::new(config), telemetry::breaker_changed);
        Ok(Self { inner: Arc::new(Inner { gate, clock }) })
    }

    /// Lets a call begin, whose end the caller reports through the permit.
    ///
    /// # Errors
    ///
    /// [`BreakerRejected`] if it may not begin.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{BreakerState, CircuitBreaker, CircuitBreakerConfig, SystemClock};
    /// # let clock = std::sync::Arc::new(SystemClock::new());
    /// let breaker = CircuitBreaker::new(CircuitBreakerConfig::default(), clock)?;
    /// breaker.permit()?.success();
    /// assert_eq!(breaker.state(), BreakerState::Closed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn permit(&self) -> Result<BreakerPermit<'_>, BreakerRejected> {
        match self.inner.gate.admit(|| self.now()) {
            Ok(ticket) => Ok(BreakerPermit::new(self, ticket)),
            Err(rejected) => {
                telemetry::breaker_rejected();
                Err(rejected)
            }
        }
    }

    /// Calls `call` here and now if it may begin. An `Err` is a failure.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Open`] or [`BreakerError::Probing`] if it did not run, [`BreakerError::Failed`] with its error.
    #[inline]
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, BreakerError<E>> {
        self.call_if(Result::is_err, call)?.map_err(BreakerError::Failed)
    }

    /// Calls `call` here and now if it may begin. `is_failure` says whether what it returned is a failure.
    ///
    /// # Errors
    ///
    /// [`BreakerRejected`] if it did not run.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{CircuitBreaker, CircuitBreakerConfig, SystemClock};
    /// # let clock = std::sync::Arc::new(SystemClock::new());
    /// let breaker = CircuitBreaker::new(CircuitBreakerConfig::default(), clock)?;
    /// let status = breaker.call_if(|status| *status >= 500, || 404)?;
    /// assert_eq!(status, 404, "not the fault of who was called");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn call_if<R>(
        &self,
        is_failure: impl FnOnce(&R) -> bool,
        call: impl FnOnce() -> R,
    ) -> Result<R, BreakerRejected> {
        let permit = self.permit()?;
        let result = call();
        permit.end(|| is_failure(&result));
        Ok(result)
    }

    /// Makes the future and awaits it, if it may begin. An `Err` is a failure.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Open`] or [`BreakerError::Probing`] if it did not run, [`BreakerError::Failed`] with its error.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped after its first poll counts as a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{CircuitBreaker, CircuitBreakerConfig, SystemClock};
    /// # let clock = std::sync::Arc::new(SystemClock::new());
    /// let breaker = CircuitBreaker::new(CircuitBreakerConfig::default(), clock)?;
    /// let answer = breaker.call_async(|| async { Ok::<_, std::io::Error>(42) }).await?;
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_async<T, E, F>(&self, call: impl FnOnce() -> F) -> Result<T, BreakerError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.call_async_if(Result::is_err, call).await?.map_err(BreakerError::Failed)
    }

    /// Makes the future and awaits it, if it may begin. `is_failure` says whether what it returned is a failure.
    ///
    /// # Errors
    ///
    /// [`BreakerRejected`] if it did not run.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped after its first poll counts as a failure.
    pub async fn call_async_if<F: Future>(
        &self,
        is_failure: impl FnOnce(&F::Output) -> bool,
        call: impl FnOnce() -> F,
    ) -> Result<F::Output, BreakerRejected> {
        let permit = self.permit()?;
        let result = call().await;
        permit.end(|| is_failure(&result));
        Ok(result)
    }

    /// Opens it, as the failures of its rule would. Calls that run go on; their ends count for nothing.
    pub fn trip(&self) {
        let now = self.now();
        self.inner.gate.with(|machine| machine.trip(now));
    }

    /// Closes it, and forgets all failures. Calls that run go on; their ends count for nothing.
    pub fn reset(&self) {
        self.inner.gate.with(Machine::reset);
    }

    /// Returns the state that a call would meet now. Changes nothing.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.status().state
    }

    /// Returns more about the state.
    #[must_use]
    pub fn status(&self) -> BreakerStatus {
        let now = self.now();
        self.inner.gate.look(|machine| machine.status(now))
    }

    #[inline]
    pub(crate) fn succeeded(&self, ticket: Ticket) {
        self.inner.gate.success(ticket, || self.now());
        telemetry::breaker_succeeded();
    }

    #[cold]
    pub(crate) fn failed(&self, ticket: Ticket) {
        self.inner.gate.failure(ticket, || self.now());
        telemetry::breaker_failed();
    }

    fn now(&self) -> u64 {
        u64::try_from(self.inner.clock.monotonic().as_nanos()).unwrap_or(u64::MAX)
    }
}
