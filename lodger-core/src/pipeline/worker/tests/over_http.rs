//! The real Lodger destination over real HTTP, on the paused clock: what becomes of an event, status by status, and
//! when it is sent again.

#[path = "../../../../tests/loopback/mod.rs"]
pub(super) mod loopback;

use std::time::SystemTime;

use serde_json::json;

use super::*;
use crate::destination::Delivery;
use crate::destination::{BoxFuture, LodgerDestination};
use crate::service::lodger::LodgerApi;
use loopback::{Loopback, Recorded, Reply, Step};

/// Lets time stand still while a request is under way: the paused clock would else jump to the next timeout instead
/// of waiting for the socket.
#[derive(Debug, Clone)]
pub(super) struct OnPausedClock<D>(pub(super) D);

impl<D: Destination> Destination for OnPausedClock<D> {
    fn identity(&self) -> Identity {
        self.0.identity()
    }

    fn max_batch(&self) -> usize {
        self.0.max_batch()
    }

    fn max_batch_bytes(&self) -> usize {
        self.0.max_batch_bytes()
    }

    fn reads_events(&self) -> bool {
        self.0.reads_events()
    }

    fn max_in_flight(&self) -> usize {
        self.0.max_in_flight()
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let (under_way, over) = std::sync::mpsc::channel::<()>();
            // tokio never moves its paused clock while blocking work runs.
            let standing_still = tokio::task::spawn_blocking(move || over.recv().is_err());
            let answers = self.0.deliver(batch).await;
            drop(under_way);
            assert!(standing_still.await.unwrap());
            answers
        })
    }
}

/// A worker that delivers to a scripted service.
struct Line {
    server: Loopback,
    rig: Rig,
    began: Instant,
}

impl Line {
    async fn to(first: Step) -> Self {
        let server = Loopback::start(accepted()).await;
        server.script([first, accepted()]);
        let api = LodgerApi::builder("org_1", "core").api_key("k").api_base(server.base()).build().unwrap();
        let destination = OnPausedClock(LodgerDestination::new(api));
        let rig = Rig::with(&destination, DeadLetters::in_memory(), true);
        Self { server, rig, began: Instant::now() }
    }

    async fn answering(reader: impl FnMut(&Recorded) -> Step + Send + 'static) -> Self {
        let line = Self::to(accepted()).await;
        line.server.answer_by(reader);
        line
    }

    /// When each request arrived, in tenths of a second.
    fn arrivals(&self) -> Vec<u128> {
        let arrivals = self.server.arrivals();
        arrivals.iter().map(|at| at.duration_since(self.began).as_millis() / 100).collect()
    }

    /// Status and reason of each dead letter.
    fn letters(&self) -> Vec<(Option<u16>, String)> {
        let letters = self.rig.dead_letters.list().unwrap();
        letters.into_iter().map(|letter| (letter.status, letter.reason)).collect()
    }
}

fn accepted() -> Step {
    Step::Reply(Reply::json(202, &json!({"accepted": true, "receipt": "rcpt_1"})))
}

/// As the service would answer with this status, which in the case of 2xx is a receipt.
fn answer(status: u16) -> Reply {
    match status {
        // Neither can have a body (RFC 9110 sections 15.3.5 and 15.4.5).
        204 | 304 => Reply::text(status, ""),
        _ => Reply::json(
            status,
            &json!({"accepted": true, "receipt": "rcpt_1", "error": "e", "detail": "why"}),
        ),
    }
}

fn action(request: &Recorded) -> String {
    request.json()["action"].as_str().unwrap().to_owned()
}

/// What becomes of the only event, when the service answers once with a status and then takes everything.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Delivered,
    Again,
    Paused,
    Suspected,
    Refused,
}

