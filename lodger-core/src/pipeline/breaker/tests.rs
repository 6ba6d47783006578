mod storm;
mod table;

use super::*;
use crate::event::EventId;
use crate::pipeline::testing::FixedClock;

/// A breaker with a clock in hand. Jitter is always the whole backoff.
struct Bench {
    breaker: Breaker,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self { breaker: Breaker::new(Arc::new(FixedClock::with_jitter(1.0)), false, now), now }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Sends one event alone and judges the answer.
    fn send(&mut self, ordinal: Ordinal, answer: Answer) -> Judgement {
        self.send_action(ordinal, "a.b", answer)
    }

    fn send_action(&mut self, ordinal: Ordinal, action: &str, answer: Answer) -> Judgement {
        let batch = self.breaker.next_batch();
        self.answer(batch, ordinal, action, answer)
    }

    fn answer(&mut self, batch: u64, ordinal: Ordinal, action: &str, answer: Answer) -> Judgement {
        let tried = Tried { ordinal, action, tries: 1, failing_since: self.now, batch };
        self.breaker.judge(tried, answer, self.now)
    }

    fn sentences(&mut self) -> Vec<Sentence> {
        self.breaker.sentences(self.now)
    }

    fn gate(&self) -> Gate {
        self.breaker.gate(self.now)
    }

    fn shut_for(&self, seconds: f64) -> Gate {
        Gate::Shut(self.now + Duration::from_secs_f64(seconds))
    }

    fn state(&self) -> DeliveryState {
        self.breaker.lane_state()
    }
}

fn settled() -> Answer {
    Answer::Settled(Receipt::new(EventId::mint(), "test"))
}

fn http(status: u16) -> Refusal {
    Refusal::http(status, "no")
}

fn retry(status: u16) -> Answer {
    Answer::Retry { refusal: http(status), after: None }
}

fn retry_after(status: u16, seconds: u64) -> Answer {
    Answer::Retry { refusal: http(status), after: Some(Duration::from_secs(seconds)) }
}

#[test]
fn what_is_there_is_settled() {
    let mut bench = Bench::new();
    assert!(matches!(bench.send(1, settled()), Judgement::Settle(_)));
    assert_eq!(bench.gate(), Gate::Open);
}

#[test]
fn one_failing_event_waits_and_stops_no_other() {
    let mut bench = Bench::new();
    for answer in [retry(500), Answer::Ambiguous(Refusal::new("reset"))] {
        let again = bench.now + Duration::from_millis(500);
        assert_eq!(bench.send(1, answer), Judgement::Again(again));
    }
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
}

#[test]
fn the_fifth_different_failure_in_a_row_is_the_destinations() {
    let mut bench = Bench::new();
    for ordinal in 1..=4 {
        assert!(matches!(bench.send(ordinal, retry(500)), Judgement::Again(_)));
    }
    assert!(matches!(bench.send(4, retry(500)), Judgement::Again(_)), "the same event again is no fifth");
    assert_eq!(bench.send(5, retry(500)), Judgement::Keep);
    assert_eq!((bench.gate(), bench.state()), (bench.shut_for(0.5), DeliveryState::BackingOff));
}

#[test]
fn what_is_undecided_is_kept_and_says_nothing_of_event_or_destination() {
    let undecided = || Answer::Undecided(Refusal::new("not sent by itself"));
    let mut bench = Bench::new();
    for ordinal in 1..=50 {
        assert_eq!(bench.send(ordinal, undecided()), Judgement::Keep);
    }
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
    assert_eq!(bench.breaker.last_error(), None);
}

