//! Requests that want to break something: the event is valid, within its limits, and the same in both frameworks.

use lodger_tests::parity::{Case, Reply, Request, Setup, ask, case, hang_up, post, send};
use serde_json::{Value, json};

use crate::ada;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OTHER_TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The test's client calls from 127.0.0.1, so this makes it a proxy.
const BEHIND_PROXIES: Setup = Setup { trusted_proxies: &["127.0.0.0/8", "10.0.0.0/8"], ..Setup::USUAL };
const WITH_SESSION: Setup = Setup { session_cookie: Some("sid"), ..Setup::USUAL };

fn request() -> Request {
    post("/answers/200").by("ada")
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

/// The servers refuse it before any layer sees it, and the next client isn't touched.
fn a_header_of_a_megabyte_is_the_servers_matter() -> Case {
    case(
        Setup::ALWAYS,
        [send(request().header("x-junk", "j".repeat(1 << 20))), hang_up(), ask(request(), 200)],
        [with(&json!({}))],
    )
}

fn headers_without_number_are_the_servers_matter() -> Case {
    let flood = (0..300).fold(request(), |request, _| request.header("x-junk", "j"));
    case(Setup::ALWAYS, [send(flood), hang_up(), ask(request(), 200)], [with(&json!({}))])
}

/// A line that is folded (RFC 9112 section 5.2), or has a NUL in it: no request.
fn a_broken_header_is_the_servers_matter() -> Case {
    case(
        Setup::ALWAYS,
        [
            ask(request().header("x-request-id", "a\r\n b"), 400),
            ask(request().header("x-request-id", "a\0b"), 400),
            ask(request().header("x request id", "a"), 400),
        ],
        [],
    )
}

/// Both servers take a bare LF for the end of a line; the injected line is a header like any other, and nothing of it is
/// in the id or in the response.
fn a_line_feed_ends_the_id() -> Case {
    case(
        Setup::USUAL,
        [ask(
            request().header("x-request-id", "req-1\nx-injected: evil"),
            Reply::status(200).header("x-request-id", "req-1").without("x-injected"),
        )],
        [with(&json!({"id": "req-1"}))],
    )
}

fn a_user_agent_without_end_is_cut() -> Case {
    case(
        Setup::USUAL,
        [ask(request().header("user-agent", "u".repeat(60_000)), 200)],
        [with(&json!({"userAgent": "u".repeat(512)}))],
    )
}

fn a_user_agent_that_is_not_utf_8_is_readable() -> Case {
    case(
        Setup::USUAL,
        [ask(request().header("user-agent", b"curl\xff\xfe"), 200)],
        [with(&json!({"userAgent": "curl\u{fffd}\u{fffd}"}))],
    )
}

/// Of two ids servers take the first; two traces contradict each other, and no rule may pick one.
fn a_header_that_comes_twice_does_not_confuse() -> Case {
    case(
        Setup::USUAL,
        [
            ask(
                request().header("x-request-id", "first").header("x-request-id", "second"),
                Reply::status(200).header("x-request-id", "first"),
            ),
            ask(request().header("traceparent", TRACEPARENT).header("traceparent", OTHER_TRACEPARENT), 200),
        ],
        [with(&json!({"id": "first"})), with(&json!({}))],
    )
}

/// Header names have no case (RFC 9110 section 5.1).
fn the_case_of_a_header_name_does_not_matter() -> Case {
    case(
        Setup::USUAL,
        [ask(
            request().header("X-ReQuEsT-iD", "req-1").header("TRACEPARENT", TRACEPARENT),
            Reply::status(200).header("x-request-id", "req-1"),
        )],
        [with(&json!({
            "id": "req-1",
            "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
            "spanId": "00f067aa0ba902b7",
            "traceparent": TRACEPARENT,
        }))],
    )
}

fn an_empty_header_says_nothing() -> Case {
    case(
        Setup { trusted_proxies: &["127.0.0.0/8"], ..WITH_SESSION },
        [ask(
            request()
                .header("x-request-id", "")
                .header("x-client-request-id", "")
                .header("traceparent", "")
                .header("b3", "")
                .header("cookie", "")
                .header("forwarded", "")
                .header("x-forwarded-for", ""),
            200,
        )],
        [with(&json!({}))],
    )
}

/// 5,000 hops of which 64 are looked at: the address is the last one that a trusted proxy vouched for.
fn forwarding_headers_without_end_are_bounded() -> Case {
    let hops = format!("203.0.113.9{}", ", 10.0.0.1".repeat(5_000));
    let elements = format!("for=203.0.113.9{}", ", for=10.0.0.1".repeat(2_000));
    let from = |source: &str| with(&json!({"ip": "10.0.0.1", "ipSource": source}));
    case(
        BEHIND_PROXIES,
        [
            ask(request().header("x-forwarded-for", hops), 200),
            ask(request().header("forwarded", elements), 200),
        ],
        [from("x-forwarded-for"), from("forwarded")],
    )
}

/// Quotes that never end, escapes of escapes, commas alone.
fn forwarding_headers_without_sense_leave_the_socket() -> Case {
    case(
        BEHIND_PROXIES,
        [
            ask(request().header("forwarded", format!("for=\"{}", "\\\"".repeat(4_000))), 200),
            ask(request().header("forwarded", format!("for={}", "\"".repeat(8_001))), 200),
            ask(request().header("x-forwarded-for", ",".repeat(8_000)), 200),
            ask(request().header("x-forwarded-for", b"\xff\xfe, \x80"), 200),
        ],
        [(); 4].map(|()| with(&json!({}))),
    )
}

fn a_session_is_found_among_a_thousand_cookies() -> Case {
    let crumbs = "crumb=0123456789; ".repeat(1_000);
    case(
        WITH_SESSION,
        [ask(request().header("cookie", format!("{crumbs}sid=canary-s3ss10n; {crumbs}")), 200)],
        [with(&json!({"session": "{{hmac}}"}))],
    )
    .hides(["canary-s3ss10n", "0123456789"])
}

/// Which of the two the application believes can't be known.
fn a_planted_second_session_is_no_session() -> Case {
    case(
        WITH_SESSION,
        [
            ask(request().header("cookie", "sid=mine; sid=planted"), 200),
            ask(request().header("cookie", "sid=mine").header("cookie", "sid=planted"), 200),
        ],
        [with(&json!({})), with(&json!({}))],
    )
    .hides(["planted"])
}

fn took(target: &str, given: &str) -> Value {
    json!({
        "action": "item.take",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "item", "id": target},
        "outcome": "success",
        "metadata": {"given": given},
        "request": {"method": "POST", "route": "/items/{id}", "status": 204},
    })
}

