//! What was acknowledged, compared with what arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use lodger_store::{Query, Store};

use super::Heard;

/// An event that came to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its id.
    pub id: String,
    /// The writer and the sequence that it carries.
    pub place: (String, u64),
    /// A hash of its bytes.
    pub hash: String,
}

/// What a [`Recording`](super::Recording) noted.
///
/// # Panics
///
/// When the file can't be read.
#[must_use]
pub fn arrivals(path: &Path) -> Vec<Arrival> {
    let text = if path.exists() { std::fs::read_to_string(path).unwrap() } else { String::new() };
    let arrival = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let mut next = || words.next().unwrap();
        Arrival { id: next(), place: (next(), next().parse().unwrap()), hash: next() }
    };
    text.lines().map(arrival).collect()
}

/// What is in a store.
///
/// # Panics
///
/// When the store can't be read, or its chain is broken.
#[must_use]
pub fn in_store(dir: &Path) -> Vec<Arrival> {
    let store = Store::open(dir).unwrap();
    let report = store.verify().unwrap();
    assert!(report.is_intact(), "{report:?}");
    let mut arrivals = Vec::new();
    let mut query = Query::new().oldest_first().limit(500);
    loop {
        let page = store.query(&query).unwrap();
        for entry in page.entries {
            let position = entry.event.position.unwrap();
            let mut hasher = DefaultHasher::new();
            entry.bytes.hash(&mut hasher);
            arrivals.push(Arrival {
                id: entry.event.id.to_string(),
                place: (position.writer.to_string(), position.sequence),
                hash: format!("{:x}", hasher.finish()),
            });
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => return arrivals,
        }
    }
}

/// What became of the events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many were acknowledged.
    pub acknowledged: usize,
    /// How many different ones arrived.
    pub arrived: usize,
    /// Acknowledged, and did not arrive.
    pub lost: Vec<String>,
    /// Refused with the word that nothing of it was recorded, and arrived all the same.
    pub returned: Vec<String>,
    /// Arrived more than once with different bytes.
    pub changed: Vec<String>,
    /// Places, a writer and a sequence, at which two different events stand.
    pub clashes: Vec<(String, u64)>,
    /// How many arrivals were repeats, with the same bytes. A destination that deduplicates has none.
    pub repeated: usize,
}

impl Verdict {
    /// Compares what recorders said with what arrived.
    #[must_use]
    pub fn of<'a>(heard: impl IntoIterator<Item = &'a Heard>, arrivals: &[Arrival]) -> Self {
        let mut verdict = Self::default();
        let mut by_id: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut by_place: BTreeMap<&(String, u64), BTreeSet<&str>> = BTreeMap::new();
        for Arrival { id, place, hash } in arrivals {
            by_id.entry(id).or_default().insert(hash);
            by_place.entry(place).or_default().insert(id);
        }
        for heard in heard {
            verdict.acknowledged += heard.ok.len();
            verdict.lost.extend(heard.ok.iter().filter(|id| !by_id.contains_key(id.as_str())).cloned());
            let refused = heard.refused.iter().map(|(id, _)| id);
            verdict.returned.extend(refused.filter(|id| by_id.contains_key(id.as_str())).cloned());
        }
        verdict.arrived = by_id.len();
        verdict.repeated = arrivals.len() - by_id.len();
        let changed = by_id.iter().filter(|(_, hashes)| hashes.len() > 1);
        verdict.changed = changed.map(|(id, _)| (*id).to_owned()).collect();
        let clashes = by_place.iter().filter(|(_, ids)| ids.len() > 1);
        verdict.clashes = clashes.map(|(place, _)| (*place).clone()).collect();
        verdict
    }

    /// Whether nothing was lost and nothing invented.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.lost.is_empty() && self.returned.is_empty() && self.changed.is_empty() && self.clashes.is_empty()
    }

    /// Insists on it.
    ///
    /// # Panics
    ///
    /// When something was lost or invented.
    pub fn assert_sound(&self) {
        assert!(self.is_sound(), "{self:#?}");
    }
}
