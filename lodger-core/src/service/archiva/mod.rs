//! A typed client of the Archiva API.
//!
//! [`ArchivaApi`] makes direct calls: one request each, the service's answer or a typed error, nothing queued on disk. Events
//! that must survive a crash or an outage go through [`ArchivaDestination`](crate::destination::ArchivaDestination) instead,
//! behind the journal.
//!
//! ```no_run
//! use lodger_core::service::archiva::{ArchivaApi, Change, EventCall};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let api = ArchivaApi::builder().api_key("pk_live_…").build()?;
//! let paid = EventCall::new("invoice.status.update", "invoice", "inv_001", "usr_123")
//!     .change(Change::set("status").before("draft").after("paid"))
//!     .idempotency_key("inv_001_paid");
//! let created = api.create_event(paid).await?;
//! println!("{:?} {}", created.event_id, if created.replayed { "was there" } else { "is new" });
//! # Ok(())
//! # }
//! ```
//!
//! # The rate limit
//!
//! The service takes 100 requests per 60 s and key, in a rolling window, for recording events (reads are not limited). The
//! client stays below, as long as no other process records under the same key: see
//! [`ArchivaApiBuilder::requests_per_minute`]. All clients of this process that have the same key and address share one count,
//! with the destinations that use them. When the service names a time all the same (429 with `Retry-After`), none of them
//! records anything before it is over.
//!
//! # What is not here
//!
//! The service's own client records many events in one request, and an application's server can get a short-lived token for
//! browsers. Neither path is in the public documentation, so neither call is here. [`ArchivaApi::create_events`] makes single
//! requests; [`ListCall::bearer`] takes a token that somebody else got.
//!
//! Sources: the public documentation of the API and of its Next.js SDK, as read in November 2026. What they don't state is
//! marked *inferred* where it is used.

mod api;
mod builder;
mod created;
mod error;
mod event;
mod limits;
mod list;
mod pace;

pub use api::ArchivaApi;
pub use builder::{ArchivaApiBuilder, Authentication, DEFAULT_BASE};
pub use created::CreatedEvent;
pub use error::{ApiError, ArchivaError};
pub use event::{ActorType, Change, EventCall};
pub use limits::{MAX_ACTION_KEY, MAX_CONTEXT_BYTES};
pub use list::{Entry, EventPage, ListCall};

pub(crate) use created::created;
pub(crate) use event::Ready;
pub(crate) use limits::too_long;
pub(crate) use pace::Line;
