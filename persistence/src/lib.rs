//! Durable state and logs behind object-safe traits, on redb.
//!
//! A store keeps **records** (a key and bytes, written by compare-and-set) and **logs** (entries
//! numbered from 1 without gaps), and can change several of both in one transaction. It deals in
//! bytes; what they mean is declared beside them as a [`Schema`]. A store is a process: start it
//! as the first child of a `rest_for_one` supervisor and talk to it through a [`StoreHandle`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
//! use persistence::{
//!     Append, Durability, Epoch, Key, Revision, Save, Schema, Seq, Store, StoreHandle,
//!     StoreOptions, Transaction, WriteId, redb_store_child,
//! };
//!
//! # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("store.redb");
//! let node = Node::new(NodeConfig::default())?;
//! let name = node.name("store")?;
//! let options = StoreOptions::new(Durability::Disk);
//! let tree = SupervisorSpec::new(Strategy::RestForOne)
//!     .child(redb_store_child("store", &name, path, options));
//! let tree = Supervisor::start(&node, tree).await?;
//! let store: Arc<dyn Store> = Arc::new(StoreHandle::new(name));
//!
//! // A new activation of an owner: load, then write under an epoch above the one found.
//! let key = Key::new("counter")?;
//! let (expected, epoch) = match store.load(&key).await? {
//!     Some(record) => (record.revision, record.epoch.next()),
//!     None => (Revision::ABSENT, Epoch::new(1)),
//! };
//!
//! // The state and its journal, in one commit. `Ok` means both are on disk.
//! let write_id = WriteId::random();
//! let state = Save {
//!     key: key.clone(),
//!     expected,
//!     epoch,
//!     seq: Seq::new(1),
//!     write_id,
//!     schema: Schema::json("counter", 1),
//!     bytes: b"{\"count\":1}".to_vec(),
//! };
//! let event = Append {
//!     log: key.clone(),
//!     expected_last: store.last(&key).await?.last,
//!     epoch,
//!     write_id,
//!     schema: Schema::json("counter-event", 1),
//!     entries: vec![b"\"incremented\"".to_vec()],
//! };
//! let committed = store.commit(Transaction::new().save(state).append(event)).await?;
//! assert_eq!(committed.appends[0].last, Seq::new(1));
//! assert_eq!(store.stats().await?.commits, 1);
//! tree.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What is guaranteed
//!
//! | after | what holds |
//! |---|---|
//! | `Ok` of a write | it survives what [`Caps::durability`] says; every later read sees it |
//! | `Conflict`, `Fenced`, `TooLarge`, `SchemaTooNew`, `Corrupt`, `Duplicate` | nothing was written |
//! | `Unavailable`, `Closed` | nothing was written; try again |
//! | `Indeterminate` | all or nothing, now or later: retry with the same [`WriteId`], or load and compare |
//! | `Ok(None)` of a load | there is no record; "could not load" is always an error |
//! | [`OpenError`] | the file is byte for byte as it was |
//!
//! # Two backends, one contract
//!
//! [`redb_store_child`] keeps one file, synced once per commit, where a commit takes all requests
//! that arrived during the one before. [`memory_store_child`] is the reference and is lost with its
//! process. [`check_conformance`] is the contract as a test suite, for these and for others behind
//! [`StateStore`], [`LogStore`] and [`Store`].
//!
//! # Limits
//!
//! Damage to the last commit of a file that was not closed cleanly cannot be told from a commit
//! that a crash cut short, and is undone as one. Opening reads the whole file. Removing a record
//! forgets the epoch that fenced it.

mod caps;
mod classify;
mod conformance;
mod dead_letters;
mod engine;
mod envelope;
mod error;
mod handle;
mod judge;
mod key;
mod log;
mod memory_store;
mod open_error;
mod redb_engine;
mod redb_store;
mod schema;
mod server;
mod store;
mod telemetry;
mod transaction;
mod version;

pub use caps::{Caps, Durability, StoreOptions};
pub use conformance::check_conformance;
pub use dead_letters::sink::{DurableDeadLetterOptions, DurableDeadLetters};
pub use envelope::{Damage, Envelope, EnvelopeError};
pub use error::{AppendError, CommitError, Fault, ReadError, SaveError};
pub use handle::StoreHandle;
pub use key::{Key, KeyError};
pub use log::{Append, Appended, Entry, LogHead, LogPage, LogStore, Trim};
pub use memory_store::memory_store_child;
pub use open_error::OpenError;
pub use redb_engine::{Probe, probe};
pub use redb_store::redb_store_child;
pub use schema::{Codec, Schema};
pub use server::StoreMsg;
pub use store::{Record, RecordPage, Remove, Save, Saved, Scan, StateStore};
pub use telemetry::describe_metrics;
pub use transaction::{Committed, Store, StoreStats, Transaction};
pub use version::{Epoch, Revision, Seq, WriteId};
