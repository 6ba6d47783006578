//! Reading what a destination has yet to do, from the segment files.
//!
//! Nothing is kept in memory but one window of a file: what lies in the journal is as large as the disk, and what was
//! written a moment ago comes out of the page cache.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::log::{Log, View};
use super::record::{self, Decoded};
use super::state::Lost;
use super::{JournalError, Record, RecordKey, Share, Usage, directory, segment};

/// How many bytes are read at once; a longer record makes it longer once.
const WINDOW_BYTES: usize = 64 << 10;

/// What one destination has yet to do: adopted logs first, then this opening's own.
#[derive(Debug)]
pub(super) struct Backlog {
    adopted: VecDeque<Reader>,
    own: Reader,
}

impl Backlog {
    pub(super) fn new(adopted: VecDeque<Reader>, own: Reader) -> Self {
        Self { adopted, own }
    }

    pub(super) fn next(&mut self) -> Result<Option<Record>, JournalError> {
        // One log that can't be read for now holds up no other; it is told when there is nothing else.
        let mut failed = Ok(None);
        for reader in &mut self.adopted {
            match reader.next() {
                Ok(None) => {}
                Err(error) if !matches!(error, JournalError::Damaged { .. }) => {
                    failed = failed.and(Err(error));
                }
                found => return found,
            }
        }
        self.let_go();
        match self.own.next()? {
            Some(record) => Ok(Some(record)),
            None => failed,
        }
    }

    pub(super) fn settle(&mut self, keys: &[RecordKey]) -> Result<(), JournalError> {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let mut result = Ok(());
        for keys in keys.chunk_by(|left, right| left.writer == right.writer) {
            let Some(writer) = keys.first().map(|key| key.writer) else { continue };
            let mut readers = self.adopted.iter().chain([&self.own]);
            if let Some(reader) = readers.find(|reader| reader.log.writer() == writer) {
                let ranges = keys.chunk_by(|left, right| right.sequence - left.sequence <= 1);
                let ends = |keys: &[RecordKey]| Some((keys.first()?.sequence, keys.last()?.sequence));
                let ranges: Vec<(u64, u64)> = ranges.filter_map(ends).collect();
                result = result.and(reader.log.settle(reader.slot, &ranges));
            }
        }
        self.let_go();
        result
    }

    /// Lets go of the adopted logs in which nothing is left to do here. The last backlog that does so lets the
    /// directory be removed, or adopted by somebody who has the other destinations.
    fn let_go(&mut self) {
        self.adopted.retain(|reader| reader.log.pending(reader.slot) > 0);
    }

    pub(super) fn is_left_behind(&self, key: RecordKey) -> bool {
        key.writer != self.own.log.writer()
    }

    pub(super) fn pending(&self) -> u64 {
        self.adopted.iter().chain([&self.own]).map(|reader| reader.log.pending(reader.slot)).sum()
    }

    pub(super) fn share(&self) -> Share {
        self.own.log.space().share_of(self.own.slot)
    }

    pub(super) fn usage(&self) -> Usage {
        self.own.log.space().usage()
    }

    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        self.own.log.check_process()?;
        let readers = self.adopted.iter().chain([&self.own]);
        readers.map(|reader| reader.log.sync(reader.slot)).fold(Ok(()), Result::and)
    }
}

/// A place in one log.
#[derive(Debug)]
pub(super) struct Reader {
    log: Arc<Log>,
    /// The destination's place in that log's `journal.json`.
    slot: usize,
    /// The segment that is read, and how much of it is behind us.
    number: u64,
    offset: u64,
    /// How much of it there is to read, as far as we know.
    end: u64,
    /// The last sequence that was handed out or passed over.
    passed: u64,
    file: Option<File>,
    window: Vec<u8>,
    window_at: u64,
}

