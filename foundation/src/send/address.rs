//! Where a message can be sent.

use std::borrow::Cow;
use std::sync::Arc;

use crate::node::Node;
use crate::process::name::Name;
use crate::process::server_ref::ServerRef;
use crate::send::dead_letter::letter::DeadLetterAddress;

/// An address that a message can be sent to. A name is resolved at each attempt.
pub trait Address<M>: Send + Sync {
    /// Returns the process that is there now.
    fn resolve(&self) -> Option<Cow<'_, ServerRef<M>>>;

    /// Returns the node whose deadlines, dead letters and alarms the delivery uses.
    fn node(&self) -> &Node;

    /// Returns what a dead letter says about whom it was for.
    fn dead_letter_address(&self) -> DeadLetterAddress;

    /// Returns true if it means one incarnation, which nobody follows: then an end is final.
    fn is_incarnation(&self) -> bool;
}

impl<M: Send + 'static> Address<M> for ServerRef<M> {
    #[inline]
    fn resolve(&self) -> Option<Cow<'_, ServerRef<M>>> {
        Some(Cow::Borrowed(self))
    }

    #[inline]
    fn node(&self) -> &Node {
        self.server().cell.node()
    }

    fn dead_letter_address(&self) -> DeadLetterAddress {
        self.server().cell.dead_letter_address()
    }

    fn is_incarnation(&self) -> bool {
        true
    }
}

impl<M: Send + 'static> Address<M> for Name<M> {
    #[inline]
    fn resolve(&self) -> Option<Cow<'_, ServerRef<M>>> {
        self.whereis().map(Cow::Owned)
    }

    #[inline]
    fn node(&self) -> &Node {
        Self::node(self)
    }

    fn dead_letter_address(&self) -> DeadLetterAddress {
        let pid = self.whereis().map(|server| server.pid());
        DeadLetterAddress { pid, ..DeadLetterAddress::named(Arc::clone(self.shared_key())) }
    }

    fn is_incarnation(&self) -> bool {
        false
    }
}
