//! Errors, refusals, panics, and requests that never reach the handler.

use lodger_core::capture::OutcomeSet;
use lodger_tests::parity::{
    Authentication, Case, On, Pause, Setup, ask, case, closed, delete, hear, open, post, put, reached, send,
};
use serde_json::{Value, json};

use crate::{ada, unresolved};

/// 400, 404, 409, 422 and 500 say that it was tried and not done.
fn an_err_is_a_failure() -> Case {
    case(
        Setup::ALWAYS,
        [
            ask(post("/answers/400").by("ada"), 400),
            ask(post("/answers/404").by("ada"), 404),
            ask(post("/answers/409").by("ada"), 409),
            ask(post("/answers/422").by("ada"), 422),
            ask(post("/answers/500").by("ada"), 500),
        ],
        [400, 404, 409, 422, 500].map(|status| {
            json!({
                "action": "answer.give",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "answer", "id": status.to_string()},
                "outcome": "failure",
                "request": {"method": "POST", "route": "/answers/{status}", "status": status},
            })
        }),
    )
}

/// 401 and 403 say that the actor may not.
fn an_err_with_401_or_403_is_denied() -> Case {
    case(
        Setup::ALWAYS,
        [ask(post("/answers/401").by("ada"), 401), ask(post("/answers/403").by("ada"), 403)],
        [401, 403].map(|status| {
            json!({
                "action": "answer.give",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "answer", "id": status.to_string()},
                "outcome": "denied",
                "request": {"method": "POST", "route": "/answers/{status}", "status": status},
            })
        }),
    )
}

fn errors_and_denials_are_not_recorded_by_default() -> Case {
    case(
        Setup::USUAL,
        [
            ask(post("/answers/403").by("ada"), 403),
            ask(post("/answers/409").by("ada"), 409),
            ask(post("/answers/500").by("ada"), 500),
        ],
        [],
    )
}

fn the_layer_can_ask_for_denials_only() -> Case {
    case(
        Setup { on: On::These(OutcomeSet::DENIED), ..Setup::USUAL },
        [
            ask(post("/answers/200").by("ada"), 200),
            ask(post("/answers/403").by("ada"), 403),
            ask(post("/answers/409").by("ada"), 409),
        ],
        [json!({
            "action": "answer.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "answer", "id": "403"},
            "outcome": "denied",
            "request": {"method": "POST", "route": "/answers/{status}", "status": 403},
        })],
    )
}

/// `on(denied)` at the attribute replaces the layer's set, in both directions.
fn the_attributes_outcomes_replace_the_layers() -> Case {
    case(
        Setup { on: On::These(OutcomeSet::SUCCESS), ..Setup::USUAL },
        [
            ask(post("/denials/200").by("ada"), 200),
            ask(post("/denials/403").by("ada"), 403),
            ask(post("/denials/409").by("ada"), 409),
        ],
        [json!({
            "action": "denial.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "denial", "id": "403"},
            "outcome": "denied",
            "request": {"method": "POST", "route": "/denials/{status}", "status": 403},
        })],
    )
}

/// Neither framework answers, and nobody can say how far the body got.
fn a_panic_is_unknown() -> Case {
    case(
        Setup::USUAL,
        [send(post("/panics/at-once").by("ada")), closed()],
        [json!({
            "action": "panic.raise",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "panic", "id": "at-once"},
            "outcome": "unknown",
            "reason": "panicked",
            "request": {"method": "POST", "route": "/panics/{when}"},
        })],
    )
}

/// `audit.committed()` says that the change is done; the reason still says how the request went.
fn a_panic_after_the_commit_is_a_success() -> Case {
    case(
        Setup::USUAL,
        [send(post("/panics/after-commit").by("ada")), closed()],
        [json!({
            "action": "panic.raise",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "panic", "id": "after-commit"},
            "outcome": "success",
            "reason": "panicked",
            "request": {"method": "POST", "route": "/panics/{when}"},
        })],
    )
}

/// A timeout inside the layer drops the handler and answers. That a response was made doesn't make the body's end
/// known, but its status is a fact.
fn an_inner_timeout_leaves_the_outcome_unknown() -> Case {
    case(
        Setup { pause: Pause::Timeout, ..Setup::USUAL },
        [send(post("/transfers/t1").by("ada")), reached("body"), open("timeout"), hear(408)],
        [json!({
            "action": "transfer.create",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "transfer", "id": "t1"},
            "outcome": "unknown",
            "reason": "cancelled",
            "request": {"method": "POST", "route": "/transfers/{how}", "status": 408},
        })],
    )
}

/// The event of a change that never reached a function, where the layer was asked for failures and denials. Only the
/// layer saw it, so the action says no more than that.
fn turned_away(action: &str, outcome: &str, method: &str, route: &str, status: u16) -> Value {
    json!({
        "action": action,
        "actor": unresolved(),
        "target": {"kind": "unresolved", "id": format!("{method} {route}")},
        "outcome": outcome,
        "request": {"method": method, "route": route, "status": status},
    })
}

