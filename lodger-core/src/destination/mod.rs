//! Where events go.
//!
//! A [`Destination`] takes batches of events and answers for each of them. It knows its protocol and nothing else:
//! when to try again, when to pause and what becomes a dead letter is decided by the pipeline from the
//! [`Answer`]s. One file per destination; [`registry`] maps `LODGER_DESTINATION` texts to them.
//!
//! # Several destinations
//!
//! A client has up to 16. Each gets every event, or with a [`Route`] what its [`Filter`] takes, and none waits for another:
//! each has a thread of its own, and retries, pauses and dead letters of its own.
//!
//! ```
//! use lodger_core::Lodger;
//! use lodger_core::destination::{Filter, MemoryDestination, Route};
//! use lodger_core::event::{Event, Outcome};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (archive, security) = (MemoryDestination::named("archive"), MemoryDestination::named("security"));
//! let lodger = Lodger::builder()
//!     .destination(archive.clone())
//!     .destination(Route::to(security.clone()).only(Filter::any().outcome(Outcome::Denied).tag("login")))
//!     .in_memory_journal()
//!     .build()?;
//!
//! let login = Event::builder("session.create").outcome(Outcome::Denied).tag("login").build()?;
//! lodger.event(login).await?; // comes back when both have it
//! lodger.event(Event::builder("invoice.update").build()?).await?; // when the archive has it
//!
//! assert_eq!((archive.events().len(), security.events().len()), (2, 1));
//! # Ok(())
//! # }
//! ```
//!
//! The journal keeps one copy of an event for all of them. Each destination's backlog may take up an equal share of
//! `max_journal_bytes`. One that is down for so long that its share is used up misses the events that come then: they are
//! recorded for the others, stand on stderr with the destination's name, and are counted as `refused` in its
//! [statistics](crate::client::DestinationStats). Only an event that is for no other destination is refused to whoever
//! records it.

mod answer;
mod api_key;
mod delivery;
mod file;
mod filter;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(feature = "http")]
mod http;
mod line;
mod members;
mod memory;
mod misfit;
mod pacing;
pub mod registry;
mod repeats;
mod route;
#[cfg(feature = "http")]
mod service;
mod stdout;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::event::{Event, EventId};

pub use answer::{Answer, Refusal, status_answer};
pub use api_key::ApiKeyError;
pub use delivery::Delivery;
pub use file::{FileDestination, FileError};
pub use filter::Filter;
#[cfg(feature = "http")]
pub use http::{Compression, Format, HttpDestination, HttpDestinationBuilder};
pub(crate) use line::{json as one_line, what, word};
pub use memory::MemoryDestination;
pub use misfit::{Effect, Misfit};
pub use pacing::Pacing;
pub use registry::DestinationError;
pub use repeats::{LookUp, Repeats};
pub use route::Route;
#[cfg(feature = "http")]
pub use service::{ArchivaDestination, AuditledgeDestination, LodgerDestination, LogHubDestination};
pub use stdout::StdoutDestination;

/// A boxed future, as [`Destination::deliver`] returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which place a destination writes to. Two destinations with equal identities lead to the same place, so one may
/// take over what a dead process left for the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The kind of destination: `lodger`, `loghub`, `http`, `store`, `file`, `stdout`, `memory`.
    pub kind: String,
    /// The address or absolute path, without credentials. Empty where there is none.
    pub address: String,
    /// The workspace at a hosted service or in a store. Empty where there is none.
    pub workspace: String,
    /// The project in the workspace. Empty where there is none.
    pub project: String,
}

impl Identity {
    /// The identity of a destination that has neither workspace nor project.
    #[must_use]
    pub fn new(kind: impl Into<String>, address: impl Into<String>) -> Self {
        Self { kind: kind.into(), address: address.into(), workspace: String::new(), project: String::new() }
    }

    /// Sets workspace and project.
    #[must_use]
    pub fn in_project(mut self, workspace: impl Into<String>, project: impl Into<String>) -> Self {
        self.workspace = workspace.into();
        self.project = project.into();
        self
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.address.is_empty() {
            write!(f, ":{}", self.address)?;
        }
        match (self.workspace.as_str(), self.project.as_str()) {
            ("", "") => Ok(()),
            (name, "") | ("", name) => write!(f, " ({name})"),
            (workspace, project) => write!(f, " ({workspace}/{project})"),
        }
    }
}

