//! Facts about the journal on disk, through its public face.

mod adoption;
mod damage;
mod directories;
mod faults;
mod inspecting;
mod limits;
mod machine;
mod reopening;
mod routes;
mod shares;

use std::path::{Path, PathBuf};

use super::{Backlog, JournalConfig, MAX_DESTINATIONS, Opened, Record, RecordKey, Routes, open};
use crate::destination::Identity;

/// For every destination that there is.
const ALL: Routes = Routes::all(MAX_DESTINATIONS);

/// A directory that is gone afterwards; in memory where the system has such a place, because syncs are what these
/// tests would wait for.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Segments of 256 bytes: room for eight records with ten bytes of payload.
fn small(dir: &Path) -> JournalConfig {
    JournalConfig {
        max_bytes: 64 << 10,
        segment_bytes: 256,
        min_free_bytes: 0,
        ..JournalConfig::at(dir.join("journal"))
    }
}

fn identity(name: &str) -> Identity {
    Identity::new("memory", name)
}

/// Opens with destinations of these names.
fn opened(config: &JournalConfig, names: &[&str]) -> Opened {
    let destinations: Vec<Identity> = names.iter().copied().map(identity).collect();
    open(config, &destinations).unwrap()
}

/// The ten bytes of payload that record number `n` has.
fn payload(n: u64) -> Vec<u8> {
    format!("record {n:03}").into_bytes()
}

/// Appends and commits records numbered from `first` to `last`.
fn commit(journal: &mut Opened, first: u64, last: u64) {
    for n in first..=last {
        journal.writer.append(&payload(n), ALL).unwrap();
    }
    journal.writer.commit().unwrap();
}

/// Takes all that is there.
fn drain(backlog: &mut Backlog) -> Vec<Record> {
    std::iter::from_fn(|| backlog.next().unwrap()).collect()
}

/// Takes all that is there, as texts.
fn texts(backlog: &mut Backlog) -> Vec<String> {
    drain(backlog).iter().map(|record| String::from_utf8(record.payload.to_vec()).unwrap()).collect()
}

/// The texts of the records numbered from `first` to `last`.
fn expected(first: u64, last: u64) -> Vec<String> {
    (first..=last).map(|n| format!("record {n:03}")).collect()
}

fn keys(records: &[Record]) -> Vec<RecordKey> {
    records.iter().map(|record| record.key).collect()
}

/// The writers' directories.
fn writer_dirs(config: &JournalConfig) -> Vec<PathBuf> {
    let root = config.dir.as_deref().unwrap();
    let mut dirs: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.retain(|dir| dir.join("journal.json").exists());
    dirs.sort();
    dirs
}

/// The files in a directory, by name.
fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
