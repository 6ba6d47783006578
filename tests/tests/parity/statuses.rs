//! What the function said and what the response says, below 400.

use lodger_core::capture::OutcomeSet;
use lodger_tests::parity::{Case, On, Setup, ask, case, delete, get, head, post};
use serde_json::json;

use crate::ada;

fn an_ok_with_200_is_a_success() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/answers/200").by("ada"), 200)],
        [json!({
            "action": "answer.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "answer", "id": "200"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/answers/{status}", "status": 200},
        })],
    )
}

fn an_ok_with_201_is_about_the_thing_it_returned() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/invoices").by("ada").json(json!({"number": "INV-9"})), 201)],
        [json!({
            "action": "invoice.create",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "inv_9", "name": "INV-9"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/invoices", "status": 201},
        })],
    )
}

fn an_ok_with_204_is_a_success() -> Case {
    case(
        Setup::USUAL,
        [ask(delete("/invoices/7").by("ada"), 204)],
        [json!({
            "action": "invoice.delete",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "7"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/invoices/{id}", "status": 204},
        })],
    )
}

/// A redirect after a change (post/redirect/get): the function said Ok, and below 400 that stands.
fn an_ok_with_303_is_a_success() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/answers/303").by("ada"), 303)],
        [json!({
            "action": "answer.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "answer", "id": "303"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/answers/{status}", "status": 303},
        })],
    )
}

fn without_a_result_the_response_decides() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/replies/200").by("ada"), 200)],
        [json!({
            "action": "reply.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "reply", "id": "200"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/replies/{status}", "status": 200},
        })],
    )
}

/// Plain failure: no function ever said Ok.
fn without_a_result_422_is_a_plain_failure() -> Case {
    case(
        Setup::ALWAYS,
        [ask(post("/replies/422").by("ada"), 422)],
        [json!({
            "action": "reply.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "reply", "id": "422"},
            "outcome": "failure",
            "request": {"method": "POST", "route": "/replies/{status}", "status": 422},
        })],
    )
}

fn without_a_result_422_is_not_recorded_by_default() -> Case {
    case(Setup::USUAL, [ask(post("/replies/422").by("ada"), 422)], [])
}

/// The change was done, whatever the client was told, so this is recorded by default.
fn an_ok_that_carries_a_500_is_a_failure_that_says_so() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/boxes/500").by("ada"), 500)],
        [json!({
            "action": "box.open",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "box", "id": "500"},
            "outcome": "failure",
            "reason": "function ok, response 500",
            "request": {"method": "POST", "route": "/boxes/{status}", "status": 500},
        })],
    )
}

fn an_ok_that_carries_a_404_is_a_failure_that_says_so() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/boxes/404").by("ada"), 404)],
        [json!({
            "action": "box.open",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "box", "id": "404"},
            "outcome": "failure",
            "reason": "function ok, response 404",
            "request": {"method": "POST", "route": "/boxes/{status}", "status": 404},
        })],
    )
}

/// 401 and 403 come before "function ok" in the table.
fn an_ok_that_carries_a_403_is_denied() -> Case {
    case(
        Setup::ALWAYS,
        [ask(post("/boxes/403").by("ada"), 403)],
        [json!({
            "action": "box.open",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "box", "id": "403"},
            "outcome": "denied",
            "request": {"method": "POST", "route": "/boxes/{status}", "status": 403},
        })],
    )
}

/// `on([Success])` takes what the function did, not what the client was told.
fn asking_for_successes_includes_an_ok_that_carries_an_error() -> Case {
    case(
        Setup { on: On::These(OutcomeSet::SUCCESS), ..Setup::USUAL },
        [ask(post("/boxes/500").by("ada"), 500), ask(post("/answers/409").by("ada"), 409)],
        [json!({
            "action": "box.open",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "box", "id": "500"},
            "outcome": "failure",
            "reason": "function ok, response 500",
            "request": {"method": "POST", "route": "/boxes/{status}", "status": 500},
        })],
    )
}

fn an_unaudited_read_leaves_nothing() -> Case {
    case(Setup::ALWAYS, [ask(get("/invoices/7").by("ada"), 200)], [])
}

fn an_audited_read_leaves_an_event() -> Case {
    case(
        Setup::USUAL,
        [ask(get("/reports/7").by("ada"), 200)],
        [json!({
            "action": "report.read",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "report", "id": "7"},
            "outcome": "success",
            "request": {"method": "GET", "route": "/reports/{id}", "status": 200},
        })],
    )
}

/// axum answers HEAD with the GET handler, so it ran and is recorded. In actix a resource without a route for HEAD
/// answers 405: nothing ran, nothing is recorded.
fn a_head_request_is_recorded_where_the_handler_runs() -> Case {
    case(
        Setup::USUAL,
        [ask(head("/reports/7").by("ada"), 200)],
        [json!({
            "action": "report.read",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "report", "id": "7"},
            "outcome": "success",
            "request": {"method": "HEAD", "route": "/reports/{id}", "status": 200},
        })],
    )
    .on_actix([ask(head("/reports/7").by("ada"), 405)], [])
}

lodger_tests::parity!(
    an_ok_with_200_is_a_success,
    an_ok_with_201_is_about_the_thing_it_returned,
    an_ok_with_204_is_a_success,
    an_ok_with_303_is_a_success,
    without_a_result_the_response_decides,
    without_a_result_422_is_a_plain_failure,
    without_a_result_422_is_not_recorded_by_default,
    an_ok_that_carries_a_500_is_a_failure_that_says_so,
    an_ok_that_carries_a_404_is_a_failure_that_says_so,
    an_ok_that_carries_a_403_is_denied,
    asking_for_successes_includes_an_ok_that_carries_an_error,
    an_unaudited_read_leaves_nothing,
    an_audited_read_leaves_an_event,
    a_head_request_is_recorded_where_the_handler_runs,
);
