//! The crash-safe local queue between the intake and the destinations.
//!
//! There is one [`Writer`], owned by the commit thread, and one [`Backlog`] a destination, owned by that
//! destination's worker. What is appended is staged in memory; [`Writer::commit`] makes it durable and visible to
//! the backlogs; a destination settles what it has done with, and what all have settled is freed. One copy of each
//! record serves every destination that it is for: its [`Routes`] stand in it. A destination whose backlog has used up
//! its share of the room gets no more records until it has settled some; the others go on.
//!
//! ```
//! # fn main() -> Result<(), lodger_core::journal::JournalError> {
//! use lodger_core::destination::Identity;
//! use lodger_core::journal::{JournalConfig, Routes, open};
//!
//! let mut journal = open(&JournalConfig::in_memory(), &[Identity::new("stdout", "")])?;
//! let appended = journal.writer.append(b"an event", Routes::all(1))?;
//! journal.writer.commit()?;
//!
//! for backlog in &mut journal.backlogs {
//!     while let Some(record) = backlog.next()? {
//!         assert_eq!((record.key.sequence(), &*record.payload), (appended.sequence, b"an event".as_slice()));
//!         backlog.settle(&[record.key])?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # On disk
//!
//! ```text
//! <dir>/                      0700, ours or root's, never a symbolic link
//!   <writer>/                 one directory for each opening, named after its writer id
//!     lock                    locked as long as the process lives
//!     journal.json            format, writer, pid, the writer before it, the destinations' identities
//!     00000001.seg …          the records, in pre-zeroed segments
//!     spare-00000003.seg      freed and zeroed again, at most two
//!     settled-0.log …         what each destination has settled, by its place in journal.json
//!   damaged/                  segments in which something was unreadable, kept for inspection
//! ```
//!
//! Every opening starts a directory of its own and adopts those of dead processes, for the destinations whose
//! identities are equal. An adopted directory is delivered from and settled in, never appended to, and removed when
//! all *its* destinations have settled everything in it. So a writer's sequences never repeat, whatever copies of its
//! directory turn up. A directory that is removed or replaced while its process lives is not written on: commits fail
//! until the process is started again.
//!
//! A record's header says which of the destinations in `journal.json` it is for. A segment is freed when each of its
//! records is settled by all that it is for; one that holds nothing for a destination does not wait for it.

#[cfg(feature = "journal")]
mod adoption;
#[cfg(feature = "journal")]
pub(crate) mod directory;
mod error;
#[cfg(feature = "journal")]
pub(crate) mod fault;
#[cfg(feature = "journal")]
mod file_system;
#[cfg(any(test, fuzzing))]
#[cfg(feature = "journal")]
pub(crate) mod fuzzing;
#[cfg(feature = "journal")]
mod inspect;
#[cfg(feature = "journal")]
mod limits;
#[cfg(feature = "journal")]
mod log;
#[cfg(feature = "journal")]
mod manifest;
mod memory;
mod owner;
#[cfg(feature = "journal")]
mod reader;
#[cfg(feature = "journal")]
mod record;
#[cfg(feature = "journal")]
mod recovery;
mod report;
mod routes;
#[cfg(feature = "journal")]
mod routing;
#[cfg(feature = "journal")]
mod scan;
#[cfg(feature = "journal")]
mod segment;
#[cfg(feature = "journal")]
mod sequences;
#[cfg(feature = "journal")]
mod settle;
#[cfg(feature = "journal")]
mod state;
#[cfg(test)]
#[cfg(feature = "journal")]
mod tests;
#[cfg(feature = "journal")]
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use crate::destination::Identity;
use crate::event::{Position, WriterId};

pub use error::JournalError;
#[cfg(feature = "journal")]
pub use inspect::{Backlogged, InspectError, InspectedWriter, Inspection, KeptFile, inspect};
pub(crate) use owner::Owner;
pub use report::{Adopted, Damage, LeftAlone, RecoveryReport};
pub use routes::{MAX_DESTINATIONS, Routes};

