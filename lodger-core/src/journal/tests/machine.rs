//! Random histories against a model: append for some, commit, deliver, settle, failing syncs, full shares, crashes,
//! power losses, damaged files, other destinations after a restart, and a second process beside the first.
//!
//! `LODGER_CASES` says how many histories there are; 1,000 without it. Many of them:
//!
//! ```text
//! LODGER_CASES=10000 cargo test --release -p lodger-core journal::tests::machine
//! ```

mod on_disk;
mod step;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use self::on_disk::{has_remains, records_in, writer_of};
use self::step::{Step, names, step};
use super::*;
use crate::event::WriterId;
use crate::journal::record::HEADER_BYTES;
use crate::journal::{Appended, Damage, JournalError, fault};

/// All destinations that there ever are. An opening has some of them, in any order.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// The smaller of the two limits that are tried, in bytes.
const TIGHT: u64 = 6144;

/// What has to happen with a record at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Must,
    /// It may come or not: never acknowledged, spoiled, or settled without a sync before a power loss.
    May,
    MustNot,
}

#[derive(Debug)]
struct Fate {
    payload: Vec<u8>,
    /// By name.
    due: [Due; 3],
}

impl Fate {
    /// What it takes of a backlog at most: a segment of its own.
    fn most_bytes(&self) -> u64 {
        256.max((self.payload.len() + HEADER_BYTES) as u64)
    }

    fn for_each_due(&mut self, from: Due, to: Due) {
        self.due.iter_mut().filter(|due| **due == from).for_each(|due| *due = to);
    }
}

/// The journal and what is known of it.
struct Machine {
    _dir: tempfile::TempDir,
    config: JournalConfig,
    journal: Option<Opened>,
    /// The names of the opening's destinations, as places in `NAMES`.
    lanes: Vec<usize>,
    /// The same of each writer.
    writers: BTreeMap<WriterId, Vec<usize>>,
    fates: BTreeMap<RecordKey, Fate>,
    /// Appended and not committed, as far as the caller knows: a commit that failed may have done some of its work.
    staged: Vec<RecordKey>,
    commit_failed: bool,
    /// By name: taken in this opening, taken and not settled, settled and not synced.
    taken: [HashSet<RecordKey>; 3],
    in_hand: [Vec<RecordKey>; 3],
    unsynced: [Vec<RecordKey>; 3],
    /// The settle files' sizes at their last sync.
    synced_sizes: BTreeMap<PathBuf, u64>,
    /// Spoiled records that nothing was said of yet, and their segments.
    unreported: BTreeMap<RecordKey, PathBuf>,
    filler: u8,
}

impl Machine {
    fn new(is_tight: bool, lanes: &[usize]) -> Self {
        let dir = scratch();
        let max_bytes = if is_tight { TIGHT } else { 1 << 20 };
        let mut machine = Self {
            config: JournalConfig { max_bytes, ..small(dir.path()) },
            _dir: dir,
            journal: None,
            lanes: Vec::new(),
            writers: BTreeMap::new(),
            fates: BTreeMap::new(),
            staged: Vec::new(),
            commit_failed: false,
            taken: Default::default(),
            in_hand: Default::default(),
            unsynced: Default::default(),
            synced_sizes: BTreeMap::new(),
            unreported: BTreeMap::new(),
            filler: 0,
        };
        machine.reopen(lanes);
        machine
    }