impl Reader {
    pub(super) fn new(log: Arc<Log>, slot: usize) -> Self {
        Self {
            log,
            slot,
            number: 0,
            offset: 0,
            end: 0,
            passed: 0,
            file: None,
            window: Vec::new(),
            window_at: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Record>, JournalError> {
        loop {
            if self.offset >= self.end && !self.look()? {
                return Ok(None);
            }
            if !self.load(record::HEADER_BYTES)? {
                continue;
            }
            let seed = self.log.seed();
            let (sequence, payload) = match record::decode(self.loaded(), seed) {
                Decoded::Short(needed) if self.offset + needed as u64 <= self.end => {
                    self.load(needed)?;
                    continue;
                }
                Decoded::Record { sequence, routes, payload, length } => {
                    if sequence > self.passed + 1 {
                        self.pass(sequence - 1)?;
                        continue;
                    }
                    let skip = sequence <= self.passed
                        || !routes.contains(self.slot)
                        || self.log.contains(self.slot, sequence);
                    let payload: Option<Arc<[u8]>> = (!skip).then(|| payload.into());
                    self.offset += length as u64;
                    self.passed = self.passed.max(sequence);
                    (sequence, payload)
                }
                _ => {
                    self.resynchronise()?;
                    continue;
                }
            };
            if let Some(payload) = payload {
                return Ok(Some(Record { key: RecordKey { writer: self.log.writer(), sequence }, payload }));
            }
        }
    }

    /// Asks the log what there is to read from our place on, once for all that was committed until now. False when there is
    /// nothing.
    fn look(&mut self) -> Result<bool, JournalError> {
        self.log.check_process()?;
        // Together, so that a record committed in between is not taken for a lost one.
        let last = self.log.state().last;
        let Some(View { number, end }) = self.log.view(self.slot, self.number, self.offset) else {
            // The next records come into the same file, unless it has been freed.
            if !self.log.has(self.number) {
                self.close();
            }
            self.pass(last)?;
            return Ok(false);
        };
        if number != self.number {
            self.close();
            (self.number, self.offset) = (number, 0);
        }
        self.end = end;
        Ok(true)
    }

    /// Passes over the sequences up to this one, of which none was found; an error when some were pending here.
    fn pass(&mut self, last: u64) -> Result<(), JournalError> {
        let first = self.passed + 1;
        self.passed = self.passed.max(last);
        let Some(lost) = self.log.lose(self.slot, first, last) else { return Ok(()) };
        let Lost { number, first, last, records } = lost;
        let segment = segment::path(self.log.dir(), number);
        Err(JournalError::Damaged { segment, writer: self.log.writer(), first, last, records })
    }

    /// Goes on to the next intact record of the segment, or to its end.
    fn resynchronise(&mut self) -> Result<(), JournalError> {
        let rest = self.end.saturating_sub(self.offset) as usize;
        if self.load(rest)? {
            let next = record::resynchronise(self.loaded(), 0, self.log.seed());
            self.offset = next.map_or(self.end, |next| self.offset + next as u64);
            // The rest of a segment is too much to keep.
            self.window = Vec::new();
        }
        Ok(())
    }

    /// What is in memory from our place on.
    fn loaded(&self) -> &[u8] {
        let from = self.offset.checked_sub(self.window_at).map_or(usize::MAX, |from| from as usize);
        self.window.get(from..).unwrap_or_default()
    }

    /// Gets at least `needed` bytes from our place on into memory, or all up to the end of what is committed. False
    /// when the segment has been freed in the meantime: the log has to be asked again.
    fn load(&mut self, needed: usize) -> Result<bool, JournalError> {
        let available = self.end.saturating_sub(self.offset) as usize;
        if self.loaded().len() >= needed.min(available) {
            return Ok(true);
        }
        let path = segment::path(self.log.dir(), self.number);
        let failed = |source| JournalError::io("read", &path, source);
        let file = match &self.file {
            Some(file) => file,
            None => match directory::options().open(&path) {
                Ok(file) => self.file.insert(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound && !self.log.has(self.number) => {
                    return Ok(self.leave());
                }
                Err(error) => return Err(failed(error)),
            },
        };
        self.window.resize(available.min(WINDOW_BYTES.max(needed)), 0);
        self.window_at = self.offset;
        let mut filled = 0;
        while let Some(rest) = self.window.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, self.offset + filled as u64) {
                // The file has been cut: what is missing reads as zeroes and so as lost.
                Ok(0) => {
                    rest.fill(0);
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.window.clear();
                    return Err(failed(error));
                }
            }
        }
        // Asked after the read: the log forgets a segment before it touches the file, which may then become another
        // one, so that what was read from a segment that is still there is what was written to it.
        if !self.log.has(self.number) {
            return Ok(self.leave());
        }
        Ok(true)
    }

    /// Leaves a segment that was freed: nothing in it is for us any more. Answers that there is nothing to read in it.
    fn leave(&mut self) -> bool {
        self.close();
        self.end = 0;
        false
    }

    fn close(&mut self) {
        self.window = Vec::new();
        self.file = None;
    }
}