/// The table of answers in `docs/guarantees.md`, written down once more, number by number.
fn fate(status: u16) -> Fate {
    match status {
        // A 204 brings no receipt, so nobody knows.
        204 | 408 | 425 | 429 | 500 => Fate::Again,
        200..=299 => Fate::Delivered,
        300..=399 | 401 | 402 | 407 => Fate::Paused,
        400 | 409 | 413 | 422 => Fate::Refused,
        403..=499 | 501 => Fate::Suspected,
        _ => Fate::Again,
    }
}

#[tokio::test(start_paused = true)]
async fn every_status_does_what_the_table_says() {
    for status in 200..=599 {
        let mut line = Line::to(Step::Reply(answer(status))).await;
        let said = (Some(status), format!("Lodger answered {status} e: why"));
        line.rig.add("a.b");
        pass(0.1).await;
        let at_once = (line.rig.counts(), line.rig.lane().state);
        pass(59.0).await;
        let in_a_minute = (line.rig.counts(), line.arrivals());
        pass(1.0).await;
        let end = (line.rig.counts(), line.arrivals(), line.letters());
        use DeliveryState::{Paused, Running};
        let (first, then, last) = match fate(status) {
            Fate::Delivered => {
                let done = [0, 0, 1, 0];
                ((done, Running), (done, vec![0]), (done, vec![0], vec![]))
            }
            Fate::Again => {
                let done = [0, 0, 1, 0];
                (([1, 0, 0, 0], Running), (done, vec![0, 5]), (done, vec![0, 5], vec![]))
            }
            Fate::Paused => {
                let kept = [1, 0, 0, 0];
                ((kept, Paused), (kept, vec![0]), ([0, 0, 1, 0], vec![0, 600], vec![]))
            }
            Fate::Suspected => {
                let kept = [1, 0, 0, 0];
                ((kept, Running), (kept, vec![0]), ([0, 0, 0, 1], vec![0], vec![said]))
            }
            Fate::Refused => {
                let dead = [0, 0, 0, 1];
                ((dead, Running), (dead, vec![0]), (dead, vec![0], vec![said]))
            }
        };
        assert_eq!((at_once, in_a_minute, end), (first, then, last), "{status}");
        let requests = line.server.requests();
        assert!(requests.iter().all(|again| *again == requests[0]), "{status}: the same bytes, the same key");
    }
}

#[tokio::test(start_paused = true)]
async fn two_actions_that_are_refused_alike_pause_the_destination_and_are_kept() {
    for status in (403..500).filter(|status| fate(*status) == Fate::Suspected).chain([501]) {
        let mut line = Line::answering(move |_| Step::Reply(answer(status))).await;
        line.rig.add("a.b");
        line.rig.add("c.d");
        pass(59.0).await;
        assert_eq!(line.rig.lane().state, DeliveryState::Paused, "{status}");
        assert_eq!((line.rig.counts(), line.letters()), ([2, 0, 0, 0], vec![]), "{status}");
        line.server.answer_by(|_| accepted());
        pass(2.0).await;
        assert_eq!((line.rig.counts(), line.letters()), ([0, 0, 2, 0], vec![]), "{status}");
    }
}

