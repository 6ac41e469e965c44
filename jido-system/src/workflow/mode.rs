//! How the tasks of a workflow are executed.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Durations;

/// What executing a task means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mode {
    /// A task takes its recorded runtime times `scale`, and does nothing else. 0 is allowed and measures the engine itself.
    Simulate {
        /// Not negative, finite.
        scale: f64,
    },
    /// A task runs its command.
    Execute {
        /// The working directory of the commands: absolute.
        workdir: PathBuf,
        /// How long one attempt may take; `None` is no limit.
        timeout: Option<Duration>,
    },
}

impl Mode {
    /// Where the report takes the durations of tasks from.
    #[must_use]
    pub fn durations(&self) -> Durations {
        match self {
            Self::Simulate { scale } => Durations::Simulated(*scale),
            Self::Execute { .. } => Durations::Measured,
        }
    }

    /// Hands out the bytes that tell one way to run a workflow from another. The timeout is not among them.
    pub(crate) fn describe(&self, mut hash: impl FnMut(&[u8])) {
        match self {
            Self::Simulate { scale } => {
                hash(b"simulate");
                hash(&scale.to_bits().to_be_bytes());
            }
            Self::Execute { workdir, .. } => {
                hash(b"execute");
                hash(workdir.as_os_str().as_encoded_bytes());
            }
        }
    }
}
