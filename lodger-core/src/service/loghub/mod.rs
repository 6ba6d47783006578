//! A typed client of the LogHub API, version 1.
//!
//! [`LogHubApi`] makes direct calls: it records an event, and lists what was recorded. Events that must survive a crash or
//! an outage go through [`LogHubDestination`](crate::destination::LogHubDestination) instead, behind the journal.
//!
//! ```no_run
//! use lodger_core::service::loghub::{EventActor, EventCall, ListCall, LogHubApi};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let api = LogHubApi::builder("a924324e-299a-46d4-89cd-731a3f3cc444").token("secret_…").build()?;
//! let actor = EventActor::user("1").name("Jonathan Wick").email("jonathan@example.com");
//! let created = api.create(EventCall::new(actor, "settings.updated", "workspace-7").tags(["team-admin"])).await?;
//! println!("{}", created.id);
//!
//! let mut events = api.events(ListCall::new("workspace-7"));
//! while let Some(event) = events.next().await {
//!     println!("{:?}", event?.action);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Sources: the documentation pages Create Audit Event and Get Audit Event List, as read in November 2026. There is no client
//! to compare with, and no page on authentication, errors, limits or a single event: what is read in spite of that is said
//! where it is done. The endpoint for a single event is left out, because its path is not known.

mod answer;
mod api;
mod builder;
mod error;
mod event;
mod external_id;
mod lenient;
mod list;

pub(crate) use answer::{Verdict, verdict};
pub use api::LogHubApi;
pub(crate) use api::SECOND;
pub use builder::{DEFAULT_BASE, LogHubApiBuilder};
pub use error::{ApiError, LogHubError};
pub use event::{Created, EventActor, EventCall};
pub use external_id::ExternalId;
pub(crate) use lenient::id_of;
pub use list::{Limit, ListCall, ListedEvent, Order, RecordedRequest};
