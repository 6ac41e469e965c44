//! What supervised delivery is compared with: our own plain send and call for one receiver, plain tokio for very many.

use crate::{bare, ours};

/// A plain `ServerRef::send`, one sender.
pub(crate) async fn accepted(count: usize) -> f64 {
    ours::mail::tell(1, count).await
}

/// A plain call, one caller.
pub(crate) async fn handled(count: usize) -> f64 {
    ours::mail::call(1, count).await
}

/// `try_send` to every receiver.
pub(crate) async fn best_effort(receivers: usize, laps: usize) -> f64 {
    bare::relay::fanout(receivers, laps).await
}

/// The same: plain tokio has nothing that is all or nothing.
pub(crate) async fn all_or_nothing(receivers: usize, laps: usize) -> f64 {
    bare::relay::fanout(receivers, laps).await
}
