//! What the Lodger destination makes of a network and a service that misbehave.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use lodger_core::destination::{Answer, Delivery, Destination, LodgerDestination};
use lodger_core::event::{Actor, Event, Target};
use lodger_core::service::lodger::{EventCall, LodgerApi, LodgerError};
use serde_json::json;

use loopback::{Loopback, Reply, Step};

const CANARY: &str = "lodger_sk_canary_5d41402abc4b2a76";

fn destination(base: &str) -> LodgerDestination {
    LodgerDestination::new(api(base))
}

fn api(base: &str) -> LodgerApi {
    LodgerApi::builder("org_1", "core").api_key(CANARY).api_base(base).build().unwrap()
}

fn delivery() -> Delivery {
    let event = Event::builder("invoice.update").actor(Actor::user("u")).target(Target::new("invoice", 7));
    let event = event.build().unwrap();
    let bytes = event.to_canonical_json().unwrap();
    Delivery::new(Arc::new(event), bytes.into())
}

async fn answer(destination: &LodgerDestination, delivery: &Delivery) -> Answer {
    let mut answers = destination.deliver(std::slice::from_ref(delivery)).await;
    assert_eq!(answers.len(), 1);
    let answer = answers.remove(0);
    assert!(!format!("{answer:?}").contains(CANARY), "{answer:?}");
    answer
}

fn accepted() -> Step {
    Step::Reply(Reply::json(202, &json!({"accepted": true, "receipt": "rcpt_1"})))
}

#[tokio::test]
async fn an_accepted_event_is_settled_with_its_receipt() {
    let server = Loopback::start(accepted()).await;
    let event = delivery();
    let Answer::Settled(receipt) = answer(&destination(&server.base()), &event).await else { panic!() };
    assert_eq!((receipt.event, receipt.id.as_deref()), (event.id(), Some("rcpt_1")));
}