/// Where the journal lies and how large it may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalConfig {
    /// The directory. `None` keeps everything in memory, where a crash loses it. Default: `None`.
    pub dir: Option<PathBuf>,
    /// How many bytes the segments may take, adopted ones included; in memory, the records. Each destination's
    /// backlog may take an equal share of it: the segments in which something is pending for that destination.
    /// Default: 1 GiB.
    pub max_bytes: u64,
    /// The size of a segment in bytes, at most a quarter of a destination's share. Default: 4 MiB, so that making the
    /// next one holds up a commit for milliseconds only and freeing needs few steps.
    pub segment_bytes: u64,
    /// How many bytes must stay free on the file system, at most a sixteenth of its size. Below, no new segment is
    /// made. Default: 64 MiB.
    pub min_free_bytes: u64,
    /// Whether the directory may lie on a network file system, whose locks and syncs can't be relied upon.
    /// Default: no, opening it there is refused.
    pub allow_network_file_system: bool,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            dir: None,
            max_bytes: 1 << 30,
            segment_bytes: 4 << 20,
            min_free_bytes: 64 << 20,
            allow_network_file_system: false,
        }
    }
}

impl JournalConfig {
    /// A journal in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// A journal in this directory, with the default limits.
    #[must_use]
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: Some(dir.into()), ..Self::default() }
    }
}

/// An opened journal.
#[derive(Debug)]
pub struct Opened {
    /// For the commit thread.
    pub writer: Writer,
    /// For the workers: one for each identity given to [`open`], in the same order.
    pub backlogs: Vec<Backlog>,
    /// The last place of the writer before this one, where it is known.
    pub previous: Option<Position>,
    /// What was found: adopted, left alone, damaged.
    pub report: RecoveryReport,
}

/// Opens the journal for these destinations and adopts what dead processes left for them.
///
/// Several processes may open the same directory; each gets a writer of its own.
///
/// # Errors
///
/// When the directory can't be written, belongs to somebody else, is a symbolic link or lies on a network file system,
/// the feature `journal` is off, or there are more than [`MAX_DESTINATIONS`]. Damage is no error: it is in the
/// [`RecoveryReport`].
pub fn open(config: &JournalConfig, destinations: &[Identity]) -> Result<Opened, JournalError> {
    if destinations.len() > MAX_DESTINATIONS {
        return Err(JournalError::TooManyDestinations { given: destinations.len() });
    }
    match &config.dir {
        None => {
            let (writer, backlogs) = memory::open(config.max_bytes, destinations.len());
            Ok(Opened {
                writer: Writer(WriterKind::Memory(writer)),
                backlogs: backlogs.into_iter().map(|backlog| Backlog(BacklogKind::Memory(backlog))).collect(),
                previous: None,
                report: RecoveryReport::default(),
            })
        }
        #[cfg(feature = "journal")]
        Some(dir) => {
            let opened = adoption::open(dir, config, destinations)?;
            let backlogs = opened.backlogs.into_iter();
            Ok(Opened {
                writer: Writer(WriterKind::Disk(opened.writer)),
                backlogs: backlogs.map(|backlog| Backlog(BacklogKind::Disk(backlog))).collect(),
                previous: opened.previous,
                report: opened.report,
            })
        }
        #[cfg(not(feature = "journal"))]
        Some(_) => Err(JournalError::FeatureMissing),
    }
}

/// Names one record in the journal. Keys sort in the order in which records are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    writer: WriterId,
    sequence: u64,
}

impl RecordKey {
    /// The writer that appended the record.
    #[must_use]
    pub fn writer(&self) -> WriterId {
        self.writer
    }

    /// The record's sequence in its writer, from 1.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// One committed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name, to settle it by.
    pub key: RecordKey,
    /// The bytes that were appended.
    pub payload: Arc<[u8]>,
}

/// What became of a record that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its sequence in this writer, from 1.
    pub sequence: u64,
    /// The destinations whose shares of the journal are used up: the record is not for them.
    pub refused: Routes,
}

/// What the journal takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes of all segments, adopted ones included; in memory, of all records.
    pub bytes: u64,
    /// Segments, spare ones included. In memory 0.
    pub segments: u64,
    /// The limit on `bytes`.
    pub max_bytes: u64,
}

