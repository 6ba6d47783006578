//! Notes which events come from outside every scope.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::capture::{Captured, Count, Hold, Reservation, Sink, Terms, Wait};
use crate::event::{Event, EventId};
use crate::redact::HashKey;

/// Stands in front of a capture's client on its thread, where no scope names the client.
#[derive(Debug)]
pub(super) struct Outside {
    client: Arc<dyn Sink>,
    events: Mutex<HashSet<EventId>>,
}

impl Outside {
    pub(super) fn of(client: Arc<dyn Sink>) -> Self {
        Self { client, events: Mutex::default() }
    }

    /// Whether the event came from outside every scope.
    pub(super) fn has(&self, event: &Event) -> bool {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).contains(&event.id)
    }
}

impl Sink for Outside {
    fn accept(&self, captured: Captured, terms: Terms) -> Option<Wait> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).insert(captured.id());
        self.client.accept(captured, terms)
    }

    fn reserve(&self, peer: Option<IpAddr>) -> Result<Reservation, Duration> {
        self.client.reserve(peer)
    }

    fn hold(&self) -> Hold {
        self.client.hold()
    }

    fn durable(&self) -> Wait {
        self.client.durable()
    }

    fn is_durable(&self) -> bool {
        self.client.is_durable()
    }

    fn hash_key(&self) -> &HashKey {
        self.client.hash_key()
    }

    fn count(&self, what: Count) {
        self.client.count(what);
    }
}
