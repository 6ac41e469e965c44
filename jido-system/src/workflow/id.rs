//! The identity of a workflow run: the same file run the same way is the same workflow.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::mode::Mode;
use crate::Workflow;

/// How many characters of the name go into an id.
const SLUG_MAX: usize = 40;

/// How many hexadecimal digits of the hash go into an id.
const DIGITS: usize = 12;

/// Names one run of one workflow in a store.
///
/// Made of the workflow's name, a hash over its work and over how it is run (simulated or not, at which scale, in which folder),
/// and, from the second run on, the number of the run: `montage-5f3a09c1b2d4`, `montage-5f3a09c1b2d4-2`. Options that do
/// not change the work (workers, attempts, timeout) do not change the id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkflowId(Arc<str>);

impl WorkflowId {
    /// Takes an id as a person wrote it. Whether such a workflow exists is for the store to say.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(jido_system::WorkflowId::new("w-1").to_string(), "w-1");
    /// ```
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the first run.
    pub(crate) fn first(workflow: &Workflow, mode: &Mode) -> Self {
        let mut hash = Sha256::new();
        hash.update(workflow.fingerprint().as_bytes());
        mode.describe(|bytes| hash.update(bytes));
        let digest = hash.finalize();
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::new(format!("{}-{}", slug(workflow.name()), &digits[..DIGITS]))
    }

    /// The id of run `number` of the workflow whose first run has this id.
    pub(crate) fn run(&self, number: u32) -> Self {
        if number <= 1 { self.clone() } else { Self::new(format!("{}-{number}", self.0)) }
    }
}

/// Lower-case letters, digits and single hyphens.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        if slug.len() >= SLUG_MAX {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "workflow".to_owned() } else { slug.to_owned() }
}

impl fmt::Display for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
