//! What becomes a dead letter, and what is told to whoever asked that it be recorded.

use std::error::Error;
use std::fmt;

use crate::process::name::Name;
use crate::process::server_ref::ServerRef;
use crate::send::dead_letter::letter::{DeadLetterAddress, DeadLetterId};
use crate::send::dead_letter::reason::DeadLetterReason;
use crate::send::dead_letter::sink::DeadLetterSinkError;
use crate::send::metadata::Metadata;

/// A message that is to become a dead letter, with its address.
///
/// # Examples
///
/// ```
/// use foundation::{Burial, Metadata, DeadLetterReason, Node, NodeConfig};
///
/// let node = Node::new(NodeConfig::default())?;
/// let orders = node.name::<String>("orders")?;
/// let metadata = Metadata::new([("customer", "17")])?;
/// let burial = Burial::new("one pie".to_owned(), DeadLetterReason::NoProc)
///     .to_name(&orders)
///     .metadata(metadata);
/// let id = node.dead_letters().bury(burial);
/// assert_eq!(id.seq(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "bury it"]
pub struct Burial<M> {
    pub(crate) message: M,
    pub(crate) address: DeadLetterAddress,
    pub(crate) reason: DeadLetterReason,
    pub(crate) metadata: Metadata,
}

impl<M: Send + 'static> Burial<M> {
    /// A message for nobody in particular: it can be read and taken, not retried.
    pub fn new(message: M, reason: DeadLetterReason) -> Self {
        let (address, metadata) = (DeadLetterAddress::default(), Metadata::default());
        Self { message, address, reason, metadata }
    }

    /// Addresses it to whoever holds the name at an attempt.
    pub fn to_name(mut self, name: &Name<M>) -> Self {
        self.address = DeadLetterAddress::named(name.shared_key().clone());
        self
    }

    /// Addresses it to the registered name of a process. If it has none, no successor can be found, and each retry fails.
    pub fn to_server(mut self, server: &ServerRef<M>) -> Self {
        self.address = server.server().cell.dead_letter_address();
        self
    }

    /// Sets what goes with it.
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }
}

/// A dead letter whose sink is not known to have it. It is in the memory of the node all the same.
#[derive(Debug, Clone)]
pub struct BuryError {
    /// The letter.
    pub id: DeadLetterId,
    /// Why.
    pub cause: BuryFailure,
}

/// Why the sink is not known to have a dead letter.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BuryFailure {
    /// The node has no sink.
    NoSink,
    /// The sink reports that it does not have it.
    Sink(DeadLetterSinkError),
    /// The sink did not answer in time; it may have it now or later.
    Timeout,
}

impl fmt::Display for BuryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dead letter {} is not known to be durable: ", self.id)?;
        match &self.cause {
            BuryFailure::NoSink => f.write_str("there is no sink"),
            BuryFailure::Sink(error) => write!(f, "{error}"),
            BuryFailure::Timeout => f.write_str("no answer before the deadline"),
        }
    }
}

impl Error for BuryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            BuryFailure::Sink(error) => Some(error),
            BuryFailure::NoSink | BuryFailure::Timeout => None,
        }
    }
}
