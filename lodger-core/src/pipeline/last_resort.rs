//! What the pipeline can't keep goes to stderr, and is counted.

use super::counters::Counters;
use crate::event::{Event, last_resort as line};

/// Writes the event, which is redacted already, as one JSON line to stderr, with the reason, and counts it.
pub(crate) fn last_resort(event: &Event, reason: &str, counters: &Counters) {
    counters.last_resort.up();
    line::print(event, reason);
}
