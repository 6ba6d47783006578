//! The board on which every thread posts how far it is.

use std::time::Instant;

use tokio::sync::Notify;

use super::sync::{Arc, AtomicBool, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError};
use crate::destination::Identity;
use crate::event::Timestamp;
use crate::journal::Share;

/// How far journal thread and workers are. One lock, so that a reader sees one moment of all of them.
#[derive(Debug)]
pub(crate) struct Progress {
    board: Mutex<Board>,
    changed: Condvar,
    /// One bell a lane: rung when there is something for its worker.
    bells: Vec<Arc<Notify>>,
    /// How much is still running that may offer events: requests, jobs, spawned work.
    open: AtomicUsize,
    /// Somebody waits for `open` to become zero. Until then its changes wake nobody, so that they cost no lock.
    closing: AtomicBool,
}

/// The board itself.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Events that the journal thread is done with: committed or refused, in the order of the intake.
    pub(crate) through_journal: u64,
    /// Bytes that the journal took up after the last commit.
    pub(crate) journal_bytes: u64,
    /// So many of those who asked for it can be sure that what was folded before is committed.
    pub(crate) folds_told: u64,
    /// The journal thread has ended; nothing comes after what is committed.
    pub(crate) journal_ended: bool,
    /// One a destination.
    pub(crate) lanes: Vec<LaneBoard>,
    /// When to stop, once somebody asked for it.
    pub(crate) stop: Option<Stop>,
    /// Somebody waits for a change. Without them a change costs no system call.
    watched: bool,
}

/// How the workers should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    /// Deliver until then. In the past: no more network at all.
    pub(crate) deadline: tokio::time::Instant,
}

/// How far one destination is.
#[derive(Debug, Clone)]
pub(crate) struct LaneBoard {
    pub(crate) identity: Identity,
    /// Events that this destination is to get: the backlog at the start, and everything committed since.
    pub(crate) routed: u64,
    /// Dead letters that are to be sent again, or were: each counts once more as delivered or dead.
    pub(crate) retried: u64,
    pub(crate) in_flight: u64,
    pub(crate) delivered: u64,
    pub(crate) dead: u64,
    /// Records that the journal could not read any more.
    pub(crate) unreadable: u64,
    /// How often it may have got an event once more.
    pub(crate) possible_duplicates: u64,
    /// Events that are not recorded for it, because its share of the journal was used up.
    pub(crate) refused: u64,
    /// Bytes of the journal that its backlog takes up, and that it may take up.
    pub(crate) backlog: Share,
    /// Of the events in the order of the journal, all before this one (from 1) are done.
    pub(crate) done_before: u64,
    /// When the oldest event happened that is not done. While the worker has not seen the first of several, when one
    /// before it did.
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) state: DeliveryState,
    pub(crate) last_error: Option<String>,
    pub(crate) ended: bool,
}

impl LaneBoard {
    pub(crate) fn new(identity: Identity, backlog: u64) -> Self {
        Self {
            identity,
            routed: backlog,
            retried: 0,
            in_flight: 0,
            delivered: 0,
            dead: 0,
            unreadable: 0,
            possible_duplicates: 0,
            refused: 0,
            backlog: Share::default(),
            done_before: 1,
            oldest: None,
            state: DeliveryState::Running,
            last_error: None,
            ended: false,
        }
    }

    /// Events that are committed and wait: routed + retried = pending + in flight + delivered + dead + unreadable.
    pub(crate) fn pending(&self) -> u64 {
        (self.routed + self.retried)
            .saturating_sub(self.in_flight + self.delivered + self.dead + self.unreadable)
    }

    /// Events that are not done.
    pub(crate) fn remaining(&self) -> u64 {
        self.pending() + self.in_flight
    }
}

/// What a destination's worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeliveryState {
    /// Events go out as they come.
    Running,
    /// The destination as a whole is failing; one batch at a time is tried, at growing intervals.
    BackingOff,
    /// Somebody has to act: a wrong key, an unpaid bill, a destination that refuses more than it should. Everything is
    /// kept, and one event a minute is tried.
    Paused,
    /// An operator paused it: everything is kept, and nothing is tried until it is resumed.
    OnHold,
    /// An operator detached it: nothing is meant for it any more, and what it did not get becomes dead letters.
    Detached,
}

impl Progress {
    pub(crate) fn new(lanes: Vec<LaneBoard>) -> Self {
        let bells = lanes.iter().map(|_| Arc::new(Notify::new())).collect();
        Self {
            board: Mutex::new(Board { lanes, ..Board::default() }),
            changed: Condvar::new(),
            bells,
            open: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the board.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the board and wakes those who wait for a change.
    pub(crate) fn post<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        let mut board = self.lock();
        let result = change(&mut board);
        self.tell(board);
        result
    }

    /// Changes one lane of the board.
    #[cfg(test)]
    pub(crate) fn post_lane(&self, lane: usize, change: impl FnOnce(&mut LaneBoard)) {
        self.post(|board| {
            if let Some(lane) = board.lanes.get_mut(lane) {
                change(lane);
            }
        });
    }

    /// Blocks until `done` says so or the deadline is over; answers whether `done` did.
    pub(crate) fn wait(&self, deadline: Instant, done: impl Fn(&Board) -> bool) -> bool {
        let mut board = self.lock();
        loop {
            if done(&board) {
                return true;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return false;
            };
            board.watched = true;
            board = self.changed.wait_timeout(board, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Something started that may offer events.
    pub(crate) fn hold(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
    }

    /// It ended.
    pub(crate) fn let_go(&self) {
        // Either we see that somebody waits, or they see our zero: both sides write theirs before they read the other.
        if self.open.fetch_sub(1, Ordering::SeqCst) == 1 && self.closing.load(Ordering::SeqCst) {
            self.tell(self.lock());
        }
    }

    /// Wakes those who wait for a change.
    fn tell(&self, mut board: MutexGuard<'_, Board>) {
        let watched = std::mem::take(&mut board.watched);
        drop(board);
        if watched {
            self.changed.notify_all();
        }
    }

    /// How much is still running that may offer events.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Blocks until nothing is running any more, somebody else has asked the workers to end, or the deadline is over.
    pub(crate) fn wait_for_open(&self, deadline: Instant) {
        self.closing.store(true, Ordering::SeqCst);
        self.wait(deadline, |board| self.open() == 0 || board.stop.is_some());
    }

    /// Asks the workers to end; a nearer deadline replaces a farther one.
    pub(crate) fn stop(&self, stop: Stop) {
        self.post(|board| {
            if board.stop.is_none_or(|current| stop.deadline < current.deadline) {
                board.stop = Some(stop);
            }
        });
        self.ring();
    }

    /// Wakes every worker.
    pub(crate) fn ring(&self) {
        self.bells.iter().for_each(|bell| bell.notify_one());
    }

    /// The bell of one worker.
    pub(crate) fn bell(&self, lane: usize) -> Arc<Notify> {
        self.bells.get(lane).map_or_else(Arc::default, Arc::clone)
    }
}
