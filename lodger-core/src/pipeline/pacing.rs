//! How much may be sent now: limits over a rolling window, kept before they are hit.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::destination::Pacing;

/// What is sent within a hundredth of the window is remembered as one, so that memory doesn't grow with the limit. It
/// counts until the last of it is a window old: rather late than too much.
const GRAINS: u32 = 100;

/// A longer window is this long: an instant that far ahead exists on every platform.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The limits of one destination: of its own and of its route. All of them hold.
///
/// It counts on a monotonic clock: whoever sets the wall clock changes nothing. A new process starts to count anew.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    limits: Vec<Limit>,
}

#[derive(Debug)]
struct Limit {
    counted: Counted,
    most: u64,
    window: Duration,
    sent: VecDeque<Grain>,
    /// The sum of `sent`.
    total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Events,
    Requests,
}

#[derive(Debug)]
struct Grain {
    first: Instant,
    last: Instant,
    number: u64,
}

impl Pacer {
    /// The limits of all of these.
    pub(super) fn new(pacings: impl IntoIterator<Item = Pacing>) -> Self {
        let limits = pacings.into_iter().flat_map(|pacing| {
            let events = pacing.events.map(|most| (Counted::Events, most));
            let requests = pacing.requests.map(|most| (Counted::Requests, most));
            [events, requests].into_iter().flatten().map(move |(counted, most)| Limit {
                counted,
                // A limit of nothing is a mistake; delivering nothing for ever would be a worse one.
                most: u64::from(most.max(1)),
                window: pacing.window.min(LONGEST),
                sent: VecDeque::new(),
                total: 0,
            })
        });
        Self { limits: limits.collect() }
    }

    /// How many events the next request may hold; 0 while there may be none.
    pub(super) fn room(&mut self, now: Instant) -> usize {
        self.limits.iter_mut().map(|limit| limit.room(now)).min().unwrap_or(usize::MAX)
    }

    /// When there is room again; `None` when there is some now.
    pub(super) fn opens(&self, now: Instant) -> Option<Instant> {
        self.limits.iter().filter_map(|limit| limit.opens(now)).max()
    }

    /// Notes a request without events: a question.
    pub(super) fn asked(&mut self, now: Instant) {
        for limit in self.limits.iter_mut().filter(|limit| limit.counted == Counted::Requests) {
            limit.note(1, now);
        }
    }

    /// Notes a request with so many events.
    pub(super) fn sent(&mut self, events: usize, now: Instant) {
        for limit in &mut self.limits {
            limit.note(if limit.counted == Counted::Events { events as u64 } else { 1 }, now);
        }
    }
}

impl Limit {
    fn room(&mut self, now: Instant) -> usize {
        while let Some(oldest) = self.sent.front()
            && oldest.last + self.window <= now
        {
            self.total -= oldest.number;
            self.sent.pop_front();
        }
        match (self.counted, self.most.saturating_sub(self.total)) {
            (Counted::Requests, 1..) => usize::MAX,
            (_, room) => usize::try_from(room).unwrap_or(usize::MAX),
        }
    }

    fn opens(&self, now: Instant) -> Option<Instant> {
        let oldest = self.sent.front()?.last + self.window;
        (self.total >= self.most && oldest > now).then_some(oldest)
    }

    fn note(&mut self, number: u64, now: Instant) {
        self.total += number;
        match self.sent.back_mut() {
            Some(last) if now.duration_since(last.first) < self.window / GRAINS => {
                last.last = now;
                last.number += number;
            }
            _ => self.sent.push_back(Grain { first: now, last: now, number }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn nothing_is_limited_until_it_is_said() {
        let mut pacer = Pacer::new([Pacing::per(MINUTE)]);
        let now = Instant::now();
        pacer.sent(1_000_000, now);
        assert_eq!((pacer.room(now), pacer.opens(now)), (usize::MAX, None));
    }

    #[test]
    fn events_count_over_any_stretch_and_come_free_one_by_one() {
        let mut pacer = Pacer::new([Pacing::per(MINUTE).events(10)]);
        let start = Instant::now();
        pacer.sent(4, start);
        pacer.sent(4, start + seconds(30.0));
        assert_eq!(pacer.room(start + seconds(59.9)), 2);
        assert_eq!(pacer.opens(start + seconds(59.9)), None);
        pacer.sent(2, start + seconds(59.9));
        assert_eq!(pacer.room(start + seconds(59.9)), 0);
        assert_eq!(pacer.opens(start + seconds(59.9)), Some(start + seconds(60.0)));
        assert_eq!(pacer.room(start + seconds(60.0)), 4);
        assert_eq!(pacer.room(start + seconds(90.0)), 8);
    }

    #[test]
    fn a_request_counts_once_however_many_events_it_holds() {
        let mut pacer = Pacer::new([Pacing::per(MINUTE).requests(2)]);
        let start = Instant::now();
        pacer.sent(50, start);
        assert_eq!(pacer.room(start), usize::MAX);
        pacer.sent(50, start + seconds(1.0));
        assert_eq!(
            (pacer.room(start + seconds(1.0)), pacer.opens(start + seconds(1.0))),
            (0, Some(start + MINUTE))
        );
    }

    #[test]
    fn of_several_limits_the_strictest_holds() {
        let hour = Pacing::per(60 * MINUTE).events(10);
        let mut pacer = Pacer::new([Pacing::per(MINUTE).events(6).requests(1), hour]);
        let start = Instant::now();
        assert_eq!(pacer.room(start), 6);
        pacer.sent(6, start);
        assert_eq!(pacer.opens(start), Some(start + MINUTE));
        assert_eq!(pacer.room(start + MINUTE), 4);
        pacer.sent(4, start + MINUTE);
        assert_eq!(pacer.opens(start + MINUTE), Some(start + 60 * MINUTE));
    }

    #[test]
    fn a_window_of_any_length_is_counted_over() {
        let mut pacer = Pacer::new([Pacing::per(Duration::MAX).events(1)]);
        let now = Instant::now();
        pacer.sent(1, now);
        assert_eq!(pacer.room(now + 60 * MINUTE), 0);
        assert!(pacer.opens(now).is_some_and(|opens| opens > now + 1_000_000 * MINUTE));
    }

    #[test]
    fn no_stretch_ever_holds_more_and_memory_does_not_grow_with_the_limit() {
        let mut pacer = Pacer::new([Pacing::per(MINUTE).events(1_000)]);
        let start = Instant::now();
        let mut sent: Vec<(Duration, usize)> = Vec::new();
        let mut at = Duration::ZERO;
        while at < 10 * MINUTE {
            let events = pacer.room(start + at).min(3);
            if events > 0 {
                pacer.sent(events, start + at);
                sent.push((at, events));
            }
            assert!(pacer.limits[0].sent.len() <= 101, "{}", pacer.limits[0].sent.len());
            at += Duration::from_millis(37);
        }
        for (index, (from, _)) in sent.iter().enumerate() {
            let stretch = sent[index..].iter().take_while(|(at, _)| *at < *from + MINUTE);
            let events: usize = stretch.map(|(_, events)| events).sum();
            assert!(events <= 1_000, "{events} from {from:?}");
        }
        let all: usize = sent.iter().map(|(_, events)| events).sum();
        assert!(all > 9_500, "{all} of 10,000 that were allowed");
    }
}