/// Proof of acceptance by a destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Receipt {
    /// The event that was accepted.
    pub event: EventId,
    /// The kind of the destination that accepted it.
    pub destination: String,
    /// The destination's own name for the acceptance, where it gives one: `rcpt_093a339cc2c2ffed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether the destination recognised a repeat of an event that it already had.
    #[serde(default)]
    pub repeated: bool,
    /// The destination's whole answer, where it has one and [somebody waits](Delivery::is_awaited) for the receipt.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
}

impl Receipt {
    /// A receipt without a name of its own.
    #[must_use]
    pub fn new(event: EventId, destination: impl Into<String>) -> Self {
        Self {
            event,
            destination: destination.into(),
            id: None,
            repeated: false,
            detail: serde_json::Value::Null,
        }
    }

    /// Sets the destination's own name for the acceptance.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Marks that the destination recognised a repeat.
    #[must_use]
    pub fn as_repeat(mut self) -> Self {
        self.repeated = true;
        self
    }

    /// Attaches the destination's whole answer.
    #[must_use]
    pub fn with_detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}

/// A place that events go to.
///
/// Implementations run on a thread of their own with a current-thread tokio runtime; blocking there is allowed
/// (a file, an embedded database) and delays nobody else.
pub trait Destination: Send + Sync + fmt::Debug + 'static {
    /// Which place this is.
    fn identity(&self) -> Identity;

    /// How many events [`deliver`](Self::deliver) takes at once. Default: 1.
    fn max_batch(&self) -> usize {
        1
    }

    /// How many bytes of events [`deliver`](Self::deliver) takes at once; a larger event comes alone. Default: no limit.
    fn max_batch_bytes(&self) -> usize {
        usize::MAX
    }

    /// How many batches may be under way at once. Default: 1. In all of them are at most 64 events, or 4,096 where a batch
    /// may hold several.
    fn max_in_flight(&self) -> usize {
        1
    }

    /// Whether it needs more of an event than its id and its bytes. If so, an event that this version can't read (it was
    /// written by a newer one) is a dead letter and never comes; if not, none is read, and all come. Default: yes.
    fn reads_events(&self) -> bool {
        true
    }

    /// How fast it may be asked. Where a [`Route`] paces it too, both limits hold. Default: as fast as it answers.
    fn pacing(&self) -> Option<Pacing> {
        None
    }

    /// Whether it needs the events in the order of the journal, as [`Route::ordered`] asks for. Default: no.
    fn ordered(&self) -> bool {
        false
    }

    /// Which fields of this event it can't carry, and which break its limits. Nothing is sent. Default: every event fits.
    ///
    /// What is carried in another place than its own, such as a member of the metadata, fits.
    fn check(&self, event: &Event) -> Vec<Misfit> {
        let _ = event;
        Vec::new()
    }

    /// What it does with an event that it is given twice. Default: it [recognises](Repeats::Recognised) it.
    fn repeats(&self) -> Repeats {
        Repeats::Recognised
    }

    /// Looks for an event that may be there already: a try ended with [`Answer::Ambiguous`], with a redirect, with 408, 425 or
    /// 5xx, in a panic, or in a process that is gone ([`Delivery::is_left_behind`]); or it is a dead letter that is sent
    /// again. Asked only of a destination that [stores](Repeats::Stored) repeats, before each further try; it counts as a request
    /// towards the [`pacing`](Self::pacing). What takes longer than a minute is [`LookUp::Unknown`]. Default: it doesn't
    /// know.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at shutdown.
    fn look_up<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, LookUp> {
        let _ = delivery;
        Box::pin(std::future::ready(LookUp::Unknown))
    }

    /// Uses another API key from the next delivery on. The key must not appear in errors and logs.
    ///
    /// # Errors
    ///
    /// When it has no key (the default) or can't send this one; then the key in use stays.
    fn replace_api_key(&self, key: &str) -> Result<(), ApiKeyError> {
        let _ = key;
        Err(ApiKeyError::NoKey)
    }

    /// Delivers a batch and answers for each event, in the batch's order.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at shutdown. Whatever it had done by then may be repeated with the same bytes and
    /// the same idempotency key.
    ///
    /// # Durability
    ///
    /// [`Answer::Settled`] and [`Answer::Taken`] say that the event survives a crash of this process at the destination.
    /// They must never be given earlier.
    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>>;
}
