//! How the client is doing.

use std::time::Duration;

use serde::Serialize;

use crate::capture;
use crate::destination::Identity;
use crate::event::Timestamp;
use crate::pipeline::{Counts, DeliveryState, LaneBoard, Pipeline, View};

/// How the client is doing, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// How often what happened since the client was built: everything that was lost, missed or refused, by reason.
    pub counts: Counts,
    /// Events of this process that were recorded outside every request and job while no client was installed. Each is on
    /// stderr; none went to a client.
    pub orphans: u64,
    /// Events that wait for the journal or are being committed.
    pub in_intake: u64,
    /// Bytes that the journal takes up.
    pub journal_bytes: u64,
    /// How long ago the oldest event happened that some destination doesn't have yet. Alarm on this one.
    pub oldest_undelivered: Option<Duration>,
    /// One a destination, in the order of the builder.
    pub destinations: Vec<DestinationStats>,
}

/// How delivery to one destination is going. Always: routed = pending + in flight + delivered + dead + unreadable. The
/// counts never fall: a dead letter that is sent again and delivered stays in `dead`, too.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DestinationStats {
    /// Which destination.
    pub destination: Identity,
    /// What its worker is doing.
    pub state: DeliveryState,
    /// What the destination last complained about, while it has not recovered.
    pub last_error: Option<String>,
    /// Events that it is to get: what an earlier process left, and everything since. A dead letter that is sent again
    /// counts as routed once more, and then once more as delivered or dead; purged meanwhile, it counts no more.
    pub routed: u64,
    /// Events that wait.
    pub pending: u64,
    /// Events that are being sent.
    pub in_flight: u64,
    /// Events that it acknowledged.
    pub delivered: u64,
    /// Events that it refused for good since the client was built.
    pub dead: u64,
    /// Events that could not be read from the journal any more.
    pub unreadable: u64,
    /// How often it may have got an event once more: the event was sent again although it may have been there, and the
    /// destination neither recognises repeats nor was it found there. No more copies than these can be there. An event
    /// that an earlier process left counts, too, since it may have sent it; so does a dead letter that is sent again.
    pub possible_duplicates: u64,
    /// Events that are not recorded for it, because its backlog had used up its share of the journal. They are not among
    /// the routed ones. Each is on stderr, unless it was refused to somebody who was told; where it was for no other
    /// destination, or the shares of all were used up, it counts as `journal_full` too.
    pub refused: u64,
    /// Bytes of the journal that its backlog takes up, in whole segments: 4 MiB each, unless its share is smaller than 16 MiB.
    pub backlog_bytes: u64,
    /// Bytes of the journal that its backlog may take up: `max_journal_bytes`, divided by the number of destinations.
    pub share_bytes: u64,
    /// How long ago the oldest event happened that it doesn't have yet.
    pub oldest_undelivered: Option<Duration>,
}

/// What a shutdown left behind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Whether everything that was accepted has been committed or refused to whoever offered it. False when the disk
    /// didn't answer in time.
    pub committed: bool,
    /// Requests, jobs and spawned work that were still running when the time was up. What they leave is refused.
    pub open: u64,
    /// Events that came too late: those of capture were written to stderr, the others given back.
    pub refused: u64,
    /// Deliveries still to do, summed over the destinations. A journal on disk keeps them for the next start; what an
    /// in-memory journal held was written to stderr.
    pub remaining: u64,
    /// Dead letters since the client was built.
    pub dead_letters: u64,
    /// One a destination.
    pub destinations: Vec<DestinationStats>,
}

impl ShutdownReport {
    /// Whether everything was taken, committed and delivered. Not where there were dead letters, even if they were delivered
    /// or purged later.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.committed && self.open == 0 && self.refused == 0 && self.remaining == 0 && self.dead_letters == 0
    }
}

impl DestinationStats {
    fn new(lane: &LaneBoard, now: Timestamp) -> Self {
        Self {
            destination: lane.identity.clone(),
            state: lane.state,
            last_error: lane.last_error.clone(),
            routed: lane.routed + lane.retried,
            pending: lane.pending(),
            in_flight: lane.in_flight,
            delivered: lane.delivered,
            dead: lane.dead,
            unreadable: lane.unreadable,
            possible_duplicates: lane.possible_duplicates,
            refused: lane.refused,
            backlog_bytes: lane.backlog.bytes,
            share_bytes: lane.backlog.max_bytes,
            oldest_undelivered: lane.oldest.map(|oldest| age(oldest, now)),
        }
    }
}

pub(super) fn stats(pipeline: &View) -> Stats {
    let now = pipeline.now();
    let (in_intake, oldest_waiting) = pipeline.in_intake();
    let (destinations, journal_bytes) = pipeline.read(|board| {
        let lanes = board.lanes.iter().map(|lane| DestinationStats::new(lane, now)).collect();
        (lanes, board.journal_bytes)
    });
    let destinations: Vec<DestinationStats> = destinations;
    let oldest = destinations.iter().filter_map(|one| one.oldest_undelivered);
    let oldest = oldest.chain(oldest_waiting.map(|oldest| age(oldest, now))).max();
    let counts = pipeline.counters().read();
    Stats {
        counts,
        orphans: capture::orphans(),
        in_intake,
        journal_bytes,
        oldest_undelivered: oldest,
        destinations,
    }
}

pub(super) fn shutdown_report(pipeline: &Pipeline, committed: bool) -> ShutdownReport {
    let Stats { counts, destinations, .. } = stats(&pipeline.view());
    ShutdownReport {
        committed,
        open: pipeline.open() as u64,
        refused: counts.refused_closed,
        remaining: destinations.iter().map(|one| one.pending + one.in_flight).sum(),
        dead_letters: destinations.iter().map(|one| one.dead).sum(),
        destinations,
    }
}

/// Zero when the clock was set back in between.
fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(now.as_micros() - then.as_micros()).unwrap_or(0))
}
