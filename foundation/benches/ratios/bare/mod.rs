//! The baselines: the best plain tokio for each operation, without supervision, containment, deadlines or metrics.

pub(crate) mod delivery;
pub(crate) mod life;
pub(crate) mod mail;
pub(crate) mod relay;
pub(crate) mod restart;
pub(crate) mod watch;