#[tokio::test]
async fn a_retry_sends_the_same_bytes_under_the_same_key() {
    let server = Loopback::start(accepted()).await;
    server.script([
        Step::Close,
        Step::Reply(Reply::text(503, "")),
        Step::Reply(Reply::text(202, "OK")),
        Step::Truncated(Reply::text(202, r#"{"accepted":true,"rece"#)),
        accepted(),
    ]);
    let destination = destination(&server.base());
    let event = delivery();
    assert!(matches!(answer(&destination, &event).await, Answer::Ambiguous(_)), "closed without a word");
    assert!(matches!(answer(&destination, &event).await, Answer::Retry { .. }), "503");
    assert!(matches!(answer(&destination, &event).await, Answer::Ambiguous(_)), "no receipt");
    assert!(matches!(answer(&destination, &event).await, Answer::Ambiguous(_)), "half a receipt");
    assert!(matches!(answer(&destination, &event).await, Answer::Settled(_)));
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    for request in &requests {
        assert_eq!(request, &requests[0]);
    }
    assert_eq!(requests[0].headers["idempotency-key"], format!("event_{}", event.id()));
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://{free}");
    assert!(matches!(answer(&destination(&base), &delivery()).await, Answer::Retry { after: None, .. }));
    let error = api(&base).event(EventCall::new("a.b", "u", "t")).await.unwrap_err();
    let LodgerError::Transport(error) = error else { panic!("{error:?}") };
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn silence_is_ambiguous() {
    let server = Loopback::start(Step::Hang).await;
    let api = LodgerApi::builder("org_1", "core")
        .api_key(CANARY)
        .api_base(server.base())
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let Answer::Ambiguous(refusal) = answer(&LodgerDestination::new(api), &delivery()).await else {
        panic!()
    };
    assert!(refusal.reason.starts_with("the service did not answer in time"), "{}", refusal.reason);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Loopback::start(accepted()).await;
    let server = Loopback::start(accepted()).await;
    let destination = destination(&server.base());
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::text(status, "").header("location", &format!("{}/v1/events", elsewhere.base()));
        server.script([Step::Reply(reply)]);
        assert!(matches!(answer(&destination, &delivery()).await, Answer::Pause(_)), "{status}");
    }
    assert_eq!(elsewhere.requests(), []);
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn an_endless_answer_is_read_no_further_than_the_limit() {
    let server = Loopback::start(Step::Endless(202)).await;
    // So long that only the limit can end it.
    let patient = LodgerApi::builder("org_1", "core").timeout(Duration::from_secs(86_400));
    let api = patient.api_key(CANARY).api_base(server.base()).build().unwrap();
    let destination = LodgerDestination::new(api);
    assert!(matches!(answer(&destination, &delivery()).await, Answer::Ambiguous(_)));
    server.script([Step::Endless(400)]);
    assert!(matches!(answer(&destination, &delivery()).await, Answer::Refused(_)));
    let error = destination.api().event(EventCall::new("a.b", "u", "t")).await.unwrap_err();
    assert_eq!(error.body().unwrap().as_str().unwrap().len(), 64 * 1024);
}

#[tokio::test]
async fn a_receipt_that_quotes_many_links_settles() {
    let links = vec!["rcpt_093a339cc2c2ffed"; 10_000];
    let answered = json!({"accepted": true, "metadata": {"relatedReceiptIds": links}, "receipt": "rcpt_1"});
    let server = Loopback::replying(Reply::json(202, &answered)).await;
    assert!(matches!(answer(&destination(&server.base()), &delivery()).await, Answer::Settled(_)));
}

#[tokio::test]
async fn what_is_not_http_is_ambiguous() {
    let server = Loopback::start(Step::Raw(b"\x16\x03\x01 hello\r\n\r\n".to_vec())).await;
    assert!(matches!(answer(&destination(&server.base()), &delivery()).await, Answer::Ambiguous(_)));
}

#[tokio::test]
async fn retry_after_is_read_in_both_forms() {
    let server = Loopback::start(accepted()).await;
    let destination = destination(&server.base());
    let after = async |value: &str| {
        server.script([Step::Reply(Reply::text(429, "").header("retry-after", value))]);
        match answer(&destination, &delivery()).await {
            Answer::Retry { after, .. } => after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(after("30").await, Some(Duration::from_secs(30)));
    assert_eq!(after("Fri, 15 May 1998 12:00:00 GMT").await, Some(Duration::ZERO));
    assert!(after("Mon, 15 May 2226 12:00:00 GMT").await > Some(Duration::from_secs(86_400)));
    assert_eq!(after("soon").await, None);
}

#[tokio::test]
async fn a_key_that_the_service_quotes_is_masked() {
    let server = Loopback::start(accepted()).await;
    let body = json!({"error": "unauthorized", "detail": format!("no such key: {CANARY}")});
    server.script([Step::Reply(Reply::json(401, &body))]);
    let destination = destination(&server.base());
    let Answer::Pause(refusal) = answer(&destination, &delivery()).await else { panic!() };
    assert_eq!(refusal.reason, "Lodger answered 401 unauthorized: no such key: [key]");
    assert_eq!(server.requests()[0].headers["authorization"], format!("Bearer {CANARY}"));
    let error = destination.api().event(EventCall::new("a.b", "u", "t")).await.unwrap_err();
    assert!(!format!("{error:?} {error} {:?}", error.body()).contains(CANARY), "{error:?}");
    assert!(!format!("{destination:?} {:?}", destination.api()).contains(CANARY));
}

#[tokio::test]
async fn a_replaced_key_is_used_from_the_next_event_on() {
    let server = Loopback::start(accepted()).await;
    let destination = destination(&server.base());
    answer(&destination, &delivery()).await;
    assert!(destination.api().replace_api_key("a b").is_err());
    destination.api().clone().replace_api_key(" lodger_sk_2\n").unwrap();
    answer(&destination, &delivery()).await;
    let keys: Vec<_> =
        server.requests().iter().map(|request| request.headers["authorization"].clone()).collect();
    assert_eq!(keys, [format!("Bearer {CANARY}"), "Bearer lodger_sk_2".to_owned()]);
}

#[tokio::test]
async fn connections_are_kept() {
    let server = Loopback::start(accepted()).await;
    let destination = destination(&server.base());
    for _ in 0..5 {
        answer(&destination, &delivery()).await;
    }
    assert_eq!((server.requests().len(), server.connections()), (5, 1));
}

/// A server whose certificate nobody vouches for. It records what it could decrypt, which must be nothing.
#[test]
fn an_untrusted_certificate_gets_no_byte_of_the_request() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let serving = std::thread::spawn(move || {
        let certificate = include_bytes!("fixtures/self-signed.cert.der").to_vec().into();
        let key = include_bytes!("fixtures/self-signed.key.der").to_vec();
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key.try_into().unwrap())
                .unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut received = Vec::new();
        let end = rustls::Stream::new(&mut connection, &mut socket).read_to_end(&mut received);
        (received, end.is_err())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Answer::Retry { refusal, .. } = runtime.block_on(answer(&destination(&base), &delivery())) else {
        panic!()
    };
    assert!(refusal.reason.starts_with("the service could not be reached"), "{}", refusal.reason);
    assert!(refusal.reason.contains("certificate"), "{}", refusal.reason);
    assert_eq!(serving.join().unwrap(), (Vec::new(), true));
}
