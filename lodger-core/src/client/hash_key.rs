//! Where the key comes from under which sessions and secrets are hashed.

use super::error::BuildProblem;
use super::settings::Settings;
use crate::redact::HashKey;

/// The name of the setting.
const SETTING: &str = "LODGER_HASH_KEY";

/// The key that the environment names.
pub(super) fn from_settings(settings: &Settings) -> Result<Option<HashKey>, BuildProblem> {
    let Some(text) = settings.get(SETTING) else { return Ok(None) };
    // The value stays out of the error: it is a secret, if a wrong one.
    text.parse().map(Some).map_err(|error: crate::redact::InvalidHashKey| BuildProblem::Setting {
        name: SETTING.to_owned(),
        message: error.to_string(),
    })
}

/// A key for this process only.
pub(super) fn generated() -> Result<HashKey, BuildProblem> {
    HashKey::generate().map_err(|error| BuildProblem::Setting {
        name: SETTING.to_owned(),
        message: format!("no key can be made ({error}): set it to 64 hexadecimal digits"),
    })
}

/// The key in `<journal>/hash.key`, made at the first start, so that equal values hash equally after a restart.
#[cfg(feature = "journal")]
pub(super) fn kept_in(journal: &std::path::Path) -> Result<HashKey, BuildProblem> {
    let path = journal.join("hash.key");
    let wrong = |message: String| BuildProblem::Setting { name: path.display().to_string(), message };
    file::read_or_make(&path)
        .map_err(|error| wrong(format!("can't be read or made ({error}); or set {SETTING}")))?
        .ok_or_else(|| {
            wrong(format!(
                "is not a key of 64 hexadecimal digits that only its owner can read: set {SETTING}, or delete the \
                 file to get a new key (equal values then hash differently than before)"
            ))
        })
}

#[cfg(feature = "journal")]
mod file {
    use std::fs::{self, File, OpenOptions};
    use std::io::{self, Read, Write};
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    use rustix::fs::OFlags;

    use crate::event::{EventId, hex};
    use crate::journal::fault;
    use crate::redact::HashKey;

    /// `None` when there is a file that is no key or that others can read.
    pub(super) fn read_or_make(path: &Path) -> io::Result<Option<HashKey>> {
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path)?;
                read(path)
            }
            read => read,
        }
    }

    fn read(path: &Path) -> io::Result<Option<HashKey>> {
        let file =
            OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Ok(None);
        }
        let mut text = String::new();
        file.take(128).read_to_string(&mut text)?;
        Ok(text.parse().ok())
    }

    /// Several processes may start at once: the first to link its file wins, and nobody sees half a key.
    fn make(path: &Path) -> io::Result<()> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let draft = path.with_extension(format!("key-{}", EventId::mint()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        // On a full disk each start fails here, and none may leave a file.
        let written = file.write_all(hex::encode(&key).as_bytes()).and_then(|()| fault::sync_data(&file));
        let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        });
        let removed = fs::remove_file(&draft);
        linked.and(removed)?;
        File::open(path.parent().unwrap_or(path))?.sync_all()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_key_is_made_once_and_only_its_owner_can_read_it() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("hash.key");
            let made = read_or_make(&path).unwrap().unwrap();
            let read = read_or_make(&path).unwrap().unwrap();
            assert_eq!(made.hash("session", "x"), read.hash("session", "x"));
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft stays behind");
        }

        #[test]
        fn a_key_that_can_not_be_written_leaves_nothing_behind() {
            let dir = tempfile::tempdir().unwrap();
            fault::fail_syncs(1);
            read_or_make(&dir.path().join("hash.key")).unwrap_err();
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }

        #[test]
        fn a_key_that_others_can_read_or_that_is_none_is_refused() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("hash.key");
            read_or_make(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(read_or_make(&path).unwrap().is_none());
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            fs::write(&path, "hunter2").unwrap();
            assert!(read_or_make(&path).unwrap().is_none());
        }

        #[test]
        fn several_that_start_at_once_agree_on_one_key() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("hash.key");
            let hashes: std::collections::HashSet<String> = std::thread::scope(|scope| {
                let starts: Vec<_> = (0..8)
                    .map(|_| scope.spawn(|| read_or_make(&path).unwrap().unwrap().hash("s", "x")))
                    .collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert_eq!(hashes.len(), 1);
        }
    }
}
