//! What an audit event means: the framework-neutral rules by which a request becomes one.
//!
//! Nothing here knows a web framework. An adapter shows a request's head through [`Head`], opens an [`Exchange`],
//! runs the inner service in its [`Scope`] and tells it the response; everything else is text, bytes, status numbers
//! and addresses, so each rule is a function with a table of tests.
//!
//! | step | file |
//! | --- | --- |
//! | a request comes in, a response goes out, or neither does | `exchange`, `response` |
//! | where the running code stands | `context` |
//! | what is known of the request or job, and its drafts | `scope`, `drafts`, `draft` |
//! | an annotated function runs | `call`, `site` |
//! | the body of a handler speaks about its event | `audit`, `diff` |
//! | a draft becomes an event | `finish`, with `outcome`, `target`, `request_info` |
//! | facts about the request | `client_ip`, `request_id`, `trace`, `session`, `route_pattern` |
//! | what the layer was told | `policy`, `setters`, `rules` |
//! | what is handed on | `captured` |
//! | where events go | `sink`, `installed`; in tests `on_thread` |

mod audit;
mod call;
mod captured;
pub mod client_ip;
pub(crate) mod context;
mod diff;
mod draft;
mod drafts;
mod exchange;
mod finish;
pub mod head;
mod installed;
#[cfg(feature = "testing")]
mod on_thread;
pub mod outcome;
mod policy;
pub mod request_id;
mod request_info;
mod response;
pub mod route_pattern;
pub mod rules;
mod scope;
pub mod session;
mod setters;
mod sink;
mod site;
pub mod target;
pub mod trace;

pub use audit::{Audit, set_actor, set_session};
pub use call::Call;
pub use captured::Captured;
pub use context::{InScope, current};
pub use diff::diff;
pub(crate) use exchange::all_within;
pub use exchange::{Entry, Exchange, Responded, TurnedAway};
pub use head::Head;
#[cfg(test)]
pub(crate) use installed::installed_or_orphanage;
pub use installed::{install, installed, orphans, uninstall};
#[cfg(feature = "testing")]
pub(crate) use on_thread::install_on_thread;
pub use outcome::{Ended, OutcomeSet, Verdict};
#[cfg(feature = "testing")]
pub use policy::Layered;
pub use policy::{Checked, LayerError, Policy, Settings, Unaudited};
pub use response::ResponseHead;
pub use scope::Scope;
pub use sink::{Class, Count, Guarantee, Hold, Holder, Missed, Reservation, Sink, Terms, Wait};
pub use site::{Registered, Site, catalog};
