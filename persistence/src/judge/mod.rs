//! The rules by which a write is accepted or refused. Pure: what is stored + the write -> verdict.
//!
//! Order of the tests: size, fence, retry of an applied write, revision, schema. Both backends
//! judge through this module, so they cannot differ.

use crate::{
    Append, AppendError, Caps, CommitError, EnvelopeError, Key, LogHead, Record, Remove, Revision,
    Save, SaveError, Seq, Transaction, Trim,
};

#[cfg(test)]
mod tests;

/// What is to be done for an accepted write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<T> {
    /// Apply it; for a log, behind this head.
    Apply,
    /// It was applied before, with this outcome.
    AlreadyApplied(T),
}

/// A stored record, or why it cannot be read.
pub(crate) type StoredRecord = Result<Option<Record>, EnvelopeError>;
/// A stored log head, or why it cannot be read.
pub(crate) type StoredHead = Result<Option<LogHead>, EnvelopeError>;

fn readable(key: &Key, found: StoredRecord) -> Result<Option<Record>, SaveError> {
    found.map_err(|error| match error {
        EnvelopeError::Corrupt(damage) => SaveError::Corrupt { key: key.clone(), damage },
        EnvelopeError::TooNew { found, supported } => SaveError::TooNew { found, supported },
    })
}

/// Judges a save against the stored record.
pub(crate) fn save(
    found: StoredRecord,
    save: &Save,
    caps: &Caps,
) -> Result<Verdict<Revision>, SaveError> {
    if save.bytes.len() > caps.record_bytes_max {
        let bytes = save.bytes.len();
        return Err(SaveError::TooLarge { bytes, limit: caps.record_bytes_max });
    }
    let Some(found) = readable(&save.key, found)? else {
        return if save.expected == Revision::ABSENT {
            Ok(Verdict::Apply)
        } else {
            Err(SaveError::Conflict { found: Revision::ABSENT })
        };
    };
    if save.epoch < found.epoch {
        return Err(SaveError::Fenced { current_epoch: found.epoch });
    }
    if save.epoch == found.epoch && save.write_id == found.write_id {
        return Ok(Verdict::AlreadyApplied(found.revision));
    }
    if save.expected != found.revision {
        return Err(SaveError::Conflict { found: found.revision });
    }
    let (stored, offered) = (found.schema.version(), save.schema.version());
    if found.schema.name() == save.schema.name() && stored > offered {
        return Err(SaveError::SchemaTooNew { found: stored, offered });
    }
    Ok(Verdict::Apply)
}

/// Judges a removal against the stored record.
pub(crate) fn remove(found: StoredRecord, remove: &Remove) -> Result<(), SaveError> {
    let Some(found) = readable(&remove.key, found)? else {
        return Err(SaveError::Conflict { found: Revision::ABSENT });
    };
    if remove.epoch < found.epoch {
        return Err(SaveError::Fenced { current_epoch: found.epoch });
    }
    if remove.expected != found.revision {
        return Err(SaveError::Conflict { found: found.revision });
    }
    Ok(())
}

fn readable_head(log: &Key, found: StoredHead) -> Result<Option<LogHead>, AppendError> {
    found.map_err(|error| match error {
        EnvelopeError::Corrupt(damage) => AppendError::Corrupt { key: log.clone(), damage },
        EnvelopeError::TooNew { .. } => {
            AppendError::Corrupt { key: log.clone(), damage: crate::Damage::Magic }
        }
    })
}

/// Judges an append against the stored head, and gives the head behind which it goes.
pub(crate) fn append(
    found: StoredHead,
    append: &Append,
    caps: &Caps,
) -> Result<(Verdict<Seq>, LogHead), AppendError> {
    let limit = caps.record_bytes_max;
    if let Some(entry) = append.entries.iter().find(|entry| entry.len() > limit) {
        return Err(AppendError::TooLarge { bytes: entry.len(), limit });
    }
    let head = readable_head(&append.log, found)?.unwrap_or(LogHead::EMPTY);
    if append.epoch < head.epoch {
        return Err(AppendError::Fenced { current_epoch: head.epoch });
    }
    let applied = append.expected_last.plus(append.entries.len() as u64);
    if head.write_id == Some(append.write_id) && append.epoch == head.epoch && applied == head.last
    {
        return Ok((Verdict::AlreadyApplied(head.last), head));
    }
    if append.expected_last != head.last {
        return Err(AppendError::Conflict { found: head.last });
    }
    Ok((Verdict::Apply, head))
}

/// The head of a log after an append behind `head`.
pub(crate) fn head_after(head: LogHead, append: &Append) -> LogHead {
    LogHead {
        trimmed: head.trimmed,
        last: head.last.plus(append.entries.len() as u64),
        epoch: append.epoch,
        write_id: Some(append.write_id),
    }
}

/// Judges a trim, and gives the head after it; `None` when there is nothing to remove.
pub(crate) fn trim(found: StoredHead, trim: &Trim) -> Result<(LogHead, bool), AppendError> {
    let Some(head) = readable_head(&trim.log, found)? else {
        return Ok((LogHead::EMPTY, false));
    };
    if trim.epoch < head.epoch {
        return Err(AppendError::Fenced { current_epoch: head.epoch });
    }
    let trimmed = trim.upto.min(head.last);
    if trimmed <= head.trimmed {
        return Ok((head, false));
    }
    Ok((LogHead { trimmed, ..head }, true))
}

/// Judges what a transaction shows by itself.
pub(crate) fn transaction(transaction: &Transaction, caps: &Caps) -> Result<(), CommitError> {
    if let Some(key) = transaction.duplicate() {
        return Err(CommitError::Duplicate { key: key.clone() });
    }
    let bytes = transaction.bytes();
    if bytes > caps.transaction_bytes_max {
        return Err(CommitError::TooLarge { bytes, limit: caps.transaction_bytes_max });
    }
    Ok(())
}
