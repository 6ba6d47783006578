//! The log says once what changed, however many events it concerns: a service with ten thousand changes a minute whose
//! audit destination is down must not fill its own disk with words about it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop right there, with a backtrace"
)]

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt, Refusal};
use lodger_core::event::Event;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

/// Keeps the text of every line of our crates above DEBUG.
struct Lines;

static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What was said since the last time.
fn said() -> Vec<String> {
    std::mem::take(&mut *SAID.lock().unwrap_or_else(PoisonError::into_inner))
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lodger") && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        SAID.lock().unwrap_or_else(PoisonError::into_inner).push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Answers by the number of the try, over all events.
struct Does {
    answer: fn(u64, &Delivery) -> Option<Answer>,
    tries: AtomicU64,
}

impl Does {
    fn new(answer: fn(u64, &Delivery) -> Option<Answer>) -> Self {
        Self { answer, tries: AtomicU64::new(0) }
    }
}

impl fmt::Debug for Does {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Does")
    }
}

impl Destination for Does {
    fn identity(&self) -> Identity {
        Identity::new("does", "")
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for delivery in batch {
                match (self.answer)(self.tries.fetch_add(1, Ordering::SeqCst), delivery) {
                    Some(answer) => answers.push(answer),
                    None => std::future::pending().await,
                }
            }
            answers
        })
    }
}

fn taken(delivery: &Delivery) -> Option<Answer> {
    Some(Answer::Settled(Receipt::new(delivery.id(), "does")))
}

fn client(destination: Does, max_journal_bytes: u64) -> Lodger {
    Lodger::builder()
        .destination(destination)
        .in_memory_journal()
        .max_journal_bytes(max_journal_bytes)
        .build()
        .unwrap()
}

fn event(number: u64) -> Event {
    Event::builder("a.b").metadata("number", number).build().unwrap()
}

const EVENTS: u64 = 10_000;
const LONG: Duration = Duration::from_secs(30);

/// One test, because the subscriber of a process is one.
#[tokio::test]
async fn ten_thousand_events_are_a_handful_of_lines() {
    tracing::subscriber::set_global_default(Lines).unwrap();
    refused().await;
    failing().await;
    failing_now_and_then().await;
    dead().await;
    #[cfg(feature = "journal")]
    dead_and_not_kept().await;
}

/// A destination that hangs until the journal is full.
async fn refused() {
    let lodger = client(Does::new(|_, _| None), 64 << 10);
    let mut full = 0;
    for number in 0..EVENTS {
        full += u64::from(lodger.record(event(number)).await.is_err());
    }
    assert!(full > EVENTS / 2, "{full}");
    assert_eq!(said(), ["the journal is full: events are refused"]);
    lodger.shutdown(Duration::ZERO).await;
    drop(lodger);
    said();
}

/// A destination that is down from the first event on.
async fn failing() {
    let lodger = client(Does::new(|_, _| Some(retry())), 1 << 30);
    for number in 0..EVENTS {
        lodger.record(event(number)).await.unwrap();
    }
    lodger.flush(Duration::from_millis(500)).await.unwrap_err();
    let lines = said();
    assert!((1..=3).contains(&lines.len()), "{lines:#?}");
    lodger.shutdown(Duration::ZERO).await;
    drop(lodger);
    said();
}

/// Every hundredth event is taken at its second try.
async fn failing_now_and_then() {
    let now_and_then = |_, delivery: &Delivery| {
        let odd = delivery.event().metadata["number"].as_u64().unwrap() % 100 == 99;
        if odd && delivery.tries == 0 { Some(retry()) } else { taken(delivery) }
    };
    let lodger = client(Does::new(now_and_then), 1 << 30);
    for number in 0..EVENTS {
        lodger.record(event(number)).await.unwrap();
    }
    lodger.flush(LONG).await.unwrap();
    let lines = said();
    assert!(lines.len() <= 20, "{} lines: {:#?}", lines.len(), lines.first_chunk::<8>());
    drop(lodger);
    said();
}

/// One event in fifty is refused for good: 200 dead letters, told at 1, 2, 4, … 128.
async fn dead() {
    let refuses = |_, delivery: &Delivery| {
        let odd = delivery.event().metadata["number"].as_u64().unwrap() % 50 == 49;
        if odd { Some(Answer::Refused(Refusal::http(422, "no"))) } else { taken(delivery) }
    };
    let lodger = client(Does::new(refuses), 1 << 30);
    for number in 0..EVENTS {
        lodger.record(event(number)).await.unwrap();
    }
    lodger.flush(LONG).await.unwrap();
    assert_eq!(lodger.stats().destinations.first().unwrap().dead, 200);
    let lines = said();
    assert!(lines.len() <= 12, "{lines:#?}");
    drop(lodger);
}

/// A refused event that can't be kept, and is tried again each second, for some seconds.
#[cfg(feature = "journal")]
async fn dead_and_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let refuses = |_, _: &Delivery| Some(Answer::Refused(Refusal::http(422, "no")));
    let lodger = Lodger::builder().destination(Does::new(refuses)).journal_dir(dir.path()).build().unwrap();
    // Where the dead letters are to lie.
    std::fs::write(dir.path().join("dead"), "in the way").unwrap();
    said();
    lodger.record(event(1)).await.unwrap();
    lodger.flush(Duration::from_millis(2_500)).await.unwrap_err();
    let first = said();
    std::fs::remove_file(dir.path().join("dead")).unwrap();
    lodger.flush(LONG).await.unwrap();
    drop(lodger);
    let of_letters = |lines: Vec<String>| lines.into_iter().filter(|line| line.starts_with("dead letters"));
    assert_eq!(of_letters(first).collect::<Vec<_>>(), ["dead letters can't be kept"]);
    assert_eq!(of_letters(said()).collect::<Vec<_>>(), ["dead letters are kept again"]);
}

fn retry() -> Answer {
    Answer::Retry { refusal: Refusal::http(503, "down"), after: None }
}
