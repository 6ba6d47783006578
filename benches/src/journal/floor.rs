//! What a durable batch costs at least: one write and one fdatasync, on one thread, with nobody to tell.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::event::RECORD_BYTES;
use super::run::{Meter, Run};

/// How much of a pre-zeroed file is written before it begins again.
const ZEROED_BYTES: u64 = 16 << 20;

/// What the file is when it is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Of zeroes, so that only data has to reach the disk.
    Zeroed,
    /// Empty: each append changes the file's length, which the file system has to note.
    Empty,
}

/// Appends batches for this long and syncs each.
pub(super) fn run(dir: &Path, made: Made, batch: u64, lasts: Duration) -> Result<Run, String> {
    append(dir, made, batch, lasts).map_err(|error| format!("the floor can't be measured: {error}"))
}

fn append(dir: &Path, made: Made, batch: u64, lasts: Duration) -> io::Result<Run> {
    let file = make(dir, made)?;
    let bytes = vec![b'x'; usize::try_from(batch * RECORD_BYTES).map_err(io::Error::other)?];
    let length = batch * RECORD_BYTES;
    let (mut offset, mut waits) = (0, Vec::new());
    let meter = Meter::start();
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        let begun = Instant::now();
        file.write_all_at(&bytes, offset)?;
        file.sync_data()?;
        waits.push(begun.elapsed());
        offset += length;
        if made == Made::Zeroed && offset + length > ZEROED_BYTES {
            offset = 0;
        }
    }
    let commits = waits.len() as u64;
    Ok(meter.stop(commits * batch, commits, waits))
}

fn make(dir: &Path, made: Made) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(dir.join("floor"))?;
    if made == Made::Zeroed {
        let zeroes = vec![0; 1 << 20];
        for offset in (0..ZEROED_BYTES).step_by(zeroes.len()) {
            file.write_all_at(&zeroes, offset)?;
        }
    }
    file.sync_all()?;
    Ok(file)
}
