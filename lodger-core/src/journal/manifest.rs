//! `journal.json`: whose records a directory holds, and for whom.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{directory, record};
use crate::destination::Identity;
use crate::event::{Position, WriterId};

/// What `journal.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    /// The format of the whole directory.
    pub(super) format: u32,
    pub(super) writer: WriterId,
    /// The process, for people who look; ids repeat in containers, so nothing is decided by it.
    pub(super) pid: u32,
    /// The last place of the writer before this one.
    pub(super) previous: Option<Position>,
    /// The destinations, whose places here number the settle files.
    pub(super) destinations: Vec<Identity>,
}

/// What every format's `journal.json` says.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Manifest {
    pub(super) fn new(writer: WriterId, previous: Option<Position>, destinations: &[Identity]) -> Self {
        Self {
            format: record::FORMAT,
            writer,
            pid: std::process::id(),
            previous,
            destinations: destinations.to_vec(),
        }
    }

    /// Which of an opening's destinations these are: those of equal identity, each once.
    pub(super) fn places(&self, destinations: &[Identity]) -> Vec<Option<usize>> {
        let mut places = vec![None; self.destinations.len()];
        for (place, identity) in destinations.iter().enumerate() {
            let mut slots = self.destinations.iter().zip(&mut places);
            if let Some((_, free)) = slots.find(|(there, place)| *there == identity && place.is_none()) {
                *free = Some(place);
            }
        }
        places
    }

    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        directory::write_file(&path(dir), &text).map(drop)
    }

    /// Reads the manifest of this writer's directory, or says why it can't be used.
    pub(super) fn read(dir: &Path, writer: WriterId) -> Result<Self, String> {
        Self::decode(&directory::read(&path(dir)).map_err(|error| unreadable(&error))?, writer)
    }

    /// Reads the manifest of this writer, or says why it can't be used.
    pub(super) fn decode(text: &[u8], writer: WriterId) -> Result<Self, String> {
        let Format { format } = serde_json::from_slice(text).map_err(|error| unreadable(&error))?;
        if format != record::FORMAT {
            return Err(newer(format));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(|error| unreadable(&error))?;
        if manifest.writer != writer {
            return Err(unreadable(&"it names another writer than the directory"));
        }
        Ok(manifest)
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> String {
    format!("its journal.json can't be read ({error}); restore that file to have its records delivered")
}

/// What to say about a format that this version doesn't know.
pub(super) fn newer(format: u32) -> String {
    format!(
        "it is written in journal format {format} and this version reads format {}; start a version that knows it",
        record::FORMAT
    )
}

fn path(dir: &Path) -> PathBuf {
    dir.join("journal.json")
}
