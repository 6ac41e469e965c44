//! One operation that is given up when a process ends.
//!
//! Decides only which of the two is first; the watch is an ordinary monitor, which the future owns.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use crate::process::monitor::{Down, Monitor};
use crate::process::monitor_tag::{MonitorTag, Origin};
use crate::process::process_ref::ProcessRef;

impl ProcessRef {
    /// Watches the process from outside any process as [`monitor`](Self::monitor) does, and says what for.
    ///
    /// # Differs from OTP
    ///
    /// The tag is for [`Node::monitors`](crate::Node::monitors); the option `{tag, Tag}` of `erlang:monitor/3` is for the message.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// use foundation::{MonitorFilter, MonitorTag};
    ///
    /// let process = tree.process("echo").await;
    /// let monitor = process.monitor_as(MonitorTag::long_lived("cache"));
    /// let listed = tree.node().monitors().list(&MonitorFilter::new().tag("cache"));
    /// assert_eq!(listed[0].monitor, monitor.id());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn monitor_as(&self, tag: impl Into<MonitorTag>) -> Monitor {
        Monitor::of(self.process(), Origin::tagged(tag.into()))
    }

    /// Runs `operation` as long as the process lives: its result, or the `Down` if the process ends first.
    ///
    /// The process is watched from the moment of the call. If it has ended, the operation is not begun and the reason is `NoProc`.
    /// When the result is there, whichever it is, the operation has been dropped and the monitor is gone. May be used inside a
    /// process, which handles nothing else meanwhile, and outside. Cost: that of a [`monitor`](Self::monitor).
    ///
    /// # Errors
    ///
    /// [`Down`] if the process ended first. What the operation had done by then stays done.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, whether it was ever polled or not, drops the operation and the monitor.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// let process = tree.process("echo").await;
    /// assert_eq!(process.while_alive(async { 7 }).await.ok(), Some(7));
    ///
    /// let endless = process.while_alive(std::future::pending::<()>());
    /// tree.kill("echo").await;
    /// let down = endless.await.err().ok_or("it cannot have been over")?;
    /// assert_eq!(down.reason.to_string(), "killed");
    /// assert_eq!(tree.node().counts().monitors, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn while_alive<F: Future>(
        &self,
        operation: F,
    ) -> impl Future<Output = Result<F::Output, Down>> + use<F> {
        let monitor = self.monitor();
        async move {
            let (mut down, mut operation) = (pin!(monitor.down()), pin!(operation));
            std::future::poll_fn(|cx| {
                // The end first: what is done for a process that is gone is not begun, and not gone on with.
                if let Poll::Ready(down) = down.as_mut().poll(cx) {
                    return Poll::Ready(Err(down));
                }
                operation.as_mut().poll(cx).map(Ok)
            })
            .await
        }
    }
}
