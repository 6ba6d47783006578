//! Below the service's rate limit, for all that use one key in this process.
//!
//! There are so many places. A request takes one before it leaves, and the place is in use until the service can't count the
//! request any more, and a while longer: whenever it was counted, the next one on that place is counted later by at least that
//! while. Hence, with [`ROUNDS`] whiles to a minute, any stretch of 60 s holds at most `ROUNDS` requests a place.
//!
//! When can't it be counted any more? An answer shows that it was. A request that was given up may still be somewhere on its
//! way, so its place rests for a whole minute: what arrives up to 50 s late is still no request too many, at seven a minute and
//! more. And a request whose
//! future nobody polls has neither an answer nor an end; but the client's time limit for a whole exchange is looked at first
//! when somebody polls it again, so nothing of it leaves after that time. There it counts as given up, without anybody's help.
//!
//! A new process knows nothing of the one before it. Its places are free, and so it may add one round: as many requests as
//! there are places. The places are few enough that both together stay within the limit, so a process that was killed and
//! started again needs no file to remember by, and no minute of silence. That is also why a minute's worth is never sent at
//! once.
//!
//! Nobody is handed a place: who is first in line takes it when polled. A future that nobody polls, first in line, would hold
//! up everybody. So the second may take a place that was left for [`PATIENCE`], the third one that was left for twice as long,
//! and so on; whoever was passed over this way is out of the line until polled again, and is back at its old place then.

use std::collections::BTreeSet;
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

/// Two clocks, and the moment between a place that is taken and a request that leaves.
const UNDER_WAY: Duration = Duration::from_millis(100);

/// How long a place is left to whoever is next, before the one behind may have it.
const PATIENCE: Duration = Duration::from_millis(20);

/// So many in line are waited for: nobody sleeps longer than a second beside a free place.
const MOST_AHEAD: u32 = 50;

/// A time that the service asked for is kept up to here, as by the pipeline.
const LONGEST_SHUT: Duration = Duration::from_secs(60 * 60);

/// A time limit that is longer is none. Clocks count no further than some hundred years.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

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
    state: Mutex<State>,
    /// A place came free earlier than was known, or the service was shut.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    rate: Rate,
    /// Each used place by when it is free again, and the number of its request.
    used: BTreeSet<(Instant, u64)>,
    /// When a place was last taken or given back: from then on those in line are waited for.
    touched: Instant,
    shut_until: Option<Instant>,
    /// Those in line, by their numbers.
    calls: BTreeSet<u64>,
    events: BTreeSet<u64>,
    /// Whose turn it was last.
    last: Line,
    /// The next number.
    next: u64,
}

/// So many places, each free again so long after its request was answered.
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
    number: u64,
    sent: Sent,
}

#[derive(Debug, Clone, Copy)]
enum Sent {
    Nothing,
    Unanswered,
    Answered,
}

