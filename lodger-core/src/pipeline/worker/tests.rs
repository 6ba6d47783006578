//! The worker on tokio's paused clock: an hour takes milliseconds, and every time below is exact.

mod answers;
mod batches;
mod control;
mod doubts;
mod letters;
mod order;
#[cfg(feature = "http")]
mod over_http;
#[cfg(feature = "http")]
mod over_http_in_batches;
mod pacing;
mod rig;

use super::*;
use crate::destination::{Answer, Refusal};
#[cfg(feature = "journal")]
use crate::event::WriterId;
use crate::event::{Event, EventId, Timestamp};
use crate::pipeline::testing::{Act, Scripted, Seen};
use rig::{Rig, assert_at, ids, pass};

#[tokio::test(start_paused = true)]
async fn events_are_delivered_in_batches_and_counted() {
    let destination = Scripted::batched("d", 10, 1, |_| Act::Take);
    let mut rig = Rig::new(&destination);
    let added: Vec<EventId> = rig.add_many(25);
    pass(0.1).await;
    assert_eq!(ids(&destination.settled()), added);
    assert_eq!(rig.counts(), [0, 0, 25, 0]);
    assert_eq!(rig.lane().done_before, 26);
}

#[tokio::test(start_paused = true)]
async fn a_retry_backs_off_and_sends_the_same_bytes() {
    let destination = Scripted::new("d", |seen| if seen.tries < 6 { Act::retry(500) } else { Act::Take });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(100.0).await;
    let seen = destination.seen();
    assert_at(&seen, &[0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
    assert!(seen.iter().all(|again| again.bytes == seen[0].bytes && again.id == seen[0].id));
    assert_eq!(seen.iter().map(|seen| seen.tries).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(rig.counts(), [0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_answer_is_tried_again() {
    let lost = || Act::Say(Answer::Ambiguous(Refusal::new("connection reset")));
    let destination = Scripted::new("d", move |seen| if seen.tries < 2 { lost() } else { Act::Take });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(10.0).await;
    assert_at(&destination.seen(), &[0.0, 0.5, 1.5]);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_a_floor_for_the_whole_destination() {
    let later = |seconds| {
        Act::Say(Answer::Retry {
            refusal: Refusal::http(429, "slow down"),
            after: Some(Duration::from_secs(seconds)),
        })
    };
    let destination =
        Scripted::new("d", move |seen| if seen.at.as_secs() < 90 { later(90) } else { Act::Take });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(1.0).await;
    rig.add("a.b");
    pass(88.0).await;
    assert_at(&destination.seen(), &[0.0]);
    pass(10.0).await;
    assert_at(&destination.seen(), &[0.0, 90.0, 90.0]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_always_fails_stops_no_other_and_ends_as_a_dead_letter() {
    let destination =
        Scripted::new("d", |seen| if seen.action == "poison" { Act::retry(500) } else { Act::Take });
    let mut rig = Rig::new(&destination);
    let poison = rig.add("poison");
    for minute in 1..=70 {
        let id = rig.add("a.b");
        pass(60.0).await;
        assert_eq!(ids(&destination.settled()).last(), Some(&id), "in minute {minute}");
    }
    assert_eq!(rig.dead(), [poison]);
    assert_eq!(rig.counts(), [0, 0, 70, 1]);
    let buried_at = destination.seen().iter().rfind(|seen| seen.id == poison).unwrap().at;
    assert!((3_600..3_720).contains(&buried_at.as_secs()), "after an hour: {buried_at:?}");
    let letter = &rig.dead_letters.list().unwrap()[0];
    assert_eq!((letter.status, letter.reason.as_str()), (Some(500), "try later"));
    assert!(letter.tries >= 10);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_never_sent_by_itself_is_not_tried_and_no_dead_letter() {
    let destination = Scripted::batched("d", 100, 1, |seen| match seen.action.as_str() {
        "late" => Act::Say(Answer::Undecided(Refusal::new("not sent by itself"))),
        _ => Act::TakeAfter(Duration::from_secs(60)),
    });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    let late = rig.add("late");
    pass(30.0).await;
    // Each batch takes a minute, and by then there is another event for the next: it is never alone.
    for _ in 0..70 {
        rig.add("a.b");
        pass(60.0).await;
    }
    destination.follow(|_| Act::Take);
    pass(60.0).await;
    assert_eq!(rig.dead(), []);
    assert_eq!(rig.lane().state, DeliveryState::Running);
    let shown: Vec<Seen> = destination.seen().into_iter().filter(|seen| seen.id == late).collect();
    assert!(shown.len() > 10 && shown.iter().all(|seen| seen.tries == 0), "{shown:?}");
    assert!(ids(&destination.settled()).contains(&late));
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_which_nothing_is_decided_is_tried_again_as_after_any_failure() {
    let undecided = |_: &Seen| Act::Say(Answer::Undecided(Refusal::new("not sent by itself")));
    let destination = Scripted::batched("d", 10, 1, undecided);
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(10.0).await;
    assert_at(&destination.seen(), &[0.0, 0.5, 1.5, 3.5, 7.5]);
    assert_eq!(rig.lane().last_error.as_deref(), Some("not sent by itself"));
}

#[tokio::test(start_paused = true)]
async fn a_closed_destination_is_asked_once_a_minute_with_changing_events() {
    let destination = Scripted::new("d", |seen| match seen.at.as_secs() {
        0..150 => Act::Say(Answer::Pause(Refusal::http(401, "unknown key"))),
        _ => Act::Take,
    });
    let mut rig = Rig::new(&destination);
    let added: Vec<EventId> = rig.add_many(3);
    pass(149.0).await;
    assert_eq!(ids(&destination.seen()), added);
    assert_at(&destination.seen(), &[0.0, 60.0, 120.0]);
    let lane = rig.lane();
    assert_eq!(lane.state, DeliveryState::Paused);
    assert_eq!(lane.last_error.as_deref(), Some("HTTP 401: unknown key"));
    assert_eq!(rig.counts(), [3, 0, 0, 0]);
    pass(40.0).await;
    assert_eq!(rig.counts(), [0, 0, 3, 0]);
    let lane = rig.lane();
    assert_eq!((lane.state, lane.last_error), (DeliveryState::Running, None));
}

#[tokio::test(start_paused = true)]
async fn an_action_that_is_never_allowed_stops_no_other() {
    let destination = Scripted::new("d", |seen| match seen.action.as_str() {
        "key.rotate" => Act::Say(Answer::Suspect(Refusal::http(403, "not with this key"))),
        _ => Act::Take,
    });
    let mut rig = Rig::new(&destination);
    let mut forbidden = Vec::new();
    for _ in 0..20 {
        forbidden.push(rig.add("key.rotate"));
        rig.add("invoice.update");
        pass(1.0).await;
    }
    assert_eq!(rig.counts(), [0, 0, 20, 20]);
    let mut dead = rig.dead();
    dead.sort();
    assert_eq!(dead, forbidden);
}

#[tokio::test(start_paused = true)]
async fn the_same_refusal_of_different_actions_pauses_and_keeps_them() {
    let destination = Scripted::new("d", |seen| match seen.at.as_secs() {
        0..50 => Act::Say(Answer::Suspect(Refusal::http(404, "no such workspace"))),
        _ => Act::Take,
    });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    rig.add("c.d");
    rig.add("e.f");
    pass(1.0).await;
    assert_eq!(rig.lane().state, DeliveryState::Paused);
    assert_eq!(rig.counts(), [3, 0, 0, 0]);
    pass(60.0).await;
    assert_eq!(rig.counts(), [0, 0, 3, 0]);
}

#[tokio::test(start_paused = true)]
async fn one_refusal_in_five_hundred_is_one_dead_letter() {
    let destination =
        Scripted::batched(
            "d",
            7,
            3,
            |seen| if seen.action == "poison" { Act::refuse(422) } else { Act::Take },
        );
    let mut rig = Rig::new(&destination);
    let mut poison = None;
    for index in 0..500 {
        if index == 250 {
            poison = Some(rig.add("poison"));
        } else {
            rig.add("a.b");
        }
    }
    pass(1.0).await;
    assert_eq!(rig.counts(), [0, 0, 499, 1]);
    assert_eq!(rig.dead(), [poison.unwrap()]);
    assert_eq!(destination.seen().len(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_refuses_everything_is_paused_and_the_rest_is_kept() {
    let destination = Scripted::new("d", |_| Act::refuse(400));
    let mut rig = Rig::new(&destination);
    rig.add_many(100);
    pass(1.0).await;
    assert_eq!(rig.counts(), [91, 0, 0, 9]);
    assert_eq!(rig.lane().state, DeliveryState::Paused);
    pass(600.0).await;
    assert_eq!(rig.counts(), [91, 0, 0, 9]);
    assert_eq!(destination.seen().len(), 10 + 10, "one event a minute");
    destination.follow(|_| Act::Take);
    pass(61.0).await;
    assert_eq!(rig.counts(), [0, 0, 91, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_day_of_outage_costs_few_requests_and_no_event() {
    let down = |seen: &Seen| if seen.at.as_secs() < 86_400 { Act::retry(503) } else { Act::Take };
    let destination = Scripted::batched("d", 50, 1, down);
    let mut rig = Rig::new(&destination);
    let added: Vec<EventId> = rig.add_many(2_000);
    pass(86_399.0).await;
    assert_eq!(rig.lane().state, DeliveryState::BackingOff);
    assert_eq!(rig.counts(), [2_000, 0, 0, 0]);
    let batches = destination.seen().len() / 50;
    assert!((1_400..1_500).contains(&batches), "about one a minute: {batches}");
    pass(120.0).await;
    let mut settled = ids(&destination.settled());
    settled.sort();
    assert_eq!(settled, added, "each once");
    assert_eq!(rig.counts(), [0, 0, 2_000, 0]);
}

#[tokio::test(start_paused = true)]
async fn at_most_64_events_are_in_flight() {
    let destination = Scripted::batched("d", 1, 1_000, |_| Act::Hang);
    let mut rig = Rig::new(&destination);
    rig.add_many(100);
    pass(1.0).await;
    assert_eq!(rig.counts(), [36, 64, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_never_answers_is_asked_again_after_five_minutes() {
    let destination = Scripted::new("d", |seen| if seen.tries == 0 { Act::Hang } else { Act::Take });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(299.0).await;
    assert_eq!(rig.counts(), [0, 1, 0, 0]);
    pass(2.0).await;
    assert_eq!(rig.counts(), [0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_panics_is_tried_again() {
    let destination = Scripted::new("d", |seen| if seen.tries == 0 { Act::Panic } else { Act::Take });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(2.0).await;
    assert_eq!(rig.counts(), [0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_this_version_cannot_read_is_kept_as_a_dead_letter() {
    let destination = Scripted::new("d", |_| Act::Take);
    let mut rig = Rig::new(&destination);
    rig.commit(br#"{"from":"the future"}"#);
    rig.add("a.b");
    pass(1.0).await;
    assert_eq!(rig.counts(), [0, 0, 1, 1]);
    assert_eq!(rig.dead_letters.list().unwrap()[0].to_json()["from"], "the future");
}

#[cfg(feature = "journal")]
#[tokio::test(start_paused = true)]
async fn an_event_counts_as_dead_only_when_its_letter_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let in_the_way = dir.path().join("dead");
    std::fs::write(&in_the_way, "not a directory").unwrap();
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let letters = DeadLetters::on_disk(dir.path(), &destination.identity(), WriterId::mint());
    let mut rig = Rig::with(&destination, letters, true);
    let refused = rig.add("a.b");
    pass(10.0).await;
    assert_eq!(rig.counts(), [1, 0, 0, 0]);
    assert_eq!(destination.seen().len(), 1, "it is not sent again meanwhile");
    std::fs::remove_file(&in_the_way).unwrap();
    pass(2.0).await;
    assert_eq!(rig.counts(), [0, 0, 0, 1]);
    assert_eq!(rig.dead(), [refused]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_of_delivery_and_of_a_dead_letter() {
    let destination =
        Scripted::new("d", |seen| if seen.action == "bad" { Act::refuse(422) } else { Act::Take });
    let mut rig = Rig::new(&destination);
    let (good, bad) = (rig.add_awaited("good"), rig.add_awaited("bad"));
    assert_eq!(good.await.unwrap()[0].destination, "d");
    assert_eq!(bad.await.unwrap_err().kind(), "dead_letter");
}

#[tokio::test(start_paused = true)]
async fn the_board_names_the_oldest_event_that_is_not_done() {
    let destination =
        Scripted::new("d", |seen| if seen.action == "slow" { Act::retry(500) } else { Act::Take });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    let slow: Timestamp = "2026-05-15T12:00:00Z".parse().unwrap();
    let event = Event::builder("slow").occurred_at(slow).build().unwrap();
    rig.commit(&event.to_canonical_json().unwrap());
    rig.add("a.b");
    pass(5.0).await;
    let lane = rig.lane();
    assert_eq!((lane.oldest, lane.done_before), (Some(slow), 2));
    assert_eq!(rig.counts(), [1, 0, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_asked_to_stop_delivers_what_there_is_first() {
    let destination = Scripted::new("d", |_| Act::TakeAfter(Duration::from_millis(100)));
    let mut rig = Rig::new(&destination);
    rig.add_many(20);
    rig.stop_in(Duration::from_secs(10));
    let asked = Instant::now();
    (&mut rig.worker).await.unwrap();
    assert_eq!(rig.counts(), [0, 0, 20, 0]);
    assert!(asked.elapsed() < Duration::from_secs(3), "it does not wait for the deadline");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_worker_whose_destination_hangs() {
    let destination = Scripted::new("d", |_| Act::Hang);
    let mut rig = Rig::new(&destination);
    rig.add_many(3);
    rig.stop_in(Duration::from_secs(10));
    let asked = Instant::now();
    (&mut rig.worker).await.unwrap();
    assert!((10.0..10.1).contains(&asked.elapsed().as_secs_f64()));
    assert_eq!(rig.counts(), [3, 0, 0, 0]);
    assert_eq!(rig.shared.counters.read().last_resort, 0, "a journal on disk keeps them");
}

#[tokio::test(start_paused = true)]
async fn what_an_in_memory_journal_could_not_deliver_is_written_to_stderr() {
    let destination = Scripted::new("d", |_| Act::Hang);
    let mut rig = Rig::with(&destination, DeadLetters::in_memory(), false);
    rig.add_many(100);
    pass(1.0).await;
    rig.stop_in(Duration::ZERO);
    (&mut rig.worker).await.unwrap();
    let counts = rig.shared.counters.read();
    assert_eq!((counts.undelivered, counts.last_resort), (100, 100));
}

#[tokio::test(start_paused = true)]
async fn a_paused_destination_does_not_hold_up_a_shutdown() {
    let destination = Scripted::new("d", |_| Act::Say(Answer::Pause(Refusal::http(401, "no"))));
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(1.0).await;
    rig.stop_in(Duration::from_secs(10));
    let asked = Instant::now();
    (&mut rig.worker).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(destination.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_past_its_deadline_sends_nothing_more() {
    let destination = Scripted::new("d", |_| Act::Take);
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    rig.stop_in(Duration::ZERO);
    (&mut rig.worker).await.unwrap();
    assert_eq!(destination.seen(), []);
    assert_eq!(rig.counts(), [1, 0, 0, 0]);
}
