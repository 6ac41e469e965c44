//! Dead letters that outlive their program: the sink of a node, on a store.
//!
//! `sink` takes what a node offers and never waits; `writer` is the process that commits it, and says so only after the commit;
//! `ledger` is pure: which writes a batch of changes is; `codec` is the form of the records. Invariants: a receipt is settled `Ok`
//! only after the commit returned; the records of letters are never more than the limit; a writer that another one has
//! replaced writes nothing more.

pub(crate) mod codec;
pub(crate) mod ledger;
pub(crate) mod sink;
pub(crate) mod writer;
