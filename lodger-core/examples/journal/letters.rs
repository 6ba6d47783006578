//! `list`, `export`, `purge`, `detach`: dead letters without a client.

use std::env;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use lodger_core::client::{DeadLetterDamage, DeadLetterDirectory, DeadLetterQuery, detach_left_behind};
use lodger_core::event::EventId;
use lodger_core::journal::inspect;

use super::{Failure, dead_letters, named, plain};

pub(super) fn list(dir: &Path, destination: Option<&str>) -> Result<ExitCode, Failure> {
    let letters = dead_letters(dir)?;
    let list = letters.list(&of(DeadLetterQuery::all(), destination, &letters)?)?;
    let damage = list.damage().to_vec();
    let mut out = BufWriter::new(io::stdout().lock());
    for letter in list {
        writeln!(out, "{}", letter?)?;
    }
    out.flush()?;
    Ok(unless_damaged(&damage))
}

pub(super) fn export(dir: &Path, destination: Option<&str>) -> Result<ExitCode, Failure> {
    let letters = dead_letters(dir)?;
    let list = letters.list(&of(DeadLetterQuery::all(), destination, &letters)?)?;
    let damage = list.damage().to_vec();
    list.export(&mut BufWriter::new(io::stdout().lock()))?;
    Ok(unless_damaged(&damage))
}

pub(super) fn purge(
    dir: &Path,
    ids: Vec<EventId>,
    older_than: Option<u32>,
    destination: Option<&str>,
    yes: bool,
) -> Result<ExitCode, Failure> {
    let letters = dead_letters(dir)?;
    let mut query = if ids.is_empty() { DeadLetterQuery::all() } else { DeadLetterQuery::ids(ids) };
    if let Some(days) = older_than {
        let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        query = query.before(SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH).into());
    }
    let query = of(query, destination, &letters)?;
    if !yes {
        let number = letters.list(&query)?.len();
        writeln!(
            io::stdout(),
            "{number} dead letters would be purged, and their events lost; say --yes to do it"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    writeln!(io::stdout(), "purged {}", letters.purge(&query)?)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn detach(dir: &Path, destination: &str) -> Result<ExitCode, Failure> {
    let writers = inspect(dir)?.writers;
    let backlogs =
        || writers.iter().flat_map(|writer| writer.destinations.iter().map(move |one| (writer, one)));
    let mut known = Vec::new();
    for (_, one) in backlogs() {
        if !known.contains(&one.destination) {
            known.push(one.destination.clone());
        }
    }
    let destination = named(destination, known)?;
    // As for the service itself, so that what it may open can be detached.
    let allow_network = env::var_os("LODGER_JOURNAL_ALLOW_NETWORK_FS").is_some_and(|value| value == "1");
    let done = detach_left_behind(dir, &destination, allow_network)?;
    let mut out = io::stdout();
    writeln!(out, "{} events are dead letters now", done.dead_letters)?;
    if done.unreadable > 0 {
        writeln!(out, "{} could not be read any more; their segments are in damaged/", done.unreadable)?;
    }
    let mut theirs = backlogs().filter(|(writer, one)| writer.live && one.destination == destination);
    if theirs.next().is_some() {
        writeln!(
            out,
            "a live process delivers to {}, too; its own events stay with it",
            plain(&destination.to_string())
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Narrows to a destination, where one is named.
fn of(
    query: DeadLetterQuery,
    destination: Option<&str>,
    letters: &DeadLetterDirectory,
) -> Result<DeadLetterQuery, Failure> {
    Ok(match destination {
        Some(text) => query.destination(named(text, letters.destinations().cloned().collect())?),
        None => query,
    })
}

/// Says what is missing from a list, also to a script.
fn unless_damaged(damage: &[DeadLetterDamage]) -> ExitCode {
    for damage in damage {
        let file = plain(&damage.file.display().to_string());
        // Without stderr the exit code still tells.
        let _ = writeln!(
            io::stderr(),
            "{} bytes at byte {} of {file} can't be read; they are kept",
            damage.bytes,
            damage.offset
        );
    }
    if damage.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
