//! Putting the files of dead letters together, without what is removed.
//!
//! A note that a letter is removed must outlive every copy of the letter, and a letter must be in a new file before it
//! goes from the old one. So: what counts is written into new files, notes included; then the old files go; then the
//! notes, when no copy is left. A crash in between leaves letters twice, under the same name, which count once.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};

use super::files::{DeadLetterFiles, MANY_FILES, Open, open, options, sync_dir, try_lock};
use super::index::{self, Index};
use super::line::{self, LetterName};
use super::lock;
use crate::event::WriterId;
use crate::journal::fault;

/// So many bytes of garbage, and half of everything, make it worth while.
const GARBAGE_BYTES: u64 = 64 << 10;

/// About what the note of one letter takes up.
const NOTE_BYTES: u64 = 39;

/// Files that nobody will append to any more.
struct Frozen {
    names: HashSet<String>,
    /// Held so that nobody takes our own file for a dead process's.
    _locks: Vec<File>,
}

impl DeadLetterFiles {
    /// Frees the room of what is removed, if it is worth while and nobody else is at it.
    pub(super) fn compact(&self, index: &mut Index) -> io::Result<()> {
        if !is_worth_while(index, |_| true) {
            return Ok(());
        }
        let tidying = options().write(true).create(true).truncate(false).open(self.dir.join("lock"))?;
        if !try_lock(&tidying)? {
            return Ok(());
        }
        // Held to the end: our own file goes, too.
        let mut open = lock(&self.open);
        let frozen = self.freeze(&open)?;
        // Only now: a note in a frozen file was written after its letter, which is therefore found as well.
        *index = Index::default();
        index.refresh(&self.dir)?;
        let old: HashSet<String> =
            frozen.names.iter().filter(|name| is_whole(index, name)).cloned().collect();
        if !is_worth_while(index, |name| old.contains(name)) {
            return Ok(());
        }
        let replaced = self.replace(index, &old, &mut open);
        *index = Index::default();
        replaced
    }

    /// Finds the files that nobody will append to any more, ours included, and sees to it that this stays so.
    fn freeze(&self, ours: &Open) -> io::Result<Frozen> {
        let mut frozen = Frozen { names: HashSet::new(), _locks: Vec::new() };
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            // What one left behind that died while it tidied up. Nobody else does, now that we have its lock.
            if name.to_string_lossy().starts_with(".next-") {
                fs::remove_file(self.dir.join(name))?;
            }
        }
        for name in index::names(&self.dir)? {
            let own = ours.file.as_ref().is_some_and(|(own, _)| *own == name);
            let file = open(&self.dir.join(&name))?;
            if own || try_lock(&file)? {
                frozen.names.insert(name);
                if !own {
                    frozen._locks.push(file);
                }
            }
        }
        Ok(frozen)
    }

    fn replace(&self, index: &Index, old: &HashSet<String>, ours: &mut Open) -> io::Result<()> {
        let letters = index.live().filter(|(_, entry)| old.contains(&*entry.file));
        self.make(letters.map(|(_, entry)| index.copy(&self.dir, entry)))?;

        let removed: Vec<LetterName> =
            index.removed.iter().filter(|name| index.letters.contains_key(name)).copied().collect();
        let mut notes = Vec::new();
        line::encode_removed(&mut notes, &removed)?;
        let notes = self.make((!notes.is_empty()).then_some(Ok(notes)).into_iter())?;

        if ours.file.as_ref().is_some_and(|(own, _)| old.contains(own)) {
            ours.file = None;
        }
        for name in old {
            step()?;
            fs::remove_file(self.dir.join(name))?;
        }
        step()?;
        sync_dir(&self.dir)?;
        // A file that stays because it is damaged may hold any of them a second time.
        let elsewhere = |name| index.letters.get(name).is_some_and(|entry| !old.contains(&*entry.file));
        let elsewhere = |name| elsewhere(name) || index.files.values().any(|file| !file.whole);
        match notes {
            Some(notes) if !removed.iter().any(elsewhere) => {
                step()?;
                fs::remove_file(self.dir.join(notes))?;
                sync_dir(&self.dir)
            }
            _ => Ok(()),
        }
    }

    /// Makes a file of these lines, durably; none without lines.
    fn make(&self, mut lines: impl Iterator<Item = io::Result<Vec<u8>>>) -> io::Result<Option<String>> {
        let Some(first) = lines.next() else { return Ok(None) };
        step()?;
        let name = format!("{}.jsonl", WriterId::mint());
        let unnamed = self.dir.join(format!(".next-{name}"));
        let file = options().write(true).create_new(true).open(&unnamed)?;
        let written = write(&file, std::iter::once(first).chain(lines));
        // Where a process that dies leaves the unnamed file.
        step()?;
        let named = written.and_then(|()| fs::rename(&unnamed, self.dir.join(&name)));
        if let Err(error) = named {
            // On a full disk, what is left of it only takes room; what fails here is cleared away the next time.
            return fs::remove_file(&unnamed).and(Err(error));
        }
        sync_dir(&self.dir)?;
        Ok(Some(name))
    }
}

fn write(file: &File, lines: impl Iterator<Item = io::Result<Vec<u8>>>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, file);
    for line in lines {
        out.write_all(&line?)?;
    }
    out.flush()?;
    fault::sync_data(file)
}

fn is_whole(index: &Index, name: &str) -> bool {
    index.files.get(name).is_some_and(|file| file.whole)
}

/// Whether these files are many, or hold mostly what is removed.
fn is_worth_while(index: &Index, among: impl Fn(&str) -> bool) -> bool {
    let files = || index.files.iter().filter(|(name, file)| file.whole && among(name));
    let here = |entry: &index::Entry| among(&entry.file) && is_whole(index, &entry.file);
    let all: u64 = files().map(|(_, file)| file.end).sum();
    let letters: u64 =
        index.live().filter(|(_, entry)| here(entry)).map(|(_, entry)| entry.length as u64 + 1).sum();
    let gone_elsewhere =
        index.removed.iter().filter_map(|name| index.letters.get(name)).filter(|entry| !here(entry));
    let kept = letters + NOTE_BYTES * gone_elsewhere.count() as u64;
    let garbage = all.saturating_sub(kept);
    let many = files().count() > MANY_FILES;
    files().count() > 0 && (kept == 0 || many || (garbage > GARBAGE_BYTES && garbage > all / 2))
}

/// Where tests let the process die.
fn step() -> io::Result<()> {
    #[cfg(test)]
    if injected::dies() {
        return Err(io::Error::other("injected"));
    }
    Ok(())
}

#[cfg(test)]
pub(super) use injected::{crash_at, survived};

#[cfg(test)]
mod injected {
    use std::cell::Cell;

    thread_local! {
        static STEPS_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Lets this thread's next tidying up end before this step.
    pub(in crate::pipeline::dead_letter) fn crash_at(step: u32) {
        STEPS_LEFT.set(Some(step));
    }

    /// Whether it had fewer steps than that. Ends the injection.
    pub(in crate::pipeline::dead_letter) fn survived() -> bool {
        STEPS_LEFT.take().is_some_and(|left| left > 0)
    }

    pub(super) fn dies() -> bool {
        match STEPS_LEFT.get() {
            Some(0) => true,
            Some(left) => {
                STEPS_LEFT.set(Some(left - 1));
                false
            }
            None => false,
        }
    }
}