impl Pace {
    /// A key that nothing was sent under so far.
    pub(super) fn new(per_minute: u32) -> Arc<Self> {
        let state = State {
            rate: Rate::per_minute(per_minute),
            used: BTreeSet::new(),
            touched: Instant::now(),
            shut_until: None,
            calls: BTreeSet::new(),
            events: BTreeSet::new(),
            last: Line::Calls,
            next: 0,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new() })
    }

    /// The one of this key at this address: the same for all that ask in this process. The slowest of them sets the rate.
    pub(super) fn of(base: &str, key: &SecretString, per_minute: u32) -> Arc<Self> {
        // A digest, so that no key outlives its client.
        let name: [u8; 32] = Sha256::digest(format!("{base}\n{}", key.expose_secret())).into();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.retain(|(other, pace)| *other == name || Arc::strong_count(pace) > 1 || !pace.is_idle(now));
        if let Some((_, pace)) = known.iter().find(|(other, _)| *other == name) {
            pace.state().slow_down(Rate::per_minute(per_minute));
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

    /// Waits until a request may be sent, which takes no longer than `limit`.
    ///
    /// # Errors
    ///
    /// [`Shut`], at once.
    ///
    /// # Cancel safety
    ///
    /// Whoever stops waiting loses the place in line and nothing else. Whoever waits without being polled is passed over.
    pub(super) async fn turn(self: &Arc<Self>, line: Line, limit: Duration) -> Result<Turn, Shut> {
        let number = self.state().number();
        let waiting = Waiting { pace: self, line, number };
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            // Nobody in line leaves it while the state is locked.
            let (taken, shut) = {
                let mut state = self.state();
                (state.take(&waiting, now, limit), state.shut_for(now))
            };
            let at = match taken {
                Ok(()) => {
                    let (pace, number) = (Arc::clone(self), waiting.number);
                    return Ok(Turn { pace, number, sent: Sent::Nothing });
                }
                Err(at) => at,
            };
            if let Some(left) = shut.filter(|left| *left > MINUTE) {
                return Err(Shut(left));
            }
            // Which of the two it was is seen in the next round.
            drop(tokio::time::timeout_at(at, changed).await);
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

    fn is_idle(&self, now: Instant) -> bool {
        let state = self.state();
        state.used.last().is_none_or(|(free, _)| *free <= now) && state.shut_for(now).is_none()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody in line, until dropped.
struct Waiting<'a> {
    pace: &'a Pace,
    line: Line,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pace.state().line(self.line).remove(&self.number);
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn line(&mut self, line: Line) -> &mut BTreeSet<u64> {
        match line {
            Line::Calls => &mut self.calls,
            Line::Events => &mut self.events,
        }
    }

    /// Takes a place. Else says when to ask again, if nothing changes before.
    fn take(&mut self, who: &Waiting<'_>, now: Instant, limit: Duration) -> Result<(), Instant> {
        let line = self.line(who.line);
        line.insert(who.number);
        let ahead = line.range(..who.number).take(MOST_AHEAD as usize).count();
        let others = if who.line == Line::Calls { &self.events } else { &self.calls };
        // After one line's turn it is the other's.
        let ahead = ahead + usize::from(self.last == who.line && !others.is_empty());
        let at = self.opens() + PATIENCE * u32::try_from(ahead).unwrap_or(MOST_AHEAD);
        if at > now {
            return Err(at);
        }
        let line = self.line(who.line);
        *line = line.split_off(&(who.number + 1));
        self.last = who.line;
        self.touched = now;
        while self.used.first().is_some_and(|(free, _)| *free <= now) {
            self.used.pop_first();
        }
        // It is free again then, whatever happens.
        let ends = now + limit.min(LONGEST_EXCHANGE) + MINUTE + UNDER_WAY;
        self.used.insert((ends, who.number));
        Ok(())
    }

    /// Since when there is a free place, or from when on.
    fn opens(&self) -> Instant {
        // A slower rate has fewer places than there are in use.
        let spare = self.used.len().checked_sub(self.rate.places);
        let free = spare.and_then(|spare| self.used.iter().nth(spare)).map(|(free, _)| *free);
        self.touched.max(free.unwrap_or(self.touched)).max(self.shut_until.unwrap_or(self.touched))
    }

    fn slow_down(&mut self, rate: Rate) {
        if rate.places < self.rate.places || rate.rest > self.rate.rest {
            // What was answered before rests as much longer; what is under way rests for a minute at least as it is.
            let longer = rate.rest.saturating_sub(self.rate.rest);
            self.used = self.used.iter().map(|(free, number)| (*free + longer, *number)).collect();
            self.rate = rate;
        }
    }

    fn shut_for(&self, now: Instant) -> Option<Duration> {
        self.shut_until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }
}

impl Turn {
    /// From here on the service may count it.
    pub(super) fn begin(&mut self) {
        self.sent = Sent::Unanswered;
    }

    /// Nothing of it has reached the service.
    pub(super) fn never_left(&mut self) {
        self.sent = Sent::Nothing;
    }

    /// The service has counted it, if it does.
    pub(super) fn answered(&mut self) {
        self.sent = Sent::Answered;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.pace.state();
        let rest = match self.sent {
            Sent::Nothing => None,
            Sent::Unanswered => Some(MINUTE + UNDER_WAY),
            Sent::Answered => Some(state.rate.rest),
        };
        // What has ended by itself is over. A slower rate may have moved its end.
        let place = state.used.iter().find(|(_, number)| *number == self.number).copied();
        if let Some((ends, number)) = place {
            state.used.remove(&(ends, number));
            match rest {
                Some(rest) => drop(state.used.insert((ends.min(now + rest), number))),
                None => state.touched = now,
            }
        }
        drop(state);
        self.pace.changed.notify_waiters();
    }
}

/// All keys that are in use in this process, or were a moment ago.
static KNOWN: Mutex<Vec<([u8; 32], Arc<Pace>)>> = Mutex::new(Vec::new());

#[cfg(test)]
mod tests;
