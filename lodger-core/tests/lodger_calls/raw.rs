//! Raw calls, which could lead anywhere.

use lodger_core::service::lodger::{CallOptions, LodgerError, RawCall};
use serde_json::{Value, json};

use crate::loopback::{Loopback, Reply, Step};
use crate::{CANARY, api};

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_never_sent() {
    let elsewhere = Loopback::start(Step::Close).await;
    let server = Loopback::replying(Reply::text(200, "")).await;
    let base = format!("{}/audit", server.base());
    let api = api(&base);
    for path in [
        format!("{}/v1/x", elsewhere.base()),
        elsewhere.base().replace("http", "HTTP"),
        format!("{base}.evil.example/v1/x"),
        format!("{base}@evil.example/"),
        "https://lodger.dev/v1/x".to_owned(),
        "https:lodger.dev".to_owned(),
        "/v1/../x".to_owned(),
        "../x".to_owned(),
        "/v1/%2e%2E/x".to_owned(),
        "/v1/.%2e".to_owned(),
        "/v1/./x".to_owned(),
        "/v1\\..\\x".to_owned(),
        "/v1/.\t./x".to_owned(),
        "/v1/x\r\nhost: evil.example".to_owned(),
        "/v1/x#y".to_owned(),
    ] {
        let error = api.request(RawCall::get(path.clone())).await.unwrap_err();
        assert!(matches!(error, LodgerError::Invalid(_)), "{path:?}: {error:?}");
    }
    assert_eq!((server.requests(), elsewhere.requests()), (vec![], vec![]));
}

