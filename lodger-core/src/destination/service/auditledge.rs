//! Events to the Auditledge API.

mod encode;
mod look_up;
mod settings;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;

use super::{bounded, unanswered};
use crate::destination::{
    Answer, ApiKeyError, BoxFuture, Delivery, Destination, Identity, LookUp, Misfit, Receipt, Refusal,
    Repeats, status_answer,
};
use crate::event::Event;
use crate::service::Response;
use crate::service::auditledge::{ApiError, AuditledgeApi, AuditledgeError};

pub(super) use settings::open;

const KIND: &str = "auditledge";

/// Sends events to the Auditledge API, one request each, up to 16 at a time: the service documents no limit but that of the
/// month.
///
/// What the service has a member for goes there; a single change goes into the metadata as `field` (its path), `old_value`
/// and `new_value`, the request's address and agent as `ip` and `user_agent`, which the service documents. Where the
/// application's own metadata has one of these, that stays, and ours joins everything else: it goes under the metadata's
/// member `_audit`, by its name in canonical JSON, or where the service would write it with underscores, so (`event_id`,
/// `actor_type`, `request_id`). An unresolved target becomes type `route`; an unresolved or anonymous actor becomes type
/// `system` with the id `unresolved` or `anonymous`. The retention is left out: the plan decides.
///
/// # Duplicates
///
/// The service knows no idempotency. An event whose answer was lost is looked for before it is sent again, by its action,
/// actor and time, and known by `metadata._audit.event_id`. Where that doesn't tell, it is sent again, and may be there
/// twice.
///
/// # The monthly quota
///
/// When the plan's events of the month are used up (429), delivery pauses and everything is kept: waiting for seconds would
/// never help. [`usage`](AuditledgeApi::usage) says how many are left.
///
/// # Durability
///
/// An event is settled when the service answered 201, readable or not: stored there.
#[derive(Debug, Clone)]
pub struct AuditledgeDestination {
    api: AuditledgeApi,
}

impl AuditledgeDestination {
    /// Sends through this client.
    #[must_use]
    pub fn new(api: AuditledgeApi) -> Self {
        Self { api }
    }

    /// The client. Its [`replace_api_key`](AuditledgeApi::replace_api_key) takes effect while events are being sent.
    #[must_use]
    pub fn api(&self) -> &AuditledgeApi {
        &self.api
    }

    async fn send(&self, delivery: &Delivery) -> Answer {
        let Some(body) = encode::encode(&delivery.bytes) else {
            return Answer::Refused(Refusal::new("this version can't read the event"));
        };
        match self.api.post_event(body).await {
            Ok(response) => answer(delivery, &response),
            Err(error) => failed(&error),
        }
    }
}

/// What it means that no answer came.
fn failed(error: &AuditledgeError) -> Answer {
    match error {
        AuditledgeError::Transport(error) => unanswered(error),
        // Only a missing key: everything else was checked before. Somebody has to set one.
        error => Answer::Pause(Refusal::new(bounded(&error.to_string()))),
    }
}

/// What the service's answer means for this event.
fn answer(delivery: &Delivery, response: &Response) -> Answer {
    if response.is_success() {
        return settled(delivery, response).unwrap_or_else(|| {
            Answer::Ambiguous(Refusal::http(
                response.status,
                "the answer does not say that the event is stored",
            ))
        });
    }
    refused(response)
}

/// What an error of the service means, for an event or a question.
fn refused(response: &Response) -> Answer {
    let (status, reason) = (response.status, ApiError::read(response).to_string());
    let refusal = || Refusal::http(status, bounded(&reason));
    match status {
        429 => Answer::Pause(Refusal::http(
            status,
            bounded(&format!(
                "the plan's events of this month are used up, so everything is kept: see `AuditledgeApi::usage()`, and raise \
                 the plan or wait for the next month: {reason}"
            )),
        )),
        // Sent again it would be there twice, if it is there.
        408 | 500 | 502..=599 => Answer::Ambiguous(refusal()),
        _ => status_answer(status, &refusal().reason, response.retry_after)
            .unwrap_or_else(|| Answer::Ambiguous(refusal())),
    }
}

/// 201 says that the event is stored, unless the body denies it; another success only where the body says it.
fn settled(delivery: &Delivery, response: &Response) -> Option<Answer> {
    #[derive(Default, Deserialize)]
    struct Said {
        #[serde(default)]
        success: Option<Value>,
        #[serde(default)]
        event: Value,
    }
    // A struct is read from an array, too.
    let object = Some(&response.body).filter(|body| body.trim_ascii_start().starts_with(b"{"));
    let said: Said = object.and_then(|_| response.json().ok()).unwrap_or_default();
    if said.success == Some(Value::Bool(false)) {
        return None;
    }
    match said.event.get("id").and_then(Value::as_str).filter(|id| !id.trim().is_empty()) {
        Some(_) if !delivery.is_awaited() => Some(Answer::Taken),
        Some(id) => {
            let receipt = Receipt::new(delivery.id(), KIND).with_id(id);
            Some(Answer::Settled(receipt.with_detail(said.event)))
        }
        None => (response.status == 201).then_some(Answer::Taken),
    }
}

impl Destination for AuditledgeDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.api.base())
    }

    fn max_in_flight(&self) -> usize {
        16
    }

    fn reads_events(&self) -> bool {
        false
    }

    fn check(&self, event: &Event) -> Vec<Misfit> {
        let retention = event.retention.map(|_| {
            Misfit::left_out(
                "retention",
                "Auditledge keeps events as long as the plan says; choose it by plan",
            )
        });
        retention.into_iter().collect()
    }

    fn repeats(&self) -> Repeats {
        Repeats::Stored
    }

    fn look_up<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, LookUp> {
        Box::pin(look_up::look_up(&self.api, delivery))
    }

    fn replace_api_key(&self, key: &str) -> Result<(), ApiKeyError> {
        self.api.replace_api_key(key).map_err(|error| ApiKeyError::Invalid(error.to_string()))
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(batch.len());
            for delivery in batch {
                answers.push(self.send(delivery).await);
            }
            answers
        })
    }
}
