//! Hosted audit services as destinations.
//!
//! Each maps the canonical event to its service's wire and the service's answers to [`Answer`]s; the typed clients
//! in [`crate::service`] do the talking.

pub(super) mod lodger;

use super::{Answer, Refusal};
use crate::service::TransportError;

pub use lodger::LodgerDestination;

/// Longest reason of a refusal, in characters.
const MAX_REASON: usize = 512;

pub(super) fn bounded(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
}

/// No answer: nobody knows, unless the request certainly never left.
pub(super) fn unanswered(error: &TransportError) -> Answer {
    let refusal = Refusal::new(bounded(&error.chain()));
    if error.may_have_been_sent() {
        Answer::Ambiguous(refusal)
    } else {
        Answer::Retry { refusal, after: None }
    }
}
