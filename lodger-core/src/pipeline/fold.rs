//! Where events go that strangers caused and for which the budget has no room: they are told together, by address,
//! action, outcome and minute.
//!
//! The table is bounded whatever comes: so many buckets, and one for each outcome that takes the rest. The journal
//! thread writes each bucket as one event when its minute is over, so a flood that has stopped is told too.

mod bucket;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::{Event, Outcome};

pub(super) use bucket::Bucket;

/// How long a bucket gathers.
const MINUTE: Duration = Duration::from_secs(60);

/// How many buckets are kept apart: about 1 MiB. Source addresses cost an attacker little; behind a thousand of them
/// each single one says little too.
pub(super) const MAX_BUCKETS: usize = 1_024;

/// What a bucket is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Events with the same of all three. An IPv6 network of 64 bits is one address: whoever has one such address has
    /// all of them (RFC 4291 section 2.5.4).
    One { address: Option<IpAddr>, action: Cow<'static, str>, outcome: Outcome },
    /// Whatever comes when there are too many of those.
    Rest(Outcome),
}

impl Key {
    fn of(event: &Event) -> Self {
        let address = event.request.as_ref().and_then(|request| request.ip).map(|ip| ip.to_canonical());
        let address = address.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => IpAddr::V6(network(address)),
        });
        Self::One { address, action: event.action.clone(), outcome: event.outcome }
    }
}

/// The network of 64 bits that an address is in.
fn network(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)
}

/// A bucket that was taken out of the table.
pub(super) type Gathered = (Key, Bucket);

/// The table. Its lock is held for a few comparisons, by nobody who has another one.
#[derive(Debug, Default)]
pub(crate) struct Fold(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    buckets: HashMap<Key, Bucket>,
    /// When the oldest bucket was opened.
    oldest: Option<Instant>,
    /// How often somebody asked for all buckets at once, and how often they were all written since.
    asked: u64,
    told: u64,
    /// Nobody writes buckets any more.
    closed: bool,
}

impl State {
    fn insert(&mut self, key: Key, bucket: Bucket) {
        let apart = self.buckets.len() < MAX_BUCKETS || self.buckets.contains_key(&key);
        let key = if apart { key } else { Key::Rest(bucket.outcome()) };
        self.oldest = Some(self.oldest.map_or(bucket.opened(), |oldest| oldest.min(bucket.opened())));
        match self.buckets.entry(key) {
            Entry::Occupied(there) => there.into_mut().merge(bucket),
            Entry::Vacant(place) => {
                place.insert(bucket);
            }
        }
    }
}

impl Fold {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event to its bucket. Answers whether it is the first one in the table, of which the journal thread has
    /// to hear; gives the event back when nobody would write it any more.
    pub(super) fn add(&self, event: Box<Event>, now: Instant) -> Result<bool, Box<Event>> {
        let key = Key::of(&event);
        let mut state = self.lock();
        if state.closed {
            drop(state);
            return Err(event);
        }
        let first = state.buckets.is_empty();
        state.insert(key, Bucket::of(*event, now));
        Ok(first)
    }

    /// How long until the next bucket's minute is over. `None` when there is none.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        self.lock().oldest.map(|oldest| (oldest + MINUTE).saturating_duration_since(now))
    }

    /// How many buckets there are.
    pub(super) fn len(&self) -> usize {
        self.lock().buckets.len()
    }

    /// Asks that all buckets be written though their minute is not over. Answers for which number to wait on the board.
    pub(super) fn ask(&self) -> u64 {
        let mut state = self.lock();
        state.asked += 1;
        state.asked
    }

    /// The number of the last one who asked and has not been told yet.
    pub(super) fn asked(&self) -> Option<u64> {
        let state = self.lock();
        (state.asked > state.told).then_some(state.asked)
    }

    /// Everything is written that was there when this one asked.
    pub(super) fn tell(&self, asked: u64) {
        self.lock().told = asked;
    }

    /// Takes out the buckets whose minute is over, or all of them.
    pub(super) fn take_due(&self, now: Instant, all: bool) -> Vec<Gathered> {
        let is_due = |opened: Instant| all || now.saturating_duration_since(opened) >= MINUTE;
        let mut state = self.lock();
        if !state.oldest.is_some_and(is_due) {
            return Vec::new();
        }
        let due = state.buckets.extract_if(|_, bucket| is_due(bucket.opened())).collect();
        state.oldest = state.buckets.values().map(Bucket::opened).min();
        due
    }

    /// Takes buckets back that could not be written. They go on counting.
    pub(super) fn put_back(&self, buckets: impl IntoIterator<Item = Gathered>) {
        let mut state = self.lock();
        for (key, bucket) in buckets {
            state.insert(key, bucket);
        }
    }

    /// Takes out all buckets, and nothing in any more.
    pub(super) fn close(&self) -> Vec<Gathered> {
        let mut state = self.lock();
        state.closed = true;
        state.oldest = None;
        std::mem::take(&mut state.buckets).into_iter().collect()
    }
}
