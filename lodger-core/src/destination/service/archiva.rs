//! Events to the Archiva API.

mod encode;
mod settings;
#[cfg(test)]
mod tests;

use super::{bounded, unanswered};
use crate::destination::{
    Answer, ApiKeyError, BoxFuture, Delivery, Destination, Identity, Misfit, Receipt, Refusal, status_answer,
};
use crate::event::Event;
use crate::service::Response;
use crate::service::archiva::{ApiError, ArchivaApi, ArchivaError, Line, created};

pub(super) use settings::open;

const KIND: &str = "archiva";

/// As many requests at once as the pace keeps busy, however long the service takes.
const MOST_IN_FLIGHT: usize = 8;

/// Sends events to the Archiva API, one request each, below its rate limit.
///
/// What the service has a member or header for goes there; everything else goes under the context's member `_audit`, by its
/// canonical name. The retention is left out: the service has none. An unresolved target becomes type `route`; an unresolved
/// or anonymous actor becomes type `system` with the id `unresolved` or `anonymous`.
///
/// Changes are sent with the operation `set`, the only one that the service documents, at paths that stay JSON Pointers. A
/// value that was not there has no `before`, one that is gone no `after`. (That the service takes both is inferred.) A list
/// that says more than this goes under `_audit` as a whole.
///
/// # What does not fit
///
/// An action has at most 64 characters. A context has at most 10 KB, with all that stands under `_audit` in it. The action and
/// the ids and kinds of actor and target are not blank. Nothing is trimmed and nothing sent: such an event becomes a dead
/// letter with the field and the sizes.
/// [`check`](Destination::check) says it before.
///
/// # Repeats
///
/// Retries send the same bytes under the same idempotency key, so an event is recorded once, however often it has to be sent.
/// The service's answer 409 says that it has another body under that key, and is never retried. Under a key of the
/// application's, which came with another event before, the event counts as there and is kept as a dead letter; under the
/// event's own key it is a dead letter.
///
/// # Pace
///
/// Its events wait for their turn together with the direct calls of all clients that have the same key, in a line of their
/// own: see [`requests_per_minute`](crate::service::archiva::ArchivaApiBuilder::requests_per_minute), also for several processes
/// with one key. What waits is in the journal. A 429 with `Retry-After` stops all of them for that time.
///
/// # Durability
///
/// An event is settled by 201 for a new one, with a whole JSON object in the answer, and by 200 for a repeat, with an object that
/// names the event under `eventId`, which is inferred. Any other success (an empty answer, a page of a network in between) proves
/// nothing: the event is sent again, and recognised if it is there.
///
/// # Projects
///
/// A key belongs to one project, and the service has no name for the project on the wire. Events that wait in the journal go to
/// the project of whatever key there is then: never replace a key by one of another project while there are any. A
/// [name](crate::service::archiva::ArchivaApiBuilder::project) of your own tells two projects apart, so that one client can have
/// both, and neither takes over what was meant for the other.
#[derive(Debug, Clone)]
pub struct ArchivaDestination {
    api: ArchivaApi,
}

impl ArchivaDestination {
    /// Sends through this client, and in its pace.
    #[must_use]
    pub fn new(api: ArchivaApi) -> Self {
        Self { api }
    }

    /// The client. Its [`replace_api_key`](ArchivaApi::replace_api_key) takes effect while events are being sent.
    #[must_use]
    pub fn api(&self) -> &ArchivaApi {
        &self.api
    }

    async fn send(&self, delivery: &Delivery) -> Answer {
        let Some(call) = encode::encode(&delivery.bytes) else {
            return Answer::Unfit(Refusal::new("this version can't read the event"));
        };
        if !call.misfits.is_empty() {
            let reasons: Vec<String> = call.misfits.iter().map(reason).collect();
            return Answer::Unfit(Refusal::new(bounded(&format!("not sent: {}", reasons.join("; ")))));
        }
        match self.api.post_event(call.ready, Line::Events).await {
            Ok(response) => answer(delivery, call.key_is_given, &response),
            Err(ArchivaError::Transport(error)) => unanswered(&error),
            // An earlier answer closed the way.
            Err(ArchivaError::RateLimited { retry_after, .. }) => Answer::Retry {
                refusal: Refusal::new("not sent: Archiva wants to be left alone"),
                after: retry_after,
            },
            // Only a missing key: everything else was checked before. Somebody has to set one.
            Err(error) => Answer::Pause(Refusal::new(bounded(&error.to_string()))),
        }
    }
}

fn reason(Misfit { field, reason, .. }: &Misfit) -> String {
    format!("`{field}` does not fit: {reason}")
}

/// What the service's answer means for this event, which was sent under a key of the application's or under its own.
fn answer(delivery: &Delivery, key_is_given: bool, response: &Response) -> Answer {
    if response.is_success() {
        // The service is idempotent, so asking again is safe, and settling what somebody in between may have said, or what broke
        // off, would be a guess.
        let guess = || Answer::Ambiguous(Refusal::http(response.status, "the answer is no JSON object"));
        return settled(delivery, response).unwrap_or_else(guess);
    }
    let reason = ApiError::read(response).to_string();
    if response.status == 409 {
        let reason = bounded(&format!("the service has another event under this idempotency key: {reason}"));
        let refusal = Refusal::http(409, reason);
        return if key_is_given { Answer::Duplicate(refusal) } else { Answer::Refused(refusal) };
    }
    let reason = bounded(&reason);
    status_answer(response.status, &reason, response.retry_after)
        .unwrap_or_else(|| Answer::Ambiguous(Refusal::http(response.status, reason.as_str())))
}

fn settled(delivery: &Delivery, response: &Response) -> Option<Answer> {
    let event = created(response)?;
    if !delivery.is_awaited() {
        return Some(Answer::Taken);
    }
    let detail = serde_json::from_slice(&response.body).ok()?;
    let receipt = Receipt::new(delivery.id(), KIND).with_detail(detail);
    let receipt = event.event_id.into_iter().fold(receipt, Receipt::with_id);
    Some(Answer::Settled(if event.replayed { receipt.as_repeat() } else { receipt }))
}

impl Destination for ArchivaDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.api.base()).in_project("", self.api.project().unwrap_or_default())
    }

    // More than may go at once would only wait, and the pipeline waits for no delivery longer than five minutes.
    fn max_in_flight(&self) -> usize {
        self.api.places().min(MOST_IN_FLIGHT)
    }

    fn reads_events(&self) -> bool {
        false
    }

    fn check(&self, event: &Event) -> Vec<Misfit> {
        // What is no canonical JSON is no event, and the journal doesn't take it.
        let call = event.to_canonical_json().ok().and_then(|bytes| encode::encode(&bytes));
        let mut misfits = call.map(|call| call.misfits).unwrap_or_default();
        if event.retention.is_some() {
            misfits.push(Misfit::left_out("retention", "Archiva has no place for it"));
        }
        misfits
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
