//! What an operator can do to a worker.

use super::*;
use crate::pipeline::Command;

fn closed_until(seconds: u64) -> impl Fn(&Seen) -> Act {
    move |seen| match seen.at.as_secs() {
        at if at < seconds => Act::Say(Answer::Pause(Refusal::http(401, "unknown key"))),
        _ => Act::Take,
    }
}

#[tokio::test(start_paused = true)]
async fn on_hold_nothing_is_sent_and_everything_is_kept() {
    let destination = Scripted::batched("d", 10, 1, |_| Act::Take);
    let mut rig = Rig::new(&destination);
    rig.order(Command::Pause);
    rig.add_many(3);
    pass(100_000.0).await;
    assert_eq!(destination.seen(), []);
    assert_eq!((rig.counts(), rig.lane().state), ([3, 0, 0, 0], DeliveryState::OnHold));
    rig.order(Command::Resume);
    pass(0.1).await;
    assert_eq!((rig.counts(), rig.lane().state), ([0, 0, 3, 0], DeliveryState::Running));
}

#[tokio::test(start_paused = true)]
async fn what_was_being_sent_is_answered_on_hold() {
    let destination = Scripted::new("d", |_| Act::TakeAfter(Duration::from_secs(10)));
    let mut rig = Rig::new(&destination);
    rig.add_many(2);
    pass(1.0).await;
    rig.order(Command::Pause);
    pass(100.0).await;
    assert_eq!(rig.counts(), [1, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_hold_buries_no_suspect() {
    let destination = Scripted::new("d", |_| Act::Say(Answer::Suspect(Refusal::http(403, "no"))));
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(1.0).await;
    rig.order(Command::Pause);
    pass(3_600.0).await;
    assert_eq!(rig.counts(), [1, 0, 0, 0]);
    destination.follow(|_| Act::Take);
    rig.order(Command::Resume);
    pass(0.1).await;
    assert_eq!(rig.counts(), [0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_closed_destination_is_asked_at_once_when_it_is_resumed_or_has_another_key() {
    for command in [|| Command::Resume, || Command::ProbeNow] {
        let destination = Scripted::new("d", closed_until(10));
        let mut rig = Rig::new(&destination);
        rig.add_many(3);
        pass(5.0).await;
        rig.order(command());
        pass(0.1).await;
        assert_at(&destination.seen(), &[0.0, 5.0]);
        pass(7.0).await;
        rig.order(command());
        pass(0.1).await;
        assert_eq!((rig.counts(), rig.lane().state), ([0, 0, 3, 0], DeliveryState::Running));
    }
}

#[tokio::test(start_paused = true)]
async fn another_key_does_not_end_a_hold() {
    let destination = Scripted::new("d", closed_until(5));
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    rig.order(Command::Pause);
    rig.order(Command::ProbeNow);
    pass(100.0).await;
    assert_eq!(rig.counts(), [1, 0, 0, 0]);
    assert_eq!(destination.seen(), []);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_the_destination_asked_for_is_waited_for_though_somebody_resumes_it() {
    let later = || Answer::Retry { refusal: Refusal::http(429, "x"), after: Some(Duration::from_secs(90)) };
    let destination =
        Scripted::new("d", move |seen| if seen.tries == 0 { Act::Say(later()) } else { Act::Take });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(10.0).await;
    rig.order(Command::Resume);
    pass(100.0).await;
    assert_at(&destination.seen(), &[0.0, 90.0]);
}

#[tokio::test(start_paused = true)]
async fn a_destination_on_hold_does_not_hold_up_a_shutdown() {
    let destination = Scripted::new("d", |_| Act::Take);
    let mut rig = Rig::new(&destination);
    rig.order(Command::Pause);
    rig.add("a.b");
    pass(1.0).await;
    rig.stop_in(Duration::from_secs(10));
    let asked = Instant::now();
    (&mut rig.worker).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(rig.counts(), [1, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_detached_destination_that_hangs_leaves_dead_letters_and_its_worker_ends() {
    let destination = Scripted::batched("d", 1, 1_000, |_| Act::Hang);
    let mut rig = Rig::new(&destination);
    let waiting = rig.add_awaited("a.b");
    rig.add_many(99);
    pass(1.0).await;
    assert_eq!(rig.counts(), [36, 64, 0, 0]);
    rig.order(Command::Detach);
    rig.see();
    (&mut rig.worker).await.unwrap();
    assert_eq!((rig.counts(), rig.lane().state), ([0, 0, 0, 100], DeliveryState::Detached));
    assert_eq!(rig.lane().done_before, 101);
    assert_eq!(waiting.await.unwrap_err().kind(), "dead_letter");
    let letters = rig.dead_letters.list().unwrap();
    let (sent, unsent): (Vec<_>, Vec<_>) = letters.into_iter().partition(|letter| letter.tries == 1);
    assert_eq!((sent.len(), unsent.len()), (64, 36));
    assert_eq!(sent[0].reason, "the destination was detached while it had this event");
    assert_eq!((unsent[0].reason.as_str(), unsent[0].tries), ("the destination was detached", 0));
}

#[cfg(feature = "journal")]
#[tokio::test(start_paused = true)]
async fn a_backlog_of_any_size_becomes_dead_letters_when_its_destination_is_detached() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", closed_until(u64::MAX));
    let letters = DeadLetters::on_disk(dir.path(), &destination.identity(), WriterId::mint());
    let mut rig = Rig::with(&destination, letters, true);
    let mut added = rig.add_many(3_000);
    pass(1.0).await;
    rig.order(Command::Detach);
    rig.see();
    (&mut rig.worker).await.unwrap();
    assert_eq!(rig.counts(), [0, 0, 0, 3_000]);
    let mut dead = rig.dead();
    dead.sort();
    added.sort();
    assert_eq!(dead, added);
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_while_a_destination_is_detached_becomes_a_dead_letter_too() {
    let destination = Scripted::new("d", |_| Act::Take);
    let mut rig = Rig::new(&destination);
    rig.order(Command::Detach);
    pass(1.0).await;
    assert!(!rig.worker.is_finished(), "the journal thread may be about to commit something");
    let late = rig.add("a.b");
    pass(1.0).await;
    assert_eq!(rig.dead(), [late]);
    assert!(!rig.worker.is_finished());
    rig.see();
    (&mut rig.worker).await.unwrap();
    assert_eq!(rig.counts(), [0, 0, 0, 1]);
    assert_eq!(destination.seen(), []);
}

#[tokio::test(start_paused = true)]
async fn a_suspect_whose_time_is_over_when_its_destination_is_detached_is_one_dead_letter() {
    let destination = Scripted::new("d", |_| Act::Say(Answer::Suspect(Refusal::http(403, "no"))));
    let mut rig = Rig::new(&destination);
    let suspect = rig.add("a.b");
    pass(30.0).await;
    rig.order(Command::Detach);
    rig.see();
    // Both are found in the same turn of the worker.
    tokio::time::advance(Duration::from_secs(31)).await;
    (&mut rig.worker).await.unwrap();
    assert_eq!((rig.dead(), rig.counts()), (vec![suspect], [0, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn another_key_ends_the_limit_of_the_old_one_but_no_rest_of_the_whole_service() {
    for (status, seen) in [(429, [0.0, 10.0]), (503, [0.0, 90.0])] {
        let later = move || Answer::Retry {
            refusal: Refusal::http(status, "x"),
            after: Some(Duration::from_secs(90)),
        };
        let destination =
            Scripted::new("d", move |seen| if seen.tries == 0 { Act::Say(later()) } else { Act::Take });
        let mut rig = Rig::new(&destination);
        rig.add("a.b");
        pass(10.0).await;
        rig.order(Command::ProbeNow);
        pass(100.0).await;
        assert_at(&destination.seen(), &seen);
    }
}
