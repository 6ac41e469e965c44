//! One message for many receivers, and a result for each of them.
//!
//! Decides what a broadcast promises and judges its results; `each` and `reserve` carry it out. A broadcast is one future in the task
//! of its sender, with one deadline: it starts nothing, and when it is dropped nothing of it is left, no slot and no place in a queue.

mod each;
pub(crate) mod report;
mod reserve;

use std::time::Duration;

use crate::process::pid::Pid;
use crate::send::address::Address;
use crate::send::broadcast::report::{BroadcastError, BroadcastOutcome, BroadcastReport};
use crate::send::error::DeliveryFailure;
use crate::send::receipt::{Accepted, Handled};
use crate::telemetry;

/// What must come of a broadcast. It never decides how long it lasts: every receiver has a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BroadcastRule {
    /// Nothing; look at the results. The default.
    #[default]
    BestEffort,
    /// So many receivers have it.
    AtLeast(usize),
    /// More than half of the receivers have it; of no receivers, that is never so.
    Quorum,
    /// All have it, or none. A slot is reserved in every mailbox, then all messages are put in.
    AllOrNothing,
}

/// What each receiver must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guarantee {
    Accepted,
    Handled,
}

/// What became of a broadcast, by receiver, in their order.
type Results = Vec<Result<Pid, DeliveryFailure>>;

/// How a message is sent to many receivers: until when, and what must come of it.
///
/// A plain value; use it for many broadcasts. The receivers are a slice of addresses; a name is resolved at the begin, and once more
/// if slots have to be waited for. The same process may be there several times, and then gets it as often.
///
/// | rule | who gets it | `Ok` if |
/// |---|---|---|
/// | [`BestEffort`](BroadcastRule::BestEffort) | everyone who can take it before the deadline | always |
/// | [`AtLeast(n)`](BroadcastRule::AtLeast) | the same | `n` have a receipt |
/// | [`Quorum`](BroadcastRule::Quorum) | the same | more than half of them have a receipt |
/// | [`AllOrNothing`](BroadcastRule::AllOrNothing) | all of them, or none | all have a receipt |
///
/// # Delivery
///
/// At most once for each receiver; those of one sender to one receiver arrive in order, if the sender awaits one before it begins the
/// next. To all or to none means: if any receiver has ended, is full until the deadline, or is full and does not let senders wait
/// ([`Overflow`](crate::Overflow)), no receiver gets the message. Reserving cannot promise that a receiver lives on: one that ends
/// after all slots were reserved is reported as that, and the others have the message. Two such broadcasts that meet at full
/// mailboxes reserve in the same order, so they never wait for each other.
///
/// # Cancel safety
///
/// Dropping the future gives back every reserved slot and every place in a queue. What was accepted before stays accepted.
///
/// # Metrics
///
/// `foundation.broadcast.outcomes_total` by `rule` and `outcome`; for the receivers `foundation.delivery.accepted_total` or
/// `foundation.delivery.handled_total`, and `foundation.delivery.failed_total` by `cause`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use foundation::{Node, NodeConfig};
/// # use test_helpers::Probe;
/// # let node = Node::new(NodeConfig::default())?;
/// # let (mut one, mut two) = (Probe::<u8>::start(&node).await, Probe::<u8>::start(&node).await);
/// # let receivers = [one.server().clone(), two.server().clone()];
/// use foundation::{Broadcast, BroadcastRule};
/// use std::time::Duration;
///
/// let all = Broadcast::within(Duration::from_secs(1)).rule(BroadcastRule::AllOrNothing);
/// let report = all.accepted(&receivers, 7).await?;
/// assert_eq!(report.succeeded(), 2);
/// assert_eq!((one.next().await, two.next().await), (7, 7));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcast {
    timeout: Duration,
    rule: BroadcastRule,
}

