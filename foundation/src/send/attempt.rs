//! The attempts of one delivery: how long each may take, whether there is another one, and what becomes of the message at last.
//!
//! All of this is off the way of a message that is accepted, or handled, at once.

use std::any::type_name;

use crate::alarm::Alarm;
use crate::error::SendFailure;
use crate::process::deadlines::{Deadline, nap_until};
use crate::send::address::Address;
use crate::send::dead_letter::burial::Burial;
use crate::send::error::{DeliveryError, DeliveryFailure, Fate};
use crate::send::options::{OnFailure, SendOptions};
use crate::telemetry;
use crate::time::after;

/// How far one delivery has come.
pub(crate) struct Attempts<'a, A: ?Sized> {
    address: &'a A,
    options: &'a SendOptions,
    total: Deadline<'a>,
    made: u32,
    may_have_been_handled: bool,
}

/// Whether a message that may have been handled is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    AtMostOnce,
    AtLeastOnce,
}

impl<'a, A: ?Sized> Attempts<'a, A> {
    /// Nothing but the first attempt has begun.
    #[inline]
    pub(crate) fn new<M>(address: &'a A, options: &'a SendOptions) -> Self
    where
        A: Address<M>,
    {
        let total = address.node().deadlines().within(options.deadline);
        Self { address, options, total, made: 1, may_have_been_handled: false }
    }

    /// The limit of the attempt that begins now. Without a limit of its own the clock is not read.
    #[inline]
    pub(crate) fn limit(&mut self) -> Deadline<'a> {
        match self.options.attempt {
            None => self.total.rest(),
            Some(attempt) => self.total.part(attempt),
        }
    }

    /// Takes over when the clock of an attempt's limit was started.
    #[inline]
    pub(crate) fn began(&mut self, limit: &Deadline<'a>) {
        if self.options.attempt.is_none() {
            self.total.adopt(limit);
        }
    }

    /// Waits until it is time for another attempt. Returns false if there is none.
    pub(crate) async fn again<M>(&mut self, failure: &DeliveryFailure, promise: Promise) -> bool
    where
        A: Address<M>,
    {
        self.may_have_been_handled |= failure.may_have_been_handled();
        if self.made > self.options.retries || !self.is_worth_it(failure, promise) {
            return false;
        }
        let random = self.address.node().random();
        let next = after(self.options.backoff.delay(self.made - 1, random));
        if next >= self.total.instant() {
            return false;
        }
        telemetry::delivery_retried();
        nap_until(next).await;
        self.made += 1;
        true
    }

    fn is_worth_it<M>(&self, failure: &DeliveryFailure, promise: Promise) -> bool
    where
        A: Address<M>,
    {
        let is_gone = matches!(failure, DeliveryFailure::NotAccepted(SendFailure::NoProc));
        if is_gone && self.address.is_incarnation() {
            return false;
        }
        let is_repeatable = promise == Promise::AtLeastOnce && failure.may_have_been_handled();
        failure.is_retryable() || is_repeatable
    }

    /// Carries out the failure policy.
    pub(crate) fn give_up<M>(self, failure: DeliveryFailure, message: Option<M>) -> DeliveryError<M>
    where
        A: Address<M>,
        M: Send + 'static,
    {
        telemetry::delivery_failed(&failure);
        let fate = match (self.options.on_failure, message) {
            (OnFailure::DeadLetter, Some(message)) => {
                self.bury(&failure, message);
                Fate::DeadLetter
            }
            (_, message) => message.map_or(Fate::Gone, Fate::Returned),
        };
        if self.options.on_failure == OnFailure::Alarm {
            self.raise::<M>(&failure);
        }
        let is_open = self.may_have_been_handled || failure.may_have_been_handled();
        DeliveryError::after(self.made, is_open, failure, fate)
    }

    fn bury<M>(&self, failure: &DeliveryFailure, message: M)
    where
        A: Address<M>,
        M: Send + 'static,
    {
        let burial = Burial {
            message,
            address: self.address.dead_letter_address(),
            reason: failure.dead_letter_reason(),
            metadata: self.options.metadata.clone(),
        };
        self.address.node().dead_letters().bury(burial);
    }

    fn raise<M>(&self, failure: &DeliveryFailure)
    where
        A: Address<M>,
    {
        self.address.node().raise(&Alarm::Undelivered {
            to: self.address.dead_letter_address().label,
            message: type_name::<M>(),
            failure: failure.to_string().into(),
            attempts: self.made,
            metadata: self.options.metadata.clone(),
        });
    }
}
