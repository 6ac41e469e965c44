//! Waiting for a permit: sleep as long as the denial says, then ask again.

use std::time::Duration;

use super::denied::{RateDenied, RateWaitError};
use crate::time::{sleep, timeout};

/// Asks until it is granted. The permit is taken in the poll that returns it, so a wait that is dropped has taken none.
pub(crate) async fn until_ready(
    deadline: Duration,
    check: impl Fn() -> Result<(), RateDenied>,
) -> Result<(), RateWaitError> {
    let asking = async {
        loop {
            match check() {
                Ok(()) => return Ok(()),
                Err(RateDenied::Never { limit }) => return Err(RateWaitError::Never { limit }),
                Err(RateDenied::Limited { retry_after } | RateDenied::NoRoom { retry_after }) => {
                    sleep(retry_after).await
                }
            }
        }
    };
    match timeout(deadline, asking).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(RateWaitError::Timeout),
    }
}
