//! A limit on the retries of all who call the same service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many retries there may be beside the successes, over all runs that share it. A handle: clones share one account.
///
/// When a service is down, retries multiply its load; a budget keeps them to a part of what succeeds. It starts with `retries`, each
/// retry takes one, and every `successes` successes bring one back, up to `retries`. After the retry throttling of gRPC (proposal
/// A6).
///
/// # Examples
///
/// ```
/// let budget = foundation::RetryBudget::new(2, 10);
/// assert_eq!(budget.remaining(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct RetryBudget {
    account: Arc<Account>,
}

/// Counts in successes: a retry is worth `price` of them.
#[derive(Debug)]
struct Account {
    balance: AtomicU64,
    most: u64,
    price: u64,
}

impl RetryBudget {
    /// Creates a budget that is full. `successes` of 0 is taken for 1.
    #[must_use]
    pub fn new(retries: u32, successes: u32) -> Self {
        let price = u64::from(successes.max(1));
        let most = u64::from(retries) * price;
        Self { account: Arc::new(Account { balance: AtomicU64::new(most), most, price }) }
    }

    /// Returns how many retries it has room for now.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        let whole = self.account.balance.load(Ordering::Relaxed) / self.account.price;
        u32::try_from(whole).unwrap_or(u32::MAX)
    }

    /// Takes one retry if there is one.
    pub(crate) fn take(&self) -> bool {
        let Account { balance, price, .. } = &*self.account;
        let paid = |balance: u64| balance.checked_sub(*price);
        balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, paid).is_ok()
    }

    /// Something succeeded.
    pub(crate) fn earn(&self) {
        let Account { balance, most, .. } = &*self.account;
        let earned = |balance: u64| (balance < *most).then_some(balance + 1);
        // A full account takes no more, which is not of interest.
        match balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned) {
            Ok(_) | Err(_) => {}
        }
    }
}