/// What one destination's backlog takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Bytes of the segments, adopted ones included, in which something is pending for it; in memory, of the records.
    pub bytes: u64,
    /// The limit on `bytes`: an equal part of the journal's.
    pub max_bytes: u64,
}

/// Appends to the journal. Owned by the commit thread.
#[derive(Debug)]
pub struct Writer(WriterKind);

#[derive(Debug)]
enum WriterKind {
    #[cfg(feature = "journal")]
    Disk(writer::Writer),
    Memory(memory::Writer),
}

impl Writer {
    /// How many more records, each of at most this many bytes and for all of these destinations, can certainly be appended
    /// for one of them at least, while nobody else fills the file system and no write fails. A record that is larger than a
    /// segment counts as one that fills it.
    #[must_use]
    pub fn room(&self, bytes: u64, routes: Routes) -> u64 {
        match &self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.room(bytes, routes),
            WriterKind::Memory(writer) => writer.room(bytes, routes),
        }
    }

    /// The id of this opening.
    #[must_use]
    pub fn id(&self) -> WriterId {
        match &self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.id(),
            WriterKind::Memory(writer) => writer.id(),
        }
    }

    /// The sequence that the next append gets, from 1.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        match &self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.next_sequence(),
            WriterKind::Memory(writer) => writer.next_sequence(),
        }
    }

    /// Stages a record for these destinations in memory, and says which sequence it got and which of them it is not
    /// for, because their shares of the journal are used up. Places that no destination has count for nothing; a
    /// record for nobody is durable and then freed. May make a new segment on disk.
    ///
    /// # Errors
    ///
    /// When it fits for none of them (`Full`, `DiskFull`, `TooLarge`), a new segment can't be made, an earlier commit failed
    /// and has not been repeated, or the process was forked. The record is then not staged and has used up no
    /// sequence. (A child that inherits staged records may be told only by the commit.)
    ///
    /// # Durability
    ///
    /// None before [`commit`](Self::commit).
    pub fn append(&mut self, payload: &[u8], routes: Routes) -> Result<Appended, JournalError> {
        self.append_with(routes, |out| out.extend_from_slice(payload))
    }

    /// As [`append`](Self::append), of what `write` adds to the bytes that it is given: straight to where it is staged.
    pub(crate) fn append_with(
        &mut self,
        routes: Routes,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Appended, JournalError> {
        match &mut self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.append(routes, write),
            WriterKind::Memory(writer) => writer.append(routes, write),
        }
    }

    /// Makes everything staged durable and visible to the backlogs. Wake the workers afterwards.
    ///
    /// # Durability
    ///
    /// After `Ok` everything appended so far is on disk (write and fdatasync). A file in which a write or a sync
    /// failed is not touched again, because the kernel may drop the dirty pages and report success the next time
    /// (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020): the records go from
    /// memory into a new segment.
    ///
    /// # Errors
    ///
    /// When that fails too. What is not on disk then stays staged, appends are refused, and the next `commit` tries
    /// again in yet another segment. Some of the records may be committed nevertheless, or be found after a crash;
    /// each once.
    pub fn commit(&mut self) -> Result<(), JournalError> {
        match &mut self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.commit(),
            WriterKind::Memory(writer) => writer.commit(),
        }
    }

    /// Sees to it that a record of this many bytes can be appended for some destination, by making the next segment if
    /// it has to. A size
    /// that a segment can't hold (in memory: a quarter of the limit) counts as the largest that it can.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append): there is no room for now.
    pub fn make_room(&mut self, bytes: u64) -> Result<(), JournalError> {
        match &mut self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.make_room(bytes),
            WriterKind::Memory(writer) => writer.make_room(bytes),
        }
    }

    /// What the journal takes up now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match &self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.usage(),
            WriterKind::Memory(writer) => writer.usage(),
        }
    }

    /// What the backlog of the destination at this place takes up now.
    #[must_use]
    pub fn share(&self, destination: usize) -> Share {
        match &self.0 {
            #[cfg(feature = "journal")]
            WriterKind::Disk(writer) => writer.share(destination),
            WriterKind::Memory(writer) => writer.share(destination),
        }
    }
}

