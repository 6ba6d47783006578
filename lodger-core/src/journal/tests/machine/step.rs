//! What can happen to a journal.

use proptest::prelude::*;
use proptest::sample::subsequence;

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// `routes` is cut to the destinations of the opening.
    Append {
        bytes: usize,
        routes: u8,
    },
    Commit {
        failing_syncs: u32,
    },
    /// Takes up to this many records for a destination.
    Take {
        lane: usize,
        count: usize,
    },
    /// Settles every `every`th of those taken and not settled.
    Settle {
        lane: usize,
        every: usize,
    },
    Sync {
        lane: usize,
    },
    /// Delivers everything; then there is room for everybody.
    Drain,
    /// Overwrites a byte of a segment, or cuts the segment there.
    Spoil {
        segment: usize,
        place: usize,
        flip: Option<u8>,
    },
    /// Another process opens the same directory, does some work and dies.
    Second {
        names: Vec<usize>,
        records: usize,
        count: usize,
    },
    /// Ends the process. The first bytes of what was staged have reached the file.
    Crash {
        torn: usize,
        names: Vec<usize>,
    },
    /// Ends the machine: what was settled and not synced may be forgotten too.
    PowerLoss {
        torn: usize,
        names: Vec<usize>,
    },
}

/// Some of the destinations, in some order.
pub(super) fn names() -> impl Strategy<Value = Vec<usize>> {
    subsequence(vec![0, 1, 2], 1..=3).prop_shuffle()
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let lane = 0..super::NAMES.len();
    prop_oneof![
        12 => (0..120_usize, 0..8_u8).prop_map(|(bytes, routes)| Step::Append { bytes, routes }),
        12 => (0..600_usize).prop_map(|bytes| Step::Append { bytes, routes: 7 }),
        8 => Just(Step::Commit { failing_syncs: 0 }),
        2 => (1..5_u32).prop_map(|failing_syncs| Step::Commit { failing_syncs }),
        8 => (lane.clone(), 1..12_usize).prop_map(|(lane, count)| Step::Take { lane, count }),
        8 => (lane.clone(), 1..4_usize).prop_map(|(lane, every)| Step::Settle { lane, every }),
        2 => lane.prop_map(|lane| Step::Sync { lane }),
        1 => Just(Step::Drain),
        1 => (any::<usize>(), 0..600_usize, proptest::option::weighted(0.8, 1..=255_u8))
            .prop_map(|(segment, place, flip)| Step::Spoil { segment, place, flip }),
        1 => (names(), 0..6_usize, 0..12_usize)
            .prop_map(|(names, records, count)| Step::Second { names, records, count }),
        1 => (0..400_usize, names()).prop_map(|(torn, names)| Step::Crash { torn, names }),
        1 => (0..400_usize, names()).prop_map(|(torn, names)| Step::PowerLoss { torn, names }),
    ]
}
