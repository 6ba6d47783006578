//! What an operator can ask of a destination's worker: to pause, to go on, to stop for good, to send dead letters again.
//!
//! Each worker has an inbox beside its bell. An order is taken up at the worker's next turn; a destination that blocks its
//! thread delays that, and nobody else.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Pipeline;
use super::dead_letter::DeadLetter;
use crate::destination::{ApiKeyError, Destination, Identity};
use crate::event::Event;

/// An order to one worker.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send nothing until [`Resume`](Self::Resume).
    Pause,
    /// Go on, and try at once where the destination had been failing.
    Resume,
    /// Turn everything undelivered into dead letters, and end.
    Detach,
    /// Send these again.
    Retry(Vec<DeadLetter>),
    /// Try at once where the destination had been failing or limiting: it has another key.
    ProbeNow,
}

/// No destination of the client leads there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the client delivers nothing to {asked}; it delivers to {}", listed(known))]
#[non_exhaustive]
pub struct UnknownDestination {
    /// What was asked for.
    pub asked: Identity,
    /// Where the client delivers to, without what was detached; nowhere after its shutdown and in a forked child.
    pub known: Vec<Identity>,
}

fn listed(known: &[Identity]) -> String {
    if known.is_empty() {
        return "nothing any more, or this is a forked child of its process".to_owned();
    }
    known.iter().map(Identity::to_string).collect::<Vec<_>>().join(", ")
}