#[test]
fn what_does_not_fit_is_buried_and_says_nothing_of_the_destination() {
    let unfit = || Answer::Unfit(Refusal::new("70 characters"));
    let mut bench = Bench::new();
    for ordinal in 1..=100 {
        assert_eq!(bench.send(ordinal, unfit()), Judgement::Bury(Refusal::new("70 characters")));
    }
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
    assert_eq!(bench.breaker.last_error(), None);
    assert!(matches!(bench.send(101, Answer::Refused(http(400))), Judgement::Bury(_)), "the first refusal");

    for (closed, gate, state) in [
        (Answer::Pause(http(401)), Gate::OneEvent, DeliveryState::Paused),
        (retry(500), Gate::OneBatch, DeliveryState::BackingOff),
    ] {
        let mut bench = Bench::new();
        (1..=5).for_each(|ordinal| drop(bench.send(ordinal, closed.clone())));
        bench.pass(60);
        for ordinal in 11..=20 {
            assert!(matches!(bench.send(ordinal, unfit()), Judgement::Bury(_)));
            assert_eq!((bench.gate(), bench.state()), (gate, state), "still to be asked");
        }
    }

    let mut bench = Bench::new();
    bench.send(1, Answer::Suspect(http(403)));
    (2..=5).for_each(|ordinal| drop(bench.send(ordinal, retry(500))));
    bench.send(6, unfit());
    assert_eq!(bench.sentences(), []);
    assert_eq!(bench.send(7, retry(500)), Judgement::Keep, "the fifth failure in a row");
}

#[test]
fn a_success_in_between_starts_the_count_anew() {
    let mut bench = Bench::new();
    for ordinal in 1..=40 {
        let answer = if ordinal % 4 == 0 { settled() } else { retry(500) };
        bench.send(ordinal, answer);
        assert_eq!(bench.state(), DeliveryState::Running);
    }
}

#[test]
fn a_failing_destination_gets_one_batch_at_growing_intervals_until_one_succeeds() {
    let mut bench = Bench::new();
    (1..=5).for_each(|ordinal| drop(bench.send(ordinal, retry(502))));
    for seconds in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
        bench.pass(60);
        assert_eq!(bench.gate(), Gate::OneBatch);
        let batch = bench.breaker.next_batch();
        assert_eq!(bench.answer(batch, 1, "a.b", retry(502)), Judgement::Keep);
        assert_eq!(bench.answer(batch, 2, "a.b", retry(502)), Judgement::Keep, "the batch counts once");
        assert_eq!(bench.gate(), bench.shut_for(seconds));
    }
    bench.pass(60);
    bench.send(1, settled());
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
}

#[test]
fn retry_after_of_a_whole_destination_holds_every_event_and_at_most_an_hour() {
    for (status, seconds, held) in [(429, 90, 90.0), (503, 90, 90.0), (429, 1_000_000_000, 3_600.0)] {
        let mut bench = Bench::new();
        bench.send(1, retry_after(status, seconds));
        assert_eq!(bench.gate(), bench.shut_for(held));
        // An answer to what was sent before must not open the gate.
        bench.answer(0, 2, "a.b", settled());
        assert_eq!(bench.gate(), bench.shut_for(held));
    }
}

#[test]
fn retry_after_of_another_status_holds_that_event_only() {
    let mut bench = Bench::new();
    let again = bench.now + Duration::from_secs(90);
    assert_eq!(bench.send(1, retry_after(500, 90)), Judgement::Again(again));
    assert_eq!(bench.gate(), Gate::Open);
}

#[test]
fn poison_becomes_a_dead_letter_after_ten_tries_and_an_hour() {
    let mut bench = Bench::new();
    let failing_since = bench.now;
    let failed = |bench: &mut Bench, tries| {
        let batch = bench.breaker.next_batch();
        let tried = Tried { ordinal: 1, action: "a.b", tries, failing_since, batch };
        bench.breaker.judge(tried, retry(500), bench.now)
    };
    bench.pass(3_599);
    bench.send(2, settled());
    assert!(matches!(failed(&mut bench, 500), Judgement::Again(_)));
    bench.pass(1);
    assert!(matches!(failed(&mut bench, 9), Judgement::Again(_)));
    assert_eq!(failed(&mut bench, 10), Judgement::Bury(http(500)));
}

#[test]
fn nobody_is_poison_while_the_destination_fails() {
    let mut bench = Bench::new();
    let failing_since = bench.now;
    bench.pass(10_000);
    let tried = Tried { ordinal: 1, action: "a.b", tries: 100, failing_since, batch: 1 };
    assert!(matches!(bench.breaker.judge(tried, retry(500), bench.now), Judgement::Again(_)));
}

