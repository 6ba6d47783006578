//! Functions outside any request, with an actor of their own.

use lodger_tests::parity::{Authentication, Case, Setup, ask, case, post, work};
use serde_json::{Value, json};

use crate::ada;

fn worked(action: &str, outcome: &str) -> Value {
    json!({
        "action": action,
        "actor": {"id": "billing-worker", "kind": "service"},
        "target": {"kind": "invoice", "id": "inv_1"},
        "outcome": outcome,
        "request": null,
    })
}

fn a_worker_is_the_actor_of_what_it_runs() -> Case {
    case(Setup::USUAL, [work("nightly")], [worked("invoice.dun", "success")])
}

/// There is no response to ask, and a failure is not recorded unless somebody asked for it.
fn a_workers_failure_is_not_recorded_by_default() -> Case {
    case(Setup::USUAL, [work("failing"), work("nightly")], [worked("invoice.dun", "success")])
}

fn a_function_without_a_result_outside_a_request_is_a_success() -> Case {
    case(Setup::USUAL, [work("verdictless")], [worked("invoice.age", "success")])
}

/// What a request leaves behind knows whose it is, and no more waits for the response than the response for it.
fn spawned_work_carries_the_actor_and_the_ids() -> Case {
    case(
        Setup { authentication: Authentication::Inside, ..Setup::USUAL },
        [ask(post("/spawned").by("ada").header("x-request-id", "req-5"), 200)],
        [json!({
            "action": "invoice.dun",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "inv_1"},
            "outcome": "success",
            "request": {"id": "req-5", "method": "POST", "route": "/spawned", "durationMicros": null},
        })],
    )
}

lodger_tests::parity!(
    a_worker_is_the_actor_of_what_it_runs,
    a_workers_failure_is_not_recorded_by_default,
    a_function_without_a_result_outside_a_request_is_a_success,
    spawned_work_carries_the_actor_and_the_ids,
);
