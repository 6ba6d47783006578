//! What stands between the layer and the handler makes another answer of the handler's.

use lodger_tests::parity::{Authentication, Case, Reply, Request, Setup, ask, case, delete, post};
use serde_json::{Value, json};

use crate::ada;

fn event(action: &str, id: &str, outcome: &str, status: u16) -> Value {
    let entity = action.split('.').next().unwrap();
    json!({
        "action": action,
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": entity, "id": id},
        "outcome": outcome,
        "request": {
            "method": "POST",
            "route": format!("/{}/{{status}}", if entity == "reply" { "replies" } else { "answers" }),
            "status": status,
        },
    })
}

fn because(mut event: Value, reason: &str) -> Value {
    event["reason"] = reason.into();
    event
}

fn ok() -> Request {
    post("/answers/200").by("ada")
}

/// The change was done: recorded by default, and never as a success.
fn an_ok_that_becomes_a_500_is_a_failure_that_says_so() -> Case {
    case(
        Setup::USUAL,
        [ask(ok().header("x-turn", "500"), 500)],
        [because(event("answer.give", "200", "failure", 500), "function ok, response 500")],
    )
}

fn an_ok_that_becomes_a_redirect_is_a_success() -> Case {
    case(
        Setup::USUAL,
        [ask(ok().header("x-turn", "302"), 302)],
        [event("answer.give", "200", "success", 302)],
    )
}

/// 401 and 403 come first in the table.
fn an_ok_that_becomes_a_403_is_denied() -> Case {
    case(
        Setup::ALWAYS,
        [ask(ok().header("x-turn", "403"), 403)],
        [event("answer.give", "200", "denied", 403)],
    )
}

/// An Err is never a success, whatever is made of it.
fn an_err_that_becomes_a_200_is_a_failure() -> Case {
    case(
        Setup::ALWAYS,
        [ask(post("/answers/409").by("ada").header("x-turn", "200"), 200)],
        [event("answer.give", "409", "failure", 200)],
    )
}

/// Nobody said Ok, so the response alone decides.
fn without_a_result_the_last_response_decides() -> Case {
    case(
        Setup::ALWAYS,
        [
            ask(post("/replies/200").by("ada").header("x-turn", "500"), 500),
            ask(post("/replies/500").by("ada").header("x-turn", "200"), 200),
        ],
        [event("reply.give", "200", "failure", 500), event("reply.give", "500", "success", 200)],
    )
}

fn a_rule_sees_the_last_response() -> Case {
    case(
        Setup {
            rules: &[("DELETE /members/{id}", "org.member.removed")],
            authentication: Authentication::Outside,
            ..Setup::ALWAYS
        },
        [ask(delete("/members/7").by("ada").header("x-turn", "500"), 500)],
        [json!({
            "action": "org.member.removed",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "member", "id": "7"},
            "outcome": "failure",
            "request": {"method": "DELETE", "route": "/members/{id}", "status": 500},
        })],
    )
}

/// A middleware inside answers with an `Err`. actix makes a response of it outside of the audit middleware: its status is
/// known, but no request id can be put on it.
fn an_inner_err_counts_with_its_status() -> Case {
    let request = || ok().header("x-turn-err", "500").header("x-request-id", "req-1");
    let mut recorded = because(event("answer.give", "200", "failure", 500), "function ok, response 500");
    recorded["request"]["id"] = json!("req-1");
    case(
        Setup::USUAL,
        [ask(request(), Reply::status(500).header("x-request-id", "req-1"))],
        [recorded.clone()],
    )
    .on_actix([ask(request(), Reply::status(500).without("x-request-id"))], [recorded])
}

fn an_inner_err_with_403_is_denied() -> Case {
    case(
        Setup::ALWAYS,
        [ask(ok().header("x-turn-err", "403"), 403)],
        [event("answer.give", "200", "denied", 403)],
    )
}

/// The same without any function, and so without an event.
fn an_inner_refusal_has_its_request_id_where_it_is_a_response() -> Case {
    let request = || post("/answers/200").by("nobody").header("x-request-id", "req-1");
    case(
        Setup { authentication: Authentication::Inside, ..Setup::USUAL },
        [ask(request(), Reply::status(401).header("x-request-id", "req-1"))],
        [],
    )
    .on_actix([ask(request(), Reply::status(401).without("x-request-id"))], [])
}

lodger_tests::parity!(
    an_ok_that_becomes_a_500_is_a_failure_that_says_so,
    an_ok_that_becomes_a_redirect_is_a_success,
    an_ok_that_becomes_a_403_is_denied,
    an_err_that_becomes_a_200_is_a_failure,
    without_a_result_the_last_response_decides,
    a_rule_sees_the_last_response,
    an_inner_err_counts_with_its_status,
    an_inner_err_with_403_is_denied,
    an_inner_refusal_has_its_request_id_where_it_is_a_response,
);