    fn journal(&mut self) -> &mut Opened {
        self.journal.as_mut().unwrap()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append { bytes, routes } => self.append(*bytes, *routes),
            Step::Commit { failing_syncs } => self.commit(*failing_syncs),
            Step::Take { lane, count } if *lane < self.lanes.len() => {
                for _ in 0..*count {
                    if !self.take(*lane) {
                        break;
                    }
                }
            }
            Step::Settle { lane, every } if *lane < self.lanes.len() => self.settle(*lane, *every),
            Step::Sync { lane } if *lane < self.lanes.len() => self.sync(*lane),
            Step::Take { .. } | Step::Settle { .. } | Step::Sync { .. } => {}
            Step::Drain => self.drain(),
            Step::Spoil { segment, place, flip } => self.spoil(*segment, *place, *flip),
            Step::Second { names, records, count } => self.second(names, *records, *count),
            Step::Crash { torn, names } => {
                self.end(*torn);
                self.reopen(names);
            }
            Step::PowerLoss { torn, names } => {
                self.end(*torn);
                self.forget_unsynced();
                self.reopen(names);
            }
        }
    }

    fn append(&mut self, bytes: usize, routes: u8) {
        self.filler = self.filler.wrapping_add(1);
        let payload = vec![self.filler; bytes];
        let lanes = self.lanes.clone();
        let routes = (0..lanes.len()).filter(|lane| routes >> lane & 1 == 1).fold(Routes::NONE, Routes::with);
        let writer = &mut self.journal().writer;
        let (id, next) = (writer.id(), writer.next_sequence());
        let appended = writer.append(&payload, routes);
        let sequence = self.journal().writer.next_sequence();
        let mut fate = Fate { payload, due: [Due::MustNot; 3] };
        match appended {
            Ok(appended) => {
                assert_eq!((appended.sequence, sequence), (next, next + 1), "gapless");
                assert_eq!(appended.refused.minus(routes), Routes::NONE);
                self.check_refused(&fate, appended.refused);
                routes.minus(appended.refused).iter().for_each(|lane| fate.due[lanes[lane]] = Due::May);
                let key = RecordKey { writer: id, sequence: next };
                self.staged.push(key);
                self.fates.insert(key, fate);
            }
            Err(JournalError::Full { .. }) => {
                assert_eq!(sequence, next, "a refused record uses up no sequence");
                self.check_refused(&fate, routes);
            }
            Err(error) => {
                assert!(self.commit_failed, "only a failed commit may refuse here: {error}");
                self.journal().writer.commit().unwrap();
                self.committed();
            }
        }
    }

    /// Whoever is refused has filled its share, or somebody else has from a time of fewer and larger shares.
    fn check_refused(&self, fate: &Fate, refused: Routes) {
        let share = self.config.max_bytes / self.lanes.len() as u64;
        let backlog = |&name: &usize| -> u64 {
            let is_there = |&(key, fate): &(&RecordKey, &Fate)| {
                // Until it is committed, what is for others takes room as well.
                fate.due[name] != Due::MustNot || self.staged.contains(key)
            };
            self.fates.iter().filter(is_there).map(|(_, fate)| fate.most_bytes()).sum()
        };
        let others_overflow = self.lanes.iter().any(|name| backlog(name) > share);
        for lane in refused.iter() {
            let backlog = backlog(&self.lanes[lane]);
            assert!(
                others_overflow || backlog + fate.most_bytes() > share,
                "lane {lane} with {backlog} bytes"
            );
        }
    }

    fn commit(&mut self, failing_syncs: u32) {
        fault::fail_syncs(failing_syncs);
        let committed = self.journal().writer.commit().is_ok();
        fault::fail_syncs(0);
        if committed {
            self.committed();
        } else {
            let allowed = if self.commit_failed { 1 } else { 2 };
            assert!(failing_syncs >= allowed, "{failing_syncs} failing syncs are survived");
            self.commit_failed = true;
        }
    }

    fn committed(&mut self) {
        self.commit_failed = false;
        for key in self.staged.drain(..) {
            self.fates.get_mut(&key).unwrap().for_each_due(Due::May, Due::Must);
        }
    }

    /// Takes one record for a destination and checks it.
    fn take(&mut self, lane: usize) -> bool {
        let name = self.lanes[lane];
        let Some(Record { key, payload }) = self.next(lane) else { return false };
        assert!(self.commit_failed || !self.staged.contains(&key), "not committed: {key:?}");
        self.check(name, key, &payload);
        assert!(self.taken[name].insert(key), "twice: {key:?}");
        self.in_hand[name].push(key);
        true
    }

    /// The next record of a destination. What is lost instead must have been spoiled.
    fn next(&mut self, lane: usize) -> Option<Record> {
        loop {
            match self.journal().backlogs[lane].next() {
                Ok(next) => return next,
                Err(JournalError::Damaged { writer, first, last, records, .. }) => {
                    let range = RecordKey { writer, sequence: first }..=RecordKey { writer, sequence: last };
                    let lost = self.fates.range(range.clone()).map(|(_, fate)| fate.due[self.lanes[lane]]);
                    let lost: Vec<Due> = lost.filter(|due| *due != Due::MustNot).collect();
                    assert!(!lost.contains(&Due::Must), "intact and called lost: {first} to {last}");
                    assert!((1..=lost.len() as u64).contains(&records), "{records} of {lost:?}");
                    self.unreported.retain(|key, _| !range.contains(key));
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn check(&self, name: usize, key: RecordKey, payload: &[u8]) {
        let fate = &self.fates[&key];
        assert_eq!(payload, &*fate.payload);
        assert_ne!(fate.due[name], Due::MustNot, "settled, or not for it: {key:?}");
    }

    fn settle(&mut self, lane: usize, every: usize) {
        let name = self.lanes[lane];
        let in_hand = std::mem::take(&mut self.in_hand[name]);
        let (mut settling, mut keeping) = (Vec::new(), Vec::new());
        for (place, key) in in_hand.into_iter().enumerate() {
            if place % every == 0 { settling.push(key) } else { keeping.push(key) }
        }
        self.in_hand[name] = keeping;
        settling.reverse();
        self.journal().backlogs[lane].settle(&settling).unwrap();
        settling.into_iter().for_each(|key| self.settled(name, key));
    }

    fn settled(&mut self, name: usize, key: RecordKey) {
        let fate = self.fates.get_mut(&key).unwrap();
        fate.due[name] = Due::MustNot;
        if fate.due == [Due::MustNot; 3] {
            // It may be freed before anybody sees that it was spoiled after it was read.
            self.unreported.remove(&key);
        }
        self.unsynced[name].push(key);
    }

    fn sync(&mut self, lane: usize) {
        let name = self.lanes[lane];
        self.journal().backlogs[lane].sync().unwrap();
        self.unsynced[name].clear();
        for (path, _) in self.settle_files().into_iter().filter(|&(_, of)| of == name) {
            let size = std::fs::metadata(&path).unwrap().len();
            self.synced_sizes.insert(path, size);
        }
    }

    /// All settle files, each with the name of its destination.
    fn settle_files(&self) -> Vec<(PathBuf, usize)> {
        let mut found = Vec::new();
        for dir in writer_dirs(&self.config) {
            let names = &self.writers[&writer_of(&dir)];
            found.extend(
                (0..).zip(names).map(|(slot, &name)| (dir.join(format!("settled-{slot}.log")), name)),
            );
        }
        found
    }

    fn drain(&mut self) {
        while self.journal().writer.commit().is_err() {}
        self.committed();
        for lane in 0..self.lanes.len() {
            while self.take(lane) {}
            self.settle(lane, 1);
            assert_eq!(self.journal().backlogs[lane].pending(), 0);
        }
        let appended = self.journal().writer.append(&[0; 600], ALL).unwrap();
        assert_eq!(appended.refused, Routes::NONE, "all have room");
        let key = RecordKey { writer: self.journal().writer.id(), sequence: appended.sequence };
        let mut due = [Due::MustNot; 3];
        self.lanes.iter().for_each(|&name| due[name] = Due::May);
        self.staged.push(key);
        self.fates.insert(key, Fate { payload: vec![0; 600], due });
    }

    /// Damages one segment of those that are there. What stood in the spoiled part may never come, and is to be said.
    fn spoil(&mut self, segment: usize, place: usize, flip: Option<u8>) {
        let segments: Vec<(PathBuf, WriterId)> = self.segments();
        if segments.is_empty() {
            return;
        }
        let (path, writer) = &segments[segment % segments.len()];
        let mut bytes = std::fs::read(path).unwrap();
        if bytes.is_empty() {
            return;
        }
        let place = place % bytes.len();
        let is_hit = |&(_, from, to): &(u64, usize, usize)| to > place && (flip.is_none() || from <= place);
        let hit: Vec<_> = records_in(&bytes, *writer).into_iter().filter(is_hit).collect();
        // Nothing tells that there were records behind a clean cut, unless there are others behind it.
        let is_last = segments.iter().all(|(other, of)| of != writer || other <= path);
        for (sequence, ..) in hit {
            let key = RecordKey { writer: *writer, sequence };
            let fate = self.fates.get_mut(&key).unwrap();
            let is_due = fate.due.contains(&Due::Must);
            fate.for_each_due(Due::Must, Due::May);
            if flip.is_none() && is_last {
                self.unreported.remove(&key);
            } else if is_due {
                self.unreported.insert(key, path.clone());
            }
        }
        match flip {
            Some(mask) => bytes[place] ^= mask,
            None => bytes.truncate(place),
        }
        // In place, as rot does it: the file may be open.
        std::fs::write(path, bytes).unwrap();
        self.forget_untold(*writer);
    }

    /// A clean cut leaves no word of what was behind it once nothing intact is behind that any more.
    fn forget_untold(&mut self, writer: WriterId) {
        let segments: Vec<(PathBuf, Vec<u8>)> = self
            .segments()
            .into_iter()
            .filter(|(_, of)| *of == writer)
            .map(|(path, _)| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        let intact = segments.iter().flat_map(|(_, bytes)| records_in(bytes, writer));
        let last = intact.map(|(sequence, ..)| sequence).max().unwrap_or(0);
        let torn: Vec<&PathBuf> =
            segments.iter().filter(|(_, bytes)| has_remains(bytes, writer)).map(|(path, _)| path).collect();
        self.unreported
            .retain(|key, path| key.writer != writer || key.sequence < last || torn.contains(&&*path));
    }

    /// The segments that are there, in the order of their numbers in each directory.
    fn segments(&self) -> Vec<(PathBuf, WriterId)> {
        let mut segments = Vec::new();
        for dir in writer_dirs(&self.config) {
            let names = files(&dir).into_iter();
            let names = names.filter(|name| name.ends_with(".seg") && !name.starts_with("spare"));
            segments.extend(names.map(|name| (dir.join(name), writer_of(&dir))));
        }
        segments
    }

    /// A process that comes and goes beside ours. It must get nothing that is ours.
    fn second(&mut self, names: &[usize], records: usize, count: usize) {
        let texts: Vec<&str> = names.iter().map(|&name| NAMES[name]).collect();
        let mut other = opened(&self.config, &texts);
        self.heed(&other.report.damage);
        let writer = other.writer.id();
        self.writers.insert(writer, names.to_vec());
        for n in 0..records {
            let payload = vec![n as u8; 40];
            // What it adopted may have used up shares.
            let Ok(Appended { sequence, refused }) = other.writer.append(&payload, ALL) else { break };
            let mut due = [Due::MustNot; 3];
            let routes = Routes::all(names.len()).minus(refused);
            routes.iter().for_each(|lane| due[names[lane]] = Due::Must);
            self.fates.insert(RecordKey { writer, sequence }, Fate { payload, due });
        }
        other.writer.commit().unwrap();
        for (lane, &name) in names.iter().enumerate() {
            let mut got = HashSet::new();
            for _ in 0..count {
                // What the other one finds spoiled it tells; that counts as said.
                let record = loop {
                    match other.backlogs[lane].next() {
                        Err(JournalError::Damaged { writer, first, last, .. }) => {
                            let range =
                                RecordKey { writer, sequence: first }..=RecordKey { writer, sequence: last };
                            self.unreported.retain(|key, _| !range.contains(key));
                        }
                        next => break next.unwrap(),
                    }
                };
                let Some(Record { key, payload }) = record else { break };
                self.check(name, key, &payload);
                assert!(!self.taken[name].contains(&key), "owned twice: {key:?}");
                assert!(got.insert(key), "twice: {key:?}");
                if got.len() % 2 == 0 {
                    other.backlogs[lane].settle(&[key]).unwrap();
                    self.settled(name, key);
                }
            }
        }
    }

    fn end(&mut self, torn: usize) {
        let mut journal = self.journal.take().unwrap();
        journal.writer.tear(torn);
        drop(journal);
        self.staged.clear();
        self.commit_failed = false;
    }

    /// What a power loss takes: all in the settle files that was never synced.
    fn forget_unsynced(&mut self) {
        for (path, _) in self.settle_files() {
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(self.synced_sizes.get(&path).copied().unwrap_or(0)).unwrap();
        }
        for name in 0..NAMES.len() {
            for key in std::mem::take(&mut self.unsynced[name]) {
                self.fates.get_mut(&key).unwrap().due[name] = Due::May;
            }
        }
    }

    fn reopen(&mut self, lanes: &[usize]) {
        let names: Vec<&str> = lanes.iter().map(|&name| NAMES[name]).collect();
        let journal = opened(&self.config, &names);
        self.heed(&journal.report.damage);
        self.writers.insert(journal.writer.id(), lanes.to_vec());
        self.lanes = lanes.to_vec();
        self.journal = Some(journal);
        self.taken = Default::default();
        self.in_hand = Default::default();
        for (lane, &name) in lanes.iter().enumerate() {
            let pending = self.journal().backlogs[lane].pending();
            let due = |due: Due| self.fates.values().filter(|fate| fate.due[name] == due).count() as u64;
            let (must, may) = (due(Due::Must), due(Due::May));
            assert!((must..=must + may).contains(&pending), "{pending} pending, {must} due, {may} possible");
        }
    }

    /// What an opening has said of damage.
    fn heed(&mut self, damage: &[Damage]) {
        let said: BTreeSet<&PathBuf> = damage
            .iter()
            .filter_map(|damage| match damage {
                Damage::TornTail { segment, .. } | Damage::Skipped { segment, .. } => Some(segment),
                _ => None,
            })
            .collect();
        self.unreported.retain(|key, segment| {
            let is_missing = damage.iter().any(|damage| {
                matches!(damage, Damage::Missing { writer, first, last }
                    if *writer == key.writer && (*first..=*last).contains(&key.sequence))
            });
            !is_missing && !said.contains(segment)
        });
    }

    /// Delivers all that is due, and leaves nothing.
    fn finish(mut self) {
        while self.journal().writer.commit().is_err() {}
        self.committed();
        self.end(0);
        self.reopen(&[2, 0, 1]);
        for lane in 0..NAMES.len() {
            let name = self.lanes[lane];
            while self.take(lane) {}
            for (key, fate) in &self.fates {
                let due = fate.due[name];
                assert!(due != Due::Must || self.taken[name].contains(key), "lost: {key:?}");
                let is_gone = due == Due::May && !self.taken[name].contains(key);
                assert!(!is_gone || !self.unreported.contains_key(key), "gone without a word: {key:?}");
            }
            self.settle(lane, 1);
            assert_eq!(self.journal().backlogs[lane].pending(), 0);
        }
        assert_eq!(self.journal().writer.usage().bytes, 0);
        self.end(0);
        assert_eq!(self.segments(), []);
    }
}

#[test]
fn whatever_happens_each_committed_record_is_delivered_until_it_is_settled() {
    let cases = std::env::var("LODGER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1000);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let histories = (any::<bool>(), names(), vec(step(), 1..80));
    let run = |(is_tight, lanes, steps): (bool, Vec<usize>, Vec<Step>)| {
        let mut machine = Machine::new(is_tight, &lanes);
        for step in &steps {
            machine.step(step);
        }
        machine.finish();
        Ok(())
    };
    if let Err(failure) = runner.run(&histories, run) {
        panic!("{failure}");
    }
}
