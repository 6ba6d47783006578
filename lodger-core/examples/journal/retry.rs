//! `retry`: sends dead letters again.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lodger_core::Lodger;
use lodger_core::client::DeadLetterQuery;
use lodger_core::destination::Identity;
use lodger_core::event::{EventId, Timestamp};

use super::{Failure, dead_letters, plain};

/// How many are under way at once: so few that a client takes them up in one go, however large their events are (8 MiB).
const AT_ONCE: usize = 100;

/// How often it is looked whether they have arrived.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One letter: its event, its destination, and when it was given up.
type Asked = HashMap<(EventId, Identity), Timestamp>;

pub(super) async fn retry(dir: &Path, ids: Vec<EventId>, within: Duration) -> Result<ExitCode, Failure> {
    let asked = if ids.is_empty() { DeadLetterQuery::all() } else { DeadLetterQuery::ids(ids.clone()) };
    let letters = dead_letters(dir)?.list(&asked)?;
    let letters: Vec<(EventId, Identity, Timestamp)> = letters
        .map(|letter| letter.map(|letter| (letter.id, letter.destination, letter.at)))
        .collect::<io::Result<_>>()?;
    let mut out = io::stdout();
    let missing: Vec<String> = ids
        .iter()
        .filter(|id| !letters.iter().any(|(known, ..)| known == *id))
        .map(EventId::to_string)
        .collect();
    if !missing.is_empty() {
        return Err(
            format!("no dead letters: {}; `list` shows those that there are", missing.join(" ")).into()
        );
    }
    if letters.is_empty() {
        writeln!(out, "there are no dead letters")?;
        return Ok(ExitCode::SUCCESS);
    }

    let lodger = Lodger::builder().destination_from_env().journal_dir(dir).build()?;
    let ours: Vec<Identity> = lodger.stats().destinations.into_iter().map(|one| one.destination).collect();
    let (mine, others): (Vec<_>, Vec<_>) =
        letters.into_iter().partition(|(_, destination, _)| ours.contains(destination));
    let deadline = Instant::now() + within;
    let (mut delivered, mut refused, mut unanswered) = (0, 0, 0);
    for chunk in mine.chunks(AT_ONCE) {
        let asked: Asked = chunk.iter().map(|(id, to, at)| ((*id, to.clone()), *at)).collect();
        lodger.retry_dead_letters(&DeadLetterQuery::ids(chunk.iter().map(|(id, ..)| *id)))?;
        let left = wait(&lodger, &asked, deadline).await?;
        delivered += asked.len() - left.again - left.waiting;
        refused += left.again;
        unanswered += left.waiting;
        if left.waiting > 0 {
            break;
        }
    }
    let complaints: Vec<(Identity, String)> = lodger
        .stats()
        .destinations
        .into_iter()
        .filter_map(|one| Some((one.destination, one.last_error?)))
        .collect();
    // What was not answered in time stays a dead letter.
    lodger.shutdown(deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1))).await;

    let unsent = mine.len() - delivered - refused - unanswered;
    writeln!(
        out,
        "delivered {delivered}, refused again {refused}, not answered in time {}",
        unanswered + unsent
    )?;
    for (destination, error) in complaints {
        writeln!(out, "{} says: {}", plain(&destination.to_string()), plain(&error))?;
    }
    let mut foreign: HashMap<&Identity, u64> = HashMap::new();
    others.iter().for_each(|(_, destination, _)| *foreign.entry(destination).or_default() += 1);
    for (destination, number) in foreign {
        let destination = plain(&destination.to_string());
        writeln!(out, "{number} are for {destination}, which LODGER_DESTINATION doesn't name")?;
    }
    let all = delivered == mine.len() && others.is_empty();
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is left of some letters.
struct Left {
    /// Refused once more.
    again: usize,
    /// Not answered yet.
    waiting: usize,
}

/// Waits until each of these letters is gone or was refused again, or the time is up.
async fn wait(lodger: &Lodger, asked: &Asked, deadline: Instant) -> io::Result<Left> {
    loop {
        let mut left = Left { again: 0, waiting: 0 };
        for letter in lodger.list_dead_letters(&DeadLetterQuery::ids(asked.keys().map(|(id, _)| *id)))? {
            let letter = letter?;
            match asked.get(&(letter.id, letter.destination)) {
                Some(at) if *at == letter.at => left.waiting += 1,
                Some(_) => left.again += 1,
                None => {}
            }
        }
        if left.waiting == 0 || Instant::now() >= deadline {
            return Ok(left);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
