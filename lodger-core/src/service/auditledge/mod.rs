//! A typed client of the Auditledge API.
//!
//! [`AuditledgeApi`] makes direct calls. Events that must survive a crash or an outage go through
//! [`AuditledgeDestination`](crate::destination::AuditledgeDestination) instead, behind the journal.
//!
//! ```no_run
//! use lodger_core::service::auditledge::{Actor, AuditledgeApi, EventCall, Filter, Resource};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let api = AuditledgeApi::builder().api_key("al_…").build()?;
//! let call = EventCall::new("invoice.deleted", Actor::new("user_123").name("Alice"), Resource::new("invoice", "inv_456"));
//! println!("{}", api.log(call).await?.event.id);
//!
//! let mut events = api.query_all(Filter::new().actor_id("user_123").start_date("2026-05-01"));
//! while let Some(event) = events.next().await {
//!     println!("{}", event?.action);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The service has no idempotency: what is sent twice is there twice. So [`log`](AuditledgeApi::log) is made again only where
//! it certainly left nothing behind; reads are made again as [`Retries`](crate::service::Retries) say.
//!
//! Sources: the official Python client `auditledge` 0.1.1 and the public documentation, as read in November 2026. Where they
//! differ, the API reference and the Python client are followed: `start_date` and `end_date`, not `from` and `to`; 20 events
//! a page unless asked otherwise, which is always said.

mod api;
mod error;
mod event;
mod export;
mod filter;
mod paging;
mod stored;

pub use api::{AuditledgeApi, AuditledgeApiBuilder, DEFAULT_BASE};
pub use error::{ApiError, AuditledgeError};
pub use event::{Actor, EventCall, Resource};
pub use filter::{DEFAULT_LIMIT, Filter, Query};
pub(crate) use stored::count;
pub use stored::{EventPage, Lacks, Logged, StoredEvent, Usage};
