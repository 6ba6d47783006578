//! Bodies in pieces and connections that become something else. An event is made when the response head is known; what
//! comes later is another event.

use lodger_tests::parity::{
    Authentication, Case, On, Reply, Request, Setup, ask, case, closed, delivered, get, hang_up, hear, left,
    open, post, push, read, send,
};
use serde_json::{Value, json};

use crate::{ada, unresolved};

const AUTHENTICATED: Setup = Setup { authentication: Authentication::Inside, ..Setup::USUAL };

fn event(action: &str, method: &str, route: &str, target: (&str, &str), status: u16) -> Value {
    json!({
        "action": action,
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": target.0, "id": target.1},
        "outcome": "success",
        "request": {"id": "req-1", "method": method, "route": route, "status": status},
    })
}

fn feed() -> Request {
    get("/feeds").by("ada").header("x-request-id", "req-1")
}

fn fed(action: &str) -> Value {
    event(action, "GET", "/feeds", ("feed", "f1"), 200)
}

/// The event is there while the stream still waits, and the stream may say something when it ends: through the
/// function's own handle, so it ends as the function did.
fn a_stream_of_events_is_recorded_when_it_begins() -> Case {
    case(
        AUTHENTICATED,
        [
            send(feed()),
            hear(Reply::status(200).header("x-request-id", "req-1")),
            delivered(1),
            open("stream"),
            read("data: the end"),
            delivered(2),
        ],
        [fed("feed.open"), fed("feed.end")],
    )
}

/// The function has returned and its event is out, but who it was is still known: what its arguments said.
fn a_late_event_knows_who_it_was() -> Case {
    case(
        Setup::USUAL,
        [send(feed()), hear(200), delivered(1), open("stream"), read("data: the end"), delivered(2)],
        [fed("feed.open"), fed("feed.end")],
    )
}

/// Two functions named different actors: a late event could be either's.
fn a_late_event_does_not_choose_between_two_actors() -> Case {
    let mut late = event("relay.end", "POST", "/relays", ("relay", "r1"), 200);
    late["actor"] = unresolved();
    late["tenant"] = Value::Null;
    let relayed = |id: &str| {
        let mut event = event("relay.pass", "POST", "/relays", ("relay", "r1"), 200);
        event["actor"] =
            json!({"id": id, "kind": "user", "email": format!("{id}@example.com"), "tenant": "acme"});
        event
    };
    case(
        Setup::USUAL,
        [
            send(post("/relays").header("x-request-id", "req-1")),
            hear(200),
            delivered(2),
            open("stream"),
            read("over"),
            delivered(3),
        ],
        [relayed("ada"), relayed("bob"), late],
    )
}

/// The handle of an extractor is made before the function runs. What it records after the response ends as the function
/// did all the same: a 200 is no success where the function said `Err`.
fn a_late_event_of_an_extractors_handle_fails_as_its_function_did() -> Case {
    let failed = |action: &str| {
        let mut event = event(action, "POST", "/retries", ("retry", "t1"), 200);
        event["outcome"] = json!("failure");
        event
    };
    case(
        Setup { on: On::Always, ..Setup::USUAL },
        [
            send(post("/retries").by("ada").header("x-request-id", "req-1")),
            hear(200),
            delivered(1),
            open("stream"),
            read("over"),
            delivered(2),
        ],
        [failed("retry.start"), failed("retry.end")],
    )
}

/// The stream was opened; that is what the event says.
fn a_client_that_leaves_during_the_stream_changes_nothing() -> Case {
    case(
        Setup { actix_drops: true, ..AUTHENTICATED },
        [send(feed()), hear(200), delivered(1), hang_up(), left("stream")],
        [fed("feed.open")],
    )
}

/// The status was sent before it broke.
fn a_body_that_breaks_off_changes_nothing() -> Case {
    case(
        Setup::USUAL,
        [
            send(post("/exports").by("ada").header("x-request-id", "req-1")),
            hear(200),
            delivered(1),
            open("stream"),
            closed(),
        ],
        [event("export.send", "POST", "/exports", ("export", "e1"), 200)],
    )
}

/// Bodies are never read by the layer: the handler gets each piece as it comes.
fn a_body_that_comes_in_pieces_reaches_the_handler() -> Case {
    let mut uploaded = event("file.upload", "POST", "/uploads", ("file", "u1"), 201);
    uploaded["metadata"] = json!({"bytes": 11});
    let request = post("/uploads").by("ada").header("x-request-id", "req-1");
    case(
        Setup::USUAL,
        [
            send(request.header("transfer-encoding", "chunked")),
            push("5\r\nhello\r\n"),
            push("6\r\n world\r\n0\r\n\r\n"),
            hear(201),
        ],
        [uploaded],
    )
}

fn an_empty_body_is_a_body() -> Case {
    let mut uploaded = event("file.upload", "POST", "/uploads", ("file", "u1"), 201);
    uploaded["metadata"] = json!({"bytes": 0});
    case(Setup::USUAL, [ask(post("/uploads").by("ada").header("x-request-id", "req-1"), 201)], [uploaded])
}

fn chat() -> Request {
    get("/chats")
        .by("ada")
        .header("x-request-id", "req-1")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// A text frame as clients send it (RFC 6455 section 5.2), masked with zeroes.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// 101 is a success. Each message is an act of its own, recorded when it comes, by whoever opened the socket.
fn a_web_socket_records_long_after_its_response() -> Case {
    let chatted = |action| event(action, "GET", "/chats", ("chat", "c1"), 101);
    let said = |text: &str| {
        let mut event = chatted("chat.say");
        event["metadata"] = json!({"said": text});
        event
    };
    case(
        Setup::USUAL,
        [
            send(chat()),
            hear(Reply::status(101).header("x-request-id", "req-1")),
            delivered(1),
            push(frame("hello")),
            read("heard"),
            delivered(2),
            push(frame("bye")),
            read("heard"),
            hang_up(),
        ],
        [chatted("chat.open"), said("hello"), said("bye")],
    )
}

lodger_tests::parity!(
    a_stream_of_events_is_recorded_when_it_begins,
    a_late_event_knows_who_it_was,
    a_late_event_does_not_choose_between_two_actors,
    a_late_event_of_an_extractors_handle_fails_as_its_function_did,
    a_client_that_leaves_during_the_stream_changes_nothing,
    a_body_that_breaks_off_changes_nothing,
    a_body_that_comes_in_pieces_reaches_the_handler,
    an_empty_body_is_a_body,
    a_web_socket_records_long_after_its_response,
);
