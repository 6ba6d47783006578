//! What [`Lodger::stats`](super::Lodger::stats) says, through the [`metrics`] crate: for Prometheus, OpenTelemetry and whatever
//! else has a recorder for it. Feature `metrics`.
//!
//! There is nothing to call: a client publishes once a second, and once more at the end of a shutdown, from a thread of its
//! own (`lodger-metrics`), so that a disk or a destination that hangs stops no numbers. Recording an event costs nothing more.
//! Install the recorder before the client is built, or the descriptions are lost. The numbers are those of one client: two in
//! one process would overwrite each other's.
//!
//! | counter | labels | what it counts |
//! | --- | --- | --- |
//! | `lodger_events_offered_total` | | events that were offered |
//! | `lodger_events_accepted_total` | | events that were taken into the intake |
//! | `lodger_events_aggregated_total` | | events of strangers that are told together |
//! | `lodger_events_refused_total` | `reason`: `intake_full`, `closed`, `forked`, `invalid`, `journal_full`, `too_large`, `journal_failed` | events that were refused |
//! | `lodger_events_uncommitted_total` | | events whose commit failed; they may still arrive |
//! | `lodger_events_lost_total` | `reason`: `unreadable`, `undelivered`, `aggregated` | events that were taken and will never arrive, or perhaps not |
//! | `lodger_events_last_resort_total` | | events on stderr because nothing else could take them |
//! | `lodger_events_trimmed_total` | | events that were cut to fit |
//! | `lodger_events_omitted_total` | `reason`: `filtered`, `discarded`, `unrouted`, `orphaned` | events that nobody asked for, that the application discarded, that no destination's filter takes, or for which no client was installed |
//! | `lodger_events_unresolved_total` | `what`: `actor`, `conflicting_actors`, `target` | events that don't say all |
//! | `lodger_events_too_late_total` | | things said about an event that was finished |
//! | `lodger_dead_letters_purged_total` | | dead letters that an operator let go of |
//! | `lodger_changes_unaudited_total` | | successful changes that left no event |
//! | `lodger_responses_guarantee_missed_total` | | responses that went out without their guarantee |
//! | `lodger_requests_failed_closed_total` | | requests that were turned away |
//! | `lodger_destination_routed_total` | `destination` | events that it is to get, an earlier process's included; a dead letter that is sent again counts once more |
//! | `lodger_destination_delivered_total` | `destination` | events that it acknowledged |
//! | `lodger_destination_dead_total` | `destination` | events that it refused for good |
//! | `lodger_destination_unreadable_total` | `destination` | events that could not be read for it any more |
//! | `lodger_destination_possible_duplicates_total` | `destination` | how often it may have got an event once more |
//! | `lodger_destination_refused_total` | `destination` | events that are not recorded for it, because its share of the journal was used up |
//!
//! | gauge | labels | what it shows |
//! | --- | --- | --- |
//! | `lodger_intake_events` | | events that wait for the journal or are being committed |
//! | `lodger_journal_bytes` | | bytes that the journal takes up |
//! | `lodger_oldest_undelivered_seconds` | | age of the oldest event that some destination doesn't have; 0 when there is none. Alarm on this one |
//! | `lodger_destination_running` | `destination` | 1 while events go out as they come, 0 while it is tried at intervals or not at all |
//! | `lodger_destination_paused` | `destination` | 1 while somebody has to act: a wrong key, an unpaid bill. Alarm on this one, too |
//! | `lodger_destination_backlog_bytes` | `destination` | bytes of the journal that its backlog takes up |
//! | `lodger_destination_share_bytes` | `destination` | bytes of the journal that its backlog may take up |
//! | `lodger_destination_pending_events` | `destination` | events that wait for it |
//! | `lodger_destination_in_flight_events` | `destination` | events that are being sent to it |
//! | `lodger_destination_oldest_undelivered_seconds` | `destination` | age of the oldest event that it doesn't have |

use std::io;
use std::thread::sleep;
use std::time::Duration;

use metrics::{Label, Unit, counter, describe_counter, describe_gauge, gauge};

use super::stats::{DestinationStats, Stats, stats};
use crate::background::thread;
use crate::pipeline::{Counts, DeliveryState, View};

/// How often the numbers are published.
const EVERY: Duration = Duration::from_secs(1);

