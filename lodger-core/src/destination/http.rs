//! Batches of events to a collector over HTTP.

mod body;
mod builder;
mod isolation;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use reqwest::Method;
use secrecy::SecretString;

use super::service::{bounded, unanswered};
use super::{
    Answer, ApiKeyError, BoxFuture, Delivery, Destination, Identity, Refusal, Repeats, status_answer,
};
use crate::service::{Address, Body, Credential, Http, MAX_BODY, Request, Response, TransportError};

pub use body::{Compression, Format};
pub use builder::HttpDestinationBuilder;
pub(super) use settings::open;

pub(super) const KIND: &str = "http";

/// How much of the receiver's words a refusal quotes, in characters.
const QUOTED: usize = 200;

/// Posts batches of events to one address, as NDJSON or as a JSON array, in the forms that Vector (`http_server`), Fluent Bit
/// (`http` input) and Logstash (`http` input) take; `docs/deploy.md` has a configuration for each.
///
/// ```
/// use lodger_core::destination::{Format, HttpDestination};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let collector = HttpDestination::builder("https://collector.example/audit")
///     .format(Format::JsonArray)
///     .bearer_token("secret")
///     .build()?;
/// # let _ = collector;
/// # Ok(())
/// # }
/// ```
///
/// A request holds up to 500 events or 512 KiB of them, whichever is less, and four are under way at a time
/// ([`HttpDestinationBuilder`]). An event is sent as the very bytes that stand in the journal, its canonical form.
///
/// # Repeats
///
/// Delivery is at least once: when an answer is lost, the events are sent again, the same bytes each. A batch has no
/// idempotency key, since the events may be batched in another way then. Each event has an `id` that no other has, and an
/// `idempotencyKey`: a receiver that must not have it twice drops what it has seen under that `id`. A receiver can't be asked
/// what it has, so each event that is sent again is counted as a
/// [possible duplicate](crate::client::DestinationStats::possible_duplicates).
///
/// # Answers
///
/// The status speaks for the whole batch, by the table in `docs/guarantees.md`: any 2xx settles all of it. A status that may
/// be about one event among many (400, 409, 413, 422; 403, 404, 415 and others) is no verdict on the rest: the two halves are
/// sent on their own, down to the event that the receiver doesn't take by itself. Only that one is judged; the others are
/// delivered. Should the receiver have kept a part of what it refused, it has those events twice. What stands behind an
/// eleventh such event, or is not sent after two minutes, is left for later. These requests don't count towards a [`Pacing`](super::Pacing). After a 413 for
/// several events that are all taken in smaller parts, batches hold at most half of the bytes of those events until the process
/// ends; a single event that is too large makes no batch smaller.
///
/// Redirects are not followed: they pause the destination, as they would carry the key elsewhere.
///
/// # Durability
///
/// An event is settled when a 2xx came back. Whether it is safe by then is up to the receiver: Vector answers when its sinks have
/// it if they have `acknowledgements.enabled = true`, Logstash when it is in the queue, which is on disk with
/// `queue.type: persisted`, Fluent Bit when it is buffered, on disk with `storage.type filesystem`.
#[derive(Clone)]
pub struct HttpDestination {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    /// With the slash that the address ends with, or without one: some servers tell them apart.
    address: Address,
    credential: RwLock<Option<Credential>>,
    format: Format,
    compression: Compression,
    max_events: usize,
    /// Less than what was configured once the receiver said that it is too much.
    max_bytes: AtomicUsize,
    max_in_flight: usize,
}

impl HttpDestination {
    /// Posts to this address: `https`, unless it is this machine.
    pub fn builder(url: impl Into<String>) -> HttpDestinationBuilder {
        HttpDestinationBuilder::new(url.into())
    }

    /// Sends these events in one request.
    async fn post(&self, batch: &[Delivery]) -> Result<Response, Answer> {
        let Inner { http, address, format, compression, .. } = &*self.inner;
        let later = |refusal| Answer::Retry { refusal, after: None };
        let bytes = body::encode(*format, *compression, batch)
            .map_err(|error| later(Refusal::new(format!("the batch can't be compressed: {error}"))))?;
        let request = Request {
            method: Method::POST,
            address: address.clone(),
            headers: Vec::new(),
            credential: self.inner.credential.read().unwrap_or_else(PoisonError::into_inner).clone(),
            body: Some(Body { bytes, content_type: format.content_type(), encoding: compression.encoding() }),
            answer_limit: MAX_BODY,
        };
        http.send(request).await.map_err(|error: TransportError| unanswered(&error))
    }

    /// The receiver takes no batches of this size, whose events have so many bytes.
    fn shrink(&self, batch: &[Delivery]) {
        let bytes: usize = batch.iter().map(|delivery| delivery.bytes.len()).sum();
        self.inner.max_bytes.fetch_min(bytes / 2, Ordering::Relaxed);
    }
}

/// What an answer that is no 2xx says about the events of its request. `None` for any 2xx.
pub(super) fn said(response: &Response) -> Option<Answer> {
    if response.is_success() {
        return None;
    }
    let words: String = String::from_utf8_lossy(&response.body)
        .trim()
        .chars()
        .take(QUOTED)
        .flat_map(char::escape_debug)
        .collect();
    let colon = if words.is_empty() { "" } else { ": " };
    let reason = bounded(&format!("the receiver answered {}{colon}{words}", response.status));
    let unknown = || Answer::Ambiguous(Refusal::http(response.status, reason.as_str()));
    Some(status_answer(response.status, &reason, response.retry_after).unwrap_or_else(unknown))
}

impl Destination for HttpDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, self.inner.http.base())
    }

    fn max_batch(&self) -> usize {
        self.inner.max_events
    }

    fn max_batch_bytes(&self) -> usize {
        self.inner.max_bytes.load(Ordering::Relaxed)
    }

    fn max_in_flight(&self) -> usize {
        self.inner.max_in_flight
    }

    fn reads_events(&self) -> bool {
        false
    }

    fn replace_api_key(&self, key: &str) -> Result<(), ApiKeyError> {
        let mut credential = self.inner.credential.write().unwrap_or_else(PoisonError::into_inner);
        let current = credential.as_ref().ok_or(ApiKeyError::NoKey)?;
        let other = current.with(SecretString::from(key.trim()));
        builder::check(&other).map_err(ApiKeyError::Invalid)?;
        *credential = Some(other);
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        Repeats::Unasked
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(self.deliver_in_parts(batch))
    }
}

impl fmt::Debug for HttpDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpDestination")
            .field("url", &self.inner.http.base())
            .field("format", &self.inner.format)
            .field("compression", &self.inner.compression)
            .finish_non_exhaustive()
    }
}
