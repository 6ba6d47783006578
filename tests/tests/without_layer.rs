//! An annotated handler without any layer: its event goes to the installed client.
//!
//! A program of its own, because there is one installed client for the whole process.

use lodger_tests::parity::{Case, Framework, Setup, ask, case, post, run};
use serde_json::json;

/// Nobody sees the response, so the function's own verdict decides; nobody sees the path, so it names no target.
fn without_a_layer_the_functions_verdict_decides() -> Case {
    case(
        Setup { layers: 0, installed: true, ..Setup::USUAL },
        [
            ask(post("/answers/200").by("ada"), 200),
            ask(post("/answers/409").by("ada"), 409),
            ask(post("/boxes/500").by("ada"), 500),
        ],
        ["answer.give", "box.open"].map(|action| {
            json!({
                "action": action,
                "actor": {"id": "ada", "kind": "user", "email": "ada@example.com", "tenant": "acme"},
                "tenant": "acme",
                "target": {"kind": "unresolved", "id": action},
                "outcome": "success",
                "request": null,
            })
        }),
    )
}

#[test]
fn without_a_layer_events_go_to_the_installed_client() {
    run(Framework::Axum, &without_a_layer_the_functions_verdict_decides());
    run(Framework::Actix, &without_a_layer_the_functions_verdict_decides());
}