#[test]
fn a_closed_destination_is_paused_and_asked_with_one_event_a_minute() {
    let mut bench = Bench::new();
    assert_eq!(bench.send(1, Answer::Pause(http(401))), Judgement::Keep);
    assert_eq!((bench.gate(), bench.state()), (bench.shut_for(60.0), DeliveryState::Paused));
    assert_eq!(bench.breaker.last_error(), Some("HTTP 401: no"));
    for answer in [Answer::Pause(http(401)), retry(500), Answer::Suspect(http(403))] {
        bench.pass(60);
        assert_eq!(bench.gate(), Gate::OneEvent);
        assert_eq!(bench.send(2, answer), Judgement::Keep);
        assert_eq!((bench.gate(), bench.state()), (bench.shut_for(60.0), DeliveryState::Paused));
    }
    bench.pass(60);
    bench.send(3, settled());
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
}

#[test]
fn what_was_sent_before_a_pause_neither_ends_nor_extends_it() {
    let mut bench = Bench::new();
    let [first, second, third] = [(); 3].map(|()| bench.breaker.next_batch());
    bench.answer(first, 1, "a.b", Answer::Pause(http(401)));
    let gate = bench.gate();
    bench.pass(10);
    bench.answer(second, 2, "a.b", Answer::Pause(http(401)));
    bench.answer(third, 3, "a.b", settled());
    assert_eq!((bench.gate(), bench.state()), (gate, DeliveryState::Paused));
}

#[test]
fn a_suspect_is_to_blame_when_another_event_is_taken() {
    let mut bench = Bench::new();
    assert_eq!(bench.send(1, Answer::Suspect(http(403))), Judgement::Hold);
    assert_eq!(bench.sentences(), []);
    bench.send(2, settled());
    assert_eq!(bench.sentences(), [Sentence::Bury(1, http(403))]);
    assert_eq!(bench.state(), DeliveryState::Running);
}

#[test]
fn a_suspect_is_to_blame_when_an_event_sent_with_it_was_taken() {
    let mut bench = Bench::new();
    let batch = bench.breaker.next_batch();
    bench.answer(batch, 2, "a.b", settled());
    assert_eq!(bench.answer(batch, 1, "a.b", Answer::Suspect(http(403))), Judgement::Bury(http(403)));
}

#[test]
fn a_success_from_before_says_nothing_about_a_suspect() {
    let mut bench = Bench::new();
    let before = bench.breaker.next_batch();
    bench.send(1, Answer::Suspect(http(403)));
    bench.answer(before, 2, "a.b", settled());
    assert_eq!(bench.sentences(), []);
}

#[test]
fn the_same_answer_to_another_action_pauses_and_keeps_both() {
    let mut bench = Bench::new();
    assert_eq!(bench.send_action(1, "a.b", Answer::Suspect(http(404))), Judgement::Hold);
    assert_eq!(bench.send_action(2, "c.d", Answer::Suspect(http(404))), Judgement::Keep);
    assert_eq!(bench.sentences(), [Sentence::Keep(1)]);
    assert_eq!((bench.gate(), bench.state()), (bench.shut_for(60.0), DeliveryState::Paused));
}

#[test]
fn another_answer_to_another_event_does_not_pause() {
    let mut bench = Bench::new();
    bench.send_action(1, "a.b", Answer::Suspect(http(404)));
    assert_eq!(bench.send_action(2, "c.d", Answer::Suspect(http(403))), Judgement::Hold);
    bench.send(3, settled());
    let mut buried = bench.sentences();
    buried.sort_by_key(|sentence| matches!(sentence, Sentence::Bury(2, _)));
    assert_eq!(buried, [Sentence::Bury(1, http(404)), Sentence::Bury(2, http(403))]);
}

#[test]
fn one_action_that_is_never_allowed_stops_no_other() {
    let mut bench = Bench::new();
    for ordinal in 1..=9 {
        assert_eq!(bench.send_action(ordinal, "key.rotate", Answer::Suspect(http(403))), Judgement::Hold);
    }
    bench.send_action(10, "invoice.update", settled());
    assert_eq!(bench.sentences().len(), 9);
    assert_eq!(bench.state(), DeliveryState::Running);
}

