//! Looking for an event that may be there already.

use std::time::Duration;

use serde_json::Value;

use super::encode::{EVENT_ID, RESERVED, encode};
use super::{KIND, bounded, unanswered};
use crate::destination::{Answer, Delivery, LookUp, Receipt, status_answer};
use crate::event::{EventId, Timestamp};
use crate::service::loghub::{Limit, ListCall, LogHubApi, LogHubError};

/// How many pages are read at most: 500 events, the newest of the tenant.
const MOST_PAGES: u64 = 25;

/// By how much the clocks of the service and of this machine may differ before a look into the past ends too early.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// Reads what was recorded under the event's external id, the newest first, until it is there, or can't come any more.
///
/// Only where every event that was passed over is known to be another one, it is certain that it is not there.
pub(super) async fn look_up(api: &LogHubApi, no_tenant: &str, delivery: &Delivery) -> LookUp {
    let Some(call) = encode(&delivery.bytes, no_tenant) else { return LookUp::Unknown };
    let (id, earliest) = (delivery.id(), earliest(delivery));
    let list = ListCall::new(call.external_id).limit(Limit::Twenty);
    let (mut certain, mut before) = (true, Vec::new());
    for number in 0..MOST_PAGES {
        let page = match api.page(&list.clone().page(number)).await {
            Ok(page) => page,
            Err(error) => return failed(&error),
        };
        let mut created = Vec::with_capacity(page.len());
        for event in &page {
            match id_of(event) {
                Some(known) if known.parse().ok() == Some(id) => return LookUp::Found(receipt(id, event)),
                Some(_) => {}
                None => certain &= is_anothers(event),
            }
            created.push(created_at(event));
        }
        let is_last = page.len() < Limit::Twenty.events();
        if is_last || all_before(&created, earliest) {
            return if certain { LookUp::Absent } else { LookUp::Unknown };
        }
        // The same page again: the service does not turn them.
        if page == before {
            return LookUp::Unknown;
        }
        before = page;
    }
    LookUp::Unknown
}

/// Whether the listed event carries no mark of ours at all, and has a place for one: it was recorded by somebody else.
fn is_anothers(event: &Value) -> bool {
    event.get("metadata").is_some_and(|metadata| metadata.is_object() && metadata.get(RESERVED).is_none())
}

/// The id of ours that a listed event carries.
fn id_of(event: &Value) -> Option<&str> {
    event.get("metadata")?.get(RESERVED)?.get(EVENT_ID)?.as_str()
}

fn created_at(event: &Value) -> Option<Timestamp> {
    event.get("createdAt")?.as_str()?.parse().ok()
}

fn receipt(id: EventId, event: &Value) -> Receipt {
    let receipt = Receipt::new(id, KIND);
    match event.get("id").and_then(Value::as_str) {
        Some(known) => receipt.with_id(known),
        None => receipt,
    }
}

/// Since when the event can have been recorded: not before it was captured, which its id tells, nor before it happened. The
/// earlier of the two, since either may have been given by the application.
fn earliest(delivery: &Delivery) -> Option<Timestamp> {
    let captured = captured(delivery.id());
    let since = captured.into_iter().chain(delivery.occurred_at()).min()?;
    Timestamp::from_micros(since.as_micros().checked_sub(i64::try_from(MARGIN.as_micros()).ok()?)?)
}

/// The time in a UUIDv7 (RFC 9562 section 5.7): its first 48 bits are Unix milliseconds.
pub(super) fn captured(id: EventId) -> Option<Timestamp> {
    let (time, rest) = id.as_bytes().split_first_chunk::<6>()?;
    if rest.first()? >> 4 != 7 {
        return None;
    }
    let millis = time.iter().fold(0_i64, |millis, byte| millis << 8 | i64::from(*byte));
    Timestamp::from_micros(millis.checked_mul(1_000)?)
}

/// Whether the event can stand neither on this page nor behind it: all of the page was recorded before it can have been, and
/// newest first, as it was asked for. A service that doesn't sort may have it anywhere.
fn all_before(created: &[Option<Timestamp>], earliest: Option<Timestamp>) -> bool {
    let Some(earliest) = earliest else { return false };
    let times: Option<Vec<Timestamp>> = created.iter().copied().collect();
    times.is_some_and(|times| {
        times.is_sorted_by(|one, next| one >= next) && times.first().is_some_and(|newest| *newest < earliest)
    })
}

/// A list that can't be had for now is tried again. One that is refused tells nothing: perhaps the token may only write, and what
/// is wrong otherwise shows when the event is sent.
fn failed(error: &LogHubError) -> LookUp {
    if let LogHubError::Transport(error) = error {
        return LookUp::Failed(unanswered(error));
    }
    let reason = bounded(&format!("the event could not be looked up: {error}"));
    match error.status().and_then(|status| status_answer(status, &reason, error.retry_after())) {
        Some(later @ Answer::Retry { .. }) => LookUp::Failed(later),
        _ => LookUp::Unknown,
    }
}