impl Broadcast {
    /// Everything is over within `timeout`; without a rule, best effort.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, rule: BroadcastRule::BestEffort }
    }

    /// Sets what must come of it.
    #[must_use]
    pub fn rule(mut self, rule: BroadcastRule) -> Self {
        self.rule = rule;
        self
    }

    /// Puts a clone of the message into the mailbox of every receiver.
    ///
    /// Cost: memory for one result each; one more entry for each receiver whose room has to be waited for.
    ///
    /// # Errors
    ///
    /// [`BroadcastError`] with the result of every receiver, when the rule is not met.
    pub async fn accepted<M, A>(
        self,
        receivers: &[A],
        message: M,
    ) -> Result<BroadcastReport<Accepted>, BroadcastError<Accepted>>
    where
        M: Clone + Send + 'static,
        A: Address<M>,
    {
        self.accepted_each(receivers, move |_place| message.clone()).await
    }

    /// As [`accepted`](Self::accepted), with a message of its own for each receiver, made from its place.
    ///
    /// To all or to none, the messages are made after all slots are reserved, and before the first is put in.
    ///
    /// # Errors
    ///
    /// [`BroadcastError`] with the result of every receiver, when the rule is not met.
    pub async fn accepted_each<M, A>(
        self,
        receivers: &[A],
        make: impl FnMut(usize) -> M + Send,
    ) -> Result<BroadcastReport<Accepted>, BroadcastError<Accepted>>
    where
        M: Send + 'static,
        A: Address<M>,
    {
        let results = self.run(receivers, make, Guarantee::Accepted).await;
        self.judge(results, telemetry::delivery_accepted, |pid| Accepted { pid })
    }

    /// Sends every receiver a clone of the message and waits until the handlers have run to their ends.
    ///
    /// # Errors
    ///
    /// [`BroadcastError`] with the result of every receiver, when the rule is not met.
    pub async fn handled<M, A>(
        self,
        receivers: &[A],
        message: M,
    ) -> Result<BroadcastReport<Handled>, BroadcastError<Handled>>
    where
        M: Clone + Send + 'static,
        A: Address<M>,
    {
        self.handled_each(receivers, move |_place| message.clone()).await
    }

    /// As [`handled`](Self::handled), with a message of its own for each receiver, made from its place.
    ///
    /// # Errors
    ///
    /// [`BroadcastError`] with the result of every receiver, when the rule is not met.
    pub async fn handled_each<M, A>(
        self,
        receivers: &[A],
        make: impl FnMut(usize) -> M + Send,
    ) -> Result<BroadcastReport<Handled>, BroadcastError<Handled>>
    where
        M: Send + 'static,
        A: Address<M>,
    {
        let results = self.run(receivers, make, Guarantee::Handled).await;
        self.judge(results, telemetry::delivery_handled, |pid| Handled { pid })
    }

    async fn run<M, A>(
        self,
        receivers: &[A],
        make: impl FnMut(usize) -> M + Send,
        guarantee: Guarantee,
    ) -> Results
    where
        M: Send + 'static,
        A: Address<M>,
    {
        let Some(first) = receivers.first() else { return Vec::new() };
        let mut deadline = first.node().deadlines().within(self.timeout);
        if self.rule != BroadcastRule::AllOrNothing {
            return each::push(receivers, make, guarantee).settle(&mut deadline).await;
        }
        match reserve::all(receivers, guarantee, &mut deadline).await {
            Ok(permits) => each::commit(permits, make, guarantee).settle(&mut deadline).await,
            Err(results) => results,
        }
    }

    fn judge<R>(
        self,
        results: Results,
        count: fn(u64),
        receipt: fn(Pid) -> R,
    ) -> Result<BroadcastReport<R>, BroadcastError<R>> {
        let report = BroadcastReport::new(self.rule, results, receipt);
        for failure in report.results().iter().filter_map(|result| result.as_ref().err()) {
            telemetry::delivery_failed(failure);
        }
        count(report.succeeded() as u64);
        let outcome = report.outcome();
        telemetry::broadcast_ended(self.rule, outcome);
        match outcome {
            BroadcastOutcome::Met => Ok(report),
            BroadcastOutcome::Missed | BroadcastOutcome::Withheld => Err(BroadcastError { report }),
        }
    }
}
