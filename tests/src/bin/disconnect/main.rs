//! Clients that leave at any moment, and handlers that panic: every change that was made has one event, which says
//! success or unknown, and no other event was made up.
//!
//! `cargo run --release -p lodger-tests --bin disconnect -- --requests 1000 --panics 1000` plays it against axum over
//! HTTP/1 and HTTP/2 and actix with both of its settings for half-closed connections and over HTTP/2, and prints one
//! line of JSON for each. It fails if a line tells of anything missing, doubled, invented or contradicting.
//!
//! Changes are counted by the handler itself. Another thread syncs files all the time, so that syncing the journal
//! takes long enough for clients to leave meanwhile.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of our own: it says what it found, and stops where it can't go on"
)]

mod clients;
mod ledger;
mod servers;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::MemoryDestination;

use ledger::{Ledger, Report};
use servers::Server;

/// Bounds the wait for what must come to an end; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let requests = argument("--requests").unwrap_or(1_000);
    let panics = argument("--panics").unwrap_or(1_000);
    // Thousands of them are what this is about.
    std::panic::set_hook(Box::new(|panic| {
        if !panic.to_string().contains(servers::AS_WANTED) {
            eprintln!("{panic}");
        }
    }));
    let mut sound = true;
    for server in Server::ALL {
        let report = play(server, requests, panics);
        println!("{}", serde_json::to_string(&report).unwrap());
        sound &= report.is_sound();
    }
    std::process::exit(i32::from(!sound));
}

fn argument(name: &str) -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).map(|number| number.parse().expect("a number"))
}

fn play(server: Server, requests: usize, panics: usize) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let memory = MemoryDestination::new();
    let lodger = Lodger::builder()
        .destination(memory.clone())
        .journal_dir(directory.path().join("journal"))
        .build()
        .unwrap();
    let ledger = Arc::new(Ledger::default());
    let serving = server.start(&lodger, &ledger);
    let busy = Busy::with_the_disk_of(directory.path());
    let heard = clients::leave_at_any_moment(server, serving.address(), requests);
    clients::make_it_panic(server, serving.address(), panics);
    // It goes on.
    clients::ask_and_hear(server, serving.address(), "orders/last");
    drop(busy);
    serving.stop();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let end = runtime.block_on(lodger.shutdown(PATIENCE));
    assert!(end.is_clean(), "{end:?}");
    ledger.report(server.name(), &heard, panics, &memory.events())
}

/// Syncs files until it is dropped.
struct Busy {
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Busy {
    fn with_the_disk_of(directory: &Path) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (until, path) = (Arc::clone(&over), directory.join("busy"));
        let thread = std::thread::spawn(move || {
            let block = vec![7; 512 * 1024];
            while !until.load(Ordering::Relaxed) {
                let mut file = std::fs::File::create(&path).unwrap();
                file.write_all(&block).unwrap();
                file.sync_all().unwrap();
            }
        });
        Self { over, thread: Some(thread) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
