//! Everything that can be lost, missed or refused, counted by reason, and how often was committed.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::{Event, last_resort as stderr};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters themselves.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
        }

        impl Counters {
            /// The numbers of this moment.
            pub(crate) fn read(&self) -> Counts {
                let parts = Counts { $($name: self.$name.get(),)* };
                // Last, so that a reader finds no event accepted or refused that was not offered.
                Counts { offered: self.offered.get(), ..parts }
            }
        }

        /// How often what happened since the client was built.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }
    };
}

counters! {
    /// Events that were offered: accepted + aggregated + refused (full, closed, forked) + invalid, and those that are being
    /// offered at this moment.
    offered,
    /// Events that were taken into the intake.
    accepted,
    /// Events refused because the intake was full: they come faster than the disk takes them.
    refused_full,
    /// Events that strangers can cause (denied, or rejected before the handler) for which their share of the intake had no
    /// room. They are told together: one event for each address, action and outcome a minute, whose metadata says how many
    /// (`aggregated.count`). Such an event is offered by nobody and counts as none here.
    aggregated,
    /// Of those, the ones that could not be told: one line on stderr says how many. Where a commit failed until the client
    /// ended, they may still arrive.
    aggregated_lost,
    /// Events refused because the client was shut down.
    refused_closed,
    /// Events refused because the process is a forked child of the one that the client belongs to.
    refused_forked,
    /// Events refused because they break a limit.
    invalid,
    /// Events that were cut to fit, with the cuts marked in them.
    trimmed,
    /// Events that no destination's filter takes. They are recorded nowhere.
    unrouted,
    /// Events refused because the journal or its disk was full, or the shares of all destinations that they were for.
    journal_full,
    /// Events refused because they could never fit into the journal: its limit is too small.
    too_large,
    /// Events refused because the journal could not be written.
    journal_failed,
    /// Events that the journal took and whose commit failed. They may still arrive.
    commit_failed,
    /// How often events were made durable together: groups that were written to the journal and synced. `accepted` by
    /// this is how many events one sync carries.
    commits,
    /// Events that were committed and could not be read any more.
    unreadable,
    /// Events of an in-memory journal that were not delivered before the client ended.
    undelivered,
    /// Dead letters that were purged: an operator let go of their events.
    purged_dead_letters,
    /// Events that were written to stderr because nothing else could take them.
    last_resort,
    /// Finished drafts whose outcome is not recorded.
    filtered,
    /// Drafts that the application discarded.
    discarded,
    /// Events whose actor could not be named.
    unresolved_actor,
    /// Events for which two arguments of one handler named different actors.
    conflicting_actors,
    /// Events whose target could not be named.
    unresolved_target,
    /// Successful changes that left no event.
    unaudited,
    /// Responses that went out without their guarantee.
    guarantee_missed,
    /// Requests that were turned away because their event could not have been kept.
    failed_closed,
    /// Things said about an event that was already finished.
    too_late,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub(crate) fn up(&self) {
        self.add(1);
    }

    /// So many more.
    pub(crate) fn add(&self, more: u64) {
        // An event counts as offered before it counts as anything else, also for a reader on another thread.
        self.0.fetch_add(more, Ordering::Release);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Writes an event that nothing else can take to stderr, and counts it. It is redacted already: that happens before
/// anything is queued.
pub(crate) fn last_resort(event: &Event, reason: &str, counters: &Counters) {
    counters.last_resort.up();
    stderr::print(event, reason);
}
