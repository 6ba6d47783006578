//! Fuzzed parsers of this module (see [`crate::fuzzing`]).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::record::{self, Decoded};
use super::{JournalConfig, JournalError, Routes, open};
use crate::destination::Identity;

const SEED: u32 = 5;

/// As a record: what decodes is what was encoded. As a payload: it comes back as it was, and no flipped bit goes
/// unnoticed.
pub(crate) fn record(bytes: &[u8]) {
    if let Decoded::Record { sequence, routes, payload, length } = record::decode(bytes, SEED) {
        let mut again = Vec::new();
        record::encode(&mut again, SEED, sequence, routes, payload);
        assert_eq!(bytes.get(..length), Some(again.as_slice()));
    }
    let at = record::resynchronise(bytes, 0, SEED);
    assert!(at.is_none_or(|at| at < bytes.len()));

    let mut encoded = Vec::new();
    record::encode(&mut encoded, SEED, 7, Routes::all(2), bytes);
    let whole = Decoded::Record { sequence: 7, routes: Routes::all(2), payload: bytes, length: encoded.len() };
    assert_eq!(record::decode(&encoded, SEED), whole);
    let place = bytes.first().map_or(0, |byte| usize::from(*byte) % encoded.len());
    if let Some(byte) = encoded.get_mut(place) {
        *byte ^= 1 << (place % 8);
    }
    assert!(!matches!(record::decode(&encoded, SEED), Decoded::Record { .. }), "a flipped bit at {place}");
}

/// Five bytes each are one act of destruction in a dead writer's directory: which file, where (two bytes), how, and
/// with what. Whatever was done, nothing is handed out but what was appended, to whom it was for.
pub(crate) fn damage(bytes: &[u8]) {
    let destinations = [Identity::new("a", ""), Identity::new("b", "")];
    let root = Scratch::new();
    let config = JournalConfig { segment_bytes: 200, max_bytes: 1 << 20, min_free_bytes: 0, ..JournalConfig::at(&root.0) };
    let payload = |sequence: u64| format!("record {sequence} {}", "x".repeat(40));
    let routes = |sequence: u64| if sequence % 3 == 0 { Routes::all(1) } else { Routes::all(2) };
    {
        let mut journal = open(&config, &destinations).expect("a new journal");
        for sequence in 1..=9 {
            journal.writer.append(payload(sequence).as_bytes(), routes(sequence)).expect("room");
        }
        journal.writer.commit().expect("a disk");
        let first = journal.backlogs.first_mut().expect("two").next().expect("readable").expect("committed");
        journal.backlogs.first_mut().expect("two").settle(&[first.key]).expect("a disk");
    }
    let mut files = files_below(&root.0);
    files.sort();
    for act in bytes.chunks_exact(5) {
        if let &[file, high, low, how, what] = act {
            let path = files.get(usize::from(file) % files.len().max(1)).expect("some");
            destroy(path, usize::from(u16::from_be_bytes([high, low])), how, what);
        }
    }
    let mut journal = open(&config, &destinations).expect("damage is no error");
    for (slot, backlog) in journal.backlogs.iter_mut().enumerate() {
        let mut passed = 0;
        loop {
            match backlog.next() {
                Ok(Some(record)) => {
                    let sequence = record.key.sequence();
                    assert_eq!(&*record.payload, payload(sequence).as_bytes());
                    assert!(routes(sequence).contains(slot), "{sequence} is not for {slot}");
                    backlog.settle(&[record.key]).expect("a disk");
                }
                Ok(None) => break,
                Err(JournalError::Damaged { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            passed += 1;
            assert!(passed <= 9, "more than there was");
        }
    }
}

fn destroy(path: &Path, at: usize, how: u8, what: u8) {
    let Ok(mut bytes) = std::fs::read(path) else { return };
    let at = at % (bytes.len() + 1);
    match how % 4 {
        0 => bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= what),
        1 => bytes.truncate(at),
        2 => bytes.extend(std::iter::repeat_n(what, at)),
        _ => {
            let end = (at + usize::from(what)).min(bytes.len());
            drop(bytes.drain(at..end));
        }
    }
    std::fs::write(path, bytes).expect("a disk");
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).expect("readable").flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(files_below(&path)),
            path => files.push(path),
        }
    }
    files
}

/// A directory of this run's own, in memory where there is such a file system.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(parent.join(format!("lodger-fuzz-{}-{number}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory that stays behind costs a little memory, and no result.
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}
