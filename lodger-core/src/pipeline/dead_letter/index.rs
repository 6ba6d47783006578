//! What lies where in the files of one destination.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::open;
use super::line::{self, LetterName, Line};
use super::list::{DeadLetterDamage, DeadLetterList, Found, Place};
use super::{DeadLetter, Timestamp};
use crate::event::EventId;

/// No line of ours is longer: an event is at most 64 KiB, and what is not an event comes from a journal's record.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// How often the files are looked at again when another process has replaced them meanwhile.
const TRIES: u32 = 16;

/// Everything in the files, but for the letters themselves. Reads only what has been appended since the last time.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) files: BTreeMap<String, Scanned>,
    /// All letters in the files, removed ones included.
    pub(super) letters: HashMap<LetterName, Entry>,
    pub(super) removed: HashSet<LetterName>,
    pub(super) damage: Vec<DeadLetterDamage>,
}

/// How far a file was read.
#[derive(Debug)]
pub(super) struct Scanned {
    /// Device and inode: the name may stand for another file some day.
    inode: (u64, u64),
    /// Where the last whole line ends. What follows is being written, or was cut off by a crash before it counted.
    pub(super) end: u64,
    /// Whether all of it could be read.
    pub(super) whole: bool,
}

/// Where a letter lies.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: EventId,
    at: Timestamp,
    pub(super) file: Arc<str>,
    offset: u64,
    pub(super) length: usize,
}

impl Index {
    /// Reads what is new.
    pub(super) fn refresh(&mut self, dir: &Path) -> io::Result<()> {
        for _ in 0..TRIES {
            let names = names(dir)?;
            // Also after reading: a directory that is replaced file by file while it is listed may show neither the
            // old files nor the new one.
            if self.catch_up(dir, &names)? && names == self::names(dir)? {
                return Ok(());
            }
        }
        Err(io::Error::other(format!("other processes keep changing {}; try again", dir.display())))
    }

    /// Reads on in these files. False when one of them was replaced.
    fn catch_up(&mut self, dir: &Path, names: &[String]) -> io::Result<bool> {
        if self.files.keys().any(|name| !names.contains(name)) {
            *self = Self::default();
        }
        for name in names {
            let path = dir.join(name);
            let file = match open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            };
            let inode = inode(&file)?;
            if self.files.get(name).is_some_and(|scanned| scanned.inode != inode) {
                *self = Self::default();
                return Ok(false);
            }
            self.read_on(name, &path, file, inode)?;
        }
        Ok(true)
    }

    fn read_on(&mut self, name: &str, path: &Path, file: File, inode: (u64, u64)) -> io::Result<()> {
        let fresh = || Scanned { inode, end: 0, whole: true };
        let mut scanned = self.files.remove(name).unwrap_or_else(fresh);
        let name: Arc<str> = name.into();
        let mut reader = BufReader::with_capacity(64 << 10, file);
        reader.seek(SeekFrom::Start(scanned.end))?;
        let mut text = Vec::new();
        loop {
            text.clear();
            let length = (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut text)? as u64;
            let cut = length == MAX_LINE_BYTES && !text.ends_with(b"\n");
            if !cut && !text.ends_with(b"\n") {
                break;
            }
            let line = text.strip_suffix(b"\n").unwrap_or(&text);
            match if cut { None } else { line::decode(line) } {
                Some(Line::Letter(letter, DeadLetter { id, at, .. })) => {
                    let (offset, length) = (scanned.end, line.len());
                    let entry = Entry { id, at, file: Arc::clone(&name), offset, length };
                    self.letters.insert(letter, entry);
                }
                Some(Line::Removed(names)) => self.removed.extend(names),
                unreadable => {
                    scanned.whole = false;
                    self.damage.push(DeadLetterDamage {
                        file: path.to_owned(),
                        offset: scanned.end,
                        bytes: length,
                        newer: unreadable.is_some(),
                    });
                }
            }
            scanned.end += length;
        }
        self.files.insert(name.to_string(), scanned);
        Ok(())
    }

    /// The letters that count: not removed, and of each event the one that was written last.
    pub(super) fn live(&self) -> impl Iterator<Item = (LetterName, &Entry)> {
        let mut newest: HashMap<EventId, (LetterName, &Entry)> = HashMap::new();
        for (name, entry) in self.letters.iter().filter(|(name, _)| !self.removed.contains(name)) {
            let known = newest.entry(entry.id).or_insert((*name, entry));
            if (entry.at, *name) > (known.1.at, known.0) {
                *known = (*name, entry);
            }
        }
        newest.into_values()
    }

    /// Everything of these events that is not removed yet.
    pub(super) fn of(&self, events: &HashSet<EventId>) -> Vec<(LetterName, EventId)> {
        let letters = self.letters.iter();
        letters
            .filter(|(name, entry)| events.contains(&entry.id) && !self.removed.contains(name))
            .map(|(name, entry)| (*name, entry.id))
            .collect()
    }

    /// The letters that count, to be read one by one. `None` when a file was replaced since it was indexed.
    pub(super) fn list(&self, dir: &Path) -> io::Result<Option<DeadLetterList>> {
        let mut opened: HashMap<&str, Arc<(PathBuf, File)>> = HashMap::new();
        for (name, scanned) in &self.files {
            let path = dir.join(name);
            match open(&path) {
                Ok(file) if inode(&file)? == scanned.inode => {
                    opened.insert(name, Arc::new((path, file)));
                }
                Ok(_) => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let mut live: Vec<_> = self.live().collect();
        live.sort_unstable_by_key(|(name, entry)| (entry.at, *name));
        let found = live.into_iter().filter_map(|(_, entry)| {
            let (file, offset, length) = (Arc::clone(opened.get(&*entry.file)?), entry.offset, entry.length);
            Some(Found { id: entry.id, at: entry.at, place: Place::Line { file, offset, length } })
        });
        Ok(Some(DeadLetterList::new(found.collect(), self.damage.clone())))
    }

    /// The line of a letter, its end included, checked.
    pub(super) fn copy(&self, dir: &Path, entry: &Entry) -> io::Result<Vec<u8>> {
        let file = (dir.join(&*entry.file), open(&dir.join(&*entry.file))?);
        let mut line = read_line(&file, entry.offset, entry.length)?;
        decode(&file, entry.offset, &line)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// Reads a letter where it is known to lie.
pub(super) fn read_letter(file: &(PathBuf, File), offset: u64, length: usize) -> io::Result<DeadLetter> {
    decode(file, offset, &read_line(file, offset, length)?)
}

fn read_line((path, file): &(PathBuf, File), offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut line = vec![0; length];
    let read = file.read_exact_at(&mut line, offset);
    read.map_err(|error| io::Error::new(error.kind(), format!("{} can't be read: {error}", path.display())))?;
    Ok(line)
}

fn decode((path, _): &(PathBuf, File), offset: u64, line: &[u8]) -> io::Result<DeadLetter> {
    match line::decode(line) {
        Some(Line::Letter(_, letter)) => Ok(letter),
        _ => {
            let what = format!("{}: the dead letter at byte {offset} has become unreadable", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidData, what))
        }
    }
}

/// The files of letters, by name; none where the directory is missing.
pub(super) fn names(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().into_string();
        names.extend(name.ok().filter(|name| name.ends_with(".jsonl") && !name.starts_with('.')));
    }
    names.sort_unstable();
    Ok(names)
}

pub(super) fn inode(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|found| (found.dev(), found.ino()))
}