/// What one destination has yet to do. Owned by that destination's worker.
#[derive(Debug)]
pub struct Backlog(BacklogKind);

#[derive(Debug)]
enum BacklogKind {
    #[cfg(feature = "journal")]
    Disk(reader::Backlog),
    Memory(memory::Backlog),
}

impl Backlog {
    /// The next committed record that is for this destination and not settled, adopted ones first; each once in an opening. `None` when there
    /// is none for now.
    ///
    /// # Errors
    ///
    /// When a file can't be read and there is nothing else for now (call again), or when records that were there have
    /// become unreadable: then the error names them, they count as settled, and the next call goes on behind them.
    #[expect(clippy::should_implement_trait, reason = "not an iterator: after None there can be more")]
    pub fn next(&mut self) -> Result<Option<Record>, JournalError> {
        match &mut self.0 {
            #[cfg(feature = "journal")]
            BacklogKind::Disk(backlog) => backlog.next(),
            BacklogKind::Memory(backlog) => Ok(backlog.next()),
        }
    }

    /// Marks records as done for this destination and frees what all destinations have settled. Keys that are
    /// unknown or settled already are ignored.
    ///
    /// # Errors
    ///
    /// When the settle file can't be written or something can't be freed. The records are settled in this process
    /// all the same, and what failed is tried again at the next call; only a crash before that would deliver them
    /// again.
    ///
    /// # Durability
    ///
    /// Survives the end of the process, but not necessarily a power loss, before [`sync`](Self::sync): then the
    /// records are delivered again.
    pub fn settle(&mut self, keys: &[RecordKey]) -> Result<(), JournalError> {
        match &mut self.0 {
            #[cfg(feature = "journal")]
            BacklogKind::Disk(backlog) => backlog.settle(keys),
            BacklogKind::Memory(backlog) => {
                backlog.settle(keys);
                Ok(())
            }
        }
    }

    /// Whether this record was left by a process that is gone, which may have delivered it.
    #[must_use]
    #[cfg_attr(
        not(feature = "journal"),
        expect(unused_variables, reason = "nothing in memory outlives its process")
    )]
    pub fn is_left_behind(&self, key: RecordKey) -> bool {
        match &self.0 {
            #[cfg(feature = "journal")]
            BacklogKind::Disk(backlog) => backlog.is_left_behind(key),
            // Nothing in memory outlives its process.
            BacklogKind::Memory(_) => false,
        }
    }

    /// How many records are committed for this destination and not settled, whether handed out or not.
    #[must_use]
    pub fn pending(&self) -> u64 {
        match &self.0 {
            #[cfg(feature = "journal")]
            BacklogKind::Disk(backlog) => backlog.pending(),
            BacklogKind::Memory(backlog) => backlog.pending(),
        }
    }

    /// What this backlog takes up now.
    #[must_use]
    pub fn share(&self) -> Share {
        match &self.0 {
            #[cfg(feature = "journal")]
            BacklogKind::Disk(backlog) => backlog.share(),
            BacklogKind::Memory(backlog) => backlog.share(),
        }
    }

    /// What the whole journal takes up now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match &self.0 {
            #[cfg(feature = "journal")]
            BacklogKind::Disk(backlog) => backlog.usage(),
            BacklogKind::Memory(backlog) => backlog.usage(),
        }
    }

    /// Makes everything settled so far durable, for a clean shutdown.
    ///
    /// # Errors
    ///
    /// When the settle file can't be written or synced.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        match &mut self.0 {
            #[cfg(feature = "journal")]
            BacklogKind::Disk(backlog) => backlog.sync(),
            BacklogKind::Memory(_) => Ok(()),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "journal")]
impl Writer {
    /// What a crash in the middle of a commit leaves: the first `length` staged bytes.
    fn tear(&mut self, length: usize) {
        if let WriterKind::Disk(writer) = &mut self.0 {
            writer.tear(length);
        }
    }
}
