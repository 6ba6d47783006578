//! What an operator does with a journal and its dead letters.
//!
//! ```text
//! cargo run -p lodger-core --example journal -- status ./lodger-data/journal
//! ```
//!
//! `status`, `list` and `export` only read, also beside a running service. `docs/operations.md` says when to use which.

mod letters;
mod retry;
mod status;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use lodger_core::client::DeadLetterDirectory;
use lodger_core::destination::Identity;
use lodger_core::event::EventId;
use lodger_core::journal::inspect;

/// What anything here can fail with: a person reads it.
type Failure = Box<dyn Error>;

/// Looks after a Lodger journal and its dead letters.
#[derive(Parser)]
#[command(name = "journal", version)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Who writes the journal, what waits for whom, what is damaged, what is left behind.
    Status {
        #[command(flatten)]
        journal: Journal,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// The dead letters, one line each: id, time, destination, status, reason, action, target.
    List {
        #[command(flatten)]
        journal: Journal,
        /// Only those of this destination, as `status` names it.
        #[arg(long)]
        destination: Option<String>,
    },
    /// The dead letters as JSON lines on stdout, events included.
    Export {
        #[command(flatten)]
        journal: Journal,
        /// Only those of this destination, as `status` names it.
        #[arg(long)]
        destination: Option<String>,
    },
    /// Sends dead letters again, to the destinations that LODGER_DESTINATION names. Delivers on the way what dead processes
    /// left behind for them.
    Retry {
        #[command(flatten)]
        journal: Journal,
        #[command(flatten)]
        which: Which,
        /// How long to wait for the answers, in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 30)]
        within: u64,
    },
    /// Removes dead letters for good. Export them first.
    Purge {
        #[command(flatten)]
        journal: Journal,
        #[command(flatten)]
        which: WhichToPurge,
        /// Only those of this destination, as `status` names it.
        #[arg(long)]
        destination: Option<String>,
        /// Does it; without this it only says how many they are.
        #[arg(long)]
        yes: bool,
    },
    /// Makes dead letters of what was left behind for a destination that is no longer configured.
    Detach {
        #[command(flatten)]
        journal: Journal,
        /// The destination, as `status` names it.
        destination: String,
    },
}

#[derive(Args)]
struct Journal {
    /// The directory of the journal: what LODGER_JOURNAL_DIR names.
    dir: PathBuf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The events' ids, as `list` shows them.
    #[arg(value_name = "ID")]
    ids: Vec<EventId>,
    /// All of them.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct WhichToPurge {
    /// The events' ids, as `list` shows them.
    #[arg(value_name = "ID")]
    ids: Vec<EventId>,
    /// All of them.
    #[arg(long)]
    all: bool,
    /// Those that were given up more than so many days ago.
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u32>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Command::parse().action {
        Action::Status { journal, json } => status::status(&journal.dir, json),
        Action::List { journal, destination } => letters::list(&journal.dir, destination.as_deref()),
        Action::Export { journal, destination } => letters::export(&journal.dir, destination.as_deref()),
        Action::Retry { journal, which, within } => {
            retry::retry(&journal.dir, which.ids, Duration::from_secs(within)).await
        }
        Action::Purge { journal, which, destination, yes } => {
            let WhichToPurge { ids, older_than, .. } = which;
            letters::purge(&journal.dir, ids, older_than, destination.as_deref(), yes)
        }
        Action::Detach { journal, destination } => letters::detach(&journal.dir, &destination),
    };
    done.unwrap_or_else(|error| {
        // Whoever reads us through `head` has seen enough.
        let closed =
            error.downcast_ref::<io::Error>().map(io::Error::kind) == Some(io::ErrorKind::BrokenPipe);
        if closed { ExitCode::SUCCESS } else { complain(&*error) }
    })
}

/// The error with its causes, in one line.
fn complain(error: &(dyn Error + 'static)) -> ExitCode {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    // Without stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{}", plain(&text));
    ExitCode::FAILURE
}

/// Keeps what stands in a file from moving the cursor or forging a line.
fn plain(text: &str) -> String {
    let safe = |c: char| c == '"' || c == '\'' || c == '\\';
    text.chars().map(|c| if safe(c) { c.to_string() } else { c.escape_debug().to_string() }).collect()
}

/// The dead letters in a directory that is a journal.
fn dead_letters(dir: &Path) -> Result<DeadLetterDirectory, Failure> {
    inspect(dir)?;
    DeadLetterDirectory::open(dir).map_err(|error| format!("can't read the dead letters: {error}").into())
}

/// The destination that somebody named as `status` does, or by its kind where only one has it.
fn named(text: &str, known: Vec<Identity>) -> Result<Identity, Failure> {
    let same: Vec<&Identity> = known.iter().filter(|one| one.to_string() == text).collect();
    let alike: Vec<&Identity> = known.iter().filter(|one| one.kind == text).collect();
    match (same.as_slice(), alike.as_slice()) {
        ([one, ..], _) | ([], [one]) => Ok((*one).clone()),
        _ if known.is_empty() => Err("there is nothing in the journal for any destination".into()),
        _ => {
            let known: Vec<String> = known.iter().map(Identity::to_string).collect();
            Err(format!("no destination is named {text:?}; there are: {}", known.join(", ")).into())
        }
    }
}
