//! What else an event carries: fields, secrets, personal values, changes, words.

use lodger_tests::parity::{Case, Setup, ask, case, post};
use serde_json::json;

use crate::ada;

/// `=` is the JSON value, `%` its text; a secret leaves no trace of itself, a personal value is marked.
fn fields_are_captured_as_the_attribute_says() -> Case {
    let body = json!({
        "amount": 2900, "token": "canary-t0k3n", "email": "eve@example.com", "key": "charge-2026-05-17",
    });
    case(
        Setup::USUAL,
        [ask(post("/accounts/a7").by("ada").json(body), 200)],
        [json!({
            "action": "account.update",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "account", "id": "a7"},
            "userVisible": true,
            "outcome": "success",
            "metadata": {"amount": 2900, "shown": "2900", "code": "{{any}}", "contact": "eve@example.com"},
            "personal": ["contact"],
            "idempotencyKey": "charge-2026-05-17",
            "request": {"method": "POST", "route": "/accounts/{id}", "status": 200},
        })],
    )
    .hides(["canary-t0k3n"])
}

/// Everything that only the body knows. A member called `password` is cut out whatever its value.
fn the_body_of_the_function_may_say_the_rest() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/described").by("ada"), 200)],
        [json!({
            "action": "account.describe",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "account", "id": "a1"},
            "description": "changed the plan",
            "tags": ["billing"],
            "reason": "asked by the customer",
            "source": "dashboard",
            "outcome": "success",
            "changes": [
                {"op": "replace", "path": "/plan", "before": "free", "after": "pro"},
                {"op": "replace", "path": "/seats", "before": 1, "after": 2},
            ],
            "metadata": {"plan": "pro", "password": "{{any}}", "nickname": "Countess"},
            "personal": ["nickname"],
            "request": {"method": "POST", "route": "/described", "status": 200},
        })],
    )
    .hides(["canary-hunter2"])
}

lodger_tests::parity!(fields_are_captured_as_the_attribute_says, the_body_of_the_function_may_say_the_rest);
