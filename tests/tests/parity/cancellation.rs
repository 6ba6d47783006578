//! Clients that leave. axum drops the handler; actix keeps it running unless `h1_allow_half_closed(false)`.

use lodger_tests::parity::{
    Case, Pause, Setup, ask, case, delete, delivered, hang_up, left, open, post, reached, send,
};
use serde_json::{Value, json};

use crate::{ada, unresolved};

fn transfer(how: &str, outcome: &str, more: Value) -> Value {
    let mut event = json!({
        "action": "transfer.create",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "transfer", "id": how},
        "outcome": outcome,
        "request": {"method": "POST", "route": "/transfers/{how}"},
    });
    match more {
        Value::String(reason) => event["reason"] = reason.into(),
        status => event["request"]["status"] = status,
    }
    event
}

/// Nothing was begun, so there is nothing to say. actix goes on, and then there is.
fn a_client_that_leaves_before_the_handler_leaves_nothing() -> Case {
    let request = || send(post("/answers/200").by("ada"));
    case(
        Setup { pause: Pause::Before, ..Setup::USUAL },
        [request(), reached("before"), hang_up(), left("before")],
        [],
    )
    .on_actix(
        [request(), reached("before"), hang_up(), open("before")],
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

fn a_client_that_leaves_before_the_handler_leaves_nothing_where_actix_drops() -> Case {
    case(
        Setup { pause: Pause::Before, actix_drops: true, ..Setup::USUAL },
        [send(post("/answers/200").by("ada")), reached("before"), hang_up(), left("before")],
        [],
    )
}

/// A rule has no function to ask, and there is no response: nobody knows.
fn a_client_that_leaves_a_rules_route_is_unknown() -> Case {
    case(
        Setup {
            pause: Pause::Before,
            actix_drops: true,
            rules: &[("DELETE /members/{id}", "org.member.removed")],
            ..Setup::USUAL
        },
        [send(delete("/members/7")), reached("before"), hang_up(), left("before")],
        [json!({
            "action": "org.member.removed",
            "actor": unresolved(),
            "target": {"kind": "member", "id": "7"},
            "outcome": "unknown",
            "reason": "client gone",
            "request": {"method": "DELETE", "route": "/members/{id}"},
        })],
    )
}

/// The body was dropped where it waited. actix lets it finish, and answers nobody.
fn a_client_that_leaves_during_the_handler_leaves_it_unknown() -> Case {
    let request = || send(post("/transfers/t1").by("ada"));
    case(
        Setup::USUAL,
        [request(), reached("body"), hang_up(), left("body")],
        [transfer("t1", "unknown", json!("cancelled"))],
    )
    .on_actix([request(), reached("body"), hang_up(), open("body")], [transfer("t1", "success", json!(200))])
}

fn a_client_that_leaves_during_the_handler_leaves_it_unknown_where_actix_drops() -> Case {
    case(
        Setup { actix_drops: true, ..Setup::USUAL },
        [send(post("/transfers/t1").by("ada")), reached("body"), hang_up(), left("body")],
        [transfer("t1", "unknown", json!("cancelled"))],
    )
}

/// Between the commit and the return: the change is done, so never unknown and never failed.
fn a_client_that_leaves_after_the_commit_leaves_a_success() -> Case {
    let request = || send(post("/transfers/committed").by("ada"));
    case(
        Setup::USUAL,
        [request(), reached("body"), hang_up(), left("body")],
        [transfer("committed", "success", json!("cancelled"))],
    )
    .on_actix(
        [request(), reached("body"), hang_up(), open("body")],
        [transfer("committed", "success", json!(200))],
    )
}

fn a_client_that_leaves_after_the_commit_leaves_a_success_where_actix_drops() -> Case {
    case(
        Setup { actix_drops: true, ..Setup::USUAL },
        [send(post("/transfers/committed").by("ada")), reached("body"), hang_up(), left("body")],
        [transfer("committed", "success", json!("cancelled"))],
    )
}

/// The function returned Ok and an outer middleware still waits: code after `next.run().await` would never run.
fn a_client_that_leaves_after_the_handler_leaves_a_success() -> Case {
    let request = || send(post("/answers/200").by("ada"));
    let event = |more: Value| {
        let mut event = json!({
            "action": "answer.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "answer", "id": "200"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/answers/{status}"},
        });
        match more {
            Value::String(reason) => event["reason"] = reason.into(),
            status => event["request"]["status"] = status,
        }
        event
    };
    case(
        Setup { pause: Pause::After, ..Setup::USUAL },
        [request(), reached("after"), hang_up(), left("after")],
        [event(json!("client gone"))],
    )
    .on_actix([request(), reached("after"), hang_up(), open("after")], [event(json!(200))])
}

fn a_client_that_leaves_after_the_handler_leaves_a_success_where_actix_drops() -> Case {
    case(
        Setup { pause: Pause::After, actix_drops: true, ..Setup::USUAL },
        [send(post("/answers/200").by("ada")), reached("after"), hang_up(), left("after")],
        [json!({
            "action": "answer.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "answer", "id": "200"},
            "outcome": "success",
            "reason": "client gone",
            "request": {"method": "POST", "route": "/answers/{status}"},
        })],
    )
}

/// An Err is a failure, also when nobody is there to hear it.
fn a_client_that_leaves_after_an_err_leaves_a_failure() -> Case {
    case(
        Setup { pause: Pause::After, actix_drops: true, ..Setup::ALWAYS },
        [send(post("/answers/409").by("ada")), reached("after"), hang_up(), left("after")],
        [json!({
            "action": "answer.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "answer", "id": "409"},
            "outcome": "failure",
            "request": {"method": "POST", "route": "/answers/{status}"},
        })],
    )
}

/// Without a verdict of the function and without a response nobody knows.
fn a_client_that_leaves_after_a_function_without_a_result_is_unknown() -> Case {
    case(
        Setup { pause: Pause::After, actix_drops: true, ..Setup::USUAL },
        [send(post("/replies/200").by("ada")), reached("after"), hang_up(), left("after")],
        [json!({
            "action": "reply.give",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "reply", "id": "200"},
            "outcome": "unknown",
            "reason": "client gone",
            "request": {"method": "POST", "route": "/replies/{status}"},
        })],
    )
}

/// One client's leaving says nothing about the next one's request.
fn the_next_request_is_not_touched() -> Case {
    case(
        Setup { actix_drops: true, ..Setup::USUAL },
        [
            send(post("/transfers/t1").by("ada")),
            reached("body"),
            hang_up(),
            left("body"),
            delivered(1),
            open("body"),
            ask(post("/transfers/t2").by("ada"), 200),
        ],
        [transfer("t1", "unknown", json!("cancelled")), transfer("t2", "success", json!(200))],
    )
}

lodger_tests::parity!(
    a_client_that_leaves_before_the_handler_leaves_nothing,
    a_client_that_leaves_before_the_handler_leaves_nothing_where_actix_drops,
    a_client_that_leaves_a_rules_route_is_unknown,
    a_client_that_leaves_during_the_handler_leaves_it_unknown,
    a_client_that_leaves_during_the_handler_leaves_it_unknown_where_actix_drops,
    a_client_that_leaves_after_the_commit_leaves_a_success,
    a_client_that_leaves_after_the_commit_leaves_a_success_where_actix_drops,
    a_client_that_leaves_after_the_handler_leaves_a_success,
    a_client_that_leaves_after_the_handler_leaves_a_success_where_actix_drops,
    a_client_that_leaves_after_an_err_leaves_a_failure,
    a_client_that_leaves_after_a_function_without_a_result_is_unknown,
    the_next_request_is_not_touched,
);