#[tokio::test]
async fn what_stands_behind_a_path_is_not_told() {
    let server = Loopback::replying(Reply::text(200, "")).await;
    for path in ["/v1/../x?token=canary", "/v1/x#canary", "https://lodger.dev/v1/x?token=canary"] {
        let call = RawCall::get(path);
        assert!(!format!("{call:?}").contains("canary"), "{call:?}");
        let error = api(&server.base()).request(call).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    assert_eq!(server.requests(), []);
}

#[tokio::test]
async fn whatever_the_path_is_it_stays_below_the_base() {
    let server = Loopback::replying(Reply::text(200, "")).await;
    let base = format!("{}/audit", server.base());
    let api = api(&base);
    for (path, sent) in [
        ("/v1/x", "/audit/v1/x"),
        ("v1/x", "/audit/v1/x"),
        ("", "/audit/"),
        ("//evil.example/x", "/audit//evil.example/x"),
        ("@evil.example/x", "/audit/@evil.example/x"),
        (":80@evil.example", "/audit/:80@evil.example"),
        ("/v1/x?next=../y&u=http://e", "/audit/v1/x?next=../y&u=http://e"),
        ("/v1/...", "/audit/v1/..."),
        ("ftp://evil.example", "/audit/ftp://evil.example"),
    ] {
        api.request(RawCall::get(path)).await.unwrap();
        assert_eq!(server.requests().last().unwrap().path, sent, "{path}");
    }
    api.request(RawCall::get(format!("{base}/v1/x"))).await.unwrap();
    assert_eq!(server.requests().last().unwrap().path, "/audit/v1/x", "the client's own address");
    let call = RawCall::get("/v1/x?a=1").query("b", "c d&").query("e", 0);
    api.request(call).await.unwrap();
    assert_eq!(server.requests().last().unwrap().path, "/audit/v1/x?a=1&b=c+d%26&e=0");
}

#[tokio::test]
async fn the_call_says_which_credential_goes_along() {
    let server = Loopback::replying(Reply::text(200, "")).await;
    let api = api(&server.base());
    let options = || CallOptions::new().api_key("lodger_sk_2");
    for (call, sent) in [
        (RawCall::get("/x"), Some(format!("Bearer {CANARY}"))),
        (RawCall::get("/x").options(options()), Some("Bearer lodger_sk_2".to_owned())),
        (RawCall::get("/x").bearer(" tok_1\n").options(options()), Some("Bearer tok_1".to_owned())),
        (RawCall::get("/x").without_credential().options(options()), None),
    ] {
        api.request(call).await.unwrap();
        assert_eq!(server.requests().last().unwrap().headers.get("authorization").cloned(), sent);
    }
    let asked = server.requests().len();
    for call in [RawCall::get("/x").bearer(" "), RawCall::get("/x").bearer("a b")] {
        assert!(!format!("{call:?}").contains("a b"));
        let error = api.request(call).await.unwrap_err();
        assert!(matches!(error, LodgerError::Invalid(_)), "{error:?}");
        assert!(!error.to_string().contains("a b"), "{error}");
    }
    assert_eq!(server.requests().len(), asked);
}

#[tokio::test]
async fn latin_1_in_a_header_is_sent_a_byte_each_character() {
    let server = Loopback::replying(Reply::text(200, "")).await;
    let options = CallOptions::new().server("Zürich ÿ").idempotency_key("clé_0000000001");
    api(&server.base()).request(RawCall::get("/x").header("x-one", "ü").options(options)).await.unwrap();
    let headers = server.requests()[0].headers.clone();
    let sent = ["x-lodger-server", "idempotency-key", "x-one"].map(|name| headers[name].as_str());
    assert_eq!(sent, ["Zürich ÿ", "clé_0000000001", "ü"]);
}

#[tokio::test]
async fn headers_that_are_not_the_callers_are_refused() {
    let server = Loopback::replying(Reply::text(200, "")).await;
    let api = api(&server.base());
    for (name, value) in [
        ("Authorization", "Bearer x"),
        ("Host", "evil.example"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("x y", "1"),
        ("", "1"),
        ("x-one", "a\r\nx-two: b"),
        ("x-one", "Ł"),
    ] {
        let error = api.request(RawCall::get("/x").header(name, value)).await.unwrap_err();
        assert!(matches!(error, LodgerError::Invalid(_)), "{name}: {error:?}");
    }
    let error = api.request(RawCall::get("/x").body(json!({}))).await.unwrap_err();
    assert_eq!(error.to_string(), "a read carries no body");
    assert_eq!(server.requests(), []);
}

#[tokio::test]
async fn a_raw_write_is_repeated_only_where_nothing_was_done() {
    type Make = fn(&'static str) -> RawCall;
    for make in [RawCall::post as Make, RawCall::patch, RawCall::delete] {
        let call = || {
            make("/v1/x").body(json!({"a": 1})).options(CallOptions::new().idempotency_key("raw_key_00001"))
        };
        let server = Loopback::start(Step::Close).await;
        let api = api(&server.base());
        assert!(matches!(api.request(call()).await, Err(LodgerError::Transport(_))));
        assert_eq!(server.requests().len(), 1);
        server.script([Step::Reply(Reply::text(503, ""))]);
        assert_eq!(api.request(call()).await.unwrap_err().status(), Some(503));
        assert_eq!(server.requests().len(), 2);
        server.script([Step::Reply(Reply::text(429, "")), Step::Reply(Reply::text(200, "7"))]);
        assert_eq!(api.request(call()).await.unwrap(), Value::from(7));
        let requests = server.requests();
        assert_eq!((requests.len(), &requests[2]), (4, &requests[3]));
    }
}

#[tokio::test]
async fn whatever_comes_back_is_the_answer() {
    let server = Loopback::start(Step::Close).await;
    let api = api(&server.base());
    for (body, answer) in [
        ("", Value::Null),
        ("null", Value::Null),
        ("{\"a\":[1,null]}", json!({"a": [1, null]})),
        ("text", json!("text")),
        ("\"text\"", json!("text")),
    ] {
        server.script([Step::Reply(Reply::text(200, body))]);
        assert_eq!(api.request(RawCall::get("/x")).await.unwrap(), answer, "{body:?}");
    }
}
