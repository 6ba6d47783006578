//! A typed client of the Lodger API.
//!
//! [`LodgerApi`] makes direct calls: nothing is queued, the answer or the error is the call's. Events that must survive a crash
//! or an outage go through [`LodgerDestination`](crate::destination::LodgerDestination) instead, behind the journal.
//!
//! | to | call | credential |
//! | --- | --- | --- |
//! | record an event | [`event`](LodgerApi::event), [`log`](LodgerApi::log) | API key, `events:write` |
//! | record several, or import what happened elsewhere | [`events`](LodgerApi::events), [`import`](LodgerApi::import) | API key, `events:write` |
//! | record a consent | [`consent`](LodgerApi::consent) | API key, `events:write` |
//! | search what was recorded | [`query`](LodgerApi::query), [`entries`](LodgerApi::entries) | API key, `events:read` |
//! | verify a receipt | [`receipt`](LodgerApi::receipt) | none, or a bearer |
//! | show customers what concerns them | [`activity_token`](LodgerApi::activity_token) | API key, `events:read` |
//! | | [`activity`](LodgerApi::activity), [`activity_entries`](LodgerApi::activity_entries) | the activity token |
//! | read a policy | [`published_policy`](LodgerApi::published_policy) | none, or a bearer |
//! | open one thing to somebody else | [`receipt_token`](LodgerApi::receipt_token), [`policy_token`](LodgerApi::policy_token), [`evidence_token`](LodgerApi::evidence_token) | API key, `events:read` |
//! | anything else | [`request`](LodgerApi::request) | as the call says |
//!
//! Every call takes [`CallOptions`]: another API key, an idempotency key, environment, server and request context.
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
//! # Calls that fail
//!
//! A call that failed is made again as the client's [`Retries`](crate::service::Retries) say, where that can do no harm. Events and
//! consents always go under an idempotency key, one for all tries of a call, and reads change nothing: both are repeated after
//! every failure that may pass ([`LodgerError::is_retryable`]). Tokens, and raw calls that are no reads, are repeated only where
//! nothing was done: the call never left, or was turned away with 429. A `Retry-After` is kept.
//!
//! # Answers
//!
//! Of an answer no more is read than it may need: 64 KiB of a token, 1 MiB of a receipt or policy, 16 MiB of a page, and of
//! each error 64 KiB are kept. Members that this version doesn't know are kept in `extra`, and so is one that need not be there
//! and is something else than it should be. An answer without what is certain, with something else in its place, or that broke
//! off, is [`LodgerError::Unreadable`].
//!
//! Sources: the official TypeScript client `@lodger/sdk` 0.2.0 and the public documentation, as read in November
//! 2026. Where both are silent, the service decides and its answer is handed on.

mod activity;
mod api;
mod builder;
mod consent;
mod error;
mod event;
mod exchange;
mod import;
mod object;
mod options;
mod party;
mod policy;
mod query;
mod raw;
mod receipt;
mod setters;
mod token;
mod verification;
mod walk;

pub use activity::{ActivityCall, ActivityPage};
pub use api::{DEFAULT_BASE, LodgerApi};
pub use builder::LodgerApiBuilder;
pub use consent::{ConsentCall, ConsentMode, ConsentReceipt};
pub use error::{ApiError, LodgerError, UnreadableAnswer};
pub use event::{EventCall, EventType, Source};
pub use import::{Import, ImportProgress, ImportStopped, Imported};
pub use options::{CallOptions, RequestContext};
pub use party::Party;
pub use policy::PolicyCall;
pub use query::{EventPage, Lane, QueryCall, Storage};
pub use raw::RawCall;
pub use receipt::{ApiKeyInfo, CallerRequest, Consistency, EventReceipt, Provenance};
pub use token::{ActivityToken, ActivityTokenCall, EvidenceToken, PolicyToken, ReceiptToken, TokenCall};
pub use verification::{Entry, ReceiptCall, VerifiedReceipt};
pub use walk::WalkError;
