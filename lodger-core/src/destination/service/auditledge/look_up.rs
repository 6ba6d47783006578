//! Whether an event is there already.
//!
//! Found is an event only when it names ours under the reserved member, and is ours in all else that can be compared.
//! Absent it is only when every event that the service has for the question was read and is certainly another one: a
//! service that leaves filters or paging unheeded is not believed.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::encode::encode;
use super::{KIND, bounded, refused, unanswered};
use crate::destination::{Answer, Delivery, LookUp, Receipt, Refusal};
use crate::event::Timestamp;
use crate::service::Response;
use crate::service::auditledge::{AuditledgeApi, AuditledgeError, Filter, Query, number};

/// Pages that are read before it is given up. One is the rule: the question is for what one actor did in three seconds.
const MOST_PAGES: usize = 10;

/// The most that is read of a page, in bytes: 20 of the largest events, however the service escapes them.
const MAX_PAGE: usize = 8 * 1024 * 1024;

/// Looks for the event of a delivery.
pub(super) async fn look_up(api: &AuditledgeApi, delivery: &Delivery) -> LookUp {
    let Some(ours) = Ours::of(delivery) else { return LookUp::Unknown };
    let (mut certain, mut offset, mut seen) = (true, 0, BTreeSet::new());
    for _ in 0..MOST_PAGES {
        let mut query = Query::from(ours.filter.clone());
        if offset > 0 {
            query = query.offset(offset);
        }
        let page = match api.get_events(&query, MAX_PAGE).await {
            Ok(response) => match read(&response) {
                Ok(page) => page,
                Err(otherwise) => return otherwise,
            },
            Err(AuditledgeError::Transport(error)) => return LookUp::Failed(unanswered(&error)),
            // The question can't be asked.
            Err(_) => return LookUp::Unknown,
        };
        for event in &page.events {
            match ours.compare(event) {
                Comparison::Same => return LookUp::Found(receipt(delivery, event)),
                Comparison::Other => {}
                Comparison::Unclear => certain = false,
            }
            // What comes twice came in place of something else.
            certain &= event.get("id").is_some_and(|id| seen.insert(id.to_string()));
        }
        let on_page = page.events.len() as u64;
        offset += on_page;
        if on_page == 0 || offset == page.total {
            let complete = certain && offset >= page.total;
            return if complete { LookUp::Absent } else { LookUp::Unknown };
        }
    }
    LookUp::Unknown
}

/// A page of events, as far as it is looked at.
#[derive(Deserialize)]
struct Found {
    events: Vec<Value>,
    #[serde(deserialize_with = "number")]
    total: u64,
}

fn read(response: &Response) -> Result<Found, LookUp> {
    if !response.is_success() {
        return Err(match refused(response) {
            // The service doesn't take the question, such as one under a key that may only write.
            Answer::Refused(_) | Answer::Suspect(_) => LookUp::Unknown,
            answer => LookUp::Failed(answer),
        });
    }
    response.json().map_err(|error| {
        // Something else than a list, or too much of one, would be there the next time, too.
        if error.is_data() || response.body.len() >= MAX_PAGE {
            return LookUp::Unknown;
        }
        let reason = "asked whether it has the event, the service gave an answer that can't be read";
        LookUp::Failed(Answer::Ambiguous(Refusal::http(response.status, bounded(reason))))
    })
}

fn receipt(delivery: &Delivery, event: &Value) -> Receipt {
    let mut receipt = Receipt::new(delivery.id(), KIND);
    if let Some(id) = event.get("id").and_then(Value::as_str) {
        receipt = receipt.with_id(id);
    }
    if delivery.is_awaited() { receipt.with_detail(event.clone()) } else { receipt }
}

enum Comparison {
    Same,
    Other,
    /// It may be ours.
    Unclear,
}

/// The event that is looked for, as it was sent.
struct Ours {
    event_id: String,
    /// Members as the service shows them, and their values.
    members: Vec<(&'static str, String)>,
    filter: Filter,
}

impl Ours {
    fn of(delivery: &Delivery) -> Option<Self> {
        let sent: Value = serde_json::from_slice(&encode(&delivery.bytes)?).ok()?;
        let text = |path: &str| sent.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let (action, actor) = (text("/action")?, text("/actor/id")?);
        let second = delivery.occurred_at()?.as_micros().div_euclid(1_000_000);
        // The service may keep milliseconds or seconds, cut or rounded.
        let (start, end) = (whole_second(second - 1)?, whole_second(second + 2)?);
        let mut filter = Filter::new().action(&*action).actor_id(&*actor).start_date(start).end_date(end);
        let mut members = vec![
            ("action", action),
            ("actor_id", actor),
            ("resource_type", text("/resource/type")?),
            ("resource_id", text("/resource/id")?),
        ];
        if let Some(organization) = text("/organization_id") {
            filter = filter.organization_id(&*organization);
            members.push(("organization_id", organization));
        }
        Some(Self { event_id: text("/metadata/_audit/event_id")?, members, filter })
    }

    fn compare(&self, event: &Value) -> Comparison {
        let like_ours =
            self.members.iter().all(|(name, value)| event.get(name).is_some_and(|one| one == value));
        let named = event.pointer("/metadata/_audit/event_id");
        match named.is_some_and(|id| *id == self.event_id) {
            true if like_ours => Comparison::Same,
            // Who else has our id? Another organization's event must not pass for ours.
            true => Comparison::Unclear,
            // One that names nobody may be ours without its metadata.
            false if !event.is_object() || (like_ours && named.is_none()) => Comparison::Unclear,
            false => Comparison::Other,
        }
    }
}

/// In the form of the documentation's examples: `2026-05-15T12:00:00Z`.
fn whole_second(second: i64) -> Option<String> {
    let text = Timestamp::from_micros(second.checked_mul(1_000_000)?)?.to_string();
    Some(text.replace(".000000Z", "Z"))
}
