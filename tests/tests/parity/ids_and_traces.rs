//! Request ids, traces, sessions, user agents: accepted when well formed, never believed blindly.

use lodger_tests::parity::{Case, Reply, Request, Setup, ask, case, get, post};
use serde_json::{Value, json};

use crate::ada;

/// 128 characters, the longest that is accepted.
const LONGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                       0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789AB-._F";
const TOO_LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                        0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789AB-._F!";

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID: &str = "00f067aa0ba902b7";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn request() -> Request {
    post("/answers/200").by("ada")
}

fn ok() -> Reply {
    Reply::status(200)
}

/// The usual event with these members of `request` besides the usual ones.
fn with(more: &Value) -> Value {
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

fn an_inbound_request_id_is_recorded_and_echoed() -> Case {
    case(
        Setup::USUAL,
        [ask(request().header("x-request-id", "req-42"), ok().header("x-request-id", "req-42"))],
        [with(&json!({"id": "req-42"}))],
    )
}

fn the_longest_request_id_is_accepted() -> Case {
    case(
        Setup::USUAL,
        [ask(request().header("x-request-id", LONGEST), ok().header("x-request-id", LONGEST))],
        [with(&json!({"id": LONGEST}))],
    )
}

fn a_minted_request_id_is_in_the_event_and_in_the_response() -> Case {
    case(
        Setup::USUAL,
        [ask(request(), ok().header("x-request-id", "{{minted}}"))],
        [with(&json!({"id": "{{minted}}"}))],
    )
}

/// Too long, with spaces, not ASCII, empty: replaced, never recorded and never sent back. (CR and LF can't even be sent.)
fn a_hostile_request_id_is_replaced() -> Case {
    let hostile =
        |id: &[u8]| ask(request().header("x-request-id", id), ok().header("x-request-id", "{{uuid}}"));
    case(
        Setup::USUAL,
        [
            hostile(TOO_LONG.as_bytes()),
            hostile(b"a b"),
            hostile("caf\u{e9}".as_bytes()),
            hostile(b"\xff\xfe"),
            hostile(b"<script>"),
            hostile(b""),
        ],
        [(); 6].map(|()| with(&json!({"id": "{{uuid}}"}))),
    )
}

/// Users want their id back on every response, also where nothing was recorded and where it failed.
fn an_inbound_request_id_is_echoed_without_an_event() -> Case {
    case(
        Setup::USUAL,
        [
            ask(get("/invoices/7").header("x-request-id", "req-1"), ok().header("x-request-id", "req-1")),
            ask(
                post("/answers/500").by("ada").header("x-request-id", "req-2"),
                Reply::status(500).header("x-request-id", "req-2"),
            ),
            ask(
                get("/nowhere").header("x-request-id", "req-3"),
                Reply::status(404).header("x-request-id", "req-3"),
            ),
        ],
        [],
    )
}

fn nothing_is_minted_for_nothing() -> Case {
    case(Setup::USUAL, [ask(get("/invoices/7"), ok().without("x-request-id"))], [])
}

fn a_response_that_has_a_request_id_keeps_it() -> Case {
    case(
        Setup::USUAL,
        [ask(get("/stamped").header("x-request-id", "req-1"), ok().header("x-request-id", "its-own"))],
        [],
    )
}

fn the_clients_own_id_is_recorded_beside() -> Case {
    case(
        Setup::USUAL,
        [
            ask(request().header("x-client-request-id", "app-7"), 200),
            ask(request().header("x-client-request-id", "app 7"), 200),
        ],
        [with(&json!({"clientRequestId": "app-7"})), with(&json!({}))],
    )
}

fn a_valid_traceparent_is_recorded() -> Case {
    case(
        Setup::USUAL,
        [ask(request().header("traceparent", TRACEPARENT), 200)],
        [with(&json!({"traceId": TRACE_ID, "spanId": SPAN_ID, "traceparent": TRACEPARENT}))],
    )
}

/// Upper case, all zeroes (trace, then span), version ff, too short, too long for version 00, not hexadecimal.
fn a_hostile_traceparent_is_ignored() -> Case {
    let hostile = |value: &str| ask(request().header("traceparent", value), 200);
    case(
        Setup::USUAL,
        [
            hostile("00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01"),
            hostile("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
            hostile("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
            hostile("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            hostile("00-4bf92f3577b34da6-00f067aa0ba902b7-01"),
            hostile("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
            hostile("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"),
        ],
        [(); 7].map(|()| with(&json!({}))),
    )
}

fn older_trace_headers_are_read_where_there_is_no_traceparent() -> Case {
    case(
        Setup::USUAL,
        [
            ask(request().header("x-trace-id", TRACE_ID), 200),
            ask(request().header("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"), 200),
            ask(request().header("x-b3-traceid", TRACE_ID).header("x-b3-spanid", SPAN_ID), 200),
            ask(
                request()
                    .header("traceparent", TRACEPARENT)
                    .header("x-trace-id", "ffffffffffffffffffffffffffffffff"),
                200,
            ),
        ],
        [
            with(&json!({"traceId": TRACE_ID})),
            with(&json!({"traceId": TRACE_ID, "spanId": SPAN_ID})),
            with(&json!({"traceId": TRACE_ID, "spanId": SPAN_ID})),
            with(&json!({"traceId": TRACE_ID, "spanId": SPAN_ID, "traceparent": TRACEPARENT})),
        ],
    )
}

/// A session id is a key to somebody's account: only a keyed hash of it is kept.
fn a_session_is_recorded_as_a_keyed_hash() -> Case {
    case(
        Setup { session_cookie: Some("sid"), ..Setup::USUAL },
        [ask(request().header("cookie", "theme=dark; sid=canary-s3ss10n; lang=en"), 200)],
        [with(&json!({"session": "{{hmac}}"}))],
    )
    .hides(["canary-s3ss10n"])
}

fn a_cookie_is_not_read_unless_it_is_named() -> Case {
    case(Setup::USUAL, [ask(request().header("cookie", "sid=canary-s3ss10n"), 200)], [with(&json!({}))])
        .hides(["canary-s3ss10n"])
}

fn the_user_agent_is_recorded() -> Case {
    case(
        Setup::USUAL,
        [ask(request().header("user-agent", "curl/8.5.0"), 200)],
        [with(&json!({"userAgent": "curl/8.5.0"}))],
    )
}

lodger_tests::parity!(
    an_inbound_request_id_is_recorded_and_echoed,
    the_longest_request_id_is_accepted,
    a_minted_request_id_is_in_the_event_and_in_the_response,
    a_hostile_request_id_is_replaced,
    an_inbound_request_id_is_echoed_without_an_event,
    nothing_is_minted_for_nothing,
    a_response_that_has_a_request_id_keeps_it,
    the_clients_own_id_is_recorded_beside,
    a_valid_traceparent_is_recorded,
    a_hostile_traceparent_is_ignored,
    older_trace_headers_are_read_where_there_is_no_traceparent,
    a_session_is_recorded_as_a_keyed_hash,
    a_cookie_is_not_read_unless_it_is_named,
    the_user_agent_is_recorded,
);
