//! What goes between a node and its sink beyond the first offer: letters of an earlier run, and what the sink lost.

use std::collections::HashMap;
use std::sync::Arc;

use crate::send::dead_letter::core::{Core, record_of};
use crate::send::dead_letter::letter::{DeadLetterAddress, DeadLetterId, DeadLetterRecording};
use crate::send::dead_letter::queue::{Entry, Now, Stamp};
use crate::send::dead_letter::reason::DeadLetterReason;
use crate::send::dead_letter::record::{DeadLetterChange, DeadLetterRecord, DeadLetterRestore};
use crate::telemetry;

impl Core {
    /// Brings back what an earlier run recorded, in its order.
    pub(crate) fn restore(self: &Arc<Self>, records: Vec<DeadLetterRecord>) -> DeadLetterRestore {
        let now = self.now();
        let known: Vec<(DeadLetterId, u32)> =
            records.iter().map(|record| (record.id, record.attempts)).collect();
        let is_first = !std::mem::replace(&mut self.shelf.lock().is_restored, true);
        let mut outcome = DeadLetterRestore::default();
        if is_first {
            let entries: Vec<Entry> =
                records.into_iter().map(|record| self.entry_of(record, now)).collect();
            let mut shelf = self.shelf.lock();
            let fresh = entries.into_iter().filter(|entry| !shelf.queue.contains(entry.id));
            let fresh: Vec<Entry> = fresh.collect();
            outcome.restored = fresh.len();
            shelf.counts.restored += fresh.len() as u64;
            let dropped = shelf.queue.restore(fresh);
            for entry in &dropped {
                shelf.evicted(entry, true);
            }
            drop(shelf);
            for _ in &dropped {
                telemetry::dead_letter_dropped(self.overflow_label());
            }
        } else {
            self.reconcile(&known, now, &mut outcome);
        }
        self.forward();
        outcome
    }

    fn entry_of(&self, record: DeadLetterRecord, now: Now) -> Entry {
        let decoded = self.codecs.decode(&record.codec, record.bytes);
        Entry {
            id: record.id,
            address: DeadLetterAddress { name: record.name, label: record.label, pid: None },
            message_type: decoded.message_type,
            route: decoded.route,
            reason: DeadLetterReason::Recorded { kind: record.reason, text: record.reason_text },
            metadata: record.metadata,
            attempts: record.attempts,
            first: Stamp::recorded(record.first_failure, now),
            last: record.last_attempt.map(|last| Stamp::recorded(last, now)),
            recording: DeadLetterRecording::Recorded,
            is_offered: true,
            message: Some(decoded.message),
        }
    }

    /// The sink was started again under a node that lives: what the node knows counts.
    fn reconcile(&self, known: &[(DeadLetterId, u32)], now: Now, outcome: &mut DeadLetterRestore) {
        let recorded: HashMap<DeadLetterId, u32> = known.iter().copied().collect();
        let mut shelf = self.shelf.lock();
        let gone = known.iter().map(|(id, _)| *id).filter(|id| !shelf.queue.contains(*id));
        outcome.gone = gone.collect();
        let mut changes = Vec::new();
        for entry in shelf.queue.entries_mut().filter(|entry| entry.is_offered) {
            match recorded.get(&entry.id) {
                Some(attempts) => {
                    entry.recording = DeadLetterRecording::Recorded;
                    if *attempts != entry.attempts {
                        let at = entry.last.map_or(now.wall, |last| last.wall);
                        let (id, attempts) = (entry.id, entry.attempts);
                        changes.push(DeadLetterChange::Attempted { id, attempts, at });
                    }
                }
                // What still waits in the sink comes a second time, which it takes.
                None => entry.recording = DeadLetterRecording::Failed,
            }
        }
        changes.into_iter().for_each(|change| shelf.post_quietly(change));
    }

    /// Offers again what the sink is not known to have.
    pub(crate) fn record_again(self: &Arc<Self>) -> usize {
        let failed = |(position, entry): (i64, &Entry)| {
            (entry.recording == DeadLetterRecording::Failed).then_some(position)
        };
        let positions: Vec<i64> = self.shelf.lock().queue.entries().filter_map(failed).collect();
        let mut offered = 0;
        for position in positions {
            let Some(borrowed) = self.borrow(position) else { continue };
            let encoded = borrowed.message().and_then(|message| self.encode(message));
            drop(borrowed);
            let Some((codec, bytes)) = encoded else { continue };
            let mut shelf = self.shelf.lock();
            let Some(entry) = shelf.queue.at(position) else { continue };
            (entry.recording, entry.is_offered) = (DeadLetterRecording::Pending, true);
            let change = DeadLetterChange::Buried(Box::new(record_of(entry, codec, bytes)));
            let id = change.id();
            let refused = shelf.post(change, None);
            drop(shelf);
            if let Some((_nobody, error)) = refused {
                self.recorded(id, true, Some(&error));
                break;
            }
            offered += 1;
        }
        self.forward();
        offered
    }
}
