//! What a recording process does: it opens a client, records from several tasks, and says after each event what became
//! of it.
//!
//! | line | meaning |
//! | --- | --- |
//! | `ready <pid>` | the client is open |
//! | `failed <text>` | it could not be opened; the process ends with 2 |
//! | `ok <id>` | the event was acknowledged: it is on disk |
//! | `refused <id> <text>` | nothing of it was recorded |
//! | `unsure <id> <text>` | it may arrive |
//! | `offered` | all events that were asked for have been offered |
//! | `stats <json>`, `report <json>` | the answers to `stats` and `stop` |
//!
//! It takes words on standard input: `go` begins (with `--wait`), `deliver` opens the gate of a stalled destination,
//! `stats`, `stop` shuts down. When standard input ends, so does the process, as if it was killed.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use lodger_core::Lodger;
use lodger_core::destination::{Destination, registry};
use lodger_core::event::{Actor, Event, Target};
use tokio::sync::{mpsc, watch};

use super::Recording;
use super::recording::Gated;

/// A process that records events and says what became of each.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Options {
    /// The journal's directory.
    #[arg(long)]
    journal: PathBuf,
    /// Where events go: `recording:<file>`, or as in LODGER_DESTINATION.
    #[arg(long)]
    destination: String,
    /// Delivers nothing until it is told to.
    #[arg(long)]
    stalled: bool,
    /// Records nothing until it is told to.
    #[arg(long)]
    wait: bool,
    /// How many tasks record at the same time, on as many threads.
    #[arg(long, default_value_t = 4)]
    tasks: u64,
    /// How many events are offered; without it, they never end.
    #[arg(long)]
    events: Option<u64>,
    /// How many bytes each event's metadata has.
    #[arg(long, default_value_t = 200)]
    bytes: usize,
    /// The journal's limit in bytes.
    #[arg(long)]
    max_journal_bytes: Option<u64>,
}

/// Runs with these arguments.
///
/// # Panics
///
/// When the destination can't be opened, or standard output is closed.
pub fn main(arguments: impl Iterator<Item = String>) {
    let options = Options::parse_from(arguments);
    let (gate, open) = watch::channel(!options.stalled);
    let inner: Box<dyn Destination> = match options.destination.strip_prefix("recording:") {
        Some(path) => Box::new(Recording::at(path.as_ref())),
        None => registry::open(&options.destination, &|name| std::env::var(name).ok())
            .unwrap_or_else(|error| fail(&error)),
    };
    let mut builder = Lodger::builder()
        .destination(Gated::behind(inner, open))
        .journal_dir(&options.journal)
        .service("recorder");
    if let Some(bytes) = options.max_journal_bytes {
        builder = builder.max_journal_bytes(bytes);
    }
    let lodger = match builder.build() {
        Ok(lodger) => lodger,
        Err(error) => fail(&error),
    };
    say(&format!("ready {}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (tell, words) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lines().map_while(Result::ok);
        lines.for_each(|line| tell.send(line).unwrap());
    });
    runtime.block_on(obey(lodger, gate, words, Arc::new(options)));
}

/// Does what standard input says.
async fn obey(
    lodger: Lodger,
    gate: watch::Sender<bool>,
    mut words: mpsc::UnboundedReceiver<String>,
    options: Arc<Options>,
) {
    let begun = AtomicBool::new(false);
    let stopping = Arc::new(AtomicBool::new(false));
    let begin = || {
        if !begun.swap(true, Ordering::SeqCst) {
            tokio::spawn(record_all(lodger.clone(), Arc::clone(&options), Arc::clone(&stopping)));
        }
    };
    if !options.wait {
        begin();
    }
    while let Some(word) = words.recv().await {
        match word.as_str() {
            "go" => begin(),
            "deliver" => _ = gate.send(true),
            "stats" => say(&format!("stats {}", serde_json::to_string(&lodger.stats()).unwrap())),
            "stop" => {
                stopping.store(true, Ordering::SeqCst);
                let report = lodger.shutdown(Duration::from_secs(20)).await;
                say(&format!("report {}", serde_json::to_string(&report).unwrap()));
                std::process::exit(0);
            }
            other => panic!("{other} is no word that a recorder knows"),
        }
    }
    std::process::exit(3);
}

async fn record_all(lodger: Lodger, options: Arc<Options>, stopping: Arc<AtomicBool>) {
    let next = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..options.tasks)
        .map(|_| {
            tokio::spawn(record(
                lodger.clone(),
                Arc::clone(&options),
                Arc::clone(&next),
                Arc::clone(&stopping),
            ))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    say("offered");
}

async fn record(lodger: Lodger, options: Arc<Options>, next: Arc<AtomicU64>, stopping: Arc<AtomicBool>) {
    let filler = "x".repeat(options.bytes);
    while !stopping.load(Ordering::SeqCst) {
        let number = next.fetch_add(1, Ordering::SeqCst);
        if options.events.is_some_and(|events| number >= events) {
            break;
        }
        let event = Event::builder("disk.test")
            .actor(Actor::service("recorder"))
            .target(Target::new("number", number.to_string()))
            .metadata("filler", &filler)
            .build()
            .unwrap();
        let id = event.id;
        match lodger.record(event).await {
            Ok(id) => say(&format!("ok {id}")),
            Err(error) => {
                let text = format!("{error}{}", causes(&error));
                let word = if error.into_event().is_some() { "refused" } else { "unsure" };
                say(&format!("{word} {id} {text}"));
                // Nobody who is refused asks again at once.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

fn fail(error: &dyn std::error::Error) -> ! {
    say(&format!("failed {error}{}", causes(error)));
    std::process::exit(2);
}

/// What lies below an error, each behind a colon.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.map(|cause| format!(": {cause}")).collect()
}

fn say(line: &str) {
    // One write, so that what was said is said whole.
    std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
}
