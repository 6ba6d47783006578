//! Several requests on one connection, several connections at once, bodies that are too large or asked for first.

use lodger_tests::parity::{
    Authentication, Case, Reply, Setup, aside, ask, ask_again, case, delivered, get, hang_up, hear, open,
    post, push, put, reached, read, send,
};
use serde_json::{Value, json};

use crate::{ada, unresolved};

fn answered(actor: Value, request_id: &str) -> Value {
    json!({
        "action": "answer.give",
        "actor": actor,
        "tenant": "acme",
        "target": {"kind": "answer", "id": "200"},
        "outcome": "success",
        "request": {"id": request_id, "method": "POST", "route": "/answers/{status}", "status": 200},
    })
}

fn bob() -> Value {
    json!({"id": "bob", "kind": "user", "email": "bob@example.com", "tenant": "acme"})
}

/// Frameworks keep what belongs to a request for the next one on the connection; what belongs to an event goes with it.
fn requests_of_a_connection_do_not_mix() -> Case {
    case(
        Setup { authentication: Authentication::Inside, ..Setup::USUAL },
        [
            ask(post("/answers/200").by("ada").header("x-request-id", "req-1"), 200),
            ask_again(get("/invoices/7"), Reply::status(200).without("x-request-id")),
            ask_again(post("/answers/200").by("bob").header("x-request-id", "req-2"), 200),
            ask_again(post("/who/nobody"), 200),
        ],
        [
            answered(ada(), "req-1"),
            answered(bob(), "req-2"),
            json!({
                "action": "who.ask",
                "actor": unresolved(),
                "target": {"kind": "unresolved", "id": "POST /who/nobody"},
                "outcome": "success",
                "request": {"method": "POST", "route": "/who/nobody", "status": 200},
            }),
        ],
    )
}

/// One request waits in its handler while another is answered.
fn requests_at_the_same_time_do_not_mix() -> Case {
    case(
        Setup { authentication: Authentication::Inside, ..Setup::USUAL },
        [
            send(post("/transfers/t1").by("ada").header("x-request-id", "req-1")),
            reached("body"),
            aside(
                post("/answers/200").by("bob").header("x-request-id", "req-2"),
                Reply::status(200).header("x-request-id", "req-2"),
            ),
            open("body"),
            hear(Reply::status(200).header("x-request-id", "req-1")),
        ],
        [
            answered(bob(), "req-2"),
            json!({
                "action": "transfer.create",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "transfer", "id": "t1"},
                "outcome": "success",
                "request": {"id": "req-1", "method": "POST", "route": "/transfers/{how}", "status": 200},
            }),
        ],
    )
}

/// `100 Continue` is no response yet.
fn a_body_that_is_asked_for_first_makes_one_event() -> Case {
    let request = post("/uploads").by("ada").header("expect", "100-continue").header("content-length", "5");
    case(
        Setup::USUAL,
        [send(request), read("100 Continue"), push("hello"), hear(201)],
        [json!({
            "action": "file.upload",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "file", "id": "u1"},
            "metadata": {"bytes": 5},
            "outcome": "success",
            "request": {"method": "POST", "route": "/uploads", "status": 201},
        })],
    )
}

/// Both frameworks take 2 MB of JSON. The client may not get to hear the answer, since it is still sending.
fn a_body_that_is_too_large_is_a_rejection() -> Case {
    case(
        Setup::ALWAYS,
        [
            send(put("/invoices/7").by("ada").body(format!("\"{}\"", "x".repeat(3 << 20)))),
            delivered(1),
            hang_up(),
            ask(post("/answers/200").by("ada").header("x-request-id", "req-2"), 200),
        ],
        [
            json!({
                "action": "request.rejected",
                "actor": unresolved(),
                "target": {"kind": "unresolved", "id": "PUT /invoices/{id}"},
                "outcome": "failure",
                "request": {"method": "PUT", "route": "/invoices/{id}", "status": 413},
            }),
            answered(ada(), "req-2"),
        ],
    )
}

lodger_tests::parity!(
    requests_of_a_connection_do_not_mix,
    requests_at_the_same_time_do_not_mix,
    a_body_that_is_asked_for_first_makes_one_event,
    a_body_that_is_too_large_is_a_rejection,
);
