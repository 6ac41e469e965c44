//! Holding a process still, and letting it go on.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::process::envelope::Control;
use crate::process::exit::ExitReason;
use crate::process::process_ref::ProcessRef;
use crate::process::reply::{self, Unanswered};
use crate::sys::status::ProcessKind;
use crate::time::Elapsed;

/// Why a process is not suspended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SuspendError {
    /// It was in the middle of a callback until the deadline. It goes on as if it had not been asked.
    Timeout,
    /// It ended before it could be suspended.
    Down(ExitReason),
    /// There is no such process.
    NoProc,
    /// A process cannot suspend itself: it would wait for the end of the callback that asks.
    SelfCall,
    /// Supervisors and processes on threads cannot be suspended.
    Unsupported,
}

impl fmt::Display for SuspendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no end of the callback before the deadline"),
            Self::Down(reason) => write!(f, "the process ended before it was suspended: {reason}"),
            Self::NoProc => f.write_str("no such process"),
            Self::SelfCall => f.write_str("a process cannot suspend itself"),
            Self::Unsupported => f.write_str("only a GenServer can be suspended"),
        }
    }
}

impl Error for SuspendError {}

impl ProcessRef {
    /// Suspends the process and waits until it stands still between two callbacks, for at most `timeout`. As in OTP `sys:suspend/2`.
    ///
    /// A suspended process handles no mail, timers, outputs of its tasks or notices; all of them wait, and the bound of its mailbox
    /// holds. It still obeys the stop of its supervisor (and then runs `terminate`), exit signals that end it, and
    /// [`resume`](Self::resume). Suspending it again changes nothing: one `resume` is enough.
    ///
    /// # Errors
    ///
    /// [`SuspendError`]; the process is not suspended then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the process stands still takes the request back.
    ///
    /// # Differs from OTP
    ///
    /// Supervisors refuse: one that does not hear of the ends of its children supervises nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, SuspendError};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
    /// let refused = root.process().suspend(Duration::from_secs(1)).await;
    /// assert!(matches!(refused, Err(SuspendError::Unsupported)));
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn suspend(&self, timeout: Duration) -> Result<(), SuspendError> {
        let process = self.process();
        if process.kind() != ProcessKind::Worker {
            return Err(SuspendError::Unsupported);
        }
        if process.cell().is_current_task() {
            return Err(SuspendError::SelfCall);
        }
        let (reply, mut answer) = reply::pair();
        if !process.control(Control::Suspend(reply)) {
            return Err(SuspendError::NoProc);
        }
        let mut deadline = process.cell().node().deadlines().within(timeout);
        let answered = deadline.limit(Pin::new(&mut answer)).await;
        match answered {
            Ok(Ok(())) => Ok(()),
            // Its end took the request along, or is about to be known.
            Ok(Err(Unanswered)) => {
                let down = self.monitor().down().await;
                Err(SuspendError::Down(self.exit_reason().unwrap_or(down.reason)))
            }
            Err(Elapsed) if answer.give_up() => Ok(()),
            Err(Elapsed) => Err(SuspendError::Timeout),
        }
    }

    /// Lets a suspended process go on, and returns false if it has ended. Nothing happens to one that is not suspended.
    ///
    /// Returning does not mean that it has gone on already. As in OTP `sys:resume/1`.
    pub fn resume(&self) -> bool {
        self.process().control(Control::Resume)
    }
}
