//! Handlers that call another audited service in the same program, hand their work to other threads, or call many
//! annotated functions.

use lodger_tests::parity::{Authentication, Case, Reply, Setup, ask, case, post};
use serde_json::{Value, json};

use crate::{ada, unresolved};

fn ordered() -> Value {
    json!({
        "action": "order.place",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "order", "id": "o1"},
        "tags": ["before", "after"],
        "outcome": "success",
        "request": {"id": "outer-1", "method": "POST", "route": "/orders", "status": 204},
    })
}

/// A request of its own, to a service with a client of its own: nothing of the caller's is in it.
fn booked() -> Value {
    json!({
        "action": "item.book",
        "actor": unresolved(),
        "target": {"kind": "item", "id": "i7"},
        "tags": ["in the stock"],
        "outcome": "success",
        "request": {
            "id": "inner-1", "method": "POST", "route": "/items/{id}", "status": 204, "ip": null, "ipSource": null,
        },
    })
}

fn another_service_in_the_program_has_its_own_events() -> Case {
    case(
        Setup::USUAL,
        [ask(
            post("/orders").by("ada").header("x-request-id", "outer-1"),
            Reply::status(204).header("x-request-id", "outer-1"),
        )],
        [ordered()],
    )
    .elsewhere([booked()])
}

/// Also what authentication stored, and the layer's tenant, stay where they are.
fn another_service_in_the_program_knows_nothing_of_the_caller() -> Case {
    case(
        Setup { authentication: Authentication::Inside, tenant: Some("initech"), ..Setup::USUAL },
        [ask(post("/orders").by("ada").header("x-request-id", "outer-1"), 204)],
        [ordered()],
    )
    .elsewhere([booked()])
}

/// `spawn_blocking` and `web::block` leave the task; the handle goes along.
fn the_handle_works_on_another_thread() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/renders").by("ada"), 204)],
        [json!({
            "action": "report.render",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "report", "id": "r1"},
            "metadata": {"pages": 3},
            "outcome": "success",
            "request": {"method": "POST", "route": "/renders", "status": 204},
        })],
    )
}

/// What it does there ends by its own result, as spawned work.
fn blocking_work_carries_the_actor_and_the_ids() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/ledgers").by("ada").header("x-request-id", "req-6"), 204)],
        [json!({
            "action": "ledger.post",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "ledger", "id": "l1"},
            "outcome": "success",
            "request": {"id": "req-6", "method": "POST", "route": "/ledgers", "durationMicros": null},
        })],
    )
}

/// Each by whoever called it, as its caller knows.
fn each_function_that_a_handler_calls_has_its_own_event() -> Case {
    let event = |action: &str, kind: &str, id: &str| {
        json!({
            "action": action,
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": kind, "id": id},
            "outcome": "success",
            "request": {"id": "req-1", "method": "POST", "route": "/batches", "status": 204},
        })
    };
    case(
        Setup::USUAL,
        [ask(post("/batches").by("ada").header("x-request-id", "req-1"), 204)],
        [
            event("batch.run", "batch", "b1"),
            event("ledger.post", "ledger", "l1"),
            event("ledger.post", "ledger", "l2"),
        ],
    )
}

lodger_tests::parity!(
    another_service_in_the_program_has_its_own_events,
    another_service_in_the_program_knows_nothing_of_the_caller,
    the_handle_works_on_another_thread,
    blocking_work_carries_the_actor_and_the_ids,
    each_function_that_a_handler_calls_has_its_own_event,
);
