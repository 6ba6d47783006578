//! Reading a dead writer's directory: what is intact, what is settled, what is damaged.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::limits::Space;
use super::log::{Log, Ownership};
use super::manifest::Manifest;
use super::record;
use super::scan::Contents;
use super::sequences::Sequences;
use super::settle::SettleLog;
use super::state::State;
use super::{Damage, directory, segment};

/// A dead writer's directory, ready to be delivered from.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) log: Log,
    /// How many intact records it holds, settled or not.
    pub(super) records: u64,
    pub(super) damage: Vec<Damage>,
}

/// Reads a directory whose lock we hold; `places` says which of this opening's destinations its destinations are.
/// The error says why it has to be left alone.
pub(super) fn recover(
    dir: PathBuf,
    lock: File,
    manifest: &Manifest,
    places: Vec<Option<usize>>,
    space: &Arc<Space>,
) -> Result<Recovered, String> {
    let seed = record::seed(manifest.writer);
    let unreadable = |error: std::io::Error| format!("it can't be read: {error}");
    let (numbers, spares) = segment::list(&dir).map_err(unreadable)?;
    let Contents { segments, present } = Contents::read(&dir, &numbers, seed)?;
    let mut damage = Vec::new();
    for (number, _, scan) in &segments {
        damage.extend(scan.unreadable.iter().map(|part| {
            let segment = segment::path(&dir, *number);
            let (offset, bytes) = (part.offset as u64, part.length as u64);
            if part.is_tail {
                Damage::TornTail { segment, offset, bytes }
            } else {
                Damage::Skipped { segment, offset, bytes }
            }
        }));
    }

    // Now that it is known to be of a format that is ours to change.
    for spare in spares {
        directory::remove(&segment::spare_path(&dir, spare)).map_err(unreadable)?;
    }

    let (mut settle_logs, mut settled) = (Vec::new(), Vec::new());
    let mut last = present.last();
    let mut intact = true;
    for slot in 0..manifest.destinations.len() {
        let loaded = SettleLog::open(&dir, slot, seed).map_err(|error| error.to_string())?;
        if !loaded.intact {
            intact = false;
            damage.push(Damage::SettleFile { file: SettleLog::path(&dir, slot) });
        }
        last = last.max(loaded.settled.last());
        settle_logs.push(loaded.log);
        settled.push(loaded.settled);
    }
    // What was freed is noted as settled for every destination. For whom a record was that is gone, nobody knows: the
    // note of one destination may have filled it in as not for that one.
    let mut gone = Sequences::default();
    for (first, last) in present.missing(1, last) {
        let unsettled = settled.iter().flat_map(|settled: &Sequences| settled.missing(first, last));
        unsettled.for_each(|(first, last)| _ = gone.insert(first, last));
    }
    if intact {
        // With a settle file damaged, it may just as well have been settled and freed.
        let missing = |(first, last)| Damage::Missing { writer: manifest.writer, first, last };
        damage.extend(gone.ranges().map(missing));
    }
    // What is nowhere can't be delivered, and must not look as if it could.
    for (first, last) in present.missing(1, last) {
        settled.iter_mut().for_each(|settled| _ = settled.insert(first, last));
    }

    let mut state = State::new(settled);
    state.last = last;
    for (number, size, scan) in segments {
        let damaged = !scan.unreadable.is_empty();
        state.add_found(number, size, damaged, (scan.end as u64, scan.first, &scan.routing));
    }
    let ownership = Ownership::Adopted { places };
    let log = Log::new((manifest.writer, dir, lock), ownership, Arc::clone(space), state, settle_logs);
    if let Err(error) = log.reclaim() {
        tracing::warn!(%error, "settled journal segments could not be removed");
    }
    Ok(Recovered { log, records: present.count(), damage })
}
