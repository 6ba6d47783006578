//! Fuzzed parsers of this module (see [`crate::fuzzing`]).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::manifest::Manifest;
use super::record::{self, Decoded};
use super::sequences::Sequences;
use super::settle;
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
    let whole =
        Decoded::Record { sequence: 7, routes: Routes::all(2), payload: bytes, length: encoded.len() };
    assert_eq!(record::decode(&encoded, SEED), whole);
    let place = bytes.first().map_or(0, |byte| usize::from(*byte) % encoded.len());
    if let Some(byte) = encoded.get_mut(place) {
        *byte ^= 1 << (place % 8);
    }
    assert!(!matches!(record::decode(&encoded, SEED), Decoded::Record { .. }), "a flipped bit at {place}");
}

/// `journal.json`: what is read is of this writer and this format, the same when it is written and read again, and
/// gives each destination to one place at most.
pub(crate) fn manifest(bytes: &[u8]) {
    let writer = "0199b1c0-0000-7000-8000-00000000000a".parse().expect("a writer");
    let Ok(manifest) = Manifest::decode(bytes, writer) else { return };
    assert_eq!((manifest.format, manifest.writer), (record::FORMAT, writer));
    let text = serde_json::to_vec(&manifest).expect("JSON");
    assert_eq!(Manifest::decode(&text, writer).as_ref(), Ok(&manifest));
    let destinations = [Identity::new("a", "b"), Identity::new("a", "b"), Identity::new("stdout", "")];
    let mut places: Vec<usize> = manifest.places(&destinations).into_iter().flatten().collect();
    let found = places.len();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), found, "one destination at two places");
}

/// As a settle file: what is read is the same when it is written and read again. As ranges, 16 bytes each, in any order:
/// all of them are read, and nothing else.
pub(crate) fn settle_file(bytes: &[u8]) {
    let read = |bytes: &[u8]| settle::decode_all(bytes, SEED);
    let (found, _) = read(bytes);
    let again: Vec<u8> = settle::encode(found.ranges(), SEED);
    assert_eq!(read(&again), (found, true));

    let mut all = Sequences::default();
    let mut ranges = Vec::new();
    for pair in bytes.chunks_exact(16) {
        let number = |at| record::u64_at(pair, at).expect("eight bytes") % record::MAX_SEQUENCE;
        let (first, last) = (number(0).min(number(8)), number(0).max(number(8)));
        let range = (first.max(1), last.max(1));
        let before = all.count();
        assert_eq!(all.insert(range.0, range.1), all.count() - before);
        assert!(all.covers(range.0, range.1));
        ranges.push(range);
    }
    assert_eq!(read(&settle::encode(ranges.into_iter(), SEED)), (all, true));
}

/// Five bytes each are one act of destruction in a dead writer's directory: which file, where (two bytes), how, and
/// with what. Whatever was done, nothing is handed out but what was appended, to whom it was for.
pub(crate) fn damage(bytes: &[u8]) {
    let destinations = [Identity::new("a", ""), Identity::new("b", "")];
    let root = Scratch::new();
    let config = JournalConfig {
        segment_bytes: 200,
        max_bytes: 1 << 20,
        min_free_bytes: 0,
        ..JournalConfig::at(&root.0)
    };
    let payload = |sequence: u64| format!("record {sequence} {}", "x".repeat(40));
    let routes = |sequence: u64| if sequence.is_multiple_of(3) { Routes::all(1) } else { Routes::all(2) };
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
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// It is not made yet.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(parent.join(format!("lodger-fuzz-{}-{number}", std::process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory that stays behind costs a little memory, and no result.
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}
