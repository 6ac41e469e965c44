//! What the kernel itself has to say to whoever watches a node.
//!
//! An alarm never changes what the kernel does: it is a finding, handed to one function and counted by kind. What supervisors
//! report about their children is a [`Report`](crate::Report); what cannot wait for a log is here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::process::pid::Pid;
use crate::send::metadata::Metadata;

/// A finding of the kernel about the processes of one node.
///
/// Each kind is counted by the metric `foundation.alarm.raised_total`, with the label `kind`, whether or not anybody listens.
///
/// # Examples
///
/// ```
/// use foundation::{Alarm, Node, NodeConfig};
///
/// let config = NodeConfig::default().on_alarm(|alarm| match alarm {
///     Alarm::Stuck { pid, .. } => eprintln!("{pid} blocks its thread"),
///     other => eprintln!("{other}"),
/// });
/// let node = Node::new(config)?;
/// # let _unused = node;
/// # Ok::<(), foundation::NodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alarm {
    /// Each of these processes waits for the next one inside a callback, and the last one for the first: none of them can go on
    /// before a deadline passes. Found in debug builds only, at the moment when the cycle is closed, and once for it. The calls
    /// end as they do in a release build.
    ///
    /// A wait is a call, [`handled`](crate::handled), or what a supervisor does while a child starts or stops: a child that calls its
    /// own supervisor in `init` is found. A call in [`pipe_to_self`](crate::Context::pipe_to_self) keeps its process from nothing and
    /// is no wait. It may be a false alarm when a process has handed the [`Reply`](crate::Reply) to somebody else, who will answer.
    ///
    /// # Differs from OTP
    ///
    /// OTP finds only a process that calls itself, as does [`CallError::SelfCall`](crate::CallError::SelfCall) in every build.
    CallCycle {
        /// The processes with their names, each calling the next. The oldest of them comes first.
        cycle: Vec<(Pid, Option<Arc<str>>)>,
    },
    /// A process has not come back from one poll of its task for longer than its node allows: it blocks or computes without
    /// an await, and holds a thread of the runtime meanwhile.
    Stuck {
        /// The process.
        pid: Pid,
        /// Its name.
        name: Option<Arc<str>>,
        /// The kind of the message that it works on; `None` if it works on no message.
        message: Option<&'static str>,
        /// For how long it has been seen there, by the clock of its node; it has been there for at least as long.
        held: Duration,
    },
    /// A process was killed and did not end within the [kill grace](crate::NodeConfig::kill_grace). It has been fenced: its end
    /// is published, although its code may still run.
    Zombie {
        /// The process.
        pid: Pid,
        /// Its name.
        name: Option<Arc<str>>,
    },
    /// A message was not delivered, and its sender asked for this with [`OnFailure::Alarm`](crate::OnFailure::Alarm).
    Undelivered {
        /// The name or child id of whom it was for.
        to: Option<Arc<str>>,
        /// The Rust type of the message.
        message: &'static str,
        /// Why the last attempt failed.
        failure: Arc<str>,
        /// How many attempts there were.
        attempts: u32,
        /// What its sender said about it.
        metadata: Metadata,
    },
}

impl Alarm {
    /// The kind, as the metric's label has it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::CallCycle { .. } => "call_cycle",
            Self::Stuck { .. } => "stuck",
            Self::Zombie { .. } => "zombie",
            Self::Undelivered { .. } => "undelivered",
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallCycle { cycle } => {
                f.write_str("processes wait for each other: ")?;
                for (pid, name) in cycle {
                    write_process(f, *pid, name.as_deref())?;
                    f.write_str(" -> ")?;
                }
                match cycle.first() {
                    Some((pid, _)) => write!(f, "{pid}"),
                    None => Ok(()),
                }
            }
            Self::Stuck { pid, name, message, held } => {
                f.write_str("process ")?;
                write_process(f, *pid, name.as_deref())?;
                write!(f, " has not returned for {held:?}")?;
                match message {
                    Some(kind) => write!(f, ", handling {kind}"),
                    None => Ok(()),
                }
            }
            Self::Zombie { pid, name } => {
                f.write_str("process ")?;
                write_process(f, *pid, name.as_deref())?;
                f.write_str(" was killed and does not end")
            }
            Self::Undelivered { to, message, failure, attempts, metadata } => {
                let to = to.as_deref().unwrap_or("a process without a name");
                write!(f, "{message} for {to} is not delivered after {attempts} attempts: ")?;
                write!(f, "{failure}; {metadata:?}")
            }
        }
    }
}

fn write_process(f: &mut fmt::Formatter<'_>, pid: Pid, name: Option<&str>) -> fmt::Result {
    write!(f, "{pid}")?;
    match name {
        Some(name) => write!(f, " ({name})"),
        None => Ok(()),
    }
}
