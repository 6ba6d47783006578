//! One event on its way to a destination.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::event::{Event, EventId};

/// One event on its way to a destination: its bytes, and what they say, read when it is asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Its canonical bytes (RFC 8785), exactly as they stand in the journal.
    pub bytes: Arc<[u8]>,
    /// How often it was tried before; 0 at the first try.
    pub tries: u32,
    id: EventId,
    event: OnceLock<Arc<Event>>,
}

impl Delivery {
    /// An event on its way for the first time.
    #[must_use]
    pub fn new(event: Arc<Event>, bytes: Arc<[u8]>) -> Self {
        Self { bytes, tries: 0, id: event.id, event: event.into() }
    }

    /// The event's id. Costs nothing.
    #[must_use]
    pub fn id(&self) -> EventId {
        self.id
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
            Err(_) => panic!("this version can't read the event {}", self.id),
        }
    }

    /// The event, where this version can read it.
    pub(crate) fn read(&self) -> Result<&Arc<Event>, serde_json::Error> {
        match self.event.get() {
            Some(event) => Ok(event),
            None => {
                serde_json::from_slice(&self.bytes).map(|event| self.event.get_or_init(|| Arc::new(event)))
            }
        }
    }

    /// What stands in the journal, for a destination that reads events or for one that only sends bytes, and why this
    /// version can't read as much of it as that one needs.
    pub(crate) fn of(bytes: Arc<[u8]>, with_event: bool) -> (Self, Result<(), serde_json::Error>) {
        let (id, named) = match id_of(&bytes) {
            Ok(id) => (id, Ok(())),
            Err(error) => (EventId::mint(), Err(error)),
        };
        let delivery = Self { bytes, tries: 0, id, event: OnceLock::new() };
        let read = if with_event { delivery.read().map(drop) } else { named };
        (delivery, read)
    }
}

/// The id that stands in the bytes of an event.
fn id_of(bytes: &[u8]) -> Result<EventId, serde_json::Error> {
    #[derive(Deserialize)]
    struct Named {
        id: EventId,
    }
    match canonical_id(bytes) {
        Some(id) => Ok(id),
        None => serde_json::from_slice(bytes).map(|Named { id }| id),
    }
}

/// The id in canonical JSON, which has no white space: everything before it is passed over, what stands behind it is not
/// looked at.
fn canonical_id(bytes: &[u8]) -> Option<EventId> {
    let mut rest = bytes;
    let mut depth = 0_u32;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'"' => {
                let (text, behind) = until_quote(rest)?;
                rest = behind;
                if depth == 1
                    && text == b"id"
                    && let Some(value) = behind.strip_prefix(b":\"")
                {
                    let (id, _) = until_quote(value)?;
                    return std::str::from_utf8(id).ok()?.parse().ok();
                }
            }
            _ => {}
        }
    }
    None
}

/// What stands before the end of a string, and what behind it.
fn until_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
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
        assert_eq!(delivery.id(), event.id);
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
        assert!(
            Delivery::of(b"{}".as_slice().into(), false).1.is_err(),
            "without an id nobody can say what became of it"
        );
    }
}
