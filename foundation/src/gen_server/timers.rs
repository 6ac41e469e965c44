//! The timers of one process: what is due when, and one alarm for all of them.
//!
//! Invariants: a timer is in the table or it is over, so that a cancelled one leaves nothing behind; what is due first leaves
//! first, and of two that are due at once the one that was made first.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::gen_server::GenServer;
use crate::gen_server::context::Context;
use crate::time::{after, next_tick};

/// Identifies one timer of one process.
///
/// As in OTP `erlang:start_timer/3`, whose result is a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerRef {
    at: Instant,
    number: u64,
}

/// What a timer does when it is due.
#[derive(Debug)]
enum Plan<M> {
    Message(M),
    Notice,
    /// A notice each period, in the name of the timer that was given out.
    Ticks(TimerRef, Duration),
}

/// What a timer that was due has to say.
#[derive(Debug)]
pub(crate) enum Fired<M> {
    Message(M),
    Notice(TimerRef),
}

/// The running timers of one process.
#[derive(Debug)]
pub(crate) struct Timers<M> {
    due: BTreeMap<TimerRef, Plan<M>>,
    /// Where an interval that has ticked stands in `due` now.
    moved: BTreeMap<TimerRef, TimerRef>,
    next: u64,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<M> Default for Timers<M> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), moved: BTreeMap::new(), next: 0, alarm: None }
    }
}

impl<M> Timers<M> {
    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }

    fn start(&mut self, delay: Duration, plan: impl FnOnce(TimerRef) -> Plan<M>) -> TimerRef {
        let timer = TimerRef { at: after(delay), number: self.next };
        self.next += 1;
        self.due.insert(timer, plan(timer));
        timer
    }

    fn cancel(&mut self, timer: TimerRef) -> bool {
        let stands = self.moved.remove(&timer).unwrap_or(timer);
        self.due.remove(&stands).is_some()
    }

    /// Takes the first timer that is due, or leaves the alarm set for it.
    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Fired<M>> {
        let Some(first) = self.due.first_entry() else { return Poll::Pending };
        let at = first.key().at;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(alarm_at(at)));
        if alarm.deadline() != at {
            alarm.as_mut().reset(at);
        }
        if alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let (stood, plan) = first.remove_entry();
        Poll::Ready(match plan {
            Plan::Message(message) => Fired::Message(message),
            Plan::Notice => Fired::Notice(stood),
            Plan::Ticks(timer, period) => {
                let stands = TimerRef { at: next_tick(stood.at, period), number: stood.number };
                self.due.insert(stands, Plan::Ticks(timer, period));
                self.moved.insert(timer, stands);
                Fired::Notice(timer)
            }
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "sleep: the one timer of a process")]
fn alarm_at(at: Instant) -> Sleep {
    tokio::time::sleep_until(at)
}

/// Timers. They are handled before waiting mail, in the order in which they are due, ties in the order in which they were
/// made; they have a granularity of 1 ms, rounded up, and end with the process. Cost: O(log n) in their number, and no task.
impl<S: GenServer> Context<S> {
    /// Sends `msg` to the process itself after `delay`.
    ///
    /// As OTP `erlang:send_after/3`. For a timer that is recognised by its [`TimerRef`], see
    /// [`start_timer`](Self::start_timer).
    ///
    /// # Differs from OTP
    ///
    /// The receiver is the process itself. The message is handled before waiting mail.
    pub fn send_after(&mut self, delay: Duration, msg: S::Msg) -> TimerRef {
        self.owned().timers.start(delay, |_timer| Plan::Message(msg))
    }

    /// Gives [`Info::Timer`](crate::Info::Timer) with the returned reference to [`info`](GenServer::info) after `delay`.
    ///
    /// As OTP `erlang:start_timer/3`, whose message comes to `handle_info`. The message type of the process does not have to
    /// know of its timers.
    ///
    /// # Differs from OTP
    ///
    /// The receiver is the process itself. The notice is handled before waiting mail, and has no term beside the
    /// reference.
    ///
    /// # Examples
    ///
    /// A door that closes by itself:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use foundation::{Context, Exit, GenServer, Info, TimerRef};
    ///
    /// struct Door {
    ///     closes: TimerRef,
    /// }
    ///
    /// enum Msg {
    ///     /// Somebody walks through: it stays open for a while longer.
    ///     Pass,
    /// }
    ///
    /// impl GenServer for Door {
    ///     type Args = ();
    ///     type Msg = Msg;
    ///
    ///     async fn init((): (), cx: &mut Context<Self>) -> Result<Self, Exit> {
    ///         Ok(Self { closes: cx.start_timer(Duration::from_millis(10)) })
    ///     }
    ///
    ///     async fn handle(&mut self, Msg::Pass: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
    ///         cx.cancel_timer(self.closes);
    ///         self.closes = cx.start_timer(Duration::from_millis(10));
    ///         Ok(())
    ///     }
    ///
    ///     async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
    ///         match info {
    ///             Info::Timer(timer) if timer == self.closes => Err(Exit::normal()),
    ///             _ => Ok(()),
    ///         }
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ExitReason, Node, NodeConfig, Restart, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<Msg>("door")?;
    /// # let door = ServerSpec::<Door>::new(()).name(&name).child("door").restart(Restart::Temporary);
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(door)).await?;
    /// let door = name.whereis().ok_or("it has closed before anybody came")?;
    /// door.cast(Msg::Pass).map_err(|error| error.to_string())?;
    /// assert!(matches!(door.process().monitor().down().await.reason, ExitReason::Normal));
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_timer(&mut self, delay: Duration) -> TimerRef {
        self.owned().timers.start(delay, |_timer| Plan::Notice)
    }

    /// Gives [`Info::Timer`](crate::Info::Timer) with the returned reference to [`info`](GenServer::info) every `period`, for
    /// the first time after one `period`.
    ///
    /// Ticks stay on the grid of the start: a late one does not move those after it. Ticks that fall due while the process is
    /// busy are one tick, which comes late. A process that needs longer for a tick than its period has no time for mail.
    ///
    /// # Panics
    ///
    /// Panics if `period` is zero.
    ///
    /// # Differs from OTP
    ///
    /// `timer:send_interval/2` sends a message for each tick, however busy the receiver is.
    pub fn start_interval(&mut self, period: Duration) -> TimerRef {
        assert!(!period.is_zero(), "an interval needs a period");
        self.owned().timers.start(period, |timer| Plan::Ticks(timer, period))
    }

    /// Stops a timer or an interval and returns true, or false if it was already over.
    ///
    /// After true nothing of it is seen any more.
    ///
    /// # Differs from OTP
    ///
    /// It says whether it came in time, not how much time was left. `erlang:cancel_timer/1` can come too late for a message that
    /// already waits in the mailbox; here a timer that is due and has not been handed to a callback can still be cancelled.
    pub fn cancel_timer(&mut self, timer: TimerRef) -> bool {
        self.own.as_mut().is_some_and(|own| own.timers.cancel(timer))
    }
}
