//! What is done to every event before anything is queued.

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
        self.complete(event);
        trim::trim(event);
        event.validate().map(|()| !event.trimmed.is_empty())
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
