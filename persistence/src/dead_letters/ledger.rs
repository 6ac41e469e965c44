//! Which writes a batch of changes is, and which rows the store then has. Pure.
//!
//! Changes of one letter within a batch become one write, so a key occurs once in a transaction. The ledger is changed only when the
//! commit of its plan is known to stand.

use std::collections::{BTreeMap, HashMap};

use foundation::{DeadLetterChange, DeadLetterId, DeadLetterRecord};

use super::codec::{self, Status};
use crate::{Committed, Epoch, Key, Remove, Revision, Save, Seq, Transaction, WriteId};

/// The rows of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it stands.
    pub(crate) place: Place,
    pub(crate) letter: Revision,
    pub(crate) status: Option<Revision>,
}

/// Orders letters by their first failure, over all runs: by the opening under which their run was first recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) opening: u64,
    pub(crate) seq: u64,
    pub(crate) run: u64,
}

impl Place {
    /// Sorts as the place does.
    fn text(self) -> String {
        format!("{:020}-{:020}-{:016x}", self.opening, self.seq, self.run)
    }
}

/// The keys under which a sink keeps its records.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &Key) -> Self {
        Self { prefix: prefix.as_str().to_owned() }
    }

    fn key(text: String) -> Key {
        Key::new(text).expect("the prefix leaves room for the rest of a key")
    }

    pub(crate) fn meta(&self) -> Key {
        Self::key(format!("{}/meta", self.prefix))
    }

    pub(crate) fn letters(&self) -> String {
        format!("{}/letter/", self.prefix)
    }

    pub(crate) fn statuses(&self) -> String {
        format!("{}/status/", self.prefix)
    }

    pub(crate) fn letter(&self, place: Place) -> Key {
        Self::key(format!("{}{}", self.letters(), place.text()))
    }

    pub(crate) fn status(&self, place: Place) -> Key {
        Self::key(format!("{}{}", self.statuses(), place.text()))
    }

    /// The place of a letter by its key.
    pub(crate) fn place(&self, key: &Key) -> Option<Place> {
        let mut parts = key.as_str().strip_prefix(&self.letters())?.splitn(3, '-');
        let (opening, seq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let run = u64::from_str_radix(parts.next()?, 16).ok()?;
        Some(Place { opening, seq, run })
    }
}

/// What is stored, as far as the writer knows.
#[derive(Debug)]
pub(crate) struct Ledger {
    keys: Keys,
    epoch: Epoch,
    meta: Revision,
    letters_max: usize,
    rows: HashMap<DeadLetterId, Row>,
    order: BTreeMap<Place, DeadLetterId>,
    /// Under which opening each run that has rows was first recorded.
    openings: HashMap<u64, u64>,
}

/// What a batch makes of one letter.
#[derive(Debug, Default)]
struct Fate {
    record: Option<Box<DeadLetterRecord>>,
    status: Option<Status>,
    is_removed: bool,
}

/// A transaction and what it means for the rows.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) transaction: Transaction,
    /// For each save behind the first: whose row it is.
    saves: Vec<(DeadLetterId, Place, Part)>,
    removed: Vec<DeadLetterId>,
    /// How many of the removed leave for want of room.
    pub(crate) evicted: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Letter,
    Status,
}

impl Plan {
    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.saves.is_empty() && self.removed.is_empty()
    }
}

impl Ledger {
    /// The ledger of an opening that holds the meta record at this revision.
    pub(crate) fn new(keys: Keys, epoch: Epoch, meta: Revision, letters_max: usize) -> Self {
        let (rows, order, openings) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Self { keys, epoch, meta, letters_max, rows, order, openings }
    }

    /// Notes rows that the store has.
    pub(crate) fn note(&mut self, id: DeadLetterId, row: Row) {
        self.openings.entry(id.run()).or_insert(row.place.opening);
        self.order.insert(row.place, id);
        self.rows.insert(id, row);
    }

    /// Where a letter stands, or will.
    fn place(&self, id: DeadLetterId) -> Place {
        let opening = self.openings.get(&id.run()).copied().unwrap_or(self.epoch.get());
        Place { opening, seq: id.seq(), run: id.run() }
    }

