//! Events to the Lodger API.

mod encode;
mod settings;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;

use super::{bounded, unanswered};
use crate::destination::{
    Answer, ApiKeyError, BoxFuture, Delivery, Destination, Identity, Misfit, Receipt, Refusal, status_answer,
};
use crate::event::Event;
use crate::service::lodger::{ApiError, LodgerApi, LodgerError};
use crate::service::{Response, is_header_value, json};

pub(super) use settings::open;

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
        let Some(call) = encode::encode(&delivery.bytes, self.api.workspace(), self.api.project()) else {
            return Answer::Unfit(Refusal::new("this version can't read the event"));
        };
        match self.api.post_event(call.body, &call.options).await {
            Ok(response) => answer(delivery, call.key_is_given, &response),
            Err(LodgerError::Transport(error)) => unanswered(&error),
            // Only a missing key: everything else was checked before. Somebody has to set one.
            Err(error) => Answer::Pause(Refusal::new(bounded(&error.to_string()))),
        }
    }
}

/// What the service's answer means for this event, which was sent under a key of the application's or under its own.
pub(in crate::destination) fn answer(delivery: &Delivery, key_is_given: bool, response: &Response) -> Answer {
    if response.is_success() {
        // The service is idempotent, so asking again is safe, and settling without a receipt would be a guess.
        let guess = || Answer::Ambiguous(Refusal::http(response.status, "the answer is no receipt"));
        return settled(delivery, response).unwrap_or_else(guess);
    }
    let reason = ApiError::read(response).to_string();
    // The service compares bodies. Those of a webhook that came twice differ in the event's id at least.
    if response.status == 409 && key_is_given {
        let reason = format!("the service has another event under this idempotency key: {reason}");
        return Answer::Duplicate(Refusal::http(409, bounded(&reason)));
    }
    let reason = bounded(&reason);
    status_answer(response.status, &reason, response.retry_after)
        .unwrap_or_else(|| Answer::Ambiguous(Refusal::http(response.status, reason.as_str())))
}

/// A receipt names itself and doesn't deny having accepted. The typed client asks for more; here a missing member must
/// not send an accepted event again. It is looked at in any case, and read where somebody waits for it.
fn settled(delivery: &Delivery, response: &Response) -> Option<Answer> {
    #[derive(Deserialize)]
    struct Named {
        receipt: String,
        accepted: Option<Value>,
    }
    // A struct is read from an array, too.
    let unmarked = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body);
    let object = Some(unmarked).filter(|body| body.trim_ascii_start().starts_with(b"{"))?;
    let Named { receipt, accepted } = json::read(object).ok()?;
    if receipt.trim().is_empty() || accepted == Some(Value::Bool(false)) {
        return None;
    }
    if !delivery.is_awaited() {
        return Some(Answer::Taken);
    }
    let named = Receipt::new(delivery.id(), KIND).with_id(receipt);
    // What names itself may still hold what can't be read: a number out of every range, too many brackets.
    Some(Answer::Settled(match json::read(object) {
        Ok(detail) => named.with_detail(detail),
        Err(_) => named,
    }))
}

impl Destination for LodgerDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.api.base()).in_project(self.api.workspace(), self.api.project())
    }

    fn max_in_flight(&self) -> usize {
        64
    }

    fn reads_events(&self) -> bool {
        false
    }

    /// The service documents no limit, and what has no place of its own is folded. Only the key of an event from elsewhere,
    /// which no limit of ours has looked at, can be one that no header carries.
    fn check(&self, event: &Event) -> Vec<Misfit> {
        if event.idempotency_key.is_empty() || is_header_value(&event.idempotency_key) {
            return Vec::new();
        }
        vec![Misfit::left_out(
            "idempotencyKey",
            "it may hold visible ASCII and inner spaces only; the event is sent under its id",
        )]
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
