//! Events to the Lodger API.

mod encode;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{bounded, unanswered};
use crate::destination::{
    Answer, ApiKeyError, BoxFuture, Delivery, Destination, Identity, Receipt, Refusal, status_answer,
};
use crate::event::{Event, EventId};
use crate::service::Response;
use crate::service::lodger::{ApiError, LodgerApi, LodgerError};

const KIND: &str = "lodger";

/// Sends events to the Lodger API, one request each, up to 64 at a time.
///
/// What the service has a member or header for goes there; everything else goes under the metadata's member
/// `_audit`, by its canonical name. An unresolved target becomes type `route`; an unresolved or anonymous actor
/// becomes type `system` with the id `unresolved` or `anonymous`. Where the event says nothing, the official client's
/// defaults are sent: retention `locked`, source `api`.
///
/// Retries send the same bytes under the same idempotency key, which the service recognises: an event is recorded
/// once, however often it has to be sent.
///
/// Under a key of the application's the service has one event. What comes second with another body is answered 409: that
/// event counts as there, and is kept as a dead letter.
///
/// # Durability
///
/// An event is settled when the service answered with a receipt: accepted and queued there.
#[derive(Debug, Clone)]
pub struct LodgerDestination {
    api: LodgerApi,
}

impl LodgerDestination {
    /// Sends through this client, to its workspace and project.
    #[must_use]
    pub fn new(api: LodgerApi) -> Self {
        Self { api }
    }

    /// The client. Its [`replace_api_key`](LodgerApi::replace_api_key) takes effect while events are being sent.
    #[must_use]
    pub fn api(&self) -> &LodgerApi {
        &self.api
    }

    async fn send(&self, delivery: &Delivery) -> Answer {
        let event = delivery.event();
        let sent = match encode::encode(event, self.api.workspace(), self.api.project()) {
            Ok(call) => self.api.post_event(call.body, &call.options).await,
            Err(error) => {
                return Answer::Refused(Refusal::new(format!("the event can't become JSON: {error}")));
            }
        };
        match sent {
            Ok(response) => answer(event, &response),
            Err(LodgerError::Transport(error)) => unanswered(&error),
            // Only a missing key: everything else was checked before. Somebody has to set one.
            Err(error) => Answer::Pause(Refusal::new(bounded(&error.to_string()))),
        }
    }
}

/// What the service's answer means for this event.
pub(in crate::destination) fn answer(event: &Event, response: &Response) -> Answer {
    if response.is_success() {
        return match receipt(event.id, response) {
            Some(receipt) => Answer::Settled(receipt),
            // The service is idempotent, so asking again is safe, and settling without a receipt would be a guess.
            None => Answer::Ambiguous(Refusal::http(response.status, "the answer is no receipt")),
        };
    }
    let reason = ApiError::read(response).to_string();
    // The service compares bodies. Those of a webhook that came twice differ in the event's id at least.
    if response.status == 409 && encode::given_key(event).is_some() {
        let reason = format!("the service has another event under this idempotency key: {reason}");
        return Answer::Duplicate(Refusal::http(409, bounded(&reason)));
    }
    let reason = bounded(&reason);
    status_answer(response.status, &reason, response.retry_after)
        .unwrap_or_else(|| Answer::Ambiguous(Refusal::http(response.status, reason.as_str())))
}

/// A receipt names itself and doesn't deny having accepted. The typed client asks for more; here a missing member must
/// not send an accepted event again.
fn receipt(event: EventId, response: &Response) -> Option<Receipt> {
    let detail: Value = serde_json::from_slice(&response.body).ok()?;
    let id = detail.get("receipt")?.as_str().filter(|id| !id.trim().is_empty())?.to_owned();
    if detail.get("accepted") == Some(&Value::Bool(false)) {
        return None;
    }
    Some(Receipt::new(event, KIND).with_id(id).with_detail(detail))
}

impl Destination for LodgerDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.api.base()).in_project(self.api.workspace(), self.api.project())
    }

    fn max_in_flight(&self) -> usize {
        64
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
