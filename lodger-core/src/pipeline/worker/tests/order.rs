//! Delivery in the order of the journal.

use super::*;

fn ordered(destination: &Scripted) -> Rig {
    Rig::on(Route::to(destination.clone()).ordered(), DeadLetters::in_memory(), true)
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_holds_back_those_behind_it() {
    let destination = Scripted::batched("d", 1, 64, |seen| match seen.action.as_str() {
        "slow" if seen.tries < 4 => Act::retry(500),
        _ => Act::TakeAfter(Duration::from_millis(10)),
    });
    let mut rig = ordered(&destination);
    let mut added = rig.add_many(3);
    added.push(rig.add("slow"));
    added.extend(rig.add_many(3));
    pass(2.0).await;
    assert_eq!(rig.counts(), [4, 0, 3, 0]);
    assert_eq!(rig.lane().state, DeliveryState::BackingOff);
    pass(100.0).await;
    assert_eq!(ids(&destination.settled()), added);
    assert_eq!(rig.lane().state, DeliveryState::Running);
}

#[tokio::test(start_paused = true)]
async fn one_batch_is_under_way_at_a_time() {
    let destination = Scripted::batched("d", 5, 64, |_| Act::TakeAfter(Duration::from_secs(1)));
    let mut rig = ordered(&destination);
    let added = rig.add_many(12);
    pass(0.5).await;
    assert_eq!(rig.counts(), [7, 5, 0, 0]);
    pass(100.0).await;
    assert_eq!(ids(&destination.settled()), added);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_failed_in_a_batch_goes_alone_until_it_is_taken() {
    let destination = Scripted::batched("d", 4, 1, |seen| match seen.action.as_str() {
        "slow" if seen.tries < 3 => Act::retry(500),
        _ => Act::Take,
    });
    let mut rig = ordered(&destination);
    let first = rig.add("a.b");
    let slow = rig.add("slow");
    let rest = rig.add_many(6);
    pass(100.0).await;
    // The rest of its batch was with the destination before anybody knew.
    let expected = [&[first, slow, rest[0], rest[1]], [slow; 3].as_slice(), &rest[2..]].concat();
    assert_eq!(ids(&destination.seen()), expected);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_day_makes_no_dead_letter_and_changes_no_order() {
    let down = |seen: &Seen| if seen.at.as_secs() < 86_400 { Act::retry(502) } else { Act::Take };
    let destination = Scripted::new("d", down);
    let mut rig = ordered(&destination);
    let added = rig.add_many(100);
    pass(86_400.0 + 120.0).await;
    assert_eq!(rig.counts(), [0, 0, 100, 0]);
    assert_eq!(ids(&destination.settled()), added);
    let tries = |event: usize| destination.seen().iter().filter(|seen| seen.id == added[event]).count();
    assert!(tries(0) > 1_400 && tries(1) > 1_300, "the first and its witness: {}, {}", tries(0), tries(1));
    assert_eq!(tries(2), 1, "nobody else");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_always_fails_ends_as_a_dead_letter_once_the_next_one_is_taken() {
    let destination =
        Scripted::new("d", |seen| if seen.action == "poison" { Act::retry(500) } else { Act::Take });
    let mut rig = ordered(&destination);
    let before = rig.add("a.b");
    let poison = rig.add("poison");
    let behind = rig.add_many(5);
    pass(3_599.0).await;
    assert_eq!(ids(&destination.settled()), [before]);
    assert_eq!(rig.counts(), [6, 0, 1, 0]);
    pass(200.0).await;
    assert_eq!(rig.dead(), [poison]);
    assert_eq!(ids(&destination.settled()), [&[before], behind.as_slice()].concat());
    let letter = &rig.dead_letters.list().unwrap()[0];
    assert_eq!((letter.status, letter.reason.as_str()), (Some(500), "try later"));
    assert!(letter.tries >= 10);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_never_allowed_holds_up_the_others_for_a_minute() {
    let destination = Scripted::new("d", |seen| match seen.action.as_str() {
        "key.rotate" => Act::Say(Answer::Suspect(Refusal::http(403, "not with this key"))),
        _ => Act::Take,
    });
    let mut rig = ordered(&destination);
    let forbidden = rig.add("key.rotate");
    let others = rig.add_many(5);
    pass(59.0).await;
    assert_eq!(rig.counts(), [6, 0, 0, 0]);
    pass(2.0).await;
    assert_eq!(rig.dead(), [forbidden]);
    assert_eq!(ids(&destination.settled()), others);
}

#[tokio::test(start_paused = true)]
async fn a_first_event_that_is_never_allowed_does_not_keep_a_closed_destination_shut() {
    let destination = Scripted::new("d", |seen| match (seen.at.as_secs(), seen.action.as_str()) {
        (0..100, _) => Act::Say(Answer::Pause(Refusal::http(401, "unknown key"))),
        (_, "key.rotate") => Act::Say(Answer::Suspect(Refusal::http(403, "not with this key"))),
        _ => Act::Take,
    });
    let mut rig = ordered(&destination);
    let forbidden = rig.add("key.rotate");
    let others = rig.add_many(5);
    pass(3_599.0).await;
    assert_eq!((rig.counts(), rig.lane().state), ([6, 0, 0, 0], DeliveryState::Paused));
    pass(200.0).await;
    assert_eq!(rig.dead(), [forbidden]);
    assert_eq!(ids(&destination.settled()), others);
    assert_eq!(rig.lane().state, DeliveryState::Running);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_for_one_event_is_kept_also_where_the_order_counts() {
    let later =
        || Answer::Retry { refusal: Refusal::http(500, "busy"), after: Some(Duration::from_secs(300)) };
    let destination = Scripted::new("d", move |seen| {
        if seen.tries == 0 && seen.action == "slow" { Act::Say(later()) } else { Act::Take }
    });
    let mut rig = ordered(&destination);
    rig.add("slow");
    rig.add("a.b");
    pass(1_000.0).await;
    assert_at(&destination.seen(), &[0.0, 300.0, 300.0]);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_sent_again_goes_in_turns_with_the_journal() {
    let bad = |seen: &Seen, answer: Act| if seen.action == "bad" { answer } else { Act::Take };
    let destination = Scripted::new("d", move |seen| bad(seen, Act::refuse(422)));
    let mut rig = ordered(&destination);
    let letter = rig.add("bad");
    pass(1.0).await;
    destination.follow(move |seen| bad(seen, Act::retry(500)));
    rig.retry_all();
    for minute in 1..=100 {
        let id = rig.add("a.b");
        pass(60.0).await;
        assert_eq!(ids(&destination.settled()).last(), Some(&id), "in minute {minute}");
    }
    assert_eq!(rig.dead(), [letter]);
    assert_eq!(rig.counts(), [0, 0, 100, 2]);
}
