//! Direct calls of the Lodger client to services and networks that misbehave: every operation against every fault.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

#[path = "../loopback/mod.rs"]
mod loopback;
mod odd_answers;
mod operations;
mod pages;
mod raw;

use std::collections::BTreeSet;
use std::time::Duration;

use lodger_core::service::Retries;
use lodger_core::service::lodger::{LodgerApi, LodgerApiBuilder, LodgerError, TokenCall};
use serde_json::json;

use loopback::{Loopback, Reply, Step};
use operations::{Operation, operations};

const CANARY: &str = "lodger_sk_canary_5d41402abc4b2a76";

/// A client that repeats at once.
fn builder(base: &str) -> LodgerApiBuilder {
    LodgerApi::builder("org_1", "core")
        .api_key(CANARY)
        .api_base(base)
        .retries(Retries::up_to(2).longest_pause(Duration::ZERO))
}

fn api(base: &str) -> LodgerApi {
    builder(base).build().unwrap()
}

/// How many requests arrived, and what came of the call. All of them have to be the same, to the byte.
async fn faced(
    operation: &Operation,
    steps: impl IntoIterator<Item = Step>,
) -> (usize, Result<(), LodgerError>) {
    let server = Loopback::start(Step::Close).await;
    server.script(steps);
    let outcome = operation.make(&api(&server.base())).await;
    let requests = server.requests();
    for request in &requests {
        assert_eq!(request, &requests[0], "{}", operation.name);
    }
    (requests.len(), outcome.map(drop))
}

#[tokio::test]
async fn what_is_harmless_is_repeated_after_a_lost_answer_and_what_is_not_is_not() {
    for operation in operations() {
        for lost in [
            Step::Close,
            Step::Reset,
            Step::Raw(b"\x16\x03\x01 hello\r\n\r\n".to_vec()),
            Step::Raw(b"HTTP/1.1 2".to_vec()),
        ] {
            let (requests, outcome) = faced(&operation, [lost.clone(), lost.clone(), operation.good()]).await;
            if operation.harmless {
                assert!(outcome.is_ok(), "{}: {outcome:?}", operation.name);
                assert_eq!(requests, 3, "{}: {lost:?}", operation.name);
            } else {
                assert!(matches!(outcome, Err(LodgerError::Transport(_))), "{}: {outcome:?}", operation.name);
                assert_eq!(requests, 1, "{}: {lost:?}", operation.name);
            }
            let (requests, outcome) = faced(&operation, [lost.clone()]).await;
            assert!(matches!(outcome, Err(LodgerError::Transport(_))), "{}: {outcome:?}", operation.name);
            assert_eq!(requests, if operation.harmless { 3 } else { 1 }, "{}", operation.name);
        }
    }
}

#[tokio::test]
async fn who_was_turned_away_asks_again_and_no_earlier_than_told() {
    for operation in operations() {
        for status in [429, 503] {
            let reply = Reply::text(status, "");
            let (requests, outcome) = faced(&operation, [Step::Reply(reply.clone()), operation.good()]).await;
            // What stands in between says 503, too, and may have lost the answer.
            let again = operation.harmless || status == 429;
            assert_eq!(outcome.is_ok(), again, "{}: {outcome:?}", operation.name);
            assert_eq!(requests, if again { 2 } else { 1 }, "{}", operation.name);
            // Further away than the longest pause: the answer is the call's.
            let later = Step::Reply(reply.header("retry-after", "3600"));
            let (requests, outcome) = faced(&operation, [later]).await;
            let error = outcome.unwrap_err();
            assert_eq!((requests, error.status()), (1, Some(status)), "{}", operation.name);
            assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)), "{}", operation.name);
        }
    }
}

