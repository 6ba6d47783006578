//! A client that can keep no event.

use std::path::Path;

use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity};
use lodger_core::event::Event;

/// A destination that never answers, so nothing is ever freed.
#[derive(Debug)]
struct Stuck;

impl Destination for Stuck {
    fn identity(&self) -> Identity {
        Identity::new("stuck", "")
    }

    fn deliver<'a>(&'a self, _: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(std::future::pending())
    }
}

/// A client whose journal in `dir` takes one megabyte, and from which nothing is ever delivered.
///
/// # Panics
///
/// When it can't be built.
#[must_use]
pub fn stalled_client(dir: &Path) -> Lodger {
    Lodger::builder().destination(Stuck).journal_dir(dir).max_journal_bytes(1 << 20).build().unwrap()
}

/// A client whose journal in `dir` takes nothing more.
///
/// # Panics
///
/// When the journal takes more than it may.
pub async fn full_client(dir: &Path) -> Lodger {
    let lodger = stalled_client(dir);
    let filler = "x".repeat(30_000);
    for _ in 0..100 {
        let event = Event::builder("invoice.update").metadata("filler", &filler).build().unwrap();
        if let Err(error) = lodger.record(event).await {
            assert_eq!(error.kind(), "journal_full");
            return lodger;
        }
    }
    panic!("a journal of 1 MiB took 3 MB");
}