/// One of [`Counts`], and under which name it goes out.
struct Row {
    name: &'static str,
    labels: &'static [(&'static str, &'static str)],
    read: fn(&Counts) -> u64,
}

macro_rules! rows {
    ($($name:literal $({ $key:literal: $value:literal })? = $field:ident,)*) => {
        /// All of [`Counts`].
        const ROWS: &[Row] = &[$(Row {
            name: $name,
            labels: &[$(($key, $value))?],
            read: |counts| counts.$field,
        },)*];

        #[cfg(test)]
        const FIELDS: &[&str] = &[$(stringify!($field),)*];
    };
}

rows! {
    "lodger_events_offered_total" = offered,
    "lodger_events_accepted_total" = accepted,
    "lodger_events_aggregated_total" = aggregated,
    "lodger_events_refused_total" { "reason": "intake_full" } = refused_full,
    "lodger_events_refused_total" { "reason": "closed" } = refused_closed,
    "lodger_events_refused_total" { "reason": "forked" } = refused_forked,
    "lodger_events_refused_total" { "reason": "invalid" } = invalid,
    "lodger_events_refused_total" { "reason": "journal_full" } = journal_full,
    "lodger_events_refused_total" { "reason": "too_large" } = too_large,
    "lodger_events_refused_total" { "reason": "journal_failed" } = journal_failed,
    "lodger_events_uncommitted_total" = commit_failed,
    "lodger_journal_commits_total" = commits,
    "lodger_events_lost_total" { "reason": "unreadable" } = unreadable,
    "lodger_events_lost_total" { "reason": "undelivered" } = undelivered,
    "lodger_events_lost_total" { "reason": "aggregated" } = aggregated_lost,
    "lodger_events_last_resort_total" = last_resort,
    "lodger_events_trimmed_total" = trimmed,
    "lodger_events_omitted_total" { "reason": "filtered" } = filtered,
    "lodger_events_omitted_total" { "reason": "discarded" } = discarded,
    "lodger_events_omitted_total" { "reason": "unrouted" } = unrouted,
    "lodger_events_unresolved_total" { "what": "actor" } = unresolved_actor,
    "lodger_events_unresolved_total" { "what": "conflicting_actors" } = conflicting_actors,
    "lodger_events_unresolved_total" { "what": "target" } = unresolved_target,
    "lodger_events_too_late_total" = too_late,
    "lodger_dead_letters_purged_total" = purged_dead_letters,
    "lodger_changes_unaudited_total" = unaudited,
    "lodger_responses_guarantee_missed_total" = guarantee_missed,
    "lodger_requests_failed_closed_total" = failed_closed,
}

/// Publishes once a second for as long as the client's other threads run.
pub(super) fn start(view: View) -> io::Result<()> {
    describe();
    thread::spawn("lodger-metrics", move || {
        loop {
            // Before the numbers are read, so that the last ones are published.
            let over = view.is_over();
            publish(&stats(&view));
            if over {
                return;
            }
            sleep(EVERY);
        }
    })
    .map(drop)
}

/// Publishes these numbers.
pub(super) fn publish(stats: &Stats) {
    for row in ROWS {
        let labels: Vec<Label> =
            row.labels.iter().map(|(key, value)| Label::from_static_parts(key, value)).collect();
        counter!(row.name, labels).absolute((row.read)(&stats.counts));
    }
    counter!("lodger_events_omitted_total", "reason" => "orphaned").absolute(stats.orphans);
    gauge!("lodger_intake_events").set(stats.in_intake as f64);
    gauge!("lodger_journal_bytes").set(stats.journal_bytes as f64);
    gauge!("lodger_oldest_undelivered_seconds").set(seconds(stats.oldest_undelivered));
    stats.destinations.iter().for_each(publish_destination);
}

