//! What is done to every event before anything is written: on the caller's thread where somebody waits to be told, else on
//! the journal thread.

use crate::event::{Event, InvalidEvent, Origin, trim};
use crate::redact::{HashKey, Rules};

/// Completes, redacts and checks events.
#[derive(Debug)]
pub(super) struct Preparation {
    pub(super) origin: Origin,
    pub(super) rules: Rules,
    pub(super) hash_key: HashKey,
}

impl Preparation {
    /// For a caller who can be told: an event that breaks a limit is an error.
    pub(super) fn check(&self, event: &mut Event) -> Result<(), InvalidEvent> {
        self.complete(event);
        event.validate()
    }

    /// For a caller who can't: what is too long is cut, and the cuts are marked. Answers whether anything was.
    pub(super) fn trim(&self, event: &mut Event) -> Result<bool, InvalidEvent> {
        // Strangers may have chosen how much there is to look into, and the journal's thread makes everybody's events.
        trim::bound(event);
        self.complete(event);
        if event.validate().is_err() {
            trim::trim(event);
            event.validate()?;
        }
        Ok(!event.trimmed.is_empty())
    }

    fn complete(&self, event: &mut Event) {
        if event.tenant.is_none() {
            event.tenant.clone_from(&event.actor.tenant);
        }
        let Origin { service, version, environment, host, .. } = &self.origin;
        let mine = &mut event.origin;
        for (field, known) in [
            (&mut mine.service, service),
            (&mut mine.version, version),
            (&mut mine.environment, environment),
            (&mut mine.host, host),
        ] {
            if field.is_none() {
                field.clone_from(known);
            }
        }
        self.rules.apply(event, &self.hash_key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::Change;
    use crate::event::limits::MAX_EVENT_BYTES;

    fn preparation() -> Preparation {
        Preparation {
            origin: Origin::default(),
            rules: Rules::default(),
            hash_key: HashKey::from_bytes([7; 32]),
        }
    }

    #[test]
    fn what_strangers_made_far_too_large_is_not_redacted_but_taken_out() {
        let mut event = Event::builder("a.b").build().unwrap();
        let many: serde_json::Map<String, Value> =
            (0..300_000).map(|number| (format!("password{number}"), json!("hunter2"))).collect();
        event.metadata.insert("a".into(), "kept".into());
        event.metadata.insert("nested".into(), many.clone().into());
        event.metadata.extend(many);
        event.changes =
            vec![Change::new("/password", Some("hunter2".repeat(100_000).into()), Some(json!("hunter2")))];
        trim::bound(&mut event);
        // `"password0":"hunter2",` is 22 bytes.
        assert!(
            (1_000..2 * MAX_EVENT_BYTES / 22).contains(&event.metadata.len()),
            "{}",
            event.metadata.len()
        );
        assert!(!event.metadata.contains_key("nested"));
        assert_eq!(event.changes[0].before, Some(json!("[trimmed]")));
        assert_eq!(preparation().trim(&mut event), Ok(true));
        assert_eq!(event.metadata["a"], "kept");
        assert!(!serde_json::to_string(&event).unwrap().contains("hunter2"));
        assert_eq!(event.trimmed.last().map(|mark| mark.name.as_str()), Some("others"));
    }

    #[test]
    fn what_redaction_makes_small_enough_stays() {
        let mut event = Event::builder("a.b").build().unwrap();
        event.metadata.insert("password".into(), "x".repeat(MAX_EVENT_BYTES).into());
        event.metadata.insert("text".into(), "x ".repeat(20_000).into());
        assert_eq!(preparation().trim(&mut event), Ok(false));
        assert_eq!(event.metadata["password"], "[redacted]");
    }
}