/// Why an API key was not replaced. The key stands in neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceKeyError {
    /// No destination of the client leads there.
    #[error(transparent)]
    Unknown(#[from] UnknownDestination),
    /// The destination did not take the key; the one in use stays.
    #[error(transparent)]
    Refused(#[from] ApiKeyError),
}

/// The inboxes of all workers, and which of them still get events.
#[derive(Debug)]
pub(crate) struct Controls {
    lanes: Vec<Control>,
    /// One bit a lane: cleared when it is detached.
    attached: AtomicU16,
    /// What the journal thread last saw of `attached`: to a lane that is missing here it routes nothing any more, and
    /// everything that it ever routed there is on the board.
    seen: AtomicU16,
}

#[derive(Debug)]
struct Control {
    /// `None` once it is detached.
    destination: Mutex<Option<Arc<dyn Destination>>>,
    inbox: Mutex<Vec<Command>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bit(lane: usize) -> u16 {
    u32::try_from(lane).ok().and_then(|lane| 1u16.checked_shl(lane)).unwrap_or(0)
}

impl Default for Controls {
    /// Without inboxes: nobody can be detached.
    fn default() -> Self {
        Self { lanes: Vec::new(), attached: AtomicU16::new(u16::MAX), seen: AtomicU16::new(u16::MAX) }
    }
}

impl Controls {
    /// For these destinations, in the order of the lanes: at most 16.
    pub(crate) fn new(destinations: impl IntoIterator<Item = Arc<dyn Destination>>) -> Self {
        let lanes: Vec<Control> = destinations
            .into_iter()
            .map(|one| Control { destination: Mutex::new(Some(one)), inbox: Mutex::default() })
            .collect();
        let all = (0..lanes.len()).fold(0, |mask, lane| mask | bit(lane));
        Self { lanes, attached: AtomicU16::new(all), seen: AtomicU16::new(all) }
    }

    /// The lanes that are to get events, one bit each.
    pub(crate) fn attached(&self) -> u16 {
        self.attached.load(Ordering::SeqCst)
    }

    /// Whether this lane is to get events.
    pub(super) fn is_attached(&self, lane: usize) -> bool {
        self.attached() & bit(lane) != 0
    }

    /// The journal thread says that from here on it routes to nobody but these, and has posted whatever it routed before.
    /// Answers whether that is news.
    pub(crate) fn see(&self) -> bool {
        let attached = self.attached();
        self.seen.swap(attached, Ordering::SeqCst) != attached
    }

    /// Whether the journal thread may still route something to this lane that is not on the board.
    pub(super) fn may_route_to(&self, lane: usize) -> bool {
        self.seen.load(Ordering::SeqCst) & bit(lane) != 0
    }

    /// Takes what was ordered since the last time.
    pub(super) fn take(&self, lane: usize) -> Vec<Command> {
        self.lanes.get(lane).map(|control| std::mem::take(&mut *lock(&control.inbox))).unwrap_or_default()
    }

    pub(super) fn order(&self, lane: usize, command: Command) {
        if let Some(control) = self.lanes.get(lane) {
            lock(&control.inbox).push(command);
        }
    }

    /// Nothing is routed to this lane any more, and its destination is let go. Answers whether it was attached.
    pub(super) fn detach(&self, lane: usize) -> bool {
        let Some(control) = self.lanes.get(lane) else { return false };
        let was = self.attached.fetch_and(!bit(lane), Ordering::SeqCst) & bit(lane) != 0;
        drop(lock(&control.destination).take());
        was
    }

    /// The destination's worker has ended: whoever waited for that may open the same destination next.
    pub(super) fn let_go(&self, lane: usize) {
        if let Some(control) = self.lanes.get(lane) {
            drop(lock(&control.destination).take());
        }
    }

    fn destination(&self, lane: usize) -> Option<Arc<dyn Destination>> {
        lock(&self.lanes.get(lane)?.destination).clone()
    }
}

impl Pipeline {
    /// Orders something of one destination's worker.
    ///
    /// # Errors
    ///
    /// When no destination has this identity, or the one that had it is detached.
    pub(crate) fn order(&self, destination: &Identity, command: Command) -> Result<(), UnknownDestination> {
        let lane = self.lane(destination)?;
        let controls = &self.shared.controls;
        if matches!(command, Command::Detach) && !controls.detach(lane) {
            // Somebody else was faster.
            return Err(self.unknown(destination));
        }
        controls.order(lane, command);
        // The journal thread has to see that a lane is missing; it may be waiting for events.
        self.intake.nudge();
        self.shared.progress.ring();
        Ok(())
    }

    /// Gives a destination another API key, and tries it at once.
    pub(crate) fn replace_api_key(&self, destination: &Identity, key: &str) -> Result<(), ReplaceKeyError> {
        let lane = self.lane(destination)?;
        let Some(keyed) = self.shared.controls.destination(lane) else {
            return Err(self.unknown(destination).into());
        };
        keyed.replace_api_key(key)?;
        Ok(self.order(destination, Command::ProbeNow)?)
    }

    /// The destinations that would get this event.
    pub(crate) fn taking(&self, event: &Event) -> Vec<Arc<dyn Destination>> {
        let routes = self.shared.filters.taking(event);
        let lanes = self.served().into_iter().map(|(lane, _)| lane).filter(|lane| routes.contains(*lane));
        lanes.filter_map(|lane| self.shared.controls.destination(lane)).collect()
    }

    fn lane(&self, destination: &Identity) -> Result<usize, UnknownDestination> {
        let lane = self.served().into_iter().find(|(_, identity)| identity == destination);
        lane.map(|(lane, _)| lane).ok_or_else(|| self.unknown(destination))
    }

    fn unknown(&self, asked: &Identity) -> UnknownDestination {
        let known = self.served().into_iter().map(|(_, identity)| identity);
        UnknownDestination { asked: asked.clone(), known: known.collect() }
    }

    /// The destinations that something is delivered to: neither a detached one nor one whose worker has ended, and none in
    /// a forked child.
    fn served(&self) -> Vec<(usize, Identity)> {
        if !self.owner().is_here() {
            return Vec::new();
        }
        let attached = self.shared.controls.attached();
        self.read(|board| {
            let lanes = board.lanes.iter().enumerate();
            let served = lanes.filter(|(at, lane)| attached & bit(*at) != 0 && !lane.ended);
            served.map(|(at, lane)| (at, lane.identity.clone())).collect()
        })
    }
}
