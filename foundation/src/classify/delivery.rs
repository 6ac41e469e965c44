//! What errors of delivery, dead letters, limits and breakers are about.

use crate::circuit_breaker::config::BreakerConfigError;
use crate::circuit_breaker::rejected::{BreakerError, BreakerRejected};
use crate::classify::{Classification, Classify, Severity};
use crate::error::SendFailure;
use crate::rate_limiter::denied::{RateDenied, RateWaitError};
use crate::rate_limiter::quota::RateError;
use crate::send::dead_letter::attempt::AttemptError;
use crate::send::dead_letter::burial::{BuryError, BuryFailure};
use crate::send::dead_letter::sink::DeadLetterSinkError;
use crate::send::error::{DeliveryError, DeliveryFailure};
use crate::send::metadata::MetadataError;
use crate::timeouts::TimeoutsError;

/// A delivery resolves its address anew each time, so that what was certainly not handled may succeed later.
impl Classify for DeliveryFailure {
    fn classification(&self) -> Classification {
        match self {
            Self::NotAccepted(SendFailure::SelfSend) => Classification::bug(),
            Self::NotAccepted(SendFailure::Timeout | SendFailure::Full | SendFailure::NoProc)
            | Self::Withheld
            | Self::Dropped => Classification::passing(Severity::Low),
            Self::Died(_) | Self::Timeout => Classification::infrastructure(Severity::Medium),
        }
    }
}

/// What may have been handled by an earlier attempt is not to be tried again, whatever the last one came to.
impl<M> Classify for DeliveryError<M> {
    fn classification(&self) -> Classification {
        if self.may_have_been_handled() {
            return Classification::infrastructure(Severity::Medium);
        }
        self.failure.classification()
    }
}

impl Classify for MetadataError {
    fn classification(&self) -> Classification {
        match self {
            Self::TooMany | Self::TooLong => Classification::validation(),
        }
    }
}

/// A letter is tried again as often as it may, so what may have been handled is no reason against it.
impl Classify for AttemptError {
    fn classification(&self) -> Classification {
        match self {
            Self::NoAddress => Classification::infrastructure(Severity::Medium),
            Self::TypeMismatch => Classification::validation(),
            Self::NoProc | Self::Timeout | Self::Died(_) => {
                Classification::passing(Severity::Medium)
            }
            Self::Full | Self::Dropped => Classification::passing(Severity::Low),
            Self::Unreadable => Classification::infrastructure(Severity::High),
        }
    }
}

impl Classify for DeadLetterSinkError {
    fn classification(&self) -> Classification {
        match self {
            Self::Full => Classification::passing(Severity::Medium),
            Self::Closed | Self::Dropped | Self::NoRoom => {
                Classification::infrastructure(Severity::High)
            }
            Self::NotEncodable | Self::TooLarge { .. } => Classification::validation(),
            Self::Failed(_) => Classification::infrastructure(Severity::High),
        }
    }
}

/// The letter is in the memory of its node in any case; burying it once more would make two of it.
impl Classify for BuryFailure {
    fn classification(&self) -> Classification {
        match self {
            Self::NoSink => Classification::validation(),
            Self::Sink(error) => Classification::infrastructure(error.severity()),
            Self::Timeout => Classification::infrastructure(Severity::Medium),
        }
    }
}

impl Classify for BuryError {
    fn classification(&self) -> Classification {
        self.cause.classification()
    }
}

impl Classify for RateError {
    fn classification(&self) -> Classification {
        match self {
            Self::NoPeriod
            | Self::PeriodTooLong
            | Self::LimitTooLarge { .. }
            | Self::NoKeys
            | Self::OtherAlgorithm { .. } => Classification::validation(),
        }
    }
}

impl Classify for RateDenied {
    fn classification(&self) -> Classification {
        match self {
            Self::Limited { .. } => Classification::passing(Severity::Low),
            Self::NoRoom { .. } => Classification::passing(Severity::Medium),
            Self::Never { .. } => Classification::validation(),
        }
    }
}

impl Classify for RateWaitError {
    fn classification(&self) -> Classification {
        match self {
            Self::Timeout => Classification::passing(Severity::Low),
            Self::Never { .. } => Classification::validation(),
        }
    }
}

impl Classify for BreakerConfigError {
    fn classification(&self) -> Classification {
        match self {
            Self::NoThreshold
            | Self::NoWindow
            | Self::Percent
            | Self::TooMany { .. }
            | Self::NoProbes
            | Self::NoResetTimeout => Classification::validation(),
        }
    }
}

impl Classify for BreakerRejected {
    fn classification(&self) -> Classification {
        match self {
            Self::Open { .. } | Self::Probing => Classification::passing(Severity::Medium),
        }
    }
}

/// The error of a call that ran is what it says itself.
impl<E: Classify> Classify for BreakerError<E> {
    fn classification(&self) -> Classification {
        match self {
            Self::Open { .. } | Self::Probing => Classification::passing(Severity::Medium),
            Self::Failed(error) => error.classification(),
        }
    }
}

impl Classify for TimeoutsError {
    fn classification(&self) -> Classification {
        match self {
            Self::Zero | Self::TooLong | Self::TooMany => Classification::validation(),
        }
    }
}
