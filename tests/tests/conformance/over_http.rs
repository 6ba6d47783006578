//! What holds where a service answers, or doesn't.

use std::time::Duration;

use lodger_core::client::DeliveryState;
use serde_json::json;

use crate::client::Client;
use crate::line::Fault;
use crate::loopback::{Loopback, Reply, Step};
use crate::subject::{OverHttp, TooMany};

pub(crate) async fn answers_that_are_lost_lose_nothing<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let line = subject.line();
    line.spoil([Fault::After(Step::Close), Fault::After(Step::Reset), Fault::Instead(Step::Close)]);
    client.record_many(6).await;
    client.delivered().await;
    client.everything_is_there(&subject);
}

pub(crate) async fn answers_that_are_none_lose_nothing<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let page = Reply::text(200, "<html>Welcome to this hotel's network</html>");
    let page = page.header("content-type", "text/html");
    for fault in [
        Fault::Cut,
        Fault::After(Step::Raw(b"\0\xff this is no HTTP\r\n\r\n".to_vec())),
        Fault::After(Step::Raw(b"HTTP/1.1 20".to_vec())),
        Fault::After(Step::Endless(200)),
        Fault::After(Step::Reply(page)),
    ] {
        subject.line().spoil([fault]);
        client.record("invoice.update").await;
        client.delivered().await;
        client.everything_is_there(&subject);
    }
}

/// Somebody on the way answers, and the service hears nothing.
pub(crate) async fn a_success_that_the_service_did_not_say_loses_nothing<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let portal = Reply::text(200, "<html>Welcome to this hotel's network</html>");
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"status\":\"ok\",\"da";
    for step in [
        Step::Reply(portal.header("content-type", "text/html")),
        Step::Reply(Reply::text(204, "")),
        Step::Reply(Reply::text(200, "")),
        Step::Reply(Reply::json(200, &json!({}))),
        Step::Reply(Reply::json(200, &json!([]))),
        Step::Endless(200),
        Step::Raw(cut.to_vec()),
    ] {
        let told = format!("{step:?}");
        subject.line().spoil([Fault::Instead(step)]);
        client.record("invoice.update").await;
        client.delivered().await;
        assert_eq!(client.letters(), [], "{told}");
        client.everything_is_there(&subject);
    }
}

pub(crate) async fn a_redirect_pauses_and_is_not_followed<S: OverHttp>() {
    let subject = S::open().await;
    let elsewhere = Loopback::replying(Reply::json(200, &json!({}))).await;
    let mut client = Client::of(&subject);
    let destination = client.stats().destination;
    for status in [301, 302, 303, 307, 308] {
        let moved = Reply::text(status, "").header("location", &format!("{}/v1/events", elsewhere.base()));
        subject.line().spoil([Fault::Instead(Step::Reply(moved))]);
        client.record("invoice.update").await;
        client.paused().await;
        client.lodger.resume(&destination).unwrap();
        client.delivered().await;
    }
    client.everything_is_there(&subject);
    assert_eq!(elsewhere.requests(), []);
}

pub(crate) async fn too_many_requests<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let slower = Reply::json(429, &json!({"error": "too many"})).header("retry-after", "1");
    subject.line().spoil([Fault::Instead(Step::Reply(slower))]);
    client.record("invoice.update").await;
    if S::TOO_MANY == TooMany::Pauses {
        client.paused().await;
        client.record_many(4).await;
        let stats = client.stats();
        assert_eq!([stats.pending, stats.in_flight, stats.dead], [5, 0, 0], "everything is kept");
        assert_eq!(subject.line().server.requests().len(), 1, "and nothing is tried");
        client.lodger.resume(&stats.destination).unwrap();
    }
    client.delivered().await;
    assert_eq!(client.stats().state, DeliveryState::Running);
    client.everything_is_there(&subject);
    assert_eq!(client.stats().possible_duplicates, 0, "429 says that nothing was done");
    if S::TOO_MANY == TooMany::Waits {
        let arrivals = subject.line().server.arrivals();
        assert!(arrivals[1] - arrivals[0] >= Duration::from_secs(1), "it asked for a second");
    }
}

pub(crate) async fn too_many_requests_in_any_form<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let destination = client.stats().destination;
    let forms = [None, Some("0"), Some("-1"), Some("soon"), Some(""), Some("Sun, 06 Nov 1994 08:49:37 GMT")];
    for form in forms {
        let bare = Reply::text(429, "");
        let reply = form.map_or(bare.clone(), |later| bare.header("retry-after", later));
        subject.line().spoil([Fault::Instead(Step::Reply(reply))]);
        client.record("invoice.update").await;
        if S::TOO_MANY == TooMany::Pauses {
            client.paused().await;
            client.lodger.resume(&destination).unwrap();
        }
        client.delivered().await;
    }
    client.everything_is_there(&subject);
    assert_eq!(client.stats().possible_duplicates, 0);
}

pub(crate) async fn an_answer_that_holds_the_key<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let destination = client.stats().destination;
    let echo = |status| {
        let text = format!("no such key: {}", S::KEY);
        let body = json!({"error": text, "message": text, "code": text, "status": "error"});
        Fault::Instead(Step::Reply(Reply::json(status, &body).header("x-key", S::KEY)))
    };
    subject.line().spoil([echo(401)]);
    client.record("invoice.update").await;
    client.paused().await;
    let error = client.stats().last_error.unwrap();
    assert!(!error.contains(S::KEY), "{error}");
    client.lodger.resume(&destination).unwrap();
    client.delivered().await;
    client.everything_is_there(&subject);
    subject.line().spoil([echo(400)]);
    client.record("invoice.update").await;
    client.delivered().await;
    let letters = client.letters();
    assert_eq!((letters.len(), letters[0].status), (1, Some(400)));
    assert!(!letters[0].reason.contains(S::KEY), "{}", letters[0].reason);
}

pub(crate) async fn one_bad_event_among_good_ones<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    subject.line().refuse("nobody.takes.this");
    client.record_many(6).await;
    let bad = client.record("nobody.takes.this").await;
    client.recorded.pop();
    client.record_many(6).await;
    client.delivered().await;
    let letters = client.letters();
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [bad]);
    assert_eq!(letters[0].status, Some(400));
    assert!(!letters[0].reason.is_empty());
    let stats = client.stats();
    assert_eq!([stats.delivered, stats.dead, stats.possible_duplicates], [12, 1, 0]);
    let mut stored = subject.stored();
    stored.sort();
    assert_eq!(stored, client.recorded);
}

pub(crate) async fn another_key_while_it_runs<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    client.record("invoice.update").await;
    client.delivered().await;
    subject.line().replace_key(S::KEY, S::NEXT_KEY);
    client.record("invoice.update").await;
    client.paused().await;
    client.record_many(3).await;
    let stats = client.stats();
    assert_eq!([stats.delivered, stats.pending, stats.dead], [1, 4, 0], "everything is kept");
    client.lodger.replace_api_key(&stats.destination, S::NEXT_KEY).unwrap();
    client.delivered().await;
    client.everything_is_there(&subject);
    assert_eq!(client.stats().possible_duplicates, 0, "401 says that nothing was done");
}
