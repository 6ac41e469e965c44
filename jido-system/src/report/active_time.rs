//! How long a workflow was being worked on, from the times in its journal.

use std::time::Duration;

use crate::{Event, EventKind};

/// Sums up the time that the sessions of a workflow took, without the pauses between them.
///
/// A session begins with `workflow_started` or `resumed` and ends with the last event before the
/// next one. Times are cut to whole milliseconds when they are recorded; a session is rounded up to
/// the next one, so that it is never shorter than the work in it. A clock that was set back between
/// two events takes nothing away.
///
/// # Examples
/// ```
/// use jido_system::{ActiveTime, Event};
/// use std::time::Duration;
///
/// let event = Event::TaskStarted { task: "a".into(), attempt: 1 };
/// let mut time = ActiveTime::default();
/// time.observe(5_000, &event);
/// time.observe(6_499, &event);
/// assert_eq!(time.total(), Duration::from_millis(1_500));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveTime {
    /// Of the sessions that are over.
    earlier: Duration,
    session: Option<Session>,
}

/// The session that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Session {
    first_ms: u64,
    last_ms: u64,
    /// Whether there is more than one event: a single one takes no time.
    lasts: bool,
}

impl ActiveTime {
    /// Takes note of the next event and when it was recorded, in milliseconds since some epoch.
    pub fn observe(&mut self, at_ms: u64, event: &Event) {
        let begins = matches!(event.kind(), EventKind::WorkflowStarted | EventKind::Resumed);
        match &mut self.session {
            Some(session) if !begins => {
                session.last_ms = session.last_ms.max(at_ms);
                session.lasts = true;
            }
            _ => {
                self.earlier = self.total();
                self.session = Some(Session { first_ms: at_ms, last_ms: at_ms, lasts: false });
            }
        }
    }

    /// The time of all sessions together, up to the last event.
    #[must_use]
    pub fn total(&self) -> Duration {
        let session = self
            .session
            .filter(|session| session.lasts)
            .map_or(0, |session| (session.last_ms - session.first_ms).saturating_add(1));
        self.earlier.saturating_add(Duration::from_millis(session))
    }
}
