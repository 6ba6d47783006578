//! Dead letters on disk: `<journal>/dead/<destination>/<writer>.jsonl`, one JSON line each.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::dead_letter::DeadLetter;
use crate::destination::Identity;
use crate::event::{WriterId, one_line};
use crate::journal::{directory, fault};

/// The files of one destination. This process appends to a file of its own and reads them all.
#[derive(Debug)]
pub(crate) struct DeadLetterFile {
    dir: PathBuf,
    writer: WriterId,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    file: Option<File>,
    /// How many files were given up after a failed write or sync.
    given_up: u32,
}

impl DeadLetterFile {
    pub(crate) fn new(journal: &Path, destination: &Identity, writer: WriterId) -> Self {
        let dir = journal.join("dead").join(directory_of(destination));
        Self { dir, writer, open: Mutex::default() }
    }

    /// Appends and fsyncs, in one write. After an error nothing counts as kept; what was written nevertheless is
    /// recognised as a repeat when the file is read.
    pub(crate) fn append(&self, letters: &[DeadLetter]) -> io::Result<()> {
        let mut lines = Vec::new();
        for letter in letters {
            lines.extend_from_slice(one_line::json(&serde_json::to_string(letter)?).as_bytes());
            lines.push(b'\n');
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = match open.file.take() {
            Some(file) => file,
            None => self.create(open.given_up)?,
        };
        let written = file.write_all(&lines).and_then(|()| fault::sync_data(&file));
        match written {
            Ok(()) => open.file = Some(file),
            // A file that failed once is never written again: the kernel may have dropped the pages and would report
            // success the next time, and a torn line must not swallow the next one.
            Err(_) => open.given_up += 1,
        }
        written
    }

    fn create(&self, given_up: u32) -> io::Result<File> {
        for dir in self.dirs() {
            match DirBuilder::new().mode(0o700).create(dir) {
                Ok(()) => sync_dir(dir.parent().unwrap_or(dir))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check(dir)?,
                Err(error) => return Err(error),
            }
        }
        let name = match given_up {
            0 => format!("{}.jsonl", self.writer),
            _ => format!("{}-{given_up}.jsonl", self.writer),
        };
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed())
            .open(self.dir.join(name))?;
        sync_dir(&self.dir)?;
        Ok(file)
    }

    /// `dead` and the destination's directory in it.
    fn dirs(&self) -> [&Path; 2] {
        [self.dir.parent().unwrap_or(&self.dir), &self.dir]
    }

    /// Every letter of this destination. A line that can't be read is what a crash cut off before it counted.
    pub(crate) fn read(&self) -> io::Result<Vec<DeadLetter>> {
        for dir in self.dirs() {
            match dir.symlink_metadata() {
                Ok(_) => check(dir)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
        let entries = fs::read_dir(&self.dir)?;
        let mut letters = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                let text = directory::read(&path)?;
                letters.extend(
                    text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()),
                );
            }
        }
        Ok(letters)
    }
}

/// Sixteen hexadecimal digits of the identity's hash: addresses hold characters that file names can't.
fn directory_of(destination: &Identity) -> String {
    let Identity { kind, address, workspace, project } = destination;
    let mut hash = Sha256::new();
    for part in [kind, address, workspace, project] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses a directory that somebody else may have put there: events are as secret here as in the journal.
fn check(dir: &Path) -> io::Result<()> {
    directory::check(dir, false).map_err(io::Error::other)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::destination::Refusal;
    use crate::event::Timestamp;

    fn letter(payload: &str) -> DeadLetter {
        let at = Timestamp::from_micros(1_778_846_400_000_000).unwrap();
        let refusal = Refusal::http(422, "no such project");
        DeadLetter::new(at, &Identity::new("lodger", "https://x"), refusal, 1, payload.as_bytes())
    }

    #[test]
    fn letters_survive_the_process_and_only_the_owner_can_read_them() {
        let journal = tempfile::tempdir().unwrap();
        let destination = Identity::new("lodger", "https://x");
        let file = DeadLetterFile::new(journal.path(), &destination, WriterId::mint());
        assert_eq!(file.read().unwrap(), []);
        file.append(&[letter(r#"{"id":"1"}"#), letter(r#"{"id":"2"}"#)]).unwrap();
        file.append(&[letter("not json")]).unwrap();

        let next = DeadLetterFile::new(journal.path(), &destination, WriterId::mint());
        assert_eq!(
            next.read().unwrap(),
            [letter(r#"{"id":"1"}"#), letter(r#"{"id":"2"}"#), letter("not json")]
        );
        let other = Identity::new("lodger", "https://y");
        assert_eq!(DeadLetterFile::new(journal.path(), &other, WriterId::mint()).read().unwrap(), []);

        let dead = journal.path().join("dead");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dead), 0o700);
        let dir = fs::read_dir(&dead).unwrap().next().unwrap().unwrap().path();
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path()), 0o600);
    }

    #[test]
    fn letters_whose_sync_failed_do_not_count_and_their_file_is_left_alone() {
        let journal = tempfile::tempdir().unwrap();
        let file =
            DeadLetterFile::new(journal.path(), &Identity::new("lodger", "https://x"), WriterId::mint());
        file.append(&[letter("1")]).unwrap();
        fault::fail_syncs(1);
        file.append(&[letter("2")]).unwrap_err();
        file.append(&[letter("2")]).unwrap();
        assert_eq!(fs::read_dir(&file.dir).unwrap().count(), 2);
    }

    #[test]
    fn a_directory_that_is_a_symbolic_link_is_neither_written_nor_read() {
        for depth in 0..2 {
            let (journal, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let file =
                DeadLetterFile::new(journal.path(), &Identity::new("lodger", "https://x"), WriterId::mint());
            let link = file.dirs()[depth];
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), link).unwrap();
            let refused = file.append(&[letter("1")]).unwrap_err();
            assert!(refused.to_string().contains("symbolic link"), "{refused}");
            file.read().unwrap_err();
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_torn_line_costs_no_other() {
        let journal = tempfile::tempdir().unwrap();
        let file =
            DeadLetterFile::new(journal.path(), &Identity::new("lodger", "https://x"), WriterId::mint());
        file.append(&[letter("1"), letter("2")]).unwrap();
        let path = fs::read_dir(&file.dir).unwrap().next().unwrap().unwrap().path();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
        assert_eq!(file.read().unwrap(), [letter("1")]);
    }
}