    /// The writes of a batch. The meta record is written with each, so that only the last writer that opened can commit.
    pub(crate) fn plan(&self, changes: &[DeadLetterChange]) -> Plan {
        let mut fates: BTreeMap<Place, (DeadLetterId, Fate)> = BTreeMap::new();
        for change in changes {
            let id = change.id();
            let (_, fate) = fates.entry(self.place(id)).or_insert_with(|| (id, Fate::default()));
            match change {
                DeadLetterChange::Buried(record) => {
                    fate.status = status_of(record);
                    fate.record = Some(record.clone());
                }
                DeadLetterChange::Attempted { attempts, at, .. } => {
                    fate.status = Some(Status { attempts: *attempts, at: *at });
                }
                DeadLetterChange::Removed { .. } => fate.is_removed = true,
                // A kind of change that a later foundation has needs a later store.
                _ => {}
            }
        }
        let mut plan = Plan {
            transaction: Transaction::new().save(self.save_of_meta()),
            saves: Vec::new(),
            removed: Vec::new(),
            evicted: 0,
        };
        for (id, fate) in fates.into_values() {
            self.plan_letter(&mut plan, id, &fate);
        }
        self.plan_room(&mut plan);
        plan
    }

    fn plan_letter(&self, plan: &mut Plan, id: DeadLetterId, fate: &Fate) {
        let known = self.rows.get(&id);
        if fate.is_removed {
            plan.removed.extend(known.map(|_row| id));
            return;
        }
        let place = match (known, &fate.record) {
            (Some(row), _) => row.place,
            (None, Some(_)) => self.place(id),
            // An attempt of a letter that is not stored.
            (None, None) => return,
        };
        if let (None, Some(record)) = (known, &fate.record) {
            let bytes = codec::encode_letter(record);
            let save =
                self.save(self.keys.letter(place), Revision::ABSENT, codec::letter_schema(), bytes);
            plan.transaction.saves.push(save);
            plan.saves.push((id, place, Part::Letter));
        }
        if let Some(status) = fate.status {
            let expected = known.and_then(|row| row.status).unwrap_or(Revision::ABSENT);
            let bytes = codec::encode_status(status);
            let save = self.save(self.keys.status(place), expected, codec::status_schema(), bytes);
            plan.transaction.saves.push(save);
            plan.saves.push((id, place, Part::Status));
        }
    }

    /// Removes the oldest rows if there would be more than the limit.
    fn plan_room(&self, plan: &mut Plan) {
        let added = plan.saves.iter().filter(|(_, _, part)| *part == Part::Letter).count();
        let after = self.rows.len() + added - plan.removed.len();
        let surplus = after.saturating_sub(self.letters_max);
        let is_untouched = |id: &DeadLetterId| {
            !plan.removed.contains(id) && !plan.saves.iter().any(|(saved, ..)| saved == id)
        };
        let oldest: Vec<DeadLetterId> =
            self.order.values().copied().filter(is_untouched).take(surplus).collect();
        plan.evicted = oldest.len();
        plan.removed.extend(oldest);
        for id in &plan.removed {
            let Some(row) = self.rows.get(id) else { continue };
            let mut remove = |key, expected| {
                plan.transaction.removes.push(Remove { key, expected, epoch: self.epoch });
            };
            remove(self.keys.letter(row.place), row.letter);
            if let Some(status) = row.status {
                remove(self.keys.status(row.place), status);
            }
        }
    }

    fn save_of_meta(&self) -> Save {
        let bytes = self.epoch.get().to_be_bytes().to_vec();
        self.save(self.keys.meta(), self.meta, meta_schema(), bytes)
    }

    fn save(&self, key: Key, expected: Revision, schema: crate::Schema, bytes: Vec<u8>) -> Save {
        let write_id = WriteId::random();
        Save { key, expected, epoch: self.epoch, seq: Seq::ZERO, write_id, schema, bytes }
    }

    /// The plan stands.
    pub(crate) fn committed(&mut self, plan: &Plan, committed: &Committed) {
        let mut revisions = committed.saves.iter().map(|saved| saved.revision);
        if let Some(meta) = revisions.next() {
            self.meta = meta;
        }
        for ((id, place, part), revision) in plan.saves.iter().zip(revisions) {
            match part {
                Part::Letter => {
                    self.note(*id, Row { place: *place, letter: revision, status: None });
                }
                Part::Status => {
                    if let Some(row) = self.rows.get_mut(id) {
                        row.status = Some(revision);
                    }
                }
            }
        }
        for id in &plan.removed {
            if let Some(row) = self.rows.remove(id) {
                self.order.remove(&row.place);
            }
        }
    }
}

pub(crate) fn meta_schema() -> crate::Schema {
    crate::Schema::raw("dead-letters", codec::VERSION)
}

/// The status of a letter that has one already.
fn status_of(record: &DeadLetterRecord) -> Option<Status> {
    let at = record.last_attempt?;
    Some(Status { attempts: record.attempts, at })
}
