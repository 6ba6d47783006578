//! Waiting for the pipeline: `flush`, `shutdown`, and the end of the last handle.
//!
//! The waits run on short-lived threads of their own, so they need no runtime, don't block one, and go on when the
//! future that asked for them is dropped.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Pipeline;
use super::progress::{Board, LaneBoard, Stop};
use crate::background::thread::spawn;
#[cfg(feature = "testing")]
use crate::destination::Identity;

/// A worker whose time is over needs a moment to leave the journal in order.
const GRACE: Duration = Duration::from_millis(500);

/// Off a runtime, dropping the last handle waits this long for the commit (`docs/guarantees.md`).
const COMMIT_ON_DROP: Duration = Duration::from_secs(2);

/// Not everything was delivered in time. Nothing is lost: what remains is still on its way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{remaining} deliveries were still to do when the time was up")]
#[non_exhaustive]
pub struct FlushError {
    /// How many deliveries were still to do, summed over the destinations; what came after the call included. 0 in a forked
    /// child, where nothing is delivered.
    pub remaining: u64,
}

impl Pipeline {
    /// Waits until everything accepted so far is delivered, or a dead letter; also what was folded.
    pub(crate) async fn flush(&self, within: Duration) -> Result<(), FlushError> {
        if !self.owner().is_here() {
            return Err(FlushError { remaining: 0 });
        }
        let deadline = after(within);
        let accepted = self.intake.accepted();
        let asked = self.shared.fold.ask();
        self.intake.nudge();
        let progress = Arc::clone(&self.shared.progress);
        let flushed = on_thread("lodger-flush", move || {
            // Nothing that comes later is waited for, or a busy service would never be done.
            let is_in_journal =
                |board: &Board| board.through_journal >= accepted && board.folds_told >= asked;
            progress.wait(deadline, |board| is_in_journal(board) || board.journal_ended) && {
                let targets: Vec<u64> =
                    progress.read(|board| board.lanes.iter().map(|lane| lane.routed).collect());
                progress.wait(deadline, |board| all_done(board, &targets) || all_ended(board))
                    && progress.read(|board| all_done(board, &targets))
            }
        });
        match flushed.await {
            Some(true) => Ok(()),
            Some(false) | None => {
                let folded = self.shared.fold.len() as u64;
                Err(FlushError { remaining: self.read(remaining) + self.in_intake().0 + folded })
            }
        }
    }

    /// Blocks until one destination has everything accepted so far, or has it as a dead letter, or the time is over;
    /// answers whether it has. The others are not waited for.
    #[cfg(feature = "testing")]
    pub(crate) fn wait_for_destination(&self, destination: &Identity, within: Duration) -> bool {
        let deadline = after(within);
        let accepted = self.intake.accepted();
        let progress = &self.shared.progress;
        let lane = |board: &Board| board.lanes.iter().position(|lane| lane.identity == *destination);
        let Some(lane) = progress.read(lane) else { return false };
        if !progress.wait(deadline, |board| board.through_journal >= accepted || board.journal_ended) {
            return false;
        }
        let target = progress.read(|board| board.lanes.get(lane).map_or(0, |lane| lane.routed));
        let has_it = |board: &Board| board.lanes.get(lane).is_some_and(|lane| lane.done_before > target);
        let ended = |board: &Board| board.lanes.get(lane).is_none_or(|lane| lane.ended);
        progress.wait(deadline, |board| has_it(board) || ended(board)) && progress.read(has_it)
    }

    /// Waits for what is still running, then refuses new events, commits what was accepted, and delivers; all until
    /// the deadline. `closing` is called right before events are refused. Answers whether everything accepted is
    /// committed.
    pub(crate) async fn shutdown(&self, within: Duration, closing: impl FnOnce() + Send + 'static) -> bool {
        if !self.owner().is_here() {
            return false;
        }
        let deadline = after(within);
        let stop = Stop { deadline: deadline.into() };
        let (intake, progress) = (Arc::clone(&self.intake), Arc::clone(&self.shared.progress));
        let ended = on_thread("lodger-shutdown", move || {
            progress.wait_for_open(deadline);
            closing();
            intake.close();
            progress.stop(stop);
            progress.wait(deadline + GRACE, |board| board.journal_ended && all_ended(board))
        });
        if ended.await.is_none() {
            self.intake.close();
            self.shared.progress.stop(stop);
        }
        self.read(|board| board.journal_ended)
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if !self.owner().is_here() {
            // A forked child: the threads are the parent's, and so is the journal.
            return;
        }
        self.intake.close();
        // No network: the workers put down what they hold. The journal thread commits by itself.
        self.shared.progress.stop(Stop { deadline: tokio::time::Instant::now() });
        let on_a_runtime = tokio::runtime::Handle::try_current().is_ok();
        if !on_a_runtime && !thread::panicking() {
            // The process may be about to end, and our threads with it.
            self.shared.progress.wait(after(COMMIT_ON_DROP), |board| board.journal_ended);
        }
    }
}

/// Runs `wait` on a thread of its own. `None` when that could not be started.
async fn on_thread<T: Send + 'static>(name: &str, wait: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = oneshot::channel();
    // That nobody listens any more is no reason to stop waiting.
    if let Err(error) = spawn(name, move || drop(tell.send(wait()))) {
        tracing::error!(%error, name, "can't start a thread");
        return None;
    }
    told.await.ok()
}

/// A time in the future; a century when the caller means "for ever".
fn after(duration: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Instant::now() + duration.min(CENTURY)
}

fn all_done(board: &Board, targets: &[u64]) -> bool {
    board.lanes.iter().zip(targets).all(|(lane, target)| lane.done_before > *target)
}

fn all_ended(board: &Board) -> bool {
    board.lanes.iter().all(|lane| lane.ended)
}

fn remaining(board: &Board) -> u64 {
    board.lanes.iter().map(LaneBoard::remaining).sum()
}
