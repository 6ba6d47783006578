//! No layer, two layers, the alarm, and functions that are no handlers.

use lodger_core::capture::Unaudited;
use lodger_tests::parity::{Authentication, Case, Reply, Setup, ask, case, get, post};
use serde_json::{Value, json};

use crate::ada;

/// Whoever asks for the audit log without a layer made a mistake, and is told which.
fn without_a_layer_the_extractor_names_the_fix() -> Case {
    case(
        Setup { layers: 0, ..Setup::USUAL },
        [ask(post("/extracted"), Reply::status(500).saying("AuditLayer"))],
        [],
    )
    .on_actix([ask(post("/extracted"), Reply::status(500).saying("AuditMiddleware"))], [])
}

/// The second layer sees the first one's scope and only adds what it knows.
fn two_layers_leave_one_event() -> Case {
    case(
        Setup { layers: 2, ..Setup::USUAL },
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

fn two_layers_with_the_same_rule_leave_one_event() -> Case {
    case(
        Setup {
            layers: 2,
            authentication: Authentication::Inside,
            rules: &[("POST /bare", "bare.post")],
            ..Setup::USUAL
        },
        [ask(post("/bare").by("ada"), 204)],
        [json!({
            "action": "bare.post",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "unresolved", "id": "POST /bare"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/bare", "status": 204},
        })],
    )
}

/// A change that left no event becomes one; a read doesn't, nor what failed, nor what is audited anyway.
fn an_unaudited_change_is_recorded_on_demand() -> Case {
    case(
        Setup { unaudited: Unaudited::Record, authentication: Authentication::Outside, ..Setup::USUAL },
        [
            ask(post("/bare").by("ada"), 204),
            ask(get("/bare").by("ada"), 204),
            ask(post("/bare").by("ada").header("x-answer", "409"), 409),
            ask(post("/answers/200").by("ada"), 200),
        ],
        [
            json!({
                "action": "{{any}}",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "unresolved", "id": "POST /bare"},
                "outcome": "success",
                "request": {"method": "POST", "route": "/bare", "status": 204},
            }),
            json!({
                "action": "answer.give",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "answer", "id": "200"},
                "outcome": "success",
                "request": {"method": "POST", "route": "/answers/{status}", "status": 200},
            }),
        ],
    )
}

/// The default only warns.
fn an_unaudited_change_leaves_nothing_by_default() -> Case {
    case(Setup::ALWAYS, [ask(post("/bare").by("ada"), 204)], [])
}

fn a_discarded_event_is_gone() -> Case {
    case(Setup::ALWAYS, [ask(post("/discarded").by("ada"), 200)], [])
}

/// `audit.record(..)`: a second act of the same request by the same actor.
fn a_further_event_stands_beside_the_first() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/further").by("ada").header("x-request-id", "req-9"), 200)],
        [
            json!({
                "action": "transfer.create",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "transfer", "id": "t1"},
                "outcome": "success",
                "request": {"id": "req-9", "method": "POST", "route": "/further", "status": 200},
            }),
            json!({
                "action": "transfer.fee",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "fee", "id": "f1"},
                "metadata": {"cents": 30},
                "outcome": "success",
                "request": {"id": "req-9", "method": "POST", "route": "/further", "status": 200},
            }),
        ],
    )
}

fn ledger(how: &str, action: &str, id: &str, outcome: &str) -> Value {
    json!({
        "action": action,
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "ledger", "id": id},
        "outcome": outcome,
        "request": {"method": "POST", "route": format!("/ledgers/{how}"), "status": 200},
    })
}

/// Called by a handler without the attribute, it finds the request it works for.
fn a_plain_function_is_captured() -> Case {
    case(
        Setup { authentication: Authentication::Outside, ..Setup::USUAL },
        [ask(post("/ledgers/sync").by("ada"), 200)],
        [ledger("{how}", "ledger.post", "l1", "success")],
    )
}

fn a_method_is_captured() -> Case {
    case(
        Setup { authentication: Authentication::Outside, ..Setup::USUAL },
        [ask(post("/ledgers/method").by("ada"), 200)],
        [ledger("{how}", "ledger.close", "l2", "success")],
    )
}

/// The function failed; that the handler made the best of it doesn't make it a success.
fn a_function_that_failed_in_a_request_that_did_not_is_a_failure() -> Case {
    case(
        Setup { authentication: Authentication::Outside, ..Setup::ALWAYS },
        [ask(post("/ledgers/recovered").by("ada"), 200)],
        [ledger("{how}", "ledger.post", "l3", "failure")],
    )
}

lodger_tests::parity!(
    without_a_layer_the_extractor_names_the_fix,
    two_layers_leave_one_event,
    two_layers_with_the_same_rule_leave_one_event,
    an_unaudited_change_is_recorded_on_demand,
    an_unaudited_change_leaves_nothing_by_default,
    a_discarded_event_is_gone,
    a_further_event_stands_beside_the_first,
    a_plain_function_is_captured,
    a_method_is_captured,
    a_function_that_failed_in_a_request_that_did_not_is_a_failure,
);
