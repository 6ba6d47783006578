//! Dead letters that are sent again. Always: routed + retried = pending + in flight + delivered + dead.

use super::*;
use crate::pipeline::Command;

/// Routed and retried, then pending, in flight, delivered, dead.
fn account(rig: &Rig) -> ([u64; 2], [u64; 4]) {
    let lane = rig.lane();
    ([lane.routed, lane.retried], rig.counts())
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_taken_now_is_one_no_more() {
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let mut rig = Rig::new(&destination);
    let refused = rig.add("a.b");
    pass(1.0).await;
    assert_eq!(rig.dead(), [refused]);
    destination.follow(|_| Act::Take);
    rig.retry_all();
    pass(1.0).await;
    assert_eq!(rig.dead(), []);
    assert_eq!(account(&rig), ([1, 1], [0, 0, 1, 1]));
    assert_eq!(rig.lane().done_before, 2, "a letter has no place in the order of the journal");
    let seen = destination.seen();
    assert_eq!((&seen[0].bytes, seen[0].id), (&seen[1].bytes, seen[1].id));
    assert_eq!([seen[0].tries, seen[1].tries], [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_refused_again_has_the_new_reason_and_all_its_tries() {
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let mut rig = Rig::new(&destination);
    let refused = rig.add("a.b");
    pass(1.0).await;
    destination.follow(|_| Act::Say(Answer::Refused(Refusal::http(413, "too large now"))));
    rig.retry_all();
    pass(1.0).await;
    let letters = rig.dead_letters.list().unwrap();
    let told: Vec<_> = letters.iter().map(|one| (one.id, one.status, &*one.reason, one.tries)).collect();
    assert_eq!(told, [(refused, Some(413), "too large now", 2)]);
    assert_eq!(account(&rig), ([1, 1], [0, 0, 0, 2]));
}

#[tokio::test(start_paused = true)]
async fn a_letter_is_sent_once_however_often_that_is_asked_for() {
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(1.0).await;
    destination.follow(|_| Act::TakeAfter(Duration::from_secs(5)));
    (0..3).for_each(|_| rig.retry_all());
    pass(1.0).await;
    rig.retry_all();
    pass(10.0).await;
    assert_eq!(destination.seen().len(), 2);
    assert_eq!(account(&rig), ([1, 1], [0, 0, 1, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_purged_before_its_turn_is_not_sent() {
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let mut rig = Rig::new(&destination);
    let refused = rig.add("a.b");
    pass(1.0).await;
    rig.order(Command::Pause);
    rig.retry_all();
    pass(1.0).await;
    assert_eq!(account(&rig), ([1, 1], [1, 0, 0, 1]));
    rig.dead_letters.remove(&[refused]).unwrap();
    rig.order(Command::Resume);
    pass(1.0).await;
    assert_eq!(destination.seen().len(), 1);
    assert_eq!(account(&rig), ([1, 0], [0, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_purged_while_it_is_sent_stays_purged_when_it_is_refused_again() {
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let mut rig = Rig::new(&destination);
    let refused = rig.add("a.b");
    pass(1.0).await;
    let letters = Arc::clone(&rig.dead_letters);
    destination.follow(move |_| {
        assert_eq!(letters.remove(&[refused]).unwrap(), 1);
        Act::refuse(422)
    });
    rig.retry_all();
    pass(1.0).await;
    assert_eq!((rig.dead(), destination.seen().len()), (vec![], 2));
    assert_eq!(account(&rig), ([1, 0], [0, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_a_letter_is_sent_again_leaves_it_a_letter() {
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let mut rig = Rig::new(&destination);
    let refused = rig.add("a.b");
    pass(1.0).await;
    destination.follow(|_| Act::Hang);
    rig.retry_all();
    pass(1.0).await;
    assert_eq!(account(&rig), ([1, 1], [0, 1, 0, 1]));
    rig.worker.abort();
    assert_eq!(rig.dead(), [refused]);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_again_before_the_end_is_still_a_letter() {
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let mut rig = Rig::new(&destination);
    let refused = rig.add("a.b");
    pass(1.0).await;
    destination.follow(|_| Act::Hang);
    rig.retry_all();
    rig.stop_in(Duration::from_secs(5));
    (&mut rig.worker).await.unwrap();
    assert_eq!(rig.dead(), [refused]);
    assert_eq!(account(&rig), ([1, 1], [0, 0, 0, 2]), "nothing remains to be delivered");
}

#[cfg(feature = "journal")]
#[tokio::test(start_paused = true)]
async fn a_letter_counts_as_delivered_when_it_is_durably_removed() {
    let dir = tempfile::tempdir().unwrap();
    let destination = Scripted::new("d", |_| Act::refuse(422));
    let letters = DeadLetters::on_disk(dir.path(), &destination.identity(), WriterId::mint());
    let mut rig = Rig::with(&destination, letters, true);
    rig.add("a.b");
    pass(1.0).await;
    destination.follow(|_| Act::Take);
    crate::journal::fault::fail_syncs(1);
    rig.retry_all();
    pass(0.5).await;
    assert_eq!(destination.settled().len(), 1);
    assert_eq!(account(&rig), ([1, 1], [1, 0, 0, 1]));
    pass(1.0).await;
    assert_eq!(account(&rig), ([1, 1], [0, 0, 1, 1]));
    assert_eq!(rig.dead(), []);
    assert_eq!(destination.seen().len(), 2, "it is not sent a third time");
}

#[tokio::test(start_paused = true)]
async fn letters_that_keep_failing_stand_in_nobodys_way_and_die_again() {
    let destination =
        Scripted::new("d", |seen| if seen.action == "bad" { Act::refuse(422) } else { Act::Take });
    let mut rig = Rig::new(&destination);
    for _ in 0..400 {
        rig.add("bad");
        rig.add_many(9);
        pass(0.1).await;
    }
    assert_eq!(account(&rig), ([4_000, 0], [0, 0, 3_600, 400]));
    destination.follow(|seen| if seen.action == "bad" { Act::retry(500) } else { Act::Take });
    rig.retry_all();
    pass(10.0).await;
    for minute in 1..=500 {
        let id = rig.add("a.b");
        pass(60.0).await;
        assert_eq!(ids(&destination.settled()).last(), Some(&id), "in minute {minute}");
    }
    assert_eq!(account(&rig), ([4_500, 400], [0, 0, 4_100, 800]));
    assert_eq!(rig.dead().len(), 400);
}
