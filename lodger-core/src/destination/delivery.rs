//! One event on its way to a destination.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::members;
use crate::event::{Event, EventId, Timestamp};

/// One event on its way to a destination: its bytes, and what they say, read when it is asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Its canonical bytes (RFC 8785), exactly as they stand in the journal.
    pub bytes: Arc<[u8]>,
    /// How often it was tried before; 0 at the first try.
    pub tries: u32,
    id: OnceLock<EventId>,
    event: OnceLock<Arc<Event>>,
    awaited: bool,
    left_behind: bool,
}

impl Delivery {
    /// An event on its way for the first time.
    #[must_use]
    pub fn new(event: Arc<Event>, bytes: Arc<[u8]>) -> Self {
        Self { bytes, tries: 0, id: event.id.into(), event: event.into(), awaited: true, left_behind: false }
    }

    /// The event's id. It is read from the bytes at most once; where none stands in them, it is one that nobody else has.
    #[must_use]
    pub fn id(&self) -> EventId {
        *self.id.get_or_init(|| match self.event.get() {
            Some(event) => event.id,
            None => id_of(&self.bytes).unwrap_or_else(|_| EventId::mint()),
        })
    }

    /// The event. It is read from the bytes at most once, and never where a destination does without.
    ///
    /// # Panics
    ///
    /// When this version can't read it. Only a destination that does not [read events](super::Destination::reads_events)
    /// is ever given such a one.
    #[must_use]
    pub fn event(&self) -> &Arc<Event> {
        match self.read() {
            Ok(event) => event,
            // What could not be read is not said: it may be a secret.
            Err(_) => panic!("this version can't read the event {}", self.id()),
        }
    }

    /// Whether somebody may be waiting for the receipt. Where nobody is, it is thrown away, so it need not hold what the
    /// destination said.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.awaited
    }

    /// Whether another process, which is gone, left it in the journal, and this one has not sent it since. Then whatever may be
    /// there of it was sent before this process opened the journal: one look at the destination, after that, tells of all such
    /// events. A dead letter that is sent again is none of them.
    #[must_use]
    pub fn is_left_behind(&self) -> bool {
        self.left_behind
    }

    /// Another process left it behind.
    pub(crate) fn left_behind(&mut self) {
        self.left_behind = true;
    }

    /// This process has sent it.
    pub(crate) fn sent(&mut self) {
        self.left_behind = false;
    }

    /// The same for one try, of whose receipt it is known whether somebody waits for it.
    pub(crate) fn attempt(&self, awaited: bool) -> Self {
        Self { awaited, ..self.clone() }
    }

    /// The id under which it is kept, so that it need not be looked for.
    pub(crate) fn known_as(&mut self, id: EventId) {
        self.id = id.into();
    }

    /// The event, where this version can read it.
    pub(crate) fn read(&self) -> Result<&Arc<Event>, serde_json::Error> {
        match self.event.get() {
            Some(event) => Ok(event),
            None => Event::from_json(&self.bytes).map(|event| self.event.get_or_init(|| Arc::new(event))),
        }
    }

    /// When the event happened, without reading all of it.
    pub(crate) fn occurred_at(&self) -> Option<Timestamp> {
        match self.event.get() {
            Some(event) => Some(event.occurred_at),
            None => members::text(members::find(&self.bytes, "occurredAt")?)?.parse().ok(),
        }
    }

    /// What stands in the journal, for a destination that reads events or for one that only sends bytes, and why this
    /// version can't read what the former needs. The latter needs nothing: the bytes are those that the journal was given.
    pub(crate) fn of(bytes: Arc<[u8]>, with_event: bool) -> (Self, Result<(), serde_json::Error>) {
        let delivery = Self {
            bytes,
            tries: 0,
            id: OnceLock::new(),
            event: OnceLock::new(),
            awaited: true,
            left_behind: false,
        };
        let read = if with_event { delivery.read().map(drop) } else { Ok(()) };
        (delivery, read)
    }
}

/// The id that stands in the bytes of an event.
fn id_of(bytes: &[u8]) -> Result<EventId, serde_json::Error> {
    #[derive(Deserialize)]
    struct Named {
        id: EventId,
    }
    match members::find(bytes, "id").and_then(|id| members::text(id)?.parse().ok()) {
        Some(id) => Ok(id),
        None => serde_json::from_slice(bytes).map(|Named { id }| id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Target};

    const ID: &str = "0199b1c0-0000-7000-8000-000000000001";

    fn id_in(json: &str) -> Option<String> {
        id_of(json.as_bytes()).ok().map(|id| id.to_string())
    }

    #[test]
    fn the_id_is_that_of_the_event_and_of_nobody_in_it() {
        let other = "0199b1c0-0000-7000-8000-000000000002";
        for before in [
            String::new(),
            format!(r#""actor":{{"id":"{other}"}},"#),
            format!(r#""actor":[{{"id":"{other}"}}],"#),
            format!(r#""a":"\"id\":\"{other}\"","#),
            format!(r#""a\\":"id","b":"}}\\","c":"{other}","#),
            r#""a":"id","#.to_owned(),
        ] {
            for json in
                [format!(r#"{{{before}"id":"{ID}","z":1}}"#), format!(r#"{{{before} "id": "{ID}" }}"#)]
            {
                assert_eq!(id_in(&json).as_deref(), Some(ID), "{json}");
            }
        }
    }

    #[test]
    fn what_has_no_id_has_none() {
        for json in [
            "",
            "{}",
            "[]",
            "}",
            r#"{"id":7}"#,
            r#"{"id":"x"}"#,
            r#"{"a":{"id":"x"}}"#,
            r#"{"id"#,
            r#""id":"x""#,
        ] {
            assert_eq!(id_in(json), None, "{json}");
        }
    }

    #[test]
    fn an_event_is_read_when_it_is_asked_for_and_once() {
        let event =
            Event::builder("a.b").actor(Actor::user("u")).target(Target::new("t", 1)).build().unwrap();
        let (delivery, read) = Delivery::of(event.to_canonical_json().unwrap().into(), false);
        assert!(read.is_ok() && delivery.event.get().is_none());
        assert_eq!((delivery.id(), delivery.occurred_at()), (event.id, Some(event.occurred_at)));
        assert!(delivery.event.get().is_none());
        assert_eq!(**delivery.event(), event);
        assert!(Arc::ptr_eq(delivery.event(), delivery.clone().event()), "a copy has it, too");
    }

    #[test]
    fn who_only_sends_bytes_is_given_what_this_version_can_not_read() {
        let newer: Arc<[u8]> =
            format!(r#"{{"action":{{"from":"the future"}},"id":"{ID}"}}"#).into_bytes().into();
        assert!(Delivery::of(Arc::clone(&newer), true).1.is_err());
        let (delivery, read) = Delivery::of(newer, false);
        assert!(read.is_ok());
        assert_eq!(delivery.id().to_string(), ID);
    }

    #[test]
    fn what_has_no_id_keeps_the_one_that_it_is_given() {
        let (delivery, read) = Delivery::of(b"{}".as_slice().into(), false);
        assert!(read.is_ok());
        assert_eq!(delivery.id(), delivery.id());
        assert_eq!(delivery.attempt(false).id(), delivery.id());
    }
}
