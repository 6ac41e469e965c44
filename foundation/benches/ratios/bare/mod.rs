//! The baselines: the best plain tokio for each operation, `governor` for the limiters, without supervision, containment, deadlines or metrics.

pub(crate) mod delivery;
pub(crate) mod life;
pub(crate) mod limits;
pub(crate) mod mail;
pub(crate) mod relay;
pub(crate) mod restart;
pub(crate) mod watch;
