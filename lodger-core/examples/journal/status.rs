//! `status`: the journal at a glance.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use lodger_core::client::{DeadLetterDamage, DeadLetterQuery};
use lodger_core::destination::Identity;
use lodger_core::event::Timestamp;
use lodger_core::journal::{InspectedWriter, Inspection, inspect};
use serde::Serialize;

use super::{Failure, dead_letters, plain};

/// Everything that `--json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(flatten)]
    journal: Inspection,
    dead_letters: Vec<Dead>,
}

/// The dead letters of one destination.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dead {
    destination: Identity,
    letters: u64,
    oldest: Option<Timestamp>,
    damage: Vec<DeadLetterDamage>,
}

pub(super) fn status(dir: &Path, json: bool) -> Result<ExitCode, Failure> {
    let status = Status { journal: inspect(dir)?, dead_letters: dead(dir)? };
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&status)?)?;
    } else {
        write(&mut out, &status)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn dead(dir: &Path) -> Result<Vec<Dead>, Failure> {
    let directory = dead_letters(dir)?;
    let mut all = Vec::new();
    for destination in directory.destinations() {
        let mut list = directory.list(&DeadLetterQuery::all().destination(destination.clone()))?;
        let (letters, damage) = (list.len() as u64, list.damage().to_vec());
        let oldest = list.next().transpose()?.map(|letter| letter.at);
        if letters == 0 && damage.is_empty() {
            continue;
        }
        all.push(Dead { destination: destination.clone(), letters, oldest, damage });
    }
    Ok(all)
}

fn write(out: &mut impl Write, status: &Status) -> io::Result<()> {
    let Status { journal, dead_letters } = status;
    let bytes: u64 = journal.writers.iter().map(|writer| writer.bytes).sum();
    writeln!(out, "{}: {} in segments", plain(&journal.dir.display().to_string()), size(bytes))?;
    if journal.writers.is_empty() {
        writeln!(out, "\nno process writes it, and none left anything behind")?;
    }
    for writer in &journal.writers {
        write_writer(out, writer)?;
    }
    if !journal.damaged.is_empty() {
        writeln!(out, "\ndamaged segments, kept for inspection; what was intact in them was delivered")?;
        for kept in &journal.damaged {
            writeln!(out, "  {}  {}", size(kept.bytes), plain(&kept.file.display().to_string()))?;
        }
    }
    writeln!(out, "\ndead letters")?;
    if dead_letters.is_empty() {
        writeln!(out, "  none")?;
    }
    for dead in dead_letters {
        write!(out, "  {}  {}", dead.letters, plain(&dead.destination.to_string()))?;
        match dead.oldest {
            Some(oldest) => writeln!(out, "  since {oldest}")?,
            None => writeln!(out)?,
        }
        for damage in &dead.damage {
            let why = if damage.newer { "written by a newer version" } else { "unreadable" };
            let file = plain(&damage.file.display().to_string());
            writeln!(out, "    {why}: {} bytes at byte {} of {file}", damage.bytes, damage.offset)?;
        }
    }
    Ok(())
}

fn write_writer(out: &mut impl Write, writer: &InspectedWriter) -> io::Result<()> {
    let state = if writer.live { "live" } else { "left behind" };
    write!(out, "\nwriter {}  {state}", writer.writer)?;
    if let Some(pid) = writer.pid {
        write!(out, "  pid {pid}")?;
    }
    writeln!(out, "  {} records  {}", writer.records, size(writer.bytes))?;
    for backlog in &writer.destinations {
        let waits = match (writer.live, backlog.pending) {
            (false, 1..) => "  waits for a process with this destination to start",
            _ => "",
        };
        let destination = plain(&backlog.destination.to_string());
        writeln!(out, "  {} pending  {destination}{waits}", backlog.pending)?;
    }
    for damage in &writer.damage {
        writeln!(out, "  damage: {}", plain(damage))?;
    }
    if let Some(why) = &writer.left_alone {
        writeln!(out, "  left alone: {}", plain(why))?;
    }
    Ok(())
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
