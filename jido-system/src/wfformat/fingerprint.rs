//! What makes two workflows the same work.

use std::fmt;

use sha2::{Digest, Sha256};

use super::workflow::Workflow;

/// Set apart from every other use of the hash, and from later encodings.
const DOMAIN: &[u8] = b"jido workflow fingerprint 1";

/// A SHA-256 over what a workflow does: equal fingerprints mean that a run of the one may be
/// continued as a run of the other.
///
/// Covers, in the order of the file: the name of the workflow and, of each task, id, runtime,
/// command, edges and files. Not covered: task names, the schema version, and everything in the
/// file that is not used, such as descriptions and machines. Displays as 64 hexadecimal digits.
///
/// # Examples
/// ```
/// # use jido_system::Workflow;
/// # let workflow = Workflow::parse(br#"{"name": "w", "schemaVersion": "1.5",
/// #   "workflow": {"specification": {"tasks": [{"id": "a"}]}}}"#)?;
/// let stored = serde_json::to_vec(&workflow)?;
/// let reloaded: Workflow = serde_json::from_slice(&stored)?;
/// assert_eq!(reloaded.fingerprint(), workflow.fingerprint());
/// assert_eq!(workflow.fingerprint().to_string().len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Workflow {
    /// The fingerprint of the work that this workflow describes. Cost: O(size), not cached.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Canonical(Sha256::new());
        hash.text(DOMAIN);
        hash.text(self.name().as_bytes());
        hash.number(self.tasks().len() as u64);
        for task in self.tasks() {
            hash.text(task.id.as_bytes());
            hash.number(task.runtime_s.to_bits());
            match &task.command {
                None => hash.number(0),
                Some(command) => {
                    hash.number(1);
                    hash.text(command.program.as_bytes());
                    hash.texts(&command.arguments);
                }
            }
            hash.number(task.parents.len() as u64);
            task.parents.iter().for_each(|parent| hash.number(parent.as_usize() as u64));
            hash.texts(&task.input_files);
            hash.texts(&task.output_files);
        }
        Fingerprint(hash.0.finalize().into())
    }
}

/// Every part is preceded by its length, so that no two workflows have the same encoding.
struct Canonical(Sha256);

impl Canonical {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text.as_bytes()));
    }
}
