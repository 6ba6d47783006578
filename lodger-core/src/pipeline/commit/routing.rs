//! Whom an event is for, and whose share of the journal is used up.

use std::sync::Arc;

use crate::destination::Identity;
use crate::event::Timestamp;
use crate::journal::Routes;
use crate::pipeline::control::Controls;
use crate::pipeline::filters::Filters;
use crate::pipeline::progress::Board;
use crate::pipeline::sealed::Sealed;

/// Knows who is there, and what was last said about each destination's share.
#[derive(Debug)]
pub(in crate::pipeline) struct Router {
    lanes: Vec<Lane>,
    filters: Arc<Filters>,
    /// The destinations whose shares are used up, as far as it was said.
    full: Routes,
    /// Whether it was said that there are events for nobody.
    said_unrouted: bool,
}

#[derive(Debug)]
struct Lane {
    identity: Identity,
    /// Events that it misses because its share was used up.
    refused: u64,
}

impl Router {
    /// For these destinations, in the order of the board.
    pub(in crate::pipeline) fn new(
        identities: impl IntoIterator<Item = Identity>,
        filters: Arc<Filters>,
    ) -> Self {
        let lanes = identities.into_iter().map(|identity| Lane { identity, refused: 0 });
        Self { lanes: lanes.collect(), filters, full: Routes::NONE, said_unrouted: false }
    }

    /// How many destinations there are.
    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The destinations that are to get this event.
    pub(super) fn routes(&self, sealed: &Sealed, controls: &Controls) -> Routes {
        sealed.takers().intersection(self.attached(controls))
    }

    fn attached(&self, controls: &Controls) -> Routes {
        let attached = (0..self.lanes.len()).filter(|slot| controls.is_attached(*slot));
        attached.fold(Routes::NONE, Routes::with)
    }

    /// The attached destinations that get every event, and those that get some.
    pub(super) fn takers(&self, controls: &Controls) -> (Routes, Routes) {
        let (attached, all) = (self.attached(controls), self.filters.taking_all());
        (attached.intersection(all), attached.minus(all))
    }

    /// An event is for nobody. Says so the first time.
    pub(super) fn unrouted(&mut self, sealed: &Sealed) {
        if !std::mem::replace(&mut self.said_unrouted, true) {
            let event = sealed.to_event();
            tracing::warn!(action = %event.action, outcome = %event.outcome,
                "no destination's filter takes this event: it is recorded nowhere; from here on such events are counted \
                 as `unrouted`");
        }
    }

    /// An event was recorded for these and not for those. Says once where a share is used up, and where it no longer is.
    pub(super) fn routed(&mut self, recorded: Routes, refused: Routes) {
        self.missed(refused);
        for lane in refused.minus(self.full).iter().filter_map(|slot| self.lanes.get(slot)) {
            tracing::error!(destination = %lane.identity,
                "the destination's share of the journal is used up: events are not recorded for it");
        }
        let relieved = self.full.intersection(recorded);
        for lane in relieved.iter().filter_map(|slot| self.lanes.get(slot)) {
            tracing::info!(destination = %lane.identity, missed = lane.refused,
                "events are recorded for the destination again");
        }
        self.full = self.full.union(refused).minus(recorded);
    }

    /// An event is not recorded for these.
    pub(super) fn missed(&mut self, routes: Routes) {
        for slot in routes.iter() {
            if let Some(lane) = self.lanes.get_mut(slot) {
                lane.refused += 1;
            }
        }
    }

    /// The names of these destinations.
    pub(super) fn names(&self, routes: Routes) -> String {
        let names =
            routes.iter().filter_map(|slot| self.lanes.get(slot)).map(|lane| lane.identity.to_string());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Posts how many events each destination misses.
    pub(super) fn post(&self, board: &mut Board) {
        for (lane, here) in board.lanes.iter_mut().zip(&self.lanes) {
            lane.refused = here.refused;
        }
    }
}

/// What a group of events means to each destination.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<(u64, Option<Timestamp>)>);

impl Tally {
    /// Of events and whom they are for, in their order.
    pub(super) fn of(lanes: usize, events: impl Iterator<Item = (Timestamp, Routes)>) -> Self {
        let mut tally = vec![(0, None); lanes];
        for (occurred_at, routes) in events {
            for slot in routes.iter() {
                if let Some((number, first)) = tally.get_mut(slot) {
                    *number += 1;
                    first.get_or_insert(occurred_at);
                }
            }
        }
        Self(tally)
    }

    /// Before the events become visible: a worker must not be done with more events than were routed to it.
    pub(super) fn post(&self, board: &mut Board) {
        for (lane, &(number, first)) in board.lanes.iter_mut().zip(&self.0) {
            lane.routed += number;
            lane.oldest = lane.oldest.or(first);
        }
    }
}
