//! A typed client of the Lodger API.
//!
//! [`LodgerApi`] makes direct calls: one request each, the receipt or the error as the answer, nothing queued and
//! nothing repeated. Events that must survive a crash or an outage go through
//! [`LodgerDestination`](crate::destination::LodgerDestination) instead, behind the journal.
//!
//! ```no_run
//! use lodger_core::service::lodger::{EventCall, LodgerApi, Party};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let api = LodgerApi::builder("org_01JZ2M9E7G6D8R5K3D", "core").api_key("lodger_sk_…").build()?;
//! let member = Party::new("mem_77").kind("organization_member").name("Bob Smith");
//! let receipt = api.event(EventCall::new("organization.member.removed", "user_123", member)).await?;
//! println!("{}", receipt.verification_url);
//! # Ok(())
//! # }
//! ```
//!
//! Sources: the official TypeScript client `@lodger/sdk` 0.2.0 and the public documentation, as read in November
//! 2026. Where both are silent, the service decides and its answer is handed on.

mod api;
mod error;
mod event;
mod options;
mod party;
mod receipt;
mod verification;

pub use api::{DEFAULT_BASE, LodgerApi, LodgerApiBuilder};
pub use error::{ApiError, LodgerError};
pub use event::{EventCall, EventType, Source};
pub use options::{CallOptions, RequestContext};
pub use party::Party;
pub use receipt::{ApiKeyInfo, CallerRequest, Consistency, EventReceipt, Provenance};
pub use verification::{Entry, ReceiptCall, VerifiedReceipt};
