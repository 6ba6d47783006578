//! Where the key comes from under which sessions and secrets are hashed.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::BuildProblem;
use super::settings::Settings;

/// The name of the setting.
const SETTING: &str = "LODGER_HASH_KEY";

/// The key that the environment names.
pub(super) fn from_settings(settings: &Settings) -> Result<Option<[u8; 32]>, BuildProblem> {
    let Some(text) = settings.get(SETTING) else { return Ok(None) };
    match decode(text.trim()) {
        Some(key) => Ok(Some(key)),
        // The value stays out of the text: it is a secret, if a wrong one.
        None => Err(BuildProblem::Setting {
            name: SETTING.to_owned(),
            message: "must be 64 hexadecimal digits, as `openssl rand -hex 32` prints them".to_owned(),
        }),
    }
}

/// A key that nobody can guess. Three random UUIDs hold 366 random bits; hashing spreads them over 256.
pub(super) fn generate() -> [u8; 32] {
    let mut hash = Sha256::new();
    for _ in 0..3 {
        hash.update(Uuid::new_v4().as_bytes());
    }
    hash.finalize().into()
}

fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

/// The key in `<journal>/hash.key`, made at the first start, so that equal values hash equally after a restart.
#[cfg(feature = "journal")]
pub(super) fn kept_in(journal: &std::path::Path) -> Result<[u8; 32], BuildProblem> {
    let path = journal.join("hash.key");
    let wrong = |message: String| BuildProblem::Setting { name: path.display().to_string(), message };
    file::read_or_make(&path)
        .map_err(|error| wrong(format!("can't be read or made ({error}); or set {SETTING}")))?
        .ok_or_else(|| {
            wrong(format!(
                "is not a key of 64 hexadecimal digits that only its owner can read; set {SETTING}, or \
                delete the file to get a new key (equal values then hash differently than before)"
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

    /// `None` when there is a file that is no key or that others can read.
    pub(super) fn read_or_make(path: &Path) -> io::Result<Option<[u8; 32]>> {
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path)?;
                read(path)
            }
            read => read,
        }
    }

    fn read(path: &Path) -> io::Result<Option<[u8; 32]>> {
        let file =
            OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Ok(None);
        }
        let mut text = String::new();
        file.take(128).read_to_string(&mut text)?;
        Ok(super::decode(text.trim()))
    }

    /// Several processes may start at once: the first to link its file wins, and nobody sees half a key.
    fn make(path: &Path) -> io::Result<()> {
        let text: String = super::generate().iter().map(|byte| format!("{byte:02x}")).collect();
        let draft = path.with_extension(format!("key-{}", uuid::Uuid::new_v4()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        File::open(path.parent().unwrap_or(path))?.sync_all()
    }
}
