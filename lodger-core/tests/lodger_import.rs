//! Bulk and historical import against a service that loses answers, is busy, refuses, and knows its idempotency keys.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use lodger_core::event::Timestamp;
use lodger_core::service::Retries;
use lodger_core::service::lodger::{CallOptions, EventCall, LodgerApi, LodgerError};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

use loopback::{Loopback, Recorded, Reply, Step};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Repeats without long pauses.
const QUICK: Retries = Retries::up_to(3).longest_pause(Duration::from_millis(1));

fn api(base: &str) -> LodgerApi {
    LodgerApi::builder("org_1", "core")
        .api_key("lodger_sk_1")
        .api_base(base)
        .retries(Retries::none())
        .build()
        .unwrap()
}

fn paid(number: u64) -> EventCall {
    let at = format!("2019-12-31T23:59:59.{number:06}+01:00");
    EventCall::new("invoice.paid", "u1", format!("inv_{number}")).occurred_at(at)
}

fn receipt(id: &str) -> Step {
    Step::Reply(Reply::json(
        202,
        &json!({
            "accepted": true, "eventId": "evt_1", "receipt": id, "eventHash": "9f2b", "previousHash": "0000",
            "timestamp": "2026-05-15T12:00:00.000Z", "actor": {"id": "u", "type": "user"},
            "target": {"id": "t", "type": "account"}, "verificationUrl": "https://lodger.dev/receipts/rcpt_1",
            "queued": true,
        }),
    ))
}

fn refusal(status: u16) -> Reply {
    Reply::json(status, &json!({"error": "refused", "detail": "no"}))
}

/// The number of the event in a request.
fn number(request: &Recorded) -> u64 {
    request.json()["target"]["id"].as_str().unwrap().strip_prefix("inv_").unwrap().parse().unwrap()
}

/// What a service stored: by idempotency key, the body, and how often it was asked for.
type Stored = Arc<Mutex<BTreeMap<String, (Value, usize)>>>;

/// A service that knows its keys, where this decides what becomes of the answer to a request: stored it is already.
async fn idempotent(lost: impl Fn(&Recorded, usize) -> bool + Send + 'static) -> (Loopback, Stored) {
    let (server, stored) = (Loopback::start(Step::Close).await, Stored::default());
    let of_server = Arc::clone(&stored);
    server.answer_by(move |request| {
        let mut stored = of_server.lock().unwrap();
        let key = request.headers["idempotency-key"].clone();
        let id = format!("rcpt_{}", stored.len());
        let entry = stored.entry(key).or_insert_with(|| (json!({"body": request.json(), "receipt": id}), 0));
        assert_eq!(entry.0["body"], request.json(), "the same key with another body");
        entry.1 += 1;
        if lost(request, entry.1) { Step::Close } else { receipt(entry.0["receipt"].as_str().unwrap()) }
    });
    (server, stored)
}

#[tokio::test]
async fn lost_answers_leave_every_event_once_and_so_does_a_second_run() {
    // Of every third event the first answer is lost, of every fifth the second one, too.
    let (server, stored) = idempotent(|request, asked| {
        matches!((number(request) % 3, number(request) % 5, asked), (0, _, 1) | (0, 0, 2))
    })
    .await;
    let api = api(&server.base());
    let mut receipts = BTreeMap::new();
    let import = api.import("invoices", (0..100).map(paid)).at_once(7).retries(QUICK);
    let progress = import
        .on_progress(|imported| {
            receipts.insert(imported.index, imported.result.as_ref().unwrap().receipt.clone());
            assert_eq!(imported.progress.of, Some(100));
        })
        .run()
        .await
        .unwrap();
    assert_eq!((progress.accepted, progress.failed, progress.resume_at), (100, 0, 100));
    assert_eq!(stored.lock().unwrap().len(), 100);
    for request in server.requests() {
        let at = format!("2019-12-31T23:59:59.{:06}+01:00", number(&request));
        assert_eq!(request.json()["occurredAt"], json!(at), "untouched");
    }

    let mut again = BTreeMap::new();
    let import = api.import("invoices", (0..100).map(paid)).retries(QUICK);
    let import = import.on_progress(|imported| {
        again.insert(imported.index, imported.result.as_ref().unwrap().receipt.clone());
    });
    import.run().await.unwrap();
    assert_eq!(again, receipts, "the first receipts");
    assert_eq!(stored.lock().unwrap().len(), 100);
}

