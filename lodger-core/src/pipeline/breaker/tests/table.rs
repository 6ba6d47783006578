//! The table of answers, status by status, written down by hand.

use super::*;
use crate::destination::status_answer;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    /// Only the service can read it.
    Taken,
    /// Tried again, at growing intervals.
    Retry,
    /// Everything is kept, one event a minute is tried.
    Pause,
    /// A dead letter, unless a different event gets the same answer.
    Suspect,
    /// A dead letter.
    Refused,
}

fn meaning(status: u16) -> Meaning {
    match status {
        200..=299 => Meaning::Taken,
        300..=399 | 401 | 402 | 407 => Meaning::Pause,
        400 | 409 | 413 | 422 => Meaning::Refused,
        408 | 425 | 429 => Meaning::Retry,
        403..=406 | 410..=412 | 414..=421 | 423 | 424 | 426..=428 | 430..=499 | 501 => Meaning::Suspect,
        500 | 502..=599 => Meaning::Retry,
        other => panic!("{other} is not in the table"),
    }
}

fn answered(status: u16) -> Answer {
    status_answer(status, "no", None).unwrap()
}

#[test]
fn every_status_is_judged_as_the_table_says() {
    for status in 200..=599 {
        let mut bench = Bench::new();
        match meaning(status) {
            Meaning::Taken => assert_eq!(status_answer(status, "no", None), None),
            Meaning::Retry => {
                let again = Judgement::Again(bench.now + Duration::from_millis(500));
                assert_eq!(bench.send(1, answered(status)), again, "{status}");
                assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running), "{status}");
                (2..=5).for_each(|other| drop(bench.send(other, answered(status))));
                assert_eq!(bench.state(), DeliveryState::BackingOff, "{status}");
            }
            Meaning::Pause => {
                assert_eq!(bench.send(1, answered(status)), Judgement::Keep, "{status}");
                assert_eq!(bench.gate(), bench.shut_for(60.0), "{status}");
                assert_eq!(bench.state(), DeliveryState::Paused, "{status}");
            }
            Meaning::Suspect => {
                assert_eq!(bench.send_action(1, "a.b", answered(status)), Judgement::Hold, "{status}");
                assert_eq!(bench.send_action(2, "c.d", answered(status)), Judgement::Keep, "{status}");
                assert_eq!(bench.state(), DeliveryState::Paused, "{status}");
                let mut bench = Bench::new();
                bench.send(1, answered(status));
                bench.send(2, settled());
                assert_eq!(bench.sentences(), [Sentence::Bury(1, http(status))], "{status}");
                assert_eq!(bench.state(), DeliveryState::Running, "{status}");
            }
            Meaning::Refused => {
                assert_eq!(bench.send(1, answered(status)), Judgement::Bury(http(status)), "{status}");
                assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running), "{status}");
            }
        }
    }
}

#[test]
fn retry_after_is_a_floor_for_every_status_that_is_tried_again() {
    for status in (200..=599).filter(|status| meaning(*status) == Meaning::Retry) {
        for (asked, held) in [(90, 90), (3_600, 3_600), (1_000_000_000, 3_600)] {
            let mut bench = Bench::new();
            let held = bench.now + Duration::from_secs(held);
            // Also when the destination as a whole is failing, where no event has a backoff of its own.
            (2..=6).for_each(|other| drop(bench.send(other, retry(502))));
            let answer = status_answer(status, "no", Some(Duration::from_secs(asked))).unwrap();
            let judgement = bench.send(1, answer);
            if status == 429 {
                // As long as the key is the same one: for all, so not for each.
                assert_eq!((judgement, bench.gate()), (Judgement::Keep, Gate::Shut(held)));
            } else {
                assert_eq!(judgement, Judgement::Again(held), "{status}");
            }
        }
    }
}

#[test]
fn a_destination_with_another_key_is_asked_at_once_and_old_answers_say_nothing() {
    for late in [Answer::Pause(http(401)), Answer::Suspect(http(403))] {
        let mut bench = Bench::new();
        let [first, second] = [(); 2].map(|()| bench.breaker.next_batch());
        bench.answer(first, 1, "a.b", Answer::Pause(http(401)));
        bench.pass(7);
        bench.breaker.ask_now(bench.now);
        assert_eq!(bench.gate(), Gate::OneEvent);
        assert_eq!(bench.answer(second, 2, "c.d", late), Judgement::Keep);
        assert_eq!(bench.gate(), Gate::OneEvent, "what was sent under the old key puts nothing off");
        bench.send(3, settled());
        assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
    }
}

#[test]
fn another_key_frees_the_suspects_of_the_old_one() {
    let mut bench = Bench::new();
    bench.send(1, Answer::Suspect(http(403)));
    bench.breaker.ask_now(bench.now);
    bench.send(2, settled());
    assert_eq!(bench.sentences(), [Sentence::Keep(1)]);
}

#[test]
fn a_limit_of_the_old_key_does_not_hold_for_the_new_one() {
    let mut bench = Bench::new();
    bench.send(1, retry_after(429, 3_600));
    let late = bench.breaker.next_batch();
    assert_eq!(bench.gate(), bench.shut_for(3_600.0));
    bench.breaker.ask_now(bench.now);
    assert_eq!(bench.gate(), bench.shut_for(3_600.0), "somebody resumed it, which lifts no limit");
    bench.breaker.ask_with_another_key(bench.now);
    assert_eq!(bench.gate(), Gate::Open);
    bench.answer(late, 2, "a.b", retry_after(429, 3_600));
    assert_eq!(bench.gate(), Gate::Open, "that was the old key");
    bench.send(3, retry_after(429, 60));
    assert_eq!(bench.gate(), bench.shut_for(60.0));
    bench.send(4, retry_after(503, 90));
    bench.breaker.ask_with_another_key(bench.now);
    assert_eq!(bench.gate(), bench.shut_for(90.0), "the service is down for every key");
}