fn publish_destination(one: &DestinationStats) {
    let label = || vec![Label::new("destination", one.destination.to_string())];
    counter!("lodger_destination_routed_total", label()).absolute(one.routed);
    counter!("lodger_destination_delivered_total", label()).absolute(one.delivered);
    counter!("lodger_destination_dead_total", label()).absolute(one.dead);
    counter!("lodger_destination_unreadable_total", label()).absolute(one.unreadable);
    counter!("lodger_destination_possible_duplicates_total", label()).absolute(one.possible_duplicates);
    counter!("lodger_destination_refused_total", label()).absolute(one.refused);
    let running = if one.state == DeliveryState::Running { 1.0 } else { 0.0 };
    gauge!("lodger_destination_running", label()).set(running);
    let paused = if one.state == DeliveryState::Paused { 1.0 } else { 0.0 };
    gauge!("lodger_destination_paused", label()).set(paused);
    gauge!("lodger_destination_backlog_bytes", label()).set(one.backlog_bytes as f64);
    gauge!("lodger_destination_share_bytes", label()).set(one.share_bytes as f64);
    gauge!("lodger_destination_pending_events", label()).set(one.pending as f64);
    gauge!("lodger_destination_in_flight_events", label()).set(one.in_flight as f64);
    gauge!("lodger_destination_oldest_undelivered_seconds", label()).set(seconds(one.oldest_undelivered));
}

fn seconds(age: Option<Duration>) -> f64 {
    age.unwrap_or_default().as_secs_f64()
}

