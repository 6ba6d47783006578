//! The client's address: the socket, unless proxies are trusted; then from the right.

use lodger_tests::parity::{Case, Request, Setup, ask, case, post};
use serde_json::{Value, json};

use crate::ada;

/// The test's client calls from 127.0.0.1, so this makes it a proxy.
const BEHIND_PROXIES: Setup = Setup { trusted_proxies: &["127.0.0.0/8", "10.0.0.0/8"], ..Setup::USUAL };

fn request() -> Request {
    post("/answers/200").by("ada")
}

fn from(ip: &str, source: &str) -> Value {
    json!({
        "action": "answer.give",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "answer", "id": "200"},
        "outcome": "success",
        "request": {"method": "POST", "route": "/answers/{status}", "status": 200, "ip": ip, "ipSource": source},
    })
}

fn forwarding_headers_of_strangers_say_nothing() -> Case {
    case(
        Setup::USUAL,
        [
            ask(request().header("x-forwarded-for", "203.0.113.9"), 200),
            ask(request().header("forwarded", "for=203.0.113.9"), 200),
        ],
        [from("127.0.0.1", "socket"), from("127.0.0.1", "socket")],
    )
}

/// Trusted proxies are configured, but the one who calls isn't one.
fn a_caller_outside_the_trusted_networks_is_the_client() -> Case {
    case(
        Setup { trusted_proxies: &["10.0.0.0/8"], ..Setup::USUAL },
        [ask(request().header("x-forwarded-for", "203.0.113.9"), 200)],
        [from("127.0.0.1", "socket")],
    )
}

fn a_trusted_proxy_names_the_client() -> Case {
    case(
        BEHIND_PROXIES,
        [ask(request().header("x-forwarded-for", "203.0.113.9"), 200)],
        [from("203.0.113.9", "x-forwarded-for")],
    )
}

/// The leftmost address is whatever the client wrote; the first from the right that is no proxy of ours is who called.
fn the_leftmost_address_is_not_believed() -> Case {
    case(
        BEHIND_PROXIES,
        [ask(request().header("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2"), 200)],
        [from("203.0.113.9", "x-forwarded-for")],
    )
}

/// Two headers are one list (RFC 9110 section 5.2).
fn several_headers_are_one_list() -> Case {
    case(
        BEHIND_PROXIES,
        [ask(
            request().header("x-forwarded-for", "6.6.6.6, 203.0.113.9").header("x-forwarded-for", "10.0.0.2"),
            200,
        )],
        [from("203.0.113.9", "x-forwarded-for")],
    )
}

fn the_standard_header_is_read() -> Case {
    case(
        BEHIND_PROXIES,
        [
            ask(request().header("forwarded", "for=6.6.6.6, for=203.0.113.9;proto=https, for=10.0.0.2"), 200),
            ask(request().header("forwarded", r#"For="[2001:db8::17]:4711";by=10.0.0.2"#), 200),
        ],
        [from("203.0.113.9", "forwarded"), from("2001:db8::17", "forwarded")],
    )
}

/// What can't be read ends the walk at the last address that is known.
fn nonsense_from_a_trusted_proxy_leaves_the_socket() -> Case {
    case(
        BEHIND_PROXIES,
        [
            ask(request().header("x-forwarded-for", "not an address"), 200),
            ask(request().header("forwarded", "for=unknown"), 200),
        ],
        [from("127.0.0.1", "socket"), from("127.0.0.1", "socket")],
    )
}

lodger_tests::parity!(
    forwarding_headers_of_strangers_say_nothing,
    a_caller_outside_the_trusted_networks_is_the_client,
    a_trusted_proxy_names_the_client,
    the_leftmost_address_is_not_believed,
    several_headers_are_one_list,
    the_standard_header_is_read,
    nonsense_from_a_trusted_proxy_leaves_the_socket,
);