#[test]
fn a_lone_suspect_is_buried_after_a_minute_and_the_next_one_pauses() {
    let mut bench = Bench::new();
    bench.send(1, Answer::Suspect(http(403)));
    assert_eq!(bench.breaker.suspicion_ends(), Some(bench.now + Duration::from_secs(60)));
    bench.pass(60);
    assert_eq!(bench.sentences(), [Sentence::Bury(1, http(403))]);
    bench.pass(10_000);
    assert_eq!(bench.send(2, Answer::Suspect(http(403))), Judgement::Keep);
    assert_eq!(bench.state(), DeliveryState::Paused);
}

#[test]
fn two_suspects_of_one_action_and_no_other_event_pause_after_a_minute() {
    let mut bench = Bench::new();
    bench.send(1, Answer::Suspect(http(403)));
    bench.send(2, Answer::Suspect(http(403)));
    bench.pass(60);
    let kept = bench.sentences();
    assert!(kept.contains(&Sentence::Keep(1)) && kept.contains(&Sentence::Keep(2)), "{kept:?}");
    assert_eq!(bench.state(), DeliveryState::Paused);
}

#[test]
fn a_refused_event_is_buried_with_status_and_reason() {
    let mut bench = Bench::new();
    assert_eq!(bench.send(1, Answer::Refused(http(422))), Judgement::Bury(http(422)));
    assert_eq!(bench.gate(), Gate::Open);
}

#[test]
fn one_refusal_in_five_is_buried_and_more_than_that_pauses() {
    let mut bench = Bench::new();
    for ordinal in 1..=500 {
        if ordinal % 5 == 0 {
            assert!(matches!(bench.send(ordinal, Answer::Refused(http(400))), Judgement::Bury(_)));
        } else {
            bench.send(ordinal, settled());
        }
    }
    // The last 50 hold 10 refusals already; one more where the oldest to go is a success makes 11.
    assert_eq!(bench.send(501, Answer::Refused(http(400))), Judgement::Keep);
    assert_eq!((bench.gate(), bench.state()), (bench.shut_for(60.0), DeliveryState::Paused));
}

#[test]
fn the_share_is_not_judged_before_ten_answers() {
    let mut bench = Bench::new();
    for ordinal in 1..=9 {
        assert!(matches!(bench.send(ordinal, Answer::Refused(http(400))), Judgement::Bury(_)));
    }
    assert_eq!(bench.send(10, Answer::Refused(http(400))), Judgement::Keep);
    assert_eq!(bench.state(), DeliveryState::Paused);
}

#[test]
fn duplicates_are_buried_and_count_as_taken_however_many_there_are() {
    let mut bench = Bench::new();
    for ordinal in 1..=100 {
        assert_eq!(bench.send(ordinal, Answer::Duplicate(http(409))), Judgement::Duplicate(http(409)));
    }
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
    assert_eq!(bench.breaker.last_error(), None);
    (101..=110).for_each(|ordinal| {
        assert_eq!(bench.send(ordinal, Answer::Refused(http(400))), Judgement::Bury(http(400)));
    });
    assert_eq!(bench.send(111, Answer::Refused(http(400))), Judgement::Keep, "11 of the last 50");
}

#[test]
fn a_pause_for_refusals_ends_when_an_event_is_taken() {
    let mut bench = Bench::new();
    (1..=10).for_each(|ordinal| drop(bench.send(ordinal, Answer::Refused(http(400)))));
    bench.pass(60);
    assert_eq!(bench.gate(), Gate::OneEvent);
    assert_eq!(bench.send(11, Answer::Refused(http(400))), Judgement::Keep);
    assert_eq!(bench.gate(), bench.shut_for(60.0));
    bench.pass(60);
    bench.send(12, settled());
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
}

#[test]
fn a_refusal_shows_that_a_closed_destination_is_open_again() {
    let mut bench = Bench::new();
    bench.send(1, Answer::Pause(http(401)));
    bench.pass(60);
    assert_eq!(bench.send(2, Answer::Refused(http(422))), Judgement::Bury(http(422)));
    assert_eq!((bench.gate(), bench.state()), (Gate::Open, DeliveryState::Running));
}