/// Identifiers are one line: what isn't is replaced, and a hash of the whole keeps two of them apart.
fn control_characters_never_stand_in_an_id() -> Case {
    let trimmed = |mut event: Value, bytes: u64| {
        event["trimmed"] = json!([{"name": "target.id", "bytes": bytes}]);
        event
    };
    case(
        Setup::USUAL,
        [ask(post("/items/a%00b").by("ada"), 204), ask(post("/items/a%0d%0ab").by("ada"), 204)],
        [
            trimmed(took("a\u{fffd}b\u{2026}sha256:59b271ae1bbcb1d31d41929817f4b16f", "a\0b"), 10),
            trimmed(took("a\u{fffd}\u{fffd}b\u{2026}sha256:18745f36a05e29072709042d6062ce54", "a\r\nb"), 8),
        ],
    )
}

/// 64 KiB is the most that an event may have; of this one the metadata goes first.
fn an_event_that_would_be_too_large_says_what_it_left_out() -> Case {
    let id = "x".repeat(65_400);
    let mut event = took("", "");
    event["target"] = json!({"kind": "unresolved", "id": "POST /items/{id}"});
    event["metadata"] = Value::Null;
    event["trimmed"] = json!([{"name": "metadata.given", "bytes": 65_411}]);
    case(Setup::USUAL, [ask(post(format!("/items/{id}")).by("ada"), 204)], [event])
}

/// Who authenticates with such a name is named so, and no member more.
fn an_actor_with_a_hostile_name_is_quoted() -> Case {
    let name = r#"a","kind":"system"#;
    let mut event = with(&json!({}));
    event["actor"]["id"] = json!(name);
    event["actor"]["email"] = json!(format!("{name}@example.com"));
    case(Setup::USUAL, [ask(post("/answers/200").by(name), 200)], [event])
}

lodger_tests::parity!(
    a_header_of_a_megabyte_is_the_servers_matter,
    headers_without_number_are_the_servers_matter,
    a_broken_header_is_the_servers_matter,
    a_line_feed_ends_the_id,
    a_user_agent_without_end_is_cut,
    a_user_agent_that_is_not_utf_8_is_readable,
    a_header_that_comes_twice_does_not_confuse,
    the_case_of_a_header_name_does_not_matter,
    an_empty_header_says_nothing,
    forwarding_headers_without_end_are_bounded,
    forwarding_headers_without_sense_leave_the_socket,
    a_session_is_found_among_a_thousand_cookies,
    a_planted_second_session_is_no_session,
    control_characters_never_stand_in_an_id,
    an_event_that_would_be_too_large_says_what_it_left_out,
    an_actor_with_a_hostile_name_is_quoted,
);