#[tokio::test]
async fn another_import_and_another_event_in_the_same_place_are_recorded() {
    let (server, stored) = idempotent(|_, _| false).await;
    let api = api(&server.base());
    api.import("a", [paid(0), paid(1)]).run().await.unwrap();
    api.import("b", [paid(0), paid(1)]).run().await.unwrap();
    assert_eq!(stored.lock().unwrap().len(), 4);
    // Something was put in front: shifted events are recorded again rather than taken for those that stood there.
    api.import("a", [paid(7), paid(0), paid(1)]).run().await.unwrap();
    assert_eq!(stored.lock().unwrap().len(), 7);
}

#[tokio::test]
async fn a_key_of_the_callers_own_is_sent_as_it_is() {
    let (server, stored) = idempotent(|_, _| false).await;
    let api = api(&server.base());
    let own =
        |number| paid(number).options(CallOptions::new().idempotency_key(format!("invoices:{number:08}")));
    api.import("a", [own(0), own(1)]).run().await.unwrap();
    api.import("another name", [own(1), own(0), own(2)]).run().await.unwrap();
    let keys: Vec<String> = stored.lock().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["invoices:00000000", "invoices:00000001", "invoices:00000002"]);
}

#[tokio::test]
async fn no_more_than_allowed_are_on_their_way_and_no_more_are_taken_from_the_source() {
    let server = Loopback::start(Step::Hang).await;
    let api = api(&server.base());
    for (asked, at_once) in [(0, 1), (4, 4), (1_000, 64)] {
        let before = server.requests().len();
        let taken = Cell::new(0);
        let calls = (0..1_000_000).map(|number| {
            taken.set(taken.get() + 1);
            paid(number)
        });
        let import = api.import("invoices", calls).at_once(asked).run();
        tokio::select! {
            _ = import => unreachable!("nobody answers"),
            _ = server.wait_for(before + at_once) => {}
        }
        assert_eq!((taken.get(), server.requests().len() - before), (at_once, at_once));
    }
}

#[tokio::test]
async fn dropping_an_import_leaves_nothing_running() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = api(&format!("http://{}", listener.local_addr().unwrap()));
    let import = api.import("invoices", (0..9).map(paid)).at_once(3).run();
    let mut connections = Vec::new();
    let accepted = async {
        for _ in 0..3 {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection.read_u8().await.unwrap();
            connections.push(connection);
        }
    };
    // Whichever is not chosen is dropped.
    tokio::select! {
        _ = import => unreachable!("nobody answers"),
        () = accepted => {}
    }
    for mut connection in connections {
        let closed = timeout(LONG, async {
            let mut rest = Vec::new();
            // However it ends.
            drop(connection.read_to_end(&mut rest).await);
        });
        closed.await.unwrap();
    }
}

#[tokio::test]
async fn all_wait_while_the_service_asks_for_it() {
    let server = Loopback::start(Step::Close).await;
    server.script([Step::Reply(refusal(429).header("retry-after", "1")), receipt("rcpt_1")]);
    let progress = api(&server.base()).import("invoices", (0..20).map(paid)).at_once(1).run().await.unwrap();
    assert_eq!((progress.accepted, progress.failed), (20, 0));
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), 21);
    assert!(arrivals[1] - arrivals[0] >= Duration::from_secs(1));

    // Of several on their way only those ask again early that had left before.
    let server = Loopback::start(Step::Close).await;
    let mut asked = 0;
    server.answer_by(move |_| {
        asked += 1;
        if asked == 1 { Step::Reply(refusal(503).header("retry-after", "1")) } else { receipt("rcpt_1") }
    });
    api(&server.base()).import("invoices", (0..50).map(paid)).at_once(4).run().await.unwrap();
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), 51);
    let early = arrivals[1..].iter().filter(|at| **at - arrivals[0] < Duration::from_secs(1)).count();
    assert!(
        early <= 3 + 4,
        "{early}: three had left, and each place may have got one before the word was there"
    );
}

