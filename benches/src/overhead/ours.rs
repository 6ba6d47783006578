//! The client behind our layer.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt};
use serde_json::Value;
use tempfile::TempDir;

use crate::report::scratch;

/// What capture finds out about a request of [`super::request`], each at its place in the event.
const CAPTURED: [(&str, &str); 16] = [
    ("/action", r#""invoice.update""#),
    ("/actor/id", r#""u_0193f2a4""#),
    ("/actor/kind", r#""user""#),
    ("/target/kind", r#""invoice""#),
    ("/target/id", r#""4711""#),
    ("/outcome", r#""success""#),
    ("/metadata/amount", "4200"),
    ("/metadata/currency", r#""EUR""#),
    ("/metadata/paid", "true"),
    ("/request/id", r#""6f0c1f6e-8a55-4f2e-9f7e-2f6b1f0a9c11""#),
    ("/request/traceId", r#""4bf92f3577b34da6a3ce929d0e0e4736""#),
    ("/request/method", r#""PUT""#),
    ("/request/route", r#""/invoices/{id}""#),
    ("/request/status", "200"),
    ("/request/ip", r#""203.0.113.7""#),
    ("/request/userAgent", r#""Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0""#),
];

/// A client with a journal on disk, whose destination only acknowledges.
pub(super) struct Ours {
    lodger: Lodger,
    expected: u64,
    first: Arc<OnceLock<Vec<u8>>>,
    _journal: TempDir,
}

impl Ours {
    pub(super) fn start() -> Result<Self, String> {
        let journal = scratch()?;
        let destination = Acknowledges::default();
        let first = Arc::clone(&destination.first);
        let lodger = Lodger::builder().destination(destination).journal_dir(journal.path()).build();
        Ok(Self { lodger: lodger.map_err(|error| error.to_string())?, expected: 0, first, _journal: journal })
    }

    pub(super) fn lodger(&self) -> Lodger {
        self.lodger.clone()
    }

    /// So many more events are to be delivered.
    pub(super) fn expect(&mut self, events: usize) {
        self.expected += events as u64;
    }

    /// Waits until everything is delivered. Events that were turned away, or that say less, would have cost less: none may
    /// be missing, and the first one has to say everything.
    pub(super) async fn settle(&self) -> Result<(), String> {
        self.lodger.flush(Duration::from_secs(60)).await.map_err(|error| error.to_string())?;
        let delivered: u64 = self.lodger.stats().destinations.iter().map(|each| each.delivered).sum();
        if delivered != self.expected {
            return Err(format!("{delivered} events were delivered, not {}", self.expected));
        }
        self.first.get().map_or(Ok(()), |event| check(event))
    }
}

fn check(event: &[u8]) -> Result<(), String> {
    let event: Value = serde_json::from_slice(event).map_err(|error| error.to_string())?;
    for (place, expected) in CAPTURED {
        let found = event.pointer(place).map(Value::to_string);
        if found.as_deref() != Some(expected) {
            return Err(format!("{place} is {found:?} instead of {expected} in {event}"));
        }
    }
    Ok(())
}

/// Only acknowledges, and keeps the first event.
#[derive(Debug, Default)]
struct Acknowledges {
    first: Arc<OnceLock<Vec<u8>>>,
}

impl Destination for Acknowledges {
    fn identity(&self) -> Identity {
        Identity::new("acknowledges", "")
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        let settled = |delivery: &Delivery| Answer::Settled(Receipt::new(delivery.id(), "acknowledges"));
        if let Some(delivery) = batch.first() {
            self.first.get_or_init(|| delivery.bytes.to_vec());
        }
        Box::pin(async move { batch.iter().map(settled).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn an_event_that_says_less_is_told() {
        let told = check(br#"{"action":"invoice.update","actor":{"id":"somebody else","kind":"user"}}"#)
            .unwrap_err();
        assert!(
            told.starts_with(r#"/actor/id is Some("\"somebody else\"") instead of "u_0193f2a4" in"#),
            "{told}"
        );
    }
}
