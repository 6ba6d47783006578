//! An embedded, append-only, tamper-evident store for audit events, in one SQLite file.
//!
//! Every event gets the next number in its workspace and a hash that covers the event and the hash before it, so a
//! changed, deleted, inserted or moved event is found by [`Store::verify`]. Personal values enter the hash only as
//! salted commitments, so that erasing a person later does not break the chain. The format is written down in
//! `docs/store-format.md`, precisely enough to write a verifier without this crate.
//!
//! ```
//! use lodger_core::event::{Actor, Event, Target};
//! use lodger_store::{Count, Query, Store};
//!
//! # let dir = tempfile::tempdir()?;
//! # let dir = dir.path().join("audit");
//! let store = Store::open(&dir)?;
//!
//! let event = Event::builder("invoice.update").actor(Actor::user("ada")).target(Target::new("invoice", 7)).build()?;
//! let appended = store.append(&[event.to_canonical_json()?])?;
//! let receipt = &appended[0].as_ref().unwrap().receipt;
//!
//! let page = store.query(&Query::new().actor("ada").action_prefix("invoice."))?;
//! assert_eq!(page.entries[0].event, event);
//! assert_eq!(store.count(&Query::new().actor("ada"))?, Count::Exactly(1));
//! assert_eq!(store.receipt(&receipt.id)?.unwrap().event.id, event.id);
//! assert!(store.verify()?.is_intact());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! As a destination of `lodger-axum` or `lodger-actix` (feature `store`) it is named `store:./data`; see
//! [`StoreDestination`].
//!
//! # Several processes
//!
//! Any number of processes may open the same directory on a local disk: readers see the last commit while a writer
//! appends, and writers take turns. Network file systems are refused where they lack the shared memory that SQLite's
//! write-ahead log needs.

#![forbid(unsafe_code)]

mod append;
mod canonical;
mod chain;
mod commitment;
mod cursor;
mod destination;
mod digest;
mod entry;
mod error;
mod head;
mod index;
mod open;
mod options;
mod personal;
mod query;
mod random;
mod receipt;
mod schema;
mod span;
mod store;
#[cfg(test)]
mod testing;
mod text;
mod verify;

pub use append::{Appended, Rejected};
pub use cursor::{Cursor, InvalidCursor};
pub use destination::StoreDestination;
pub use digest::{Digest, InvalidDigest};
pub use entry::Entry;
pub use error::{DatabaseError, StoreError};
pub use head::Head;
pub use options::StoreOptions;
pub use query::{Count, Page, Query};
pub use receipt::Receipt;
pub use store::Store;
pub use verify::{Fault, Problem, Report};
