//! Repeatable groups of requests, with the outcomes and the state the reference gives them.

use std::collections::BTreeMap;

use super::disk::Rng;
use crate::engine::{Engine, Op, Outcome};
use crate::memory_store::MemoryEngine;
use crate::{
    Append, Durability, Epoch, Key, Remove, Revision, Save, Scan, Schema, Seq, StoreOptions,
    Transaction, Trim, WriteId,
};

/// All that a store holds, as text: equal texts are equal stores.
pub(super) type Dump = String;

pub(super) struct Workload {
    pub(super) groups: Vec<Vec<Op>>,
    /// The reference's outcomes of each group.
    pub(super) outcomes: Vec<String>,
    /// The reference's state before the first group, and after each.
    pub(super) dumps: Vec<Dump>,
}

pub(super) fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

pub(super) fn reference() -> MemoryEngine {
    MemoryEngine::open(&StoreOptions::new(Durability::Volatile)).unwrap()
}

pub(super) fn now_ms(group: usize) -> u64 {
    1_000 + group as u64
}

/// A text in which long byte strings are replaced by their checksum.
fn brief(debug: impl std::fmt::Debug) -> String {
    let text = format!("{debug:?}");
    let mut brief = String::new();
    let mut rest = text.as_str();
    while let Some(from) = rest.find("bytes: [") {
        let (before, bytes) = rest.split_at(from);
        let to = bytes.find(']').expect("a closed list");
        let crc = crc32fast::hash(&bytes.as_bytes()[..to]);
        brief.push_str(&format!("{before}bytes: {to}/{crc:08x}"));
        rest = &bytes[to + 1..];
    }
    brief + rest
}

/// Reads everything through the engine's own requests.
pub(super) fn dump(engine: &mut impl Engine) -> Dump {
    let ops = [Op::Scan(Scan::prefix("")), Op::Logs(Scan::prefix(""))];
    let outcomes = engine.apply(&ops, 0).unwrap().outcomes;
    let [Outcome::Scanned(records), Outcome::Logs(logs)] = outcomes.as_slice() else {
        panic!("each request is answered in its kind");
    };
    let mut dump = brief(records) + "\n";
    for (log, head) in &logs.as_ref().unwrap().logs {
        let ops = [Op::Read { log: log.clone(), after: Seq::ZERO, max: 1024 }];
        let entries = engine.apply(&ops, 0).unwrap().outcomes;
        dump.push_str(&format!("{log} {head:?} {}\n", brief(entries)));
    }
    dump
}

/// Makes requests that mostly succeed, from what the reference answers.
struct Generator {
    rng: Rng,
    revisions: BTreeMap<Key, Revision>,
    lasts: BTreeMap<Key, Seq>,
    writes: u128,
}

impl Generator {
    fn bytes(&mut self) -> Vec<u8> {
        let len = match self.rng.below(6) {
            0 => 6_000,
            1 => 0,
            _ => 200,
        };
        let len = usize::try_from(self.rng.below(len + 1)).unwrap();
        let fill = self.rng.next().to_le_bytes();
        fill.iter().copied().cycle().take(len).collect()
    }

    fn write_id(&mut self) -> WriteId {
        self.writes += 1;
        WriteId::new(self.writes)
    }

    fn save(&mut self) -> Save {
        let key = key(["a", "b", "ab", "c/1", "c/2"][self.rng.below(5) as usize]);
        let known = self.revisions.get(&key).copied().unwrap_or(Revision::ABSENT);
        let stale = self.rng.below(10) == 0;
        Save {
            key,
            expected: if stale { Revision::new(9_999) } else { known },
            epoch: Epoch::new(1),
            seq: Seq::new(self.rng.below(1_000)),
            write_id: self.write_id(),
            schema: Schema::raw("workload", 1),
            bytes: self.bytes(),
        }
    }

    fn append(&mut self) -> Append {
        let log = key(["a", "log", "log/2"][self.rng.below(3) as usize]);
        let known = self.lasts.get(&log).copied().unwrap_or(Seq::ZERO);
        let stale = self.rng.below(10) == 0;
        Append {
            log,
            expected_last: if stale { known.plus(1) } else { known },
            epoch: Epoch::new(1),
            write_id: self.write_id(),
            schema: Schema::json("entry", 2),
            entries: (0..self.rng.below(4)).map(|_| self.bytes()).collect(),
        }
    }

    fn op(&mut self) -> Op {
        match self.rng.below(10) {
            0..4 => Op::Commit(Transaction::new().save(self.save())),
            4..7 => Op::Commit(Transaction::new().append(self.append())),
            7 => Op::Commit(Transaction::new().save(self.save()).append(self.append())),
            8 => {
                let Save { key, expected, epoch, .. } = self.save();
                Op::Commit(Transaction::new().remove(Remove { key, expected, epoch }))
            }
            _ => {
                let Append { log, epoch, expected_last, .. } = self.append();
                let upto = Seq::new(expected_last.get() / 2);
                Op::Trim(Trim { log, upto, epoch })
            }
        }
    }

    /// Learns from the outcome what the next requests may expect.
    fn learn(&mut self, op: &Op, outcome: &Outcome) {
        let (Op::Commit(transaction), Outcome::Committed(Ok(committed))) = (op, outcome) else {
            return;
        };
        for (save, saved) in transaction.saves.iter().zip(&committed.saves) {
            self.revisions.insert(save.key.clone(), saved.revision);
        }
        for remove in &transaction.removes {
            self.revisions.remove(&remove.key);
        }
        for (append, appended) in transaction.appends.iter().zip(&committed.appends) {
            self.lasts.insert(append.log.clone(), appended.last);
        }
    }
}

pub(super) fn workload(seed: u64, groups: usize) -> Workload {
    let rng = Rng::new(seed);
    let mut generator =
        Generator { rng, revisions: BTreeMap::new(), lasts: BTreeMap::new(), writes: 0 };
    let mut engine = reference();
    let mut made =
        Workload { groups: Vec::new(), outcomes: Vec::new(), dumps: vec![dump(&mut engine)] };
    for index in 0..groups {
        let size = 1 + generator.rng.below(6);
        let mut group = Vec::new();
        let mut outcomes = Vec::new();
        for _ in 0..size {
            let op = generator.op();
            let applied = engine.apply(std::slice::from_ref(&op), now_ms(index)).unwrap();
            generator.learn(&op, &applied.outcomes[0]);
            group.push(op);
            outcomes.extend(applied.outcomes);
        }
        made.groups.push(group);
        made.outcomes.push(format!("{outcomes:?}"));
        made.dumps.push(dump(&mut engine));
    }
    made
}
