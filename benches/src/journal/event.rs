//! The event that everybody records: 600 bytes as it stands in the journal.

use std::sync::LazyLock;

use lodger_core::event::{Actor, Event, Target};

/// What an event takes in the journal: 600 bytes of JSON and 22 around them. The peers write as many.
pub(super) const RECORD_BYTES: u64 = 622;

/// The members that only the journal adds: `writer` and a `sequence` of six digits.
const PLACE_BYTES: usize = r#""sequence":100000,"writer":"0199b1c0-0000-7000-8000-000000000000","#.len();

/// What makes the event as large as it should be.
static FILLING: LazyLock<String> = LazyLock::new(|| {
    let bare = event("").to_canonical_json().unwrap_or_default().len() + PLACE_BYTES;
    "x".repeat(600_usize.saturating_sub(bare))
});

/// A new event.
pub(super) fn new() -> Event {
    event(&FILLING)
}

fn event(filling: &str) -> Event {
    Event::builder("invoice.update")
        .actor(Actor::user("user_7d2f"))
        .target(Target::new("invoice", "inv_000042"))
        .description(filling)
        .metadata("amount", 1250)
        .metadata("currency", "EUR")
        .metadata("lines", 3)
        .build()
        .expect("a valid event")
}
