//! Which dead letters are meant.

use std::sync::Arc;
use std::time::Duration;

use crate::send::dead_letter::letter::{DeadLetterId, DeadLetterState};
use crate::send::dead_letter::options::DeadLetterOptions;
use crate::send::dead_letter::queue::{Entry, Now};
use crate::send::dead_letter::reason::DeadLetterReasonKind;

/// Which dead letters are listed, retried or purged. Without conditions: all. Conditions add up; order is that of the first failure.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use foundation::{DeadLetterFilter, DeadLetterReasonKind, Node, NodeConfig};
///
/// let node = Node::new(NodeConfig::default())?;
/// let filter = DeadLetterFilter::all()
///     .name("orders")
///     .reason(DeadLetterReasonKind::Overflow)
///     .older_than(Duration::from_secs(60))
///     .limit(100);
/// assert!(node.dead_letters().list(&filter).is_empty());
/// # Ok::<(), foundation::NodeError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct DeadLetterFilter {
    ids: Option<Vec<DeadLetterId>>,
    name: Option<Arc<str>>,
    message_type: Option<Arc<str>>,
    reason: Option<DeadLetterReasonKind>,
    state: Option<DeadLetterState>,
    older_than: Option<Duration>,
    limit: Option<usize>,
}

impl DeadLetterFilter {
    /// Means all letters.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Means those of these ids.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = DeadLetterId>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// Means those for this name or child id.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Means those whose message has this type: its full path, or the end of it.
    #[must_use]
    pub fn message_type(mut self, path: impl Into<Arc<str>>) -> Self {
        self.message_type = Some(path.into());
        self
    }

    /// Means those with a reason of this kind.
    #[must_use]
    pub fn reason(mut self, kind: DeadLetterReasonKind) -> Self {
        self.reason = Some(kind);
        self
    }

    /// Means those in this state.
    #[must_use]
    pub fn state(mut self, state: DeadLetterState) -> Self {
        self.state = Some(state);
        self
    }

    /// Means those that came here longer ago than this.
    #[must_use]
    pub fn older_than(mut self, age: Duration) -> Self {
        self.older_than = Some(age);
        self
    }

    /// Means at most this many, the oldest.
    #[must_use]
    pub fn limit(mut self, letters_max: usize) -> Self {
        self.limit = Some(letters_max);
        self
    }

    pub(crate) fn limit_or_all(&self) -> usize {
        self.limit.unwrap_or(usize::MAX)
    }

    /// Whether an entry is meant, but for the limit.
    pub(crate) fn means(&self, entry: &Entry, now: Now, options: &DeadLetterOptions) -> bool {
        let is_of_type = |path: &Arc<str>| {
            let before = entry.message_type.strip_suffix(&**path);
            before.is_some_and(|before| before.is_empty() || before.ends_with("::"))
        };
        self.ids.as_ref().is_none_or(|ids| ids.contains(&entry.id))
            && self.name.as_ref().is_none_or(|name| entry.address.label.as_ref() == Some(name))
            && self.message_type.as_ref().is_none_or(is_of_type)
            && self.reason.is_none_or(|kind| entry.reason.kind() == kind)
            && self.state.is_none_or(|state| entry.state(now, options) == state)
            && self.older_than.is_none_or(|age| entry.first.age(now) > age)
    }
}
