//! The narrow door to a process: it takes one kind of message, whatever else the process takes.

use std::fmt;
use std::sync::Arc;

use crate::error::CastFailure;
use crate::process::envelope::Receipt;
use crate::process::name::Name;
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::server_ref::ServerRef;
use crate::telemetry;

/// A door that takes only messages of type `T`, whatever the full message type of the process behind it.
///
/// Cost: one allocation when it is made, one indirect call per message.
pub struct Recipient<T> {
    door: Arc<dyn Door<T>>,
}

pub(crate) trait Door<T>: Send + Sync {
    fn cast(&self, message: T) -> Result<(), CastFailure>;
    fn process(&self) -> Option<ProcessRef>;
}

impl<M, T> Door<T> for ServerRef<M>
where
    M: From<T> + Send + 'static,
{
    fn cast(&self, message: T) -> Result<(), CastFailure> {
        self.server().push(M::from(message), Receipt::Cast).map_err(|(_envelope, cause)| cause)
    }

    fn process(&self) -> Option<ProcessRef> {
        Some(Self::process(self).clone())
    }
}

impl<M, T> Door<T> for Name<M>
where
    M: From<T> + Send + 'static,
{
    fn cast(&self, message: T) -> Result<(), CastFailure> {
        let server = self.whereis().ok_or(CastFailure::NoProc)?;
        server.server().push(M::from(message), Receipt::Cast).map_err(|(_envelope, cause)| cause)
    }

    fn process(&self) -> Option<ProcessRef> {
        self.whereis().map(|server| server.process().clone())
    }
}

impl<T: Send + 'static> Recipient<T> {
    pub(crate) fn new(door: Arc<dyn Door<T>>) -> Self {
        Self { door }
    }

    pub(crate) fn of_name<M: From<T> + Send + 'static>(name: Name<M>) -> Self {
        Self { door: Arc::new(name) }
    }

    /// Sends a message without waiting. Ok means accepted, not handled.
    ///
    /// # Errors
    ///
    /// [`CastFailure`]: `Full` or `NoProc`. The message has been converted and is gone; clone it first if it is needed.
    pub fn cast(&self, message: T) -> Result<(), CastFailure> {
        self.door.cast(message).inspect_err(|cause| telemetry::cast_refused(*cause))
    }

    /// Returns the pid of the process that is behind the door now.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.process().map(|process| process.pid())
    }

    /// Returns the process that is behind the door now.
    #[must_use]
    pub fn process(&self) -> Option<ProcessRef> {
        self.door.process()
    }
}

impl<T> Clone for Recipient<T> {
    fn clone(&self) -> Self {
        Self { door: Arc::clone(&self.door) }
    }
}

impl<T: Send + 'static> fmt::Debug for Recipient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recipient").field(&self.pid()).finish()
    }
}