/// Two events, the second a second later than the first, which is answered 429. When is anything sent?
async fn sent_after(retry_after: &str) -> Vec<u128> {
    let mut line = Line::to(Step::Reply(answer(429).header("retry-after", retry_after))).await;
    line.rig.add("a.b");
    pass(1.0).await;
    line.rig.add("a.b");
    pass(7_300.0).await;
    assert_eq!(line.rig.counts(), [0, 0, 2, 0], "{retry_after}");
    line.arrivals()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_time_that_the_service_named_or_an_hour() {
    assert_eq!(sent_after("30").await, [0, 300, 300]);
    assert_eq!(sent_after("3599").await, [0, 35_990, 35_990]);
    assert_eq!(sent_after("1000000000").await, [0, 36_000, 36_000]);
    assert_eq!(sent_after(&"9".repeat(400)).await, [0, 36_000, 36_000]);
    assert_eq!(sent_after("Mon, 15 May 2226 12:00:00 GMT").await, [0, 36_000, 36_000]);
    // The header has whole seconds, and the real clock goes on while the answer is on its way.
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(1_800));
    let [0, first, second] = sent_after(&soon).await[..] else { panic!("three requests") };
    assert!((17_000..=18_000).contains(&first) && first == second, "{first} {second}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_that_says_nothing_leaves_the_ordinary_backoff() {
    for nothing in ["soon", "-5", "1e9", "", "Fri, 32 May 2026 12:00:00 GMT", "Fri, 15 May 1998 12:00:00 GMT"]
    {
        assert_eq!(sent_after(nothing).await, [0, 5, 10], "{nothing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_poison_event_in_five_hundred_is_one_dead_letter_each() {
    let refused_or_taken = |request: &Recorded| {
        if action(request) == "poison" { Step::Reply(answer(422)) } else { accepted() }
    };
    let mut line = Line::answering(refused_or_taken).await;
    let mut poisonous = Vec::new();
    for number in 0..1_500 {
        let id = line.rig.add(if number % 500 == 250 { "poison" } else { "a.b" });
        poisonous.extend((number % 500 == 250).then_some(id));
    }
    pass(1.0).await;
    assert_eq!(line.rig.counts(), [0, 0, 1_497, 3]);
    let mut dead = line.rig.dead();
    dead.sort();
    assert_eq!(dead, poisonous);
    let requests = line.server.requests();
    let keys: BTreeSet<&String> =
        requests.iter().map(|request| &request.headers["idempotency-key"]).collect();
    assert_eq!((requests.len(), keys.len()), (1_500, 1_500), "each was sent once");
}

#[tokio::test(start_paused = true)]
async fn what_came_twice_under_one_key_stops_nobody_fails_nobody_and_can_be_looked_at() {
    let mut line = Line::answering(|_| Step::Reply(answer(409))).await;
    let mut tickets = Vec::new();
    for number in 0..60 {
        tickets.push(line.rig.add_awaited_under(&format!("webhook_{number:06}")));
    }
    pass(1.0).await;
    assert_eq!((line.rig.counts(), line.rig.lane().state), ([0, 0, 0, 60], DeliveryState::Running));
    let reason = "the service has another event under this idempotency key: Lodger answered 409 e: why";
    assert!(line.letters().iter().all(|letter| *letter == (Some(409), reason.to_owned())));
    for ticket in tickets {
        let receipts = ticket.await.unwrap();
        assert!(
            matches!(&receipts[..], [receipt] if receipt.repeated && receipt.id.is_none()),
            "{receipts:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_always_breaks_and_an_action_that_is_never_allowed_hold_up_nobody() {
    let by_action = |request: &Recorded| match action(request).as_str() {
        "breaks" => Step::Reply(answer(500)),
        "forbidden" => Step::Reply(answer(403)),
        _ => accepted(),
    };
    let mut line = Line::answering(by_action).await;
    let breaking = line.rig.add("breaks");
    let mut forbidden = Vec::new();
    for minute in 1..=70 {
        line.rig.add("a.b");
        if minute % 10 == 0 {
            forbidden.push(line.rig.add("forbidden"));
        }
        pass(60.0).await;
        let [_, _, delivered, _] = line.rig.counts();
        assert_eq!(delivered, minute, "in minute {minute}");
    }
    pass(60.0).await;
    assert_eq!(line.rig.counts(), [0, 0, 70, 8]);
    let mut dead = line.rig.dead();
    dead.sort();
    forbidden.push(breaking);
    forbidden.sort();
    assert_eq!(dead, forbidden);
    let tries_of = |action_name: &str| {
        line.server.requests().iter().filter(|request| action(request) == action_name).count()
    };
    assert_eq!(tries_of("forbidden"), 7);
    assert!(tries_of("breaks") >= 10);
}
