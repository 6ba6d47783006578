//! Hosted audit services as destinations.
//!
//! Each maps the canonical event to its service's wire and the service's answers to [`Answer`]s; the typed clients
//! in [`crate::service`] do the talking.

pub(super) mod archiva;
pub(super) mod auditledge;
#[cfg(test)]
mod full_event;
pub(super) mod lodger;
mod loghub;

use super::registry::{DestinationError, Opened, Settings, setting};
use super::{Answer, Refusal};
use crate::service::{InvalidConfig, TransportError};

pub use archiva::ArchivaDestination;
pub use auditledge::AuditledgeDestination;
pub use lodger::LodgerDestination;
pub use loghub::LogHubDestination;

/// The service of this name, as the environment describes it.
pub(super) fn open(name: &'static str, settings: Settings<'_>) -> Opened<DestinationError> {
    match name {
        "auditledge" => auditledge::open(settings),
        "archiva" => archiva::open(settings),
        "lodger" => lodger::open(settings),
        "loghub" => loghub::open(settings),
        _ => Err(DestinationError::Unknown { name: name.to_owned(), choices: String::new() }),
    }
}

/// The settings that a service can't do without.
///
/// # Errors
///
/// Names all that are missing.
fn required<const N: usize>(
    service: &'static str,
    names: [&'static str; N],
    settings: Settings<'_>,
) -> Result<[String; N], DestinationError> {
    let found = names.map(|name| setting(settings, name));
    let missing: Vec<&str> =
        names.into_iter().zip(&found).filter_map(|(name, value)| value.is_none().then_some(name)).collect();
    if missing.is_empty() {
        Ok(found.map(Option::unwrap_or_default))
    } else {
        Err(DestinationError::MissingSettings { destination: service, settings: missing.join(", ") })
    }
}

/// A client that can't be built from its settings.
fn unusable(service: &'static str, invalid: &InvalidConfig) -> DestinationError {
    DestinationError::Unusable { destination: service.to_owned(), reason: invalid.to_string() }
}

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
