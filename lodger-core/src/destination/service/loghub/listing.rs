//! What was recorded under one external id.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::encode::{EVENT_ID, RESERVED};
use super::{KIND, bounded, unanswered};
use crate::destination::{Answer, LookUp, Receipt, Refusal, status_answer};
use crate::event::{EventId, Timestamp};
use crate::service::loghub::{Limit, ListCall, LogHubApi, LogHubError, SECOND, Verdict, id_of};

/// How many pages are read at most: 500 events, the newest of the tenant.
const MOST_PAGES: u64 = 25;

/// For how long they are read at most: a service that lets each page wait must not hold up what is to be sent. The pipeline
/// waits for a minute; what was read must be there before it gives up.
pub(super) const LONGEST: Duration = Duration::from_secs(50);

/// An id of the service's that is longer is none, in bytes: a list must stay small whatever it is told.
const LONGEST_ID: usize = 256;

/// The newest events under one external id, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Ours, with the service's ids of them.
    ours: HashMap<EventId, Option<String>>,
    /// Whether something was passed over that may be any of ours.
    has_holes: bool,
    is_unsorted: bool,
    /// Everything that was not read was recorded no later than this.
    reach: Option<Timestamp>,
    /// Whether there is no more than what was read.
    is_all: bool,
}

impl Listing {
    /// Reads page by page until it is enough.
    ///
    /// # Errors
    ///
    /// What is known of the event then, when a page can't be had. Where time ran out, it is what was read until then.
    pub(super) async fn read(
        api: &LogHubApi,
        external_id: &str,
        enough: impl Fn(&Self) -> bool,
    ) -> Result<Self, LookUp> {
        let deadline = Instant::now() + LONGEST;
        let list = ListCall::new(external_id).limit(Limit::Twenty);
        let (mut listing, mut before) = (Self::default(), Vec::new());
        for number in 0..MOST_PAGES {
            let page = match timeout_at(deadline, api.page(&list.clone().page(number))).await {
                Ok(page) => page.map_err(|error| failed(&error))?,
                Err(_) => break,
            };
            if page == before && !page.is_empty() {
                // A service that counts from 1 may take 0 for it; one that repeats any other page does not turn them.
                if number == SECOND {
                    continue;
                }
                break;
            }
            listing.add(&page);
            if listing.is_all || enough(&listing) {
                break;
            }
            before = page;
        }
        Ok(listing)
    }

    fn add(&mut self, page: &[Verdict]) {
        let mut created = Vec::with_capacity(page.len());
        for envelope in page {
            let Verdict::Done(event) = envelope else {
                self.has_holes = true;
                created.push(None);
                continue;
            };
            match event_id(event).map(str::parse) {
                Some(Ok(id)) => {
                    let name = id_of(event).filter(|name| name.len() <= LONGEST_ID);
                    self.ours.insert(id, name);
                }
                Some(Err(_)) => {}
                None => self.has_holes |= !is_anothers(event),
            }
            created.push(created_at(event));
        }
        let newest = newest_first(created);
        self.is_unsorted |= newest.is_none();
        self.reach = newest.filter(|_| !self.is_unsorted);
        self.is_all = page.len() < Limit::Twenty.events();
    }

    /// What it tells of an event that can't have been recorded before this; `None` where more has to be read.
    ///
    /// Only where every event that was passed over is known to be another one, it is certain that it is not there.
    pub(super) fn tells(&self, id: EventId, earliest: Option<Timestamp>) -> Option<LookUp> {
        if let Some(known) = self.ours.get(&id) {
            let receipt = Receipt::new(id, KIND);
            return Some(LookUp::Found(match known {
                Some(known) => receipt.with_id(known),
                None => receipt,
            }));
        }
        let goes_further_back =
            self.reach.zip(earliest).is_some_and(|(recorded, earliest)| recorded < earliest);
        let absent = if self.has_holes { LookUp::Unknown } else { LookUp::Absent };
        (self.is_all || goes_further_back).then_some(absent)
    }
}

/// The id of ours that a listed event carries.
fn event_id(event: &Value) -> Option<&str> {
    event.get("metadata")?.get(RESERVED)?.get(EVENT_ID)?.as_str()
}

/// Whether the listed event carries no mark of ours at all, and has a place for one: it was recorded by somebody else.
fn is_anothers(event: &Value) -> bool {
    event.get("metadata").is_some_and(|metadata| metadata.is_object() && metadata.get(RESERVED).is_none())
}

fn created_at(event: &Value) -> Option<Timestamp> {
    event.get("createdAt")?.as_str()?.parse().ok()
}

/// The newest of a page that is sorted as it was asked for: what stands behind it was recorded no later. A service that doesn't
/// sort may have anything anywhere.
fn newest_first(created: Vec<Option<Timestamp>>) -> Option<Timestamp> {
    let times: Vec<Timestamp> = created.into_iter().collect::<Option<_>>()?;
    times.first().copied().filter(|_| times.is_sorted_by(|one, next| one >= next))
}

/// A list that can't be had for now, or came as something that may be a gateway's word, is asked for again. One that is refused
/// tells nothing: perhaps the token may only write, and what is wrong otherwise shows when the event is sent.
fn failed(error: &LogHubError) -> LookUp {
    let reason = bounded(&format!("the event could not be looked up: {error}"));
    match error {
        LogHubError::Transport(error) => return LookUp::Failed(unanswered(error)),
        LogHubError::Unreadable(answer) if !answer.is_json() => {
            return LookUp::Failed(Answer::Ambiguous(Refusal::new(reason)));
        }
        _ => {}
    }
    match error.status().and_then(|status| status_answer(status, &reason, error.retry_after())) {
        Some(later @ Answer::Retry { .. }) => LookUp::Failed(later),
        _ => LookUp::Unknown,
    }
}
