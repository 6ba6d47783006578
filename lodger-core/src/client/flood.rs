//! Refused events that strangers can cause at will: told by one line a minute. One line each would let whoever sends
//! requests that are denied make every one of them wait for stderr.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::pipeline::{Counters, last_resort};

/// How long the next line waits at least.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What was refused and not told yet.
#[derive(Debug, Default)]
pub(super) struct Flood(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    untold: u64,
    /// The last of the untold ones.
    last: Option<Box<Event>>,
}

impl Flood {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of this refusal and those before it, now or later.
    pub(super) fn refused(&self, event: Box<Event>, now: Instant, counters: &Counters) {
        if let Some((number, event)) = self.note(event, now) {
            tell(number, &event, counters);
        }
    }

    /// Tells what is untold: nothing comes after it.
    pub(super) fn end(&self, counters: &Counters) {
        let (number, last) = {
            let mut state = self.lock();
            (std::mem::take(&mut state.untold), state.last.take())
        };
        if let Some(event) = last {
            tell(number, &event, counters);
        }
    }

    /// How many to tell of now, with the last of them.
    fn note(&self, event: Box<Event>, now: Instant) -> Option<(u64, Box<Event>)> {
        let mut state = self.lock();
        state.untold += 1;
        if state.told.is_some_and(|told| now.saturating_duration_since(told) < TELL_EVERY) {
            let replaced = state.last.replace(event);
            drop(state);
            drop(replaced);
            return None;
        }
        state.told = Some(now);
        state.last = None;
        Some((std::mem::take(&mut state.untold), event))
    }
}

fn tell(number: u64, event: &Event, counters: &Counters) {
    let reason = format!(
        "the share of the intake for events that strangers can cause is full: {number} refused since this was last \
         told; the last of them"
    );
    last_resort(event, &reason, counters);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &'static str) -> Box<Event> {
        Box::new(Event::builder(action).build().unwrap())
    }

    #[test]
    fn a_flood_is_one_line_a_minute_and_one_at_the_end() {
        let (flood, counters, start) = (Flood::default(), Counters::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        let lines = || counters.read().last_resort;
        flood.refused(event("a.b"), start, &counters);
        assert_eq!(lines(), 1, "the first at once");
        for millis in [1, 30_000, 59_999] {
            flood.refused(event("a.b"), after(millis), &counters);
        }
        assert_eq!(lines(), 1);
        let (number, last) = flood.note(event("c.d"), after(60_000)).unwrap();
        assert_eq!((number, last.action.as_ref()), (4, "c.d"));

        flood.refused(event("e.f"), after(60_001), &counters);
        assert_eq!(lines(), 1);
        flood.end(&counters);
        assert_eq!(lines(), 2);
        flood.end(&counters);
        assert_eq!(lines(), 2, "nothing is left to tell");
    }
}