#[tokio::test]
async fn a_pause_that_is_too_long_stops_the_import_and_says_so() {
    let server = Loopback::replying(refusal(429).header("retry-after", "3600")).await;
    let stopped =
        api(&server.base()).import("invoices", (0..20).map(paid)).at_once(1).run().await.unwrap_err();
    assert_eq!(
        (stopped.error.status(), stopped.error.retry_after()),
        (Some(429), Some(Duration::from_secs(3600)))
    );
    assert_eq!((stopped.resume_at(), server.requests().len()), (0, 1));
}

#[tokio::test]
async fn what_no_other_event_gets_past_stops_at_once_whatever_is_tolerated() {
    for status in [401, 402, 403] {
        let server = Loopback::start(Step::Close).await;
        server.answer_by(
            move |request| {
                if number(request) < 5 { receipt("rcpt_1") } else { Step::Reply(refusal(status)) }
            },
        );
        let import = api(&server.base()).import("invoices", (0..1_000).map(paid)).at_once(2).tolerate(999);
        let stopped = import.run().await.unwrap_err();
        assert_eq!((stopped.error.status(), stopped.progress.accepted), (Some(status), 5));
        assert_eq!(stopped.resume_at(), 5);
        assert!(server.requests().len() <= 5 + 2, "{}", server.requests().len());
        assert_eq!(
            stopped.to_string(),
            format!(
                "the import stopped at event {}, with 5 accepted and {} failed; run it again from event 5",
                stopped.index, stopped.progress.failed
            )
        );
    }
}

#[tokio::test]
async fn the_first_event_that_fails_stops_an_import_that_goes_on_from_there() {
    let (server, stored) = idempotent(|request, _| number(request) == 40).await;
    let api = api(&server.base());
    let import = || api.import("invoices", (0..100).map(paid)).retries(Retries::none());
    let stopped = import().run().await.unwrap_err();
    assert!(matches!(stopped.error, LodgerError::Transport(_)), "{:?}", stopped.error);
    assert_eq!(stopped.index, 40);
    assert!(stopped.resume_at() <= 40, "{stopped}");
    assert!(stored.lock().unwrap().len() < 100);

    let of_server = Arc::clone(&stored);
    server.answer_by(move |request| {
        let mut stored = of_server.lock().unwrap();
        stored.entry(request.headers["idempotency-key"].clone()).or_insert_with(|| (Value::Null, 0)).1 += 1;
        receipt("rcpt_1")
    });
    let before = server.requests().len();
    let progress = import().resume_at(stopped.resume_at()).run().await.unwrap();
    assert_eq!(progress.accepted, 100 - stopped.resume_at());
    assert_eq!(server.requests().len() - before, 100 - stopped.resume_at() as usize, "none of those before");
    assert_eq!(stored.lock().unwrap().len(), 100, "each once");
}

#[tokio::test]
async fn tolerated_failures_are_told_one_by_one_and_one_more_stops() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(
        move |request| {
            if number(request) % 10 == 3 { Step::Reply(refusal(422)) } else { receipt("rcpt_1") }
        },
    );
    let api = api(&server.base());
    let mut failed = Vec::new();
    let import = api.import("invoices", (0..30).map(paid)).at_once(1).tolerate(3).on_progress(|imported| {
        if let Err(error) = imported.result {
            failed.push((imported.index, error.status()));
        }
    });
    let progress = import.run().await.unwrap();
    assert_eq!((progress.accepted, progress.failed, progress.resume_at), (27, 3, 30));
    assert_eq!(failed, [(3, Some(422)), (13, Some(422)), (23, Some(422))]);

    let stopped = api.import("invoices", (0..30).map(paid)).at_once(1).tolerate(2).run().await.unwrap_err();
    assert_eq!((stopped.index, stopped.resume_at(), stopped.progress.failed), (23, 23, 3));
}