/// Tells the recorder what the names mean, and their units.
fn describe() {
    for (name, text) in [
        ("lodger_events_offered_total", "Audit events that were offered"),
        ("lodger_events_accepted_total", "Audit events that were taken into the intake"),
        ("lodger_events_aggregated_total", "Audit events of strangers that are told together"),
        ("lodger_events_refused_total", "Audit events that were refused, by reason"),
        ("lodger_events_uncommitted_total", "Audit events whose commit failed; they may still arrive"),
        ("lodger_events_lost_total", "Audit events that were taken and may never arrive, by reason"),
        ("lodger_events_last_resort_total", "Audit events on stderr because nothing else could take them"),
        ("lodger_events_trimmed_total", "Audit events that were cut to fit"),
        ("lodger_events_omitted_total", "Audit events that went to no client, by reason"),
        ("lodger_events_unresolved_total", "Audit events that don't say who did it, or to what"),
        ("lodger_events_too_late_total", "Things said about an audit event that was finished"),
        ("lodger_dead_letters_purged_total", "Dead letters that an operator let go of"),
        ("lodger_changes_unaudited_total", "Successful changes that left no audit event"),
        ("lodger_responses_guarantee_missed_total", "Responses that went out without their audit guarantee"),
        (
            "lodger_requests_failed_closed_total",
            "Requests turned away because their audit event could not be kept",
        ),
        ("lodger_journal_commits_total", "Groups of audit events that were made durable by one sync each"),
        ("lodger_destination_routed_total", "Audit events that the destination is to get"),
        ("lodger_destination_delivered_total", "Audit events that the destination acknowledged"),
        ("lodger_destination_dead_total", "Audit events that the destination refused for good"),
        (
            "lodger_destination_unreadable_total",
            "Audit events that could not be read for the destination any more",
        ),
        (
            "lodger_destination_possible_duplicates_total",
            "How often the destination may have got an audit event once more",
        ),
        (
            "lodger_destination_refused_total",
            "Audit events not recorded for the destination: its share was used up",
        ),
    ] {
        describe_counter!(name, Unit::Count, text);
    }
    for (name, unit, text) in [
        ("lodger_intake_events", Unit::Count, "Audit events that wait for the journal"),
        ("lodger_journal_bytes", Unit::Bytes, "What the journal takes up on disk"),
        (
            "lodger_oldest_undelivered_seconds",
            Unit::Seconds,
            "Age of the oldest audit event that some destination doesn't have",
        ),
        ("lodger_destination_running", Unit::Count, "1 while events go out to the destination as they come"),
        ("lodger_destination_paused", Unit::Count, "1 while somebody has to act for the destination"),
        ("lodger_destination_backlog_bytes", Unit::Bytes, "What the destination takes up of the journal"),
        ("lodger_destination_share_bytes", Unit::Bytes, "What the destination may take up of the journal"),
        ("lodger_destination_pending_events", Unit::Count, "Audit events that wait for the destination"),
        (
            "lodger_destination_in_flight_events",
            Unit::Count,
            "Audit events that are being sent to the destination",
        ),
        (
            "lodger_destination_oldest_undelivered_seconds",
            Unit::Seconds,
            "Age of the oldest audit event that the destination doesn't have",
        ),
    ] {
        describe_gauge!(name, unit, text);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::super::tests::{LONG, block_on, builder, event};
    use super::*;
    use crate::pipeline::testing::{Act, Scripted};

    type Seen = BTreeMap<String, (DebugValue, Option<Unit>, bool)>;

    /// What a recorder was told: by name and labels, the value, the unit, and whether it was described.
    fn recorded(work: impl FnOnce()) -> Seen {
        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, work);
        let all = recorder.snapshotter().snapshot().into_vec().into_iter();
        all.map(|(key, unit, text, value)| {
            let key = key.key();
            let labels: String =
                key.labels().map(|label| format!(" {}={}", label.key(), label.value())).collect();
            (format!("{}{labels}", key.name()), (value, unit, text.is_some()))
        })
        .collect()
    }

    #[test]
    fn every_count_goes_out_under_a_name_of_its_own() {
        let counts = serde_json::to_value(Counts::default()).unwrap();
        let camel = |field: &str| {
            let mut words = field.split('_');
            let first = words.next().unwrap().to_owned();
            words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
        };
        let there: BTreeSet<String> = counts.as_object().unwrap().keys().cloned().collect();
        assert_eq!(FIELDS.iter().map(|field| camel(field)).collect::<BTreeSet<_>>(), there);
        let names: BTreeSet<_> = ROWS.iter().map(|row| (row.name, row.labels)).collect();
        assert_eq!(names.len(), ROWS.len());
    }

    #[test]
    fn a_recorder_is_told_the_statistics_with_units_and_destinations() {
        let destination = Scripted::batched("d", 1, 64, |seen| match seen.action.as_str() {
            "slow" => Act::Hang,
            _ => Act::Take,
        });
        let lodger = builder().destination(destination).in_memory_journal().build().unwrap();
        for action in ["good", "slow"] {
            block_on(lodger.record(event(action))).unwrap();
        }
        let settled = |one: &DestinationStats| (one.delivered, one.in_flight) == (1, 1);
        while !settled(&lodger.stats().destinations[0]) {
            std::thread::yield_now();
        }
        let seen = recorded(|| {
            describe();
            publish(&lodger.stats());
        });
        let counter = |name: &str| match seen[name].0 {
            DebugValue::Counter(value) => value,
            _ => panic!("{name} is a counter"),
        };
        let gauge = |name: &str| match seen[name].0 {
            DebugValue::Gauge(value) => value.into_inner(),
            _ => panic!("{name} is a gauge"),
        };
        assert_eq!(counter("lodger_events_accepted_total"), 2);
        assert_eq!(counter("lodger_journal_commits_total"), 2, "one by one");
        assert_eq!(counter("lodger_events_refused_total reason=journal_full"), 0);
        assert_eq!(counter("lodger_destination_delivered_total destination=d"), 1);
        assert_eq!(gauge("lodger_destination_in_flight_events destination=d"), 1.0);
        assert_eq!(gauge("lodger_destination_running destination=d"), 1.0);
        assert_eq!(gauge("lodger_destination_paused destination=d"), 0.0);
        assert!(gauge("lodger_oldest_undelivered_seconds") >= 0.0);
        assert_eq!(seen["lodger_journal_bytes"].1, Some(Unit::Bytes));
        assert_eq!(seen["lodger_oldest_undelivered_seconds"].1, Some(Unit::Seconds));
        for (name, (value, _, described)) in &seen {
            let name = name.split(' ').next().unwrap();
            assert!(described, "{name}");
            assert_eq!(matches!(value, DebugValue::Counter(_)), name.ends_with("_total"), "{name}");
        }
    }

    #[test]
    fn a_client_publishes_by_itself_and_once_more_when_it_is_shut_down() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        recorder.install().unwrap();
        let lodger = builder()
            .destination(Scripted::new("of the client", |_| Act::Take))
            .in_memory_journal()
            .build()
            .unwrap();
        let delivered = || {
            let all = snapshotter.snapshot().into_vec();
            all.into_iter().find_map(|(key, _, _, value)| match value {
                DebugValue::Counter(value) if key.key().name() == "lodger_destination_delivered_total" => {
                    Some(value)
                }
                _ => None,
            })
        };
        // Its own thread has published when the name is there.
        while delivered().is_none() {
            std::thread::yield_now();
        }
        block_on(lodger.event(event("a.b"))).unwrap();
        block_on(lodger.shutdown(LONG));
        assert_eq!(delivered(), Some(1));
    }
}
