//! Events that may be there already: looked up where that is possible, counted where they may be there twice.

use std::sync::Mutex;

use super::*;
use crate::destination::{BoxFuture, Delivery, LookUp, Pacing, Receipt, Repeats};
use crate::pipeline::Command;

/// A scripted destination that stores what it is given twice, and can be asked.
#[derive(Clone)]
struct Forgetful {
    scripted: Scripted,
    repeats: Repeats,
    inner: Arc<Asked>,
}

struct Asked {
    /// What it says to the questions; the last stays.
    says: Mutex<Vec<LookUp>>,
    /// Which event, and when.
    asked: Mutex<Vec<(EventId, Duration)>>,
    /// Whether it was left behind.
    left_behind: Mutex<Vec<bool>>,
    started: Instant,
    hangs: Mutex<bool>,
}

impl Forgetful {
    fn new(scripted: &Scripted, says: impl IntoIterator<Item = LookUp>) -> Self {
        let inner = Asked {
            says: Mutex::new(says.into_iter().collect()),
            asked: Mutex::default(),
            left_behind: Mutex::default(),
            started: Instant::now(),
            hangs: Mutex::new(false),
        };
        Self { scripted: scripted.clone(), repeats: Repeats::Stored, inner: Arc::new(inner) }
    }

    fn that(self, repeats: Repeats) -> Self {
        Self { repeats, ..self }
    }

    fn asked(&self) -> Vec<EventId> {
        self.inner.asked.lock().unwrap().iter().map(|(id, _)| *id).collect()
    }

    fn asked_at(&self) -> Vec<f64> {
        self.inner.asked.lock().unwrap().iter().map(|(_, at)| at.as_secs_f64().round()).collect()
    }
}

impl std::fmt::Debug for Forgetful {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forgetful").finish_non_exhaustive()
    }
}

impl Destination for Forgetful {
    fn identity(&self) -> Identity {
        self.scripted.identity()
    }

    fn max_batch(&self) -> usize {
        self.scripted.max_batch()
    }

    fn max_in_flight(&self) -> usize {
        self.scripted.max_in_flight()
    }

    fn repeats(&self) -> Repeats {
        self.repeats
    }

    fn look_up<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, LookUp> {
        self.inner.asked.lock().unwrap().push((delivery.id(), self.inner.started.elapsed()));
        self.inner.left_behind.lock().unwrap().push(delivery.is_left_behind());
        let mut says = self.inner.says.lock().unwrap();
        let said = if says.len() > 1 { says.remove(0) } else { says[0].clone() };
        let hangs = *self.inner.hangs.lock().unwrap();
        Box::pin(async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            said
        })
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        self.scripted.deliver(batch)
    }
}

fn lost() -> Act {
    Act::Say(Answer::Ambiguous(Refusal::new("connection reset")))
}

/// Loses its first answer.
fn loses_one() -> Scripted {
    Scripted::new("d", |seen| if seen.tries == 0 { lost() } else { Act::Take })
}

fn found(id: &str) -> LookUp {
    LookUp::Found(Receipt::new(EventId::mint(), "d").with_id(id))
}

fn rig(destination: &Forgetful) -> Rig {
    Rig::with(destination, DeadLetters::in_memory(), true)
}

