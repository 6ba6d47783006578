//! Events to the LogHub API.

mod encode;
mod left_behind;
mod listing;
mod look_up;
mod settings;
#[cfg(test)]
mod tests;

use super::{bounded, unanswered};
use crate::destination::{
    Answer, ApiKeyError, BoxFuture, Delivery, Destination, Identity, LookUp, Misfit, Receipt, Refusal,
    Repeats, status_answer,
};
use crate::event::Event;
use crate::service::loghub::{ApiError, LogHubApi, LogHubError, Verdict, id_of, verdict};
use crate::service::{InvalidConfig, Response};
use left_behind::LeftBehind;

pub(super) use settings::open;

const KIND: &str = "loghub";

/// Sends events to the LogHub API, one request each, up to 8 at a time.
///
/// # What goes where
///
/// An event's tenant is its `external_id`, by which alone the service can list. An event without one goes under a value that
/// has to be agreed upon: [`new`](Self::new) asks for it. Where it is changed, what still waits in the journal goes under the new
/// one, and is looked for there alone. It is no part of the destination's [identity](Identity), which is the address and the
/// organization.
///
/// | event | LogHub |
/// | --- | --- |
/// | action, tags | `action`, `tags` |
/// | an actor who is a user | `actor` of type `user`: `internal_id`, `name`, `email` |
/// | any other actor | `actor` of type `system`, its name, else its id, as `description`; its id as `metadata._audit.actor_id` |
/// | changes | `metadata.old` and `metadata.new`, the values by path, and whole as `metadata._audit.changes` |
/// | client address, user agent | `context.location`, `context.user_agent` |
/// | metadata | `metadata` |
/// | everything else | under the metadata's one reserved member, `_audit` |
///
/// An application's own `old` and `new` stay where they are: those of the changes stand in `_audit` then. So does an application's
/// own `_audit`, as `_audit.metadata`. The service has no place for how long an event is to be kept, so
/// [`retention`](crate::event::Event::retention) is left out. It has none for the time of the event either, which it stamps with
/// that of the arrival: when it happened is `metadata._audit.occurred_at`.
///
/// # Repeats
///
/// The service recognises no repeat: delivery is at least once. An event that may be there already, because its answer was lost,
/// is looked up before it is sent again, by its id under `metadata._audit.event_id`, among the newest 500 of its tenant, for 50 s at
/// most. Where that doesn't tell, it is sent again and may be there twice. So is what was recorded, but is not listed yet.
///
/// Any event that [another process left behind](Delivery::is_left_behind) may be there. Those are not looked up one by one: the
/// newest 500 of their tenant are listed once, when the first of them is asked about, and kept for the others; the lists of 64
/// tenants at a time, less than 100 KiB each. With more tenants the oldest list is made anew when it is needed again.
///
/// # Answers
///
/// The status in the envelope decides: a 2xx whose envelope says anything but `ok` has not recorded the event. It is a dead letter,
/// or pauses the destination when another event is answered alike. A 2xx without a whole envelope settles nothing, since a gateway
/// may have answered for the service: the event is looked up and, where it isn't there, sent again. Everything else is as in
/// `docs/guarantees.md`. Redirects are not followed: they pause the destination.
///
/// # Pacing
///
/// No limit is documented, so none is kept to. A [`Route`](crate::destination::Route) can set one. In the order in which they
/// happened events arrive only behind [`Route::ordered`](crate::destination::Route::ordered).
///
/// # Durability
///
/// An event is settled when the service says that it recorded it. What that promises is not documented.
#[derive(Debug, Clone)]
pub struct LogHubDestination {
    api: LogHubApi,
    /// For events without a tenant.
    external_id: String,
    left_behind: LeftBehind,
}

impl LogHubDestination {
    /// Sends through this client; events without a tenant go under this external id, which somebody has to choose.
    ///
    /// # Errors
    ///
    /// When the external id is blank.
    pub fn new(api: LogHubApi, external_id: impl Into<String>) -> Result<Self, InvalidConfig> {
        let external_id = external_id.into().trim().to_owned();
        if external_id.is_empty() {
            let problem = "the external id is blank; LogHub needs one with every event: choose that of events without a \
                           tenant, such as `none`";
            return Err(InvalidConfig::new(vec![problem.to_owned()]));
        }
        Ok(Self { api, external_id, left_behind: LeftBehind::default() })
    }

    /// The client. Its [`replace_token`](LogHubApi::replace_token) takes effect while events are being sent.
    #[must_use]
    pub fn api(&self) -> &LogHubApi {
        &self.api
    }

    async fn send(&self, delivery: &Delivery) -> Answer {
        let Some(call) = encode::encode(&delivery.bytes, &self.external_id) else {
            return Answer::Unfit(Refusal::new("this version can't read the event"));
        };
        match self.api.post_event(call.body).await {
            Ok(response) => answer(delivery, &response),
            Err(LogHubError::Transport(error)) => unanswered(&error),
            // Nothing else was left to be checked. Should there be something, somebody has to look at it.
            Err(error) => Answer::Pause(Refusal::new(bounded(&error.to_string()))),
        }
    }
}

/// What the service's answer means for this event.
pub(in crate::destination) fn answer(delivery: &Delivery, response: &Response) -> Answer {
    let status = response.status;
    let reason = || bounded(&ApiError::read(response).quoting());
    if response.is_success() {
        return match verdict(response) {
            Verdict::Done(data) => settled(delivery, data),
            // Nobody knows whether it is about this event or about all of them: the codes are not documented.
            Verdict::Failed => Answer::Suspect(Refusal::http(status, reason())),
            Verdict::Unreadable => {
                let reason = format!("it can't be read whether the event was recorded: {}", reason());
                Answer::Ambiguous(Refusal::http(status, bounded(&reason)))
            }
        };
    }
    let ambiguous = || Answer::Ambiguous(Refusal::http(status, reason()));
    status_answer(status, &reason(), response.retry_after).unwrap_or_else(ambiguous)
}

/// It is there, under the id that the service names in what it says about the event.
fn settled(delivery: &Delivery, data: serde_json::Value) -> Answer {
    if !delivery.is_awaited() {
        return Answer::Taken;
    }
    let receipt = Receipt::new(delivery.id(), KIND);
    let receipt = match id_of(&data) {
        Some(id) => receipt.with_id(id),
        None => receipt,
    };
    Answer::Settled(receipt.with_detail(data))
}

impl Destination for LogHubDestination {
    /// Not the external id: what waits must not be stranded where somebody agrees upon another one.
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.api.base()).in_project(self.api.organization(), "")
    }

    fn max_in_flight(&self) -> usize {
        8
    }

    fn reads_events(&self) -> bool {
        false
    }

    fn check(&self, event: &Event) -> Vec<Misfit> {
        let place =
            event.retention.map(|_| Misfit::left_out("retention", "LogHub has no classes to keep events in"));
        place.into_iter().collect()
    }

    fn repeats(&self) -> Repeats {
        Repeats::Stored
    }

    fn look_up<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, LookUp> {
        Box::pin(self.find(delivery))
    }

    fn replace_api_key(&self, key: &str) -> Result<(), ApiKeyError> {
        self.api.replace_token(key).map_err(|error| ApiKeyError::Invalid(error.to_string()))
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
