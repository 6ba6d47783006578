//! HTTP/2: many requests on one connection, each of which can be given up alone.
//!
//! hyper drops the handler of a stream that was reset; actix runs each stream in a task of its own, to its end, whatever
//! `h1_allow_half_closed` says.

use lodger_tests::parity::{
    Case, Reply, Setup, aside, ask, case, closed, delivered, hang_up, hear, left, open, post, reached, reset,
    send,
};
use serde_json::{Value, json};

use crate::ada;

const HTTP2: Setup = Setup { http2: true, ..Setup::USUAL };

fn answered(more: &Value) -> Value {
    let mut event = json!({
        "action": "answer.give",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "answer", "id": "200"},
        "outcome": "success",
        "request": {"method": "POST", "route": "/answers/{status}", "status": 200},
    });
    for (name, value) in more.as_object().unwrap() {
        event["request"][name] = value.clone();
    }
    event
}

fn transferred(how: &str) -> Value {
    json!({
        "action": "transfer.create",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "transfer", "id": how},
        "outcome": "success",
        "request": {"method": "POST", "route": "/transfers/{how}", "status": 200},
    })
}

fn given_up(how: &str, outcome: &str) -> Value {
    json!({
        "action": "transfer.create",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "transfer", "id": how},
        "outcome": outcome,
        "reason": "cancelled",
        "request": {"method": "POST", "route": "/transfers/{how}"},
    })
}

fn a_change_is_recorded() -> Case {
    case(
        HTTP2,
        [ask(
            post("/answers/200").by("ada").header("x-request-id", "req-2"),
            Reply::status(200).header("x-request-id", "req-2"),
        )],
        [answered(&json!({"id": "req-2"}))],
    )
}

fn each_request_of_a_connection_has_its_own_event() -> Case {
    case(
        HTTP2,
        [
            ask(post("/answers/200").by("ada").header("x-request-id", "req-1"), 200),
            ask(post("/answers/409").by("ada"), 409),
            ask(post("/answers/200").by("ada").header("x-request-id", "req-3"), 200),
        ],
        [answered(&json!({"id": "req-1"})), answered(&json!({"id": "req-3"}))],
    )
}

/// One stream waits in its handler while another is answered.
fn streams_of_a_connection_do_not_mix() -> Case {
    let mut others = answered(&json!({"id": "req-2"}));
    others["actor"] = json!({"id": "bob", "kind": "user", "email": "bob@example.com", "tenant": "acme"});
    case(
        HTTP2,
        [
            send(post("/transfers/t1").by("ada")),
            reached("body"),
            aside(
                post("/answers/200").by("bob").header("x-request-id", "req-2"),
                Reply::status(200).header("x-request-id", "req-2"),
            ),
            open("body"),
            hear(200),
        ],
        [others, transferred("t1")],
    )
}

fn a_reset_during_the_handler_leaves_it_unknown() -> Case {
    let request = || send(post("/transfers/t1").by("ada"));
    case(HTTP2, [request(), reached("body"), reset(), left("body")], [given_up("t1", "unknown")])
        .on_actix([request(), reached("body"), reset(), open("body")], [transferred("t1")])
}

fn a_reset_after_the_commit_leaves_a_success() -> Case {
    let request = || send(post("/transfers/committed").by("ada"));
    case(HTTP2, [request(), reached("body"), reset(), left("body")], [given_up("committed", "success")])
        .on_actix([request(), reached("body"), reset(), open("body")], [transferred("committed")])
}

/// The setting is about HTTP/1.
fn actix_goes_on_after_a_reset_also_where_it_drops() -> Case {
    let request = || send(post("/transfers/t1").by("ada"));
    let setup = Setup { actix_drops: true, ..HTTP2 };
    case(setup, [request(), reached("body"), reset(), left("body")], [given_up("t1", "unknown")])
        .on_actix([request(), reached("body"), reset(), open("body")], [transferred("t1")])
}

fn a_reset_does_not_touch_the_next_request() -> Case {
    let request = || send(post("/transfers/t1").by("ada"));
    let next = || ask(post("/answers/200").by("ada"), 200);
    case(
        HTTP2,
        [request(), reached("body"), reset(), left("body"), delivered(1), next()],
        [given_up("t1", "unknown"), answered(&json!({}))],
    )
    .on_actix(
        [request(), reached("body"), reset(), open("body"), delivered(1), next()],
        [transferred("t1"), answered(&json!({}))],
    )
}

fn a_connection_that_ends_is_like_a_reset() -> Case {
    let request = || send(post("/transfers/t1").by("ada"));
    case(HTTP2, [request(), reached("body"), hang_up(), left("body")], [given_up("t1", "unknown")])
        .on_actix([request(), reached("body"), hang_up(), open("body")], [transferred("t1")])
}

/// Neither framework answers, but the connection goes on.
fn a_panic_ends_its_stream_only() -> Case {
    case(
        HTTP2,
        [
            send(post("/panics/at-once").by("ada")),
            closed(),
            delivered(1),
            ask(post("/answers/200").by("ada"), 200),
        ],
        [
            json!({
                "action": "panic.raise",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "panic", "id": "at-once"},
                "outcome": "unknown",
                "reason": "panicked",
                "request": {"method": "POST", "route": "/panics/{when}"},
            }),
            answered(&json!({})),
        ],
    )
}

/// RFC 9113 section 8.2.3: a client may send each cookie in a line of its own.
fn a_cookie_in_a_line_of_its_own_is_found() -> Case {
    case(
        Setup { session_cookie: Some("sid"), ..HTTP2 },
        [ask(
            post("/answers/200")
                .by("ada")
                .header("cookie", "theme=dark")
                .header("cookie", "sid=canary-s3ss10n")
                .header("cookie", "lang=en"),
            200,
        )],
        [answered(&json!({"session": "{{hmac}}"}))],
    )
    .hides(["canary-s3ss10n"])
}

lodger_tests::parity!(
    a_change_is_recorded,
    each_request_of_a_connection_has_its_own_event,
    streams_of_a_connection_do_not_mix,
    a_reset_during_the_handler_leaves_it_unknown,
    a_reset_after_the_commit_leaves_a_success,
    actix_goes_on_after_a_reset_also_where_it_drops,
    a_reset_does_not_touch_the_next_request,
    a_connection_that_ends_is_like_a_reset,
    a_panic_ends_its_stream_only,
    a_cookie_in_a_line_of_its_own_is_found,
);
