//! Opens the journal and starts the threads.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread;

use super::awaited::Awaited;
use super::clock::Clock;
use super::commit::{Committer, Router};
use super::control::Controls;
use super::counters::Counters;
use super::dead_letter::DeadLetters;
use super::filters::Filters;
use super::intake::{Intake, Limits};
use super::progress::{LaneBoard, Progress};
use super::worker::Worker;
use super::{Pipeline, Shared};
use crate::background::thread::spawn;
use crate::destination::{Identity, Route};
use crate::event::WriterId;
use crate::journal::{self, Backlog, JournalConfig, JournalError, RecoveryReport};

/// What a pipeline is made of.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) journal: JournalConfig,
    pub(crate) routes: Vec<Route>,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Why a pipeline could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("can't start the thread {name}")]
    Thread {
        name: String,
        #[source]
        source: io::Error,
    },
}

impl Pipeline {
    /// Opens the journal and starts its thread and one for each destination. Whatever dead processes left for these
    /// destinations is delivered first.
    pub(crate) fn start(config: Config) -> Result<Self, StartError> {
        let Config { journal, routes, limits, clock } = config;
        let identities: Vec<Identity> = routes.iter().map(|route| route.destination.identity()).collect();
        let opened = journal::open(&journal, &identities)?;
        report(&opened.report);

        let lanes = identities.iter().zip(&opened.backlogs);
        let board = lanes.map(|(identity, backlog)| LaneBoard::new(identity.clone(), backlog.pending()));
        let shared = Arc::new(Shared {
            progress: Arc::new(Progress::new(board.collect())),
            awaited: Arc::new(Awaited::new()),
            fold: Arc::default(),
            counters: Arc::new(Counters::default()),
            controls: Arc::new(Controls::new(routes.iter().map(|route| Arc::clone(&route.destination)))),
            filters: Arc::new(Filters::new(routes.iter().map(|route| route.filter.clone()))),
            clock,
            durable: journal.dir.is_some(),
        });
        let router = Router::new(identities.iter().cloned(), Arc::clone(&shared.filters));
        let dead_letters: Vec<Arc<DeadLetters>> = identities
            .iter()
            .map(|identity| Arc::new(dead_letters(&journal, identity, opened.writer.id())))
            .collect();
        let intake = Arc::new(Intake::new(limits));
        // From here on a failure drops the pipeline, which ends the threads that already run.
        let pipeline = Self {
            intake: Arc::clone(&intake),
            shared: Arc::clone(&shared),
            dead_letters: dead_letters.clone(),
            recovery: opened.report,
        };
        // The journal's first: the workers end when it has.
        let committer = Committer::new(opened.writer, opened.previous, router, intake, &shared);
        start_thread("lodger-journal", move || committer.run())?;
        for (lane, (route, (backlog, letters))) in
            routes.into_iter().zip(opened.backlogs.into_iter().zip(dead_letters)).enumerate()
        {
            start_worker(lane, route, backlog, letters, &shared)?;
        }
        Ok(pipeline)
    }
}

#[cfg(feature = "journal")]
fn dead_letters(journal: &JournalConfig, identity: &Identity, writer: WriterId) -> DeadLetters {
    match &journal.dir {
        Some(dir) => DeadLetters::on_disk(dir, identity, writer),
        None => DeadLetters::in_memory(),
    }
}

#[cfg(not(feature = "journal"))]
fn dead_letters(_: &JournalConfig, _: &Identity, _: WriterId) -> DeadLetters {
    DeadLetters::in_memory()
}

/// Says what was found in the journal, where somebody should look at it.
fn report(report: &RecoveryReport) {
    for adopted in &report.adopted {
        tracing::info!(writer = %adopted.writer, pending = adopted.pending, "delivering what another process left");
    }
    for left in &report.left_alone {
        tracing::warn!(dir = %left.dir.display(), why = left.why, "a journal stays undelivered");
    }
    for damage in &report.damage {
        tracing::error!(?damage, "a journal was damaged; what is intact is delivered");
    }
}

fn start_worker(
    lane: usize,
    route: Route,
    backlog: Backlog,
    letters: Arc<DeadLetters>,
    shared: &Arc<Shared>,
) -> Result<(), StartError> {
    // The number first: Linux shows 15 bytes, and two destinations may be of one kind.
    let name = format!("lodger-{lane}-{}", route.destination.identity().kind);
    let shared = Arc::clone(shared);
    let (tell, started) = mpsc::channel();
    start_thread(&name, move || {
        let _end = WorkerEnd { lane, shared: Arc::clone(&shared) };
        // Dropped before the end is told, as is everything below.
        let route = route;
        // Made here, because a runtime must not be dropped inside another one, where our caller may be.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // For what a destination runs there: looking up a name, reading a file. They inherit our signal mask.
            .thread_name(format!("lodger-{lane}-pool"))
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return drop(tell.send(error)),
        };
        let _inside = runtime.enter();
        let worker = Worker::new(lane, &route, backlog, letters, shared).begun();
        drop(tell);
        runtime.block_on(worker.run());
        // A destination may have left something behind that never ends.
        runtime.shutdown_background();
    })?;
    match started.recv() {
        Ok(source) => Err(StartError::Thread { name, source }),
        Err(_no_complaint) => Ok(()),
    }
}

fn start_thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    match spawn(name, run) {
        Ok(_detached) => Ok(()),
        Err(source) => Err(StartError::Thread { name: name.to_owned(), source }),
    }
}

/// However a worker ends, also by a panic: nobody waits for it any longer.
struct WorkerEnd {
    lane: usize,
    shared: Arc<Shared>,
}

impl Drop for WorkerEnd {
    fn drop(&mut self) {
        self.shared.controls.let_go(self.lane);
        let all_ended = self.shared.progress.post(|board| {
            if let Some(lane) = board.lanes.get_mut(self.lane) {
                lane.ended = true;
                if thread::panicking() {
                    lane.last_error = Some("its worker panicked; start the process again".to_owned());
                }
            }
            board.lanes.iter().all(|lane| lane.ended)
        });
        if all_ended {
            self.shared.awaited.close();
        }
    }
}
