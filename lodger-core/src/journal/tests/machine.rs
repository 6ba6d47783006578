//! Random histories against a model: append, commit, deliver, settle, failing syncs, crashes, power losses.

use std::collections::{BTreeMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::journal::Appended;

const NAMES: [&str; 2] = ["a", "b"];

#[derive(Debug, Clone)]
enum Step {
    Append {
        bytes: usize,
    },
    Commit {
        failing_syncs: u32,
    },
    /// Takes up to this many records for a destination.
    Take {
        destination: usize,
        count: usize,
    },
    /// Settles every `every`th of those taken and not settled.
    Settle {
        destination: usize,
        every: usize,
    },
    Sync {
        destination: usize,
    },
    /// Ends the process. The first bytes of what was staged have reached the file.
    Crash {
        torn: usize,
    },
    /// Ends the machine: what was settled and not synced may be forgotten too.
    PowerLoss {
        torn: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let destination = 0..NAMES.len();
    prop_oneof![
        8 => (0..120_usize).prop_map(|bytes| Step::Append { bytes }),
        1 => (200..600_usize).prop_map(|bytes| Step::Append { bytes }),
        5 => Just(Step::Commit { failing_syncs: 0 }),
        1 => (1..5_u32).prop_map(|failing_syncs| Step::Commit { failing_syncs }),
        5 => (destination.clone(), 1..12_usize)
            .prop_map(|(destination, count)| Step::Take { destination, count }),
        5 => (destination.clone(), 1..4_usize)
            .prop_map(|(destination, every)| Step::Settle { destination, every }),
        1 => destination.prop_map(|destination| Step::Sync { destination }),
        1 => (0..400_usize).prop_map(|torn| Step::Crash { torn }),
        1 => (0..400_usize).prop_map(|torn| Step::PowerLoss { torn }),
    ]
}

/// What has to happen with a record at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Must,
    /// It may come or not: never acknowledged, or settled without a sync before a power loss.
    May,
    MustNot,
}

#[derive(Debug)]
struct Fate {
    payload: Vec<u8>,
    due: [Due; 2],
}

/// The journal and what is known of it.
struct Machine {
    _dir: tempfile::TempDir,
    config: JournalConfig,
    journal: Option<Opened>,
    fates: BTreeMap<RecordKey, Fate>,
    /// Appended and not committed, as far as the caller knows: a commit that failed may have done some of its work.
    staged: Vec<RecordKey>,
    commit_failed: bool,
    /// By destination: taken in this opening, taken and not settled, settled and not synced.
    taken: [HashSet<RecordKey>; 2],
    in_hand: [Vec<RecordKey>; 2],
    unsynced: [Vec<RecordKey>; 2],
    /// The settle files' sizes at their last sync.
    synced_sizes: BTreeMap<PathBuf, u64>,
    filler: u8,
}

impl Machine {
    fn new() -> Self {
        let dir = scratch();
        let config = JournalConfig { max_bytes: 1 << 20, ..small(dir.path()) };
        Self {
            journal: Some(opened(&config, &NAMES)),
            _dir: dir,
            config,
            fates: BTreeMap::new(),
            staged: Vec::new(),
            commit_failed: false,
            taken: Default::default(),
            in_hand: Default::default(),
            unsynced: Default::default(),
            synced_sizes: BTreeMap::new(),
            filler: 0,
        }
    }

    fn journal(&mut self) -> &mut Opened {
        self.journal.as_mut().unwrap()
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Append { bytes } => {
                self.filler = self.filler.wrapping_add(1);
                let payload = vec![self.filler; bytes];
                let writer = &mut self.journal().writer;
                let (id, next) = (writer.id(), writer.next_sequence());
                let Ok(Appended { sequence, .. }) = writer.append(&payload, ALL) else {
                    assert!(self.commit_failed, "only a failed commit may refuse here");
                    self.journal().writer.commit().unwrap();
                    self.committed();
                    return;
                };
                assert_eq!(sequence, next, "gapless");
                let key = RecordKey { writer: id, sequence };
                self.staged.push(key);
                self.fates.insert(key, Fate { payload, due: [Due::May; 2] });
            }
            Step::Commit { failing_syncs } => {
                crate::journal::fault::fail_syncs(failing_syncs);
                let committed = self.journal().writer.commit().is_ok();
                crate::journal::fault::fail_syncs(0);
                if committed {
                    self.committed();
                } else {
                    let allowed = if self.commit_failed { 1 } else { 2 };
                    assert!(failing_syncs >= allowed, "{failing_syncs} failing syncs are survived");
                    self.commit_failed = true;
                }
            }
            Step::Take { destination, count } => {
                for _ in 0..count {
                    if !self.take(destination) {
                        break;
                    }
                }
            }
            Step::Settle { destination, every } => {
                let in_hand = std::mem::take(&mut self.in_hand[destination]);
                let (mut settling, mut keeping) = (Vec::new(), Vec::new());
                for (place, key) in in_hand.into_iter().enumerate() {
                    if place % every == 0 { settling.push(key) } else { keeping.push(key) }
                }
                self.in_hand[destination] = keeping;
                settling.reverse();
                self.journal().backlogs[destination].settle(&settling).unwrap();
                for key in settling {
                    self.fates.get_mut(&key).unwrap().due[destination] = Due::MustNot;
                    self.unsynced[destination].push(key);
                }
            }
            Step::Sync { destination } => {
                self.journal().backlogs[destination].sync().unwrap();
                self.unsynced[destination].clear();
                for dir in writer_dirs(&self.config) {
                    let path = dir.join(format!("settled-{destination}.log"));
                    self.synced_sizes.insert(path.clone(), std::fs::metadata(&path).unwrap().len());
                }
            }
            Step::Crash { torn } => {
                self.end(torn);
                self.reopen();
            }
            Step::PowerLoss { torn } => {
                self.end(torn);
                for (dir, destination) in
                    writer_dirs(&self.config).into_iter().flat_map(|dir| [(dir.clone(), 0), (dir, 1)])
                {
                    let path = dir.join(format!("settled-{destination}.log"));
                    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
                    file.set_len(self.synced_sizes.get(&path).copied().unwrap_or(0)).unwrap();
                }
                for destination in 0..NAMES.len() {
                    for key in std::mem::take(&mut self.unsynced[destination]) {
                        self.fates.get_mut(&key).unwrap().due[destination] = Due::May;
                    }
                }
                self.reopen();
            }
        }
    }

    fn committed(&mut self) {
        self.commit_failed = false;
        for key in self.staged.drain(..) {
            self.fates.get_mut(&key).unwrap().due = [Due::Must; 2];
        }
    }

    /// Takes one record and checks it.
    fn take(&mut self, destination: usize) -> bool {
        let Some(Record { key, payload }) = self.journal().backlogs[destination].next().unwrap() else {
            return false;
        };
        assert!(self.commit_failed || !self.staged.contains(&key), "not committed: {key:?}");
        let fate = self.fates.get_mut(&key).unwrap();
        assert_eq!(&*payload, &*fate.payload);
        assert_ne!(fate.due[destination], Due::MustNot, "settled: {key:?}");
        assert!(self.taken[destination].insert(key), "twice: {key:?}");
        self.in_hand[destination].push(key);
        true
    }

    fn end(&mut self, torn: usize) {
        let mut journal = self.journal.take().unwrap();
        journal.writer.tear(torn);
        drop(journal);
        self.staged.clear();
        self.commit_failed = false;
    }

    fn reopen(&mut self) {
        self.journal = Some(opened(&self.config, &NAMES));
        self.taken = Default::default();
        self.in_hand = Default::default();
        for destination in 0..NAMES.len() {
            let pending = self.journal().backlogs[destination].pending();
            let due =
                |due: Due| self.fates.values().filter(|fate| fate.due[destination] == due).count() as u64;
            let (must, may) = (due(Due::Must), due(Due::May));
            assert!((must..=must + may).contains(&pending), "{pending} pending, {must} due, {may} possible");
        }
    }

    /// Delivers all that is due, and leaves nothing.
    fn finish(mut self) {
        while self.journal().writer.commit().is_err() {}
        self.committed();
        self.end(0);
        self.reopen();
        for destination in 0..NAMES.len() {
            while self.take(destination) {}
            for (key, fate) in &self.fates {
                let due = fate.due[destination];
                assert!(due != Due::Must || self.taken[destination].contains(key), "lost: {key:?}");
            }
            self.step(&Step::Settle { destination, every: 1 });
            assert_eq!(self.journal().backlogs[destination].pending(), 0);
        }
        assert_eq!(self.journal().writer.usage().bytes, 0);
        self.end(0);
        let root = self.config.dir.as_deref().unwrap();
        let left: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
        for dir in left.into_iter().filter(|dir| !dir.ends_with("damaged")) {
            let files = files(&dir);
            assert!(files.iter().all(|name| !name.ends_with(".seg")), "{files:?}");
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 1000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_happens_each_committed_record_is_delivered_until_it_is_settled(steps in vec(step(), 1..80)) {
        let mut machine = Machine::new();
        for step in &steps {
            machine.step(step);
        }
        machine.finish();
    }
}