/// The extractor refuses, and the function never starts. (actix answers 404 where a path parameter can't be read, axum
/// 400.)
fn a_bad_path_parameter_is_a_rejection() -> Case {
    let rejected = |status| turned_away("request.rejected", "failure", "POST", "/counters/{id}", status);
    case(Setup::ALWAYS, [ask(post("/counters/seven").by("ada"), 400)], [rejected(400)])
        .on_actix([ask(post("/counters/seven").by("ada"), 404)], [rejected(404)])
}

fn a_bad_path_parameter_on_a_rules_route_is_a_failure() -> Case {
    let setup = Setup {
        rules: &[("POST /counters/{id}", "counter.raise")],
        authentication: Authentication::Outside,
        ..Setup::ALWAYS
    };
    let event = |status: u16| {
        json!({
            "action": "counter.raise",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "counter", "id": "seven"},
            "outcome": "failure",
            "request": {"method": "POST", "route": "/counters/{id}", "status": status},
        })
    };
    // As above: each framework's own answer to the same mistake.
    case(setup, [ask(post("/counters/seven").by("ada"), 400)], [event(400)])
        .on_actix([ask(post("/counters/seven").by("ada"), 404)], [event(404)])
}

fn bad_json_is_a_rejection() -> Case {
    case(
        Setup::ALWAYS,
        [ask(put("/invoices/7").by("ada").body("{"), 400)],
        [turned_away("request.rejected", "failure", "PUT", "/invoices/{id}", 400)],
    )
}

fn bad_json_on_a_rules_route_is_a_failure() -> Case {
    case(
        Setup {
            rules: &[("PUT /invoices/{id}", "invoice.update")],
            authentication: Authentication::Outside,
            ..Setup::ALWAYS
        },
        [ask(put("/invoices/7").by("ada").body("{"), 400)],
        [json!({
            "action": "invoice.update",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "7"},
            "outcome": "failure",
            "request": {"method": "PUT", "route": "/invoices/{id}", "status": 400},
        })],
    )
}

/// The handler's own argument refuses.
fn an_unknown_user_is_denied() -> Case {
    case(
        Setup::ALWAYS,
        [ask(post("/answers/200"), 401), ask(post("/answers/200").by("mallory"), 403)],
        [401, 403].map(|status| turned_away("request.denied", "denied", "POST", "/answers/{status}", status)),
    )
}

fn what_never_reached_the_handler_is_not_recorded_by_default() -> Case {
    case(
        Setup::USUAL,
        [
            ask(post("/answers/200"), 401),
            ask(post("/answers/200").by("mallory"), 403),
            ask(put("/invoices/7").by("ada").body("{"), 400),
            ask(post("/nowhere").by("ada"), 404),
            ask(delete("/answers/200").by("ada"), 405),
        ],
        [],
    )
}

fn an_unknown_user_on_a_rules_route_is_denied() -> Case {
    case(
        Setup { rules: &[("POST /answers/{status}", "answer.give")], ..Setup::ALWAYS },
        [ask(post("/answers/200"), 401), ask(post("/answers/200").by("mallory"), 403)],
        [401, 403].map(|status| {
            json!({
                "action": "answer.give",
                "actor": unresolved(),
                "target": {"kind": "answer", "id": "200"},
                "outcome": "denied",
                "request": {"method": "POST", "route": "/answers/{status}", "status": status},
            })
        }),
    )
}

/// Authentication inside the layer refuses before the handler.
fn a_refusal_inside_the_layer_on_a_rules_route_is_denied() -> Case {
    case(
        Setup {
            rules: &[("POST /answers/{status}", "answer.give")],
            authentication: Authentication::Inside,
            ..Setup::ALWAYS
        },
        [ask(post("/answers/200").by("nobody"), 401)],
        [json!({
            "action": "answer.give",
            "actor": unresolved(),
            "target": {"kind": "answer", "id": "200"},
            "outcome": "denied",
            "request": {"method": "POST", "route": "/answers/{status}", "status": 401},
        })],
    )
}

fn denials_before_the_handler_are_not_recorded_by_default() -> Case {
    case(
        Setup { rules: &[("POST /answers/{status}", "answer.give")], ..Setup::USUAL },
        [ask(post("/answers/200"), 401)],
        [],
    )
}

lodger_tests::parity!(
    an_err_is_a_failure,
    an_err_with_401_or_403_is_denied,
    errors_and_denials_are_not_recorded_by_default,
    the_layer_can_ask_for_denials_only,
    the_attributes_outcomes_replace_the_layers,
    a_panic_is_unknown,
    a_panic_after_the_commit_is_a_success,
    an_inner_timeout_leaves_the_outcome_unknown,
    a_bad_path_parameter_is_a_rejection,
    a_bad_path_parameter_on_a_rules_route_is_a_failure,
    bad_json_is_a_rejection,
    bad_json_on_a_rules_route_is_a_failure,
    an_unknown_user_is_denied,
    what_never_reached_the_handler_is_not_recorded_by_default,
    an_unknown_user_on_a_rules_route_is_denied,
    a_refusal_inside_the_layer_on_a_rules_route_is_denied,
    denials_before_the_handler_are_not_recorded_by_default,
);