/// Tries, questions, possible duplicates, and what is pending, in flight, delivered, dead.
fn account(rig: &Rig, destination: &Forgetful) -> (usize, usize, u64, [u64; 4]) {
    let tries = destination.scripted.seen().len();
    (tries, destination.asked().len(), rig.lane().possible_duplicates, rig.counts())
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_settled_with_that_receipt_as_a_repeat_and_not_sent_again() {
    let destination = Forgetful::new(&loses_one(), [found("there-7")]);
    let mut rig = rig(&destination);
    let waiting = rig.add_awaited("a.b");
    pass(10.0).await;
    assert_eq!(account(&rig, &destination), (1, 1, 0, [0, 0, 1, 0]));
    let receipt = waiting.await.unwrap().remove(0);
    assert_eq!((receipt.id.as_deref(), receipt.repeated), (Some("there-7"), true));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_found_is_sent_again_at_once_and_counted() {
    for said in [LookUp::Absent, LookUp::Unknown] {
        let destination = Forgetful::new(&loses_one(), [said.clone()]);
        let mut rig = rig(&destination);
        let id = rig.add("a.b");
        pass(10.0).await;
        assert_eq!(account(&rig, &destination), (2, 1, 1, [0, 0, 1, 0]), "{said:?}");
        assert_eq!(destination.asked(), [id]);
        assert_at(&destination.scripted.seen(), &[0.0, 0.5]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_fails_is_asked_again() {
    let refused = Answer::Retry { refusal: Refusal::http(503, "not now"), after: None };
    let destination = Forgetful::new(&loses_one(), [LookUp::Failed(refused), found("there")]);
    let mut rig = rig(&destination);
    rig.add("a.b");
    pass(1.0).await;
    assert_eq!(account(&rig, &destination), (1, 1, 0, [1, 0, 0, 0]));
    assert_eq!(rig.lane().last_error.as_deref(), Some("HTTP 503: not now"));
    pass(10.0).await;
    assert_eq!(account(&rig, &destination), (1, 2, 0, [0, 0, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_to_the_question_pauses_and_keeps_everything() {
    let closed = LookUp::Failed(Answer::Pause(Refusal::http(401, "unknown key")));
    let destination = Forgetful::new(&loses_one(), [closed, LookUp::Absent]);
    let mut rig = rig(&destination);
    rig.add("a.b");
    pass(1.0).await;
    assert_eq!((rig.counts(), rig.lane().state), ([1, 0, 0, 0], DeliveryState::Paused));
    rig.order(Command::ProbeNow);
    pass(1.0).await;
    assert_eq!(account(&rig, &destination), (2, 2, 1, [0, 0, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn an_event_stays_in_doubt_until_it_is_there() {
    // The first try may arrive at any time, so each further one begins with the question.
    let scripted = Scripted::new("d", |seen| match seen.tries {
        0 => lost(),
        1..4 => Act::retry(429),
        _ => Act::Take,
    });
    let destination = Forgetful::new(&scripted, [LookUp::Absent]);
    let mut rig = rig(&destination);
    rig.add("a.b");
    pass(30.0).await;
    // What was answered 429 is no copy.
    assert_eq!(account(&rig, &destination), (5, 4, 1, [0, 0, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_try_that_was_answered_is_not_in_doubt() {
    for status in [429, 499] {
        let scripted =
            Scripted::new("d", move |seen| if seen.tries == 0 { Act::retry(status) } else { Act::Take });
        let destination = Forgetful::new(&scripted, [LookUp::Unknown]);
        let mut rig = rig(&destination);
        rig.add("a.b");
        pass(10.0).await;
        assert_eq!(account(&rig, &destination), (2, 0, 0, [0, 0, 1, 0]), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_failed_may_have_stored_it() {
    for status in [408, 425, 500, 502, 503, 504, 520] {
        let scripted =
            Scripted::new("d", move |seen| if seen.tries == 0 { Act::retry(status) } else { Act::Take });
        let destination = Forgetful::new(&scripted, [found("there")]);
        let mut rig = rig(&destination);
        rig.add("a.b");
        pass(10.0).await;
        assert_eq!(account(&rig, &destination), (1, 1, 0, [0, 0, 1, 0]), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_silence_leave_doubt() {
    for act in [Act::Panic, Act::Hang] {
        let says = act.clone();
        let scripted = Scripted::new("d", move |seen| if seen.tries == 0 { says.clone() } else { Act::Take });
        let destination = Forgetful::new(&scripted, [found("there")]);
        let mut rig = rig(&destination);
        rig.add("a.b");
        pass(400.0).await;
        assert_eq!(account(&rig, &destination), (1, 1, 0, [0, 0, 1, 0]), "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_can_not_be_asked_gets_it_again_in_a_batch_and_it_is_counted() {
    let scripted = Scripted::batched("d", 10, 1, |seen| if seen.at.is_zero() { lost() } else { Act::Take });
    let destination = Forgetful::new(&scripted, [found("never asked")]).that(Repeats::Unasked);
    let mut rig = rig(&destination);
    rig.add_many(4);
    pass(10.0).await;
    assert_eq!(account(&rig, &destination), (8, 0, 4, [0, 0, 4, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_recognises_repeats_is_not_asked_and_nothing_is_counted() {
    let destination = Forgetful::new(&loses_one(), [found("never asked")]).that(Repeats::Recognised);
    let mut rig = rig(&destination);
    rig.add("a.b");
    pass(10.0).await;
    assert_eq!(account(&rig, &destination), (2, 0, 0, [0, 0, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn what_it_says_to_have_had_already_is_no_duplicate() {
    let scripted = Scripted::new("d", |seen| match seen.tries {
        0 => lost(),
        _ => Act::Say(Answer::Settled(Receipt::new(seen.id, "d").as_repeat())),
    });
    let destination = Forgetful::new(&scripted, [LookUp::Unknown]);
    let mut rig = rig(&destination);
    rig.add("a.b");
    pass(10.0).await;
    assert_eq!(account(&rig, &destination), (2, 1, 0, [0, 0, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_question_counts_as_a_request_but_not_as_an_event() {
    let minute = Duration::from_secs(60);
    for (pacing, sent, asked) in [
        (Pacing::per(minute).requests(1), [0.0, 120.0], 60.0),
        (Pacing::per(minute).events(1), [0.0, 60.0], 60.0),
    ] {
        let destination = Forgetful::new(&loses_one(), [LookUp::Absent]);
        let route = Route::to(destination.clone()).paced(pacing);
        let mut rig = Rig::on(route, DeadLetters::in_memory(), true);
        rig.add("a.b");
        pass(200.0).await;
        assert_at(&destination.scripted.seen(), &sent);
        assert_eq!(destination.asked_at(), [asked]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_holds_up_no_other_event_longer_than_a_delivery_would() {
    let scripted = Scripted::batched("d", 1, 2, |seen| {
        if seen.action == "lost" && seen.tries == 0 { lost() } else { Act::Take }
    });
    let destination = Forgetful::new(&scripted, [LookUp::Absent]);
    *destination.inner.hangs.lock().unwrap() = true;
    let mut rig = rig(&destination);
    let lost = rig.add("lost");
    pass(1.0).await;
    assert_eq!(destination.asked(), [lost]);
    let others = rig.add_many(20);
    pass(1.0).await;
    assert_eq!(ids(&destination.scripted.settled()), others);
    assert_eq!(rig.counts(), [0, 1, 20, 0], "the one that is asked about is in flight");
}

#[tokio::test(start_paused = true)]
async fn only_what_is_in_doubt_leaves_its_batch() {
    let scripted = Scripted::batched("d", 10, 1, |seen| {
        if seen.action == "lost" && seen.tries == 0 { lost() } else { Act::Take }
    });
    let destination = Forgetful::new(&scripted, [LookUp::Absent]);
    let mut rig = rig(&destination);
    let lost = rig.add("lost");
    rig.add_many(9);
    pass(10.0).await;
    assert_eq!(destination.asked(), [lost]);
    assert_eq!(account(&rig, &destination), (11, 1, 1, [0, 0, 10, 0]));
}

#[tokio::test(start_paused = true)]
async fn where_the_order_counts_a_question_holds_back_those_behind_it() {
    let scripted = Scripted::batched("d", 4, 1, |seen| {
        if seen.action == "lost" && seen.tries == 0 { lost() } else { Act::Take }
    });
    let destination = Forgetful::new(&scripted, [LookUp::Absent]);
    let mut rig = Rig::on(Route::to(destination.clone()).ordered(), DeadLetters::in_memory(), true);
    let first = rig.add("lost");
    pass(0.1).await;
    let others = rig.add_many(5);
    pass(100.0).await;
    assert_eq!(ids(&destination.scripted.settled()), [&[first], &*others].concat());
    assert_eq!(destination.asked(), [first]);
}

#[tokio::test(start_paused = true)]
async fn a_witness_in_doubt_is_asked_about_and_then_sent() {
    let scripted = Scripted::new("d", |seen| match seen.action.as_str() {
        "stuck" => Act::retry(500),
        "witness" if seen.at.as_secs() < 4_000 => lost(),
        _ => Act::Take,
    });
    let destination = Forgetful::new(&scripted, [LookUp::Absent]);
    let mut rig = Rig::on(Route::to(destination.clone()).ordered(), DeadLetters::in_memory(), true);
    let stuck = rig.add("stuck");
    let witness = rig.add("witness");
    pass(10_000.0).await;
    assert_eq!((rig.dead(), rig.counts()), (vec![stuck], [0, 0, 1, 1]));
    assert_eq!(ids(&scripted.settled()), [witness]);
    let sent = scripted.settled()[0].at.as_secs_f64().round();
    let asked = destination.asked().iter().rposition(|id| *id == witness).unwrap();
    assert_eq!(destination.asked_at()[asked], sent, "it is still its turn");
}

#[tokio::test(start_paused = true)]
async fn a_letter_is_asked_about_when_it_is_sent_again() {
    let scripted = Scripted::new("d", |seen| match seen.action.as_str() {
        "lost" => lost(),
        "bad" => Act::refuse(422),
        _ => Act::Take,
    });
    let destination = Forgetful::new(&scripted, [LookUp::Unknown]);
    let mut rig = rig(&destination);
    let (bad, lost) = (rig.add("bad"), rig.add("lost"));
    for _ in 0..70 {
        rig.add("a.b");
        pass(60.0).await;
    }
    let letters = rig.dead_letters.list().unwrap();
    let doubts: Vec<_> = letters.iter().map(|letter| (letter.id, letter.may_be_there)).collect();
    assert_eq!(doubts, [(bad, false), (lost, true)]);
    let before = destination.asked().len();
    scripted.follow(|_| Act::Take);
    rig.retry_all();
    pass(10.0).await;
    // The other one, too: it may have been sent again before, by a process that ended before it could say so.
    assert_eq!(destination.asked()[before..], [bad, lost]);
    assert_eq!(rig.dead(), []);
}

#[tokio::test(start_paused = true)]
async fn detached_while_it_is_asked_about_an_event_is_one_dead_letter() {
    let destination = Forgetful::new(&loses_one(), [LookUp::Absent]);
    *destination.inner.hangs.lock().unwrap() = true;
    let mut rig = rig(&destination);
    let id = rig.add("a.b");
    pass(10.0).await;
    assert_eq!(rig.counts(), [0, 1, 0, 0]);
    rig.order(Command::Detach);
    pass(1.0).await;
    assert_eq!((rig.dead(), rig.counts()), (vec![id], [0, 0, 0, 1]));
    let letter = &rig.dead_letters.list().unwrap()[0];
    assert_eq!((letter.tries, letter.may_be_there), (1, true));
}

fn fails(status: u16) -> LookUp {
    LookUp::Failed(Answer::Retry { refusal: Refusal::http(status, "no list today"), after: None })
}

#[tokio::test(start_paused = true)]
async fn an_event_that_can_never_be_asked_about_is_sent_after_a_minute() {
    for said in [fails(500), LookUp::Failed(Answer::Pause(Refusal::http(401, "no reading with this key")))] {
        let destination = Forgetful::new(&loses_one(), [said]);
        let mut rig = rig(&destination);
        rig.add("a.b");
        pass(50.0).await;
        assert_eq!(destination.scripted.seen().len(), 1);
        pass(150.0).await;
        assert_eq!((rig.lane().possible_duplicates, rig.counts()), (1, [0, 0, 1, 0]));
        assert!((4..10).contains(&destination.asked().len()), "{:?}", destination.asked_at());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_destination_refuses_to_be_asked_is_sent_and_no_dead_letter() {
    for answer in [Answer::Refused(Refusal::http(400, "x")), Answer::Suspect(Refusal::http(403, "x"))] {
        let destination = Forgetful::new(&loses_one(), [LookUp::Failed(answer)]);
        let mut rig = rig(&destination);
        rig.add("a.b");
        pass(10.0).await;
        assert_eq!(account(&rig, &destination), (2, 1, 1, [0, 0, 1, 0]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_without_an_end_tells_nothing_after_a_minute() {
    let destination = Forgetful::new(&loses_one(), [found("too late")]);
    *destination.inner.hangs.lock().unwrap() = true;
    let mut rig = rig(&destination);
    rig.add("a.b");
    pass(100.0).await;
    assert_at(&destination.scripted.seen(), &[0.0, 60.5]);
    assert_eq!(account(&rig, &destination), (2, 1, 1, [0, 0, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn questions_that_fail_among_events_that_are_taken_make_no_dead_letter() {
    // Its first try is lost, and whenever it is sent again, it is busy.
    let scripted = Scripted::new("d", |seen| match seen.action.as_str() {
        "lost" if seen.tries == 0 => lost(),
        "lost" if seen.tries < 6 => Act::retry(503),
        _ => Act::Take,
    });
    let destination = Forgetful::new(&scripted, [fails(500)]);
    let mut rig = rig(&destination);
    let lost = rig.add("lost");
    for _ in 0..240 {
        rig.add("a.b");
        pass(30.0).await;
    }
    assert_eq!((rig.dead(), rig.counts()), (vec![], [0, 0, 241, 0]));
    let tries = scripted.seen().iter().filter(|seen| seen.id == lost).count();
    assert_eq!((tries, rig.lane().possible_duplicates), (7, 6));
    assert!(destination.asked().len() > 20, "more often than an event may fail");
}

#[cfg(feature = "journal")]
mod left_behind {
    use super::*;
    use crate::journal::{JournalConfig, Routes, open};

    /// A journal in which a process that is gone left so many events.
    fn left_behind(dir: &std::path::Path, number: usize) -> Vec<EventId> {
        let mut journal = open(&JournalConfig::at(dir), &[Identity::new("d", "")]).unwrap();
        let mut ids = Vec::new();
        for _ in 0..number {
            let event = Event::builder("a.b").build().unwrap();
            journal.writer.append(&event.to_canonical_json().unwrap(), Routes::all(1)).unwrap();
            ids.push(event.id);
        }
        journal.writer.commit().unwrap();
        ids
    }

    fn rig(dir: &std::path::Path, destination: &Forgetful) -> Rig {
        let journal = open(&JournalConfig::at(dir), &[destination.identity()]).unwrap();
        Rig::over(journal, Route::to(destination.clone()), DeadLetters::in_memory(), true)
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_process_left_is_asked_about_before_it_is_sent_and_what_comes_after_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let left = left_behind(dir.path(), 3);
        let scripted = Scripted::new("d", |_| Act::Take);
        let says = [found("there"), LookUp::Absent, LookUp::Unknown];
        let destination = Forgetful::new(&scripted, says);
        let mut rig = rig(dir.path(), &destination);
        pass(1.0).await;
        assert_eq!(destination.asked(), left);
        assert_eq!(account(&rig, &destination), (2, 3, 2, [0, 0, 3, 0]));
        rig.add("a.b");
        pass(1.0).await;
        assert_eq!(account(&rig, &destination), (3, 3, 2, [0, 0, 4, 0]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_ends_between_question_and_sending_leaves_the_question_to_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let left = left_behind(dir.path(), 1);
        let scripted = Scripted::new("d", |_| Act::Hang);
        for round in 1..=3 {
            let destination = Forgetful::new(&scripted, [LookUp::Absent]);
            let rig = rig(dir.path(), &destination);
            pass(1.0).await;
            assert_eq!((destination.asked(), scripted.seen().len()), (left.clone(), round));
            rig.stop_in(Duration::ZERO);
            rig.worker.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_process_left_for_a_destination_that_can_not_be_asked_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        left_behind(dir.path(), 5);
        let scripted = Scripted::batched("d", 10, 1, |_| Act::Take);
        let destination = Forgetful::new(&scripted, [LookUp::Unknown]).that(Repeats::Unasked);
        let rig = rig(dir.path(), &destination);
        pass(1.0).await;
        assert_eq!(account(&rig, &destination), (5, 0, 5, [0, 0, 5, 0]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_left_behind_until_this_process_has_sent_it() {
        let dir = tempfile::tempdir().unwrap();
        left_behind(dir.path(), 1);
        let scripted = Scripted::new("d", |seen| if seen.tries < 2 { lost() } else { Act::Take });
        let destination = Forgetful::new(&scripted, [LookUp::Absent]);
        let mut rig = rig(dir.path(), &destination);
        pass(10.0).await;
        rig.add("a.b");
        pass(10.0).await;
        assert_eq!(rig.counts(), [0, 0, 2, 0]);
        assert_eq!(*destination.inner.left_behind.lock().unwrap(), [true, false, false, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_is_broken_for_ever_holds_up_what_was_left_behind_for_minutes() {
        let dir = tempfile::tempdir().unwrap();
        left_behind(dir.path(), 200);
        let scripted = Scripted::batched("d", 1, 8, |_| Act::Take);
        let destination = Forgetful::new(&scripted, [fails(500)]);
        let rig = rig(dir.path(), &destination);
        pass(300.0).await;
        assert_eq!((rig.lane().possible_duplicates, rig.counts()), (200, [0, 0, 200, 0]));
        assert_eq!(scripted.seen().len(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_of_everything_is_asked_and_sent_to_seldom_and_makes_no_dead_letter() {
        let dir = tempfile::tempdir().unwrap();
        left_behind(dir.path(), 200);
        let hours = 12;
        let scripted = Scripted::batched("d", 1, 8, |_| Act::retry(503));
        let destination = Forgetful::new(&scripted, [fails(503)]);
        let rig = rig(dir.path(), &destination);
        pass(f64::from(hours * 3_600)).await;
        assert_eq!((rig.counts(), rig.lane().state), ([200, 0, 0, 0], DeliveryState::BackingOff));
        let minutes = hours as usize * 60;
        let (asked, sent) = (destination.asked().len(), scripted.seen().len());
        assert!((minutes / 2..minutes + 20).contains(&asked), "{asked}");
        assert!((1..=minutes / 2).contains(&sent), "{sent}");
        scripted.follow(|_| Act::Take);
        *destination.inner.says.lock().unwrap() = vec![LookUp::Absent];
        pass(120.0).await;
        assert_eq!(rig.counts(), [0, 0, 200, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_found_at_a_destination_that_takes_nothing_opens_it_to_nobody() {
        let dir = tempfile::tempdir().unwrap();
        left_behind(dir.path(), 4);
        let scripted = Scripted::new("d", |_| Act::Say(Answer::Pause(Refusal::http(402, "unpaid"))));
        let destination =
            Forgetful::new(&scripted, [LookUp::Absent, found("there"), found("there"), LookUp::Absent]);
        let rig = rig(dir.path(), &destination);
        pass(10.0).await;
        assert_eq!((rig.counts(), rig.lane().state), ([4, 0, 0, 0], DeliveryState::Paused));
        pass(60.0).await;
        assert_eq!((rig.counts(), rig.lane().state), ([2, 0, 2, 0], DeliveryState::Paused));
        assert_at(&scripted.seen(), &[0.0, 60.0]);
        assert_eq!(rig.lane().last_error.as_deref(), Some("HTTP 402: unpaid"));
    }
}
