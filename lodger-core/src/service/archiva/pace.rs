//! Below the service's rate limit, for all that use one key in this process.
//!
//! There are so many places. A request takes one before it leaves, and the place is free again a while after the request
//! has ended: whenever within it the service counted it, the next one on that place is counted later by at least that while.
//! Hence, with [`ROUNDS`] whiles to a minute, any stretch of 60 s holds at most `ROUNDS` requests a place.
//!
//! A new process knows nothing of the one before it. Its places are free, and so it may add one round: as many requests as
//! there are places. The places are few enough that both together stay within the limit, so a process that was killed and
//! started again needs no file to remember by, and no minute of silence. That is also why a minute's worth is never sent at
//! once.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The service's window.
const MINUTE: Duration = Duration::from_secs(60);

/// How often a place is used in a minute at most. More rounds mean fewer places, so less at once and more in all.
const ROUNDS: u32 = 6;

/// A request that was given up may still be on its way for a moment.
const UNDER_WAY: Duration = Duration::from_millis(100);

/// A time that the service asked for is kept up to here, as by the pipeline.
const LONGEST_SHUT: Duration = Duration::from_secs(60 * 60);

/// Who waits for whom: a queue each, so that a thousand direct calls don't hold up the destination, nor the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Direct calls.
    Calls,
    /// A destination.
    Events,
}

/// The service wants to be left alone for so long, which is longer than its window.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shut(pub(super) Duration);

/// What one key may send.
#[derive(Debug)]
pub(super) struct Pace {
    calls: tokio::sync::Mutex<()>,
    events: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// A place came free at once, or the service was shut.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    rate: Rate,
    under_way: usize,
    /// When the last requests ended, oldest first.
    ended: VecDeque<Instant>,
    shut_until: Option<Instant>,
}

/// So many places, each free again so long after its request ended.
#[derive(Debug, Clone, Copy)]
struct Rate {
    places: usize,
    rest: Duration,
}

impl Rate {
    /// At most so many requests in any 60 s, two or more, with those of a process before.
    fn per_minute(most: u32) -> Self {
        let rounds = ROUNDS.min(most.saturating_sub(1)).max(1);
        let places = (most / (rounds + 1)).max(1);
        Self { places: usize::try_from(places).unwrap_or(usize::MAX), rest: MINUTE / rounds + UNDER_WAY }
    }
}

/// A request's place. It is given back where nothing was sent, and rests where something was.
#[derive(Debug)]
pub(super) struct Turn {
    pace: Arc<Pace>,
    sent: bool,
}

impl Pace {
    /// A key that nothing was sent under so far.
    pub(super) fn new(per_minute: u32) -> Arc<Self> {
        Arc::new(Self {
            calls: tokio::sync::Mutex::new(()),
            events: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                rate: Rate::per_minute(per_minute),
                under_way: 0,
                ended: VecDeque::new(),
                shut_until: None,
            }),
            changed: Notify::new(),
        })
    }

    /// The one of this key at this address: the same for all that ask in this process. The slowest of them sets the rate.
    pub(super) fn of(base: &str, key: &SecretString, per_minute: u32) -> Arc<Self> {
        // A digest, so that no key outlives its client.
        let name: [u8; 32] = Sha256::digest(format!("{base}\n{}", key.expose_secret())).into();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.retain(|(other, pace)| *other == name || Arc::strong_count(pace) > 1 || !pace.is_idle(now));
        if let Some((_, pace)) = known.iter().find(|(other, _)| *other == name) {
            pace.slow_down(Rate::per_minute(per_minute));
            return Arc::clone(pace);
        }
        let pace = Self::new(per_minute);
        known.push((name, Arc::clone(&pace)));
        pace
    }

    /// So many requests may be sent at once.
    pub(super) fn places(&self) -> usize {
        self.state().rate.places
    }

    /// Waits until a request may be sent.
    ///
    /// # Errors
    ///
    /// [`Shut`], at once.
    ///
    /// # Cancel safety
    ///
    /// Whoever stops waiting loses the place in line and nothing else.
    pub(super) async fn turn(self: &Arc<Self>, line: Line) -> Result<Turn, Shut> {
        let line = match line {
            Line::Calls => &self.calls,
            Line::Events => &self.events,
        };
        // Only the first of each line looks for a place, in the order in which they came.
        let _first = line.lock().await;
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let opens = match self.state().opens(now) {
                Some(at) if at <= now => return Ok(Turn { pace: Arc::clone(self), sent: false }),
                opens => opens,
            };
            if let Some(left) = self.state().shut_for(now).filter(|left| *left > MINUTE) {
                return Err(Shut(left));
            }
            match opens {
                // Which of the two it was is seen in the next round.
                Some(at) => drop(tokio::time::timeout_at(at, changed).await),
                None => changed.await,
            }
        }
    }

    /// Nothing is sent for so long, because the service asked for it.
    pub(super) fn shut(&self, time: Duration) {
        let until = Instant::now() + time.min(LONGEST_SHUT);
        let mut state = self.state();
        state.shut_until = state.shut_until.max(Some(until));
        drop(state);
        self.changed.notify_waiters();
    }

    fn slow_down(&self, rate: Rate) {
        let known = &mut self.state().rate;
        if rate.places < known.places || rate.rest > known.rest {
            *known = rate;
        }
    }

    fn is_idle(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.rest(now);
        state.under_way == 0 && state.ended.is_empty() && state.shut_for(now).is_none()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When a place is free: now, and then it is taken; later; or, where all requests are still under way, nobody knows.
    fn opens(&mut self, now: Instant) -> Option<Instant> {
        self.rest(now);
        let shut_until = self.shut_until.filter(|until| *until > now);
        let taken = self.under_way + self.ended.len();
        let free = if taken < self.rate.places {
            Some(now)
        } else {
            // A slower rate has fewer places than there are in use.
            self.ended.get(taken - self.rate.places).map(|ended| *ended + self.rate.rest)
        };
        let opens = free.max(shut_until).filter(|_| free.is_some());
        if opens == Some(now) {
            self.under_way += 1;
        }
        opens
    }

    /// Frees the places that have rested.
    fn rest(&mut self, now: Instant) {
        while self.ended.front().is_some_and(|ended| *ended + self.rate.rest <= now) {
            self.ended.pop_front();
        }
    }

    fn shut_for(&self, now: Instant) -> Option<Duration> {
        self.shut_until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }
}

impl Turn {
    /// From here on the service may count it.
    pub(super) fn begin(&mut self) {
        self.sent = true;
    }

    /// Nothing of it has reached the service.
    pub(super) fn never_left(&mut self) {
        self.sent = false;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.under_way -= 1;
        if self.sent {
            state.ended.push_back(Instant::now());
        }
        drop(state);
        self.pace.changed.notify_waiters();
    }
}

/// All keys that are in use in this process, or were a moment ago.
static KNOWN: Mutex<Vec<([u8; 32], Arc<Pace>)>> = Mutex::new(Vec::new());

#[cfg(test)]
mod tests;