#[tokio::test]
async fn a_tolerated_failure_that_may_pass_is_where_to_resume() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(move |request| match number(request) {
        4 => Step::Reply(refusal(500)),
        9 => Step::Reply(refusal(401)),
        _ => receipt("rcpt_1"),
    });
    let import = api(&server.base()).import("invoices", (0..30).map(paid)).at_once(1).tolerate(5);
    let stopped = import.retries(QUICK).run().await.unwrap_err();
    assert_eq!((stopped.index, stopped.resume_at()), (9, 4));
}

#[tokio::test]
async fn what_may_pass_is_no_success_however_much_is_tolerated() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(move |request| match number(request) {
        4 | 11 => Step::Reply(refusal(500)),
        _ => receipt("rcpt_1"),
    });
    let import = api(&server.base()).import("invoices", (0..30).map(paid)).tolerate(5).retries(QUICK);
    let stopped = import.run().await.unwrap_err();
    assert_eq!((stopped.index, stopped.resume_at(), stopped.error.status()), (4, 4, Some(500)));
    assert_eq!((stopped.progress.accepted, stopped.progress.failed), (28, 2), "all were tried");
}

#[tokio::test]
async fn what_is_not_about_one_event_is_not_tolerated() {
    for status in [301, 307, 401, 402, 403, 404, 405, 410, 426, 501, 503] {
        let server = Loopback::replying(refusal(status)).await;
        let import = api(&server.base()).import("invoices", (0..30).map(paid)).at_once(2).tolerate(1_000);
        let stopped = import.retries(QUICK).run().await.unwrap_err();
        assert_eq!((stopped.error.status(), stopped.resume_at()), (Some(status), 0));
        assert!(server.requests().len() <= 2 * 4, "{status}: {}", server.requests().len());
    }
    let server = Loopback::start(receipt("rcpt_1")).await;
    let keyless = LodgerApi::builder("org_1", "core").api_base(server.base()).build().unwrap();
    let stopped = keyless.import("invoices", (0..30).map(paid)).tolerate(1_000).run().await.unwrap_err();
    assert!(matches!(stopped.error, LodgerError::Invalid(_)), "{:?}", stopped.error);
    assert_eq!(stopped.resume_at(), 0);
}

#[tokio::test]
async fn a_service_that_wants_to_be_asked_in_a_lifetime_ends_the_import() {
    for status in [429, 503] {
        let server = Loopback::start(Step::Close).await;
        server.answer_by(move |request| match number(request) {
            7 => Step::Reply(refusal(status).header("retry-after", "4294967295")),
            _ => receipt("rcpt_1"),
        });
        let import = api(&server.base()).import("invoices", (0..30).map(paid)).at_once(1).tolerate(5);
        let stopped = timeout(LONG, import.run()).await.unwrap().unwrap_err();
        assert_eq!((stopped.error.status(), stopped.resume_at()), (Some(status), 7));
        assert_eq!(server.requests().len(), 8);
    }
}

#[tokio::test]
async fn the_first_of_several_refused_events_is_where_to_go_on() {
    for _ in 0..20 {
        let server = Loopback::replying(refusal(422)).await;
        let import = api(&server.base()).import("invoices", (0..9).map(paid)).at_once(4);
        assert_eq!(import.run().await.unwrap_err().resume_at(), 0);
    }
}