#[tokio::test]
async fn a_failing_service_is_asked_again_only_where_that_is_harmless() {
    for operation in operations() {
        for status in [408, 425, 500, 502, 504] {
            let fault = Step::Reply(Reply::text(status, "<html>"));
            let (requests, outcome) = faced(&operation, [fault]).await;
            assert_eq!(outcome.unwrap_err().status(), Some(status), "{}", operation.name);
            assert_eq!(requests, if operation.harmless { 3 } else { 1 }, "{}: {status}", operation.name);
        }
        for status in [400, 401, 403, 404, 409, 413, 418, 422, 501, 507] {
            let (requests, outcome) = faced(&operation, [Step::Reply(Reply::text(status, "no"))]).await;
            assert_eq!(outcome.unwrap_err().status(), Some(status), "{}", operation.name);
            assert_eq!(requests, 1, "{}: {status}", operation.name);
        }
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for operation in operations() {
        let error = operation.make(&api(&format!("http://{free}"))).await.unwrap_err();
        let LodgerError::Transport(error) = error else { panic!("{}: {error:?}", operation.name) };
        assert!(!error.may_have_been_sent(), "{}", operation.name);
    }
}

#[tokio::test]
async fn silence_ends_after_the_timeout() {
    for operation in operations() {
        let server = Loopback::start(Step::Hang).await;
        let api = builder(&server.base()).timeout(Duration::from_millis(50)).retries(Retries::none()).build();
        let error = operation.make(&api.unwrap()).await.unwrap_err();
        assert!(matches!(error, LodgerError::Transport(_)), "{}: {error:?}", operation.name);
        assert_eq!(server.requests().len(), 1, "{}", operation.name);
    }
}

#[tokio::test]
async fn redirects_are_errors_and_take_no_key_along() {
    let elsewhere = Loopback::start(Step::Close).await;
    for operation in operations() {
        for status in [301, 302, 303, 307, 308] {
            let reply = Reply::text(status, "").header("location", &elsewhere.base());
            let (requests, outcome) = faced(&operation, [Step::Reply(reply)]).await;
            let error = outcome.unwrap_err();
            assert_eq!((requests, error.status()), (1, Some(status)), "{}", operation.name);
        }
    }
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test]
async fn a_credential_that_the_service_quotes_is_masked_and_none_is_in_any_error() {
    for operation in operations() {
        let quoting = json!({"error": format!("e {CANARY}"), "detail": format!("d {CANARY}"), "x": [CANARY]});
        for status in [200, 401] {
            let server = Loopback::replying(Reply::json(status, &quoting)).await;
            let api = api(&server.base());
            let Err(error) = operation.make(&api).await else {
                assert!(operation.shapeless && status == 200, "{}: {status}", operation.name);
                continue;
            };
            let sent = server.requests()[0].headers.contains_key("authorization");
            assert_eq!(sent, operation.name != "receipt" && operation.name != "published_policy");
            if sent {
                let told = format!("{error} {error:?} {:?}", error.body());
                assert!(!told.contains(CANARY), "{}: {told}", operation.name);
                assert!(told.contains("[key]"), "{}: {told}", operation.name);
            }
        }
    }
}

#[tokio::test]
async fn a_call_has_one_key_and_another_call_another() {
    for operation in operations().into_iter().filter(|operation| operation.keyed) {
        let server = Loopback::start(Step::Close).await;
        let api = api(&server.base());
        for _ in 0..2 {
            server.script([Step::Close, Step::Reply(Reply::text(503, "")), operation.good()]);
            operation.make(&api).await.unwrap();
        }
        let requests = server.requests();
        let key = |number: usize| requests[number].headers["idempotency-key"].clone();
        let keys: BTreeSet<String> = (0..6).map(key).collect();
        assert_eq!((requests.len(), keys.len()), (6, 2), "{}", operation.name);
        assert_eq!(key(0), key(2), "{}", operation.name);
        assert_ne!(key(2), key(3), "{}", operation.name);
    }
}

#[tokio::test]
async fn a_lifetime_that_the_service_does_not_allow_is_never_sent() {
    let server = Loopback::replying(Reply::text(400, "")).await;
    let api = api(&server.base());
    for (seconds, allowed) in [(0, false), (59, false), (60, true), (2_592_000, true), (2_592_001, false)] {
        let call = || TokenCall::new().expires_in(Duration::from_secs(seconds));
        let before = server.requests().len();
        let errors = [
            api.receipt_token("rcpt_1", call()).await.unwrap_err(),
            api.policy_token(call()).await.unwrap_err(),
            api.evidence_token("pack_1", call()).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(matches!(error, LodgerError::Invalid(_)), !allowed, "{seconds}: {error:?}");
        }
        assert_eq!(server.requests().len() - before, if allowed { 3 } else { 0 }, "{seconds}");
    }
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_never_sent() {
    let server = Loopback::replying(Reply::text(400, "")).await;
    let api = api(&server.base());
    for id in ["", " ", ".", ".."] {
        for error in [
            api.receipt_token(id, TokenCall::new()).await.unwrap_err(),
            api.evidence_token(id, TokenCall::new()).await.unwrap_err(),
            api.policy_token(TokenCall::new().workspace(id)).await.unwrap_err(),
        ] {
            assert!(matches!(error, LodgerError::Invalid(_)), "{id:?}: {error:?}");
        }
    }
    for operation in operations() {
        // Not in the path of these.
        if !matches!(operation.name, "event" | "consent" | "receipt" | "request") {
            let lost =
                LodgerApi::builder("..", "core").api_key(CANARY).api_base(server.base()).build().unwrap();
            let error = operation.make(&lost).await.unwrap_err();
            assert!(matches!(error, LodgerError::Invalid(_)), "{}: {error:?}", operation.name);
        }
    }
    assert_eq!(server.requests(), []);
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_that_needs_one() {
    let server = Loopback::start(Step::Close).await;
    let keyless = LodgerApi::builder("org_1", "core").api_base(server.base()).build().unwrap();
    for operation in operations() {
        if !matches!(operation.name, "receipt" | "published_policy" | "activity") {
            let error = operation.make(&keyless).await.unwrap_err();
            let text = error.to_string();
            assert_eq!(text, "this call needs an API key: set one with `api_key`", "{}", operation.name);
        }
    }
    assert_eq!(server.requests(), []);
}