#[tokio::test]
async fn nobody_is_told_to_go_on_behind_the_event_that_stopped_it() {
    for _ in 0..50 {
        let server = Loopback::start(receipt("rcpt_1")).await;
        server.answer_by(|request| {
            let is_first = request.json()["target"]["id"] == "inv_0";
            if is_first { Step::Reply(refusal(422)) } else { receipt("rcpt_1") }
        });
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        let import = api(&server.base()).import("invoices", (0..9).map(paid)).at_once(9);
        let import = import.on_progress(move |imported| {
            telling.lock().unwrap().push((imported.index, imported.progress.resume_at));
        });
        assert_eq!(import.run().await.unwrap_err().resume_at(), 0);
        let told = told.lock().unwrap().clone();
        assert!(told.iter().all(|&(_, resume_at)| resume_at == 0), "{told:?}");
    }
}

#[tokio::test]
async fn live_events_happened_when_they_were_taken_not_when_their_turn_came() {
    let server = Loopback::start(Step::Close).await;
    let first_arrived = Arc::new(Mutex::new(None));
    let arrived = Arc::clone(&first_arrived);
    server.answer_by(move |_| {
        arrived.lock().unwrap().get_or_insert_with(|| Timestamp::now().to_string());
        receipt("rcpt_1")
    });
    let calls = (0..100).map(|number| EventCall::new("invoice.paid", "u1", format!("inv_{number}")));
    for result in api(&server.base()).events(calls).await {
        result.unwrap();
    }
    let first_arrived = first_arrived.lock().unwrap().clone().unwrap();
    for request in server.requests() {
        assert!(request.json()["occurredAt"].as_str().unwrap() <= first_arrived.as_str());
    }
}

#[tokio::test]
async fn an_event_without_a_time_is_refused_here() {
    let server = Loopback::start(receipt("rcpt_1")).await;
    for call in [EventCall::new("a.b", "u", "t"), EventCall::new("a.b", "u", "t").occurred_at(" ")] {
        let stopped = api(&server.base()).import("invoices", [call]).run().await.unwrap_err();
        let text = stopped.error.to_string();
        assert_eq!(text, "event 0 of the import has no `occurred_at`: when it happened is not known here");
    }
    assert_eq!(server.requests(), []);
}

/// Calls that come when they come.
struct Trickle(mpsc::Receiver<EventCall>);

impl Stream for Trickle {
    type Item = EventCall;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<EventCall>> {
        self.0.poll_recv(context)
    }
}

#[tokio::test]
async fn results_do_not_wait_for_a_source_that_waits() {
    let server = Loopback::start(receipt("rcpt_1")).await;
    let (sender, calls) = mpsc::channel(1);
    let (told, mut tellings) = mpsc::unbounded_channel();
    let api = api(&server.base());
    let import = api.import_stream("invoices", Trickle(calls)).on_progress(move |imported| {
        told.send((imported.index, imported.progress.of)).unwrap();
    });
    let feeding = async move {
        for number in 0..3 {
            sender.send(paid(number)).await.unwrap();
            // The source goes on only when the event before was accepted.
            assert_eq!(tellings.recv().await, Some((number, None)));
        }
    };
    let (progress, ()) = timeout(LONG, async { tokio::join!(import.run(), feeding) }).await.unwrap();
    assert_eq!(progress.unwrap().accepted, 3);
}

#[tokio::test]
async fn several_live_events_are_answered_in_their_order_and_each_for_itself() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(move |request| match number(request) {
        n if n % 4 == 1 => Step::Reply(refusal(422)),
        n => receipt(&format!("rcpt_{n}")),
    });
    let calls = (0..100).map(|number| EventCall::new("invoice.paid", "u1", format!("inv_{number}")));
    let results = api(&server.base()).events(calls).await;
    assert_eq!(results.len(), 100);
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(receipt) => assert_eq!(receipt.receipt, format!("rcpt_{number}")),
            Err(error) => assert_eq!((number % 4, error.status()), (1, Some(422))),
        }
    }
    let keys: std::collections::BTreeSet<String> =
        server.requests().iter().map(|request| request.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys.len(), 100);
    assert!(server.connections() <= 16, "{}", server.connections());
    assert_eq!(api(&server.base()).events([]).await.len(), 0);
}
