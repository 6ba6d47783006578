//! What a response waits for, and clients that leave meanwhile.

use lodger_core::capture::Guarantee;
use lodger_tests::parity::{Case, Setup, ask, case, hang_up, hear, open, post, reached, send, silent};
use serde_json::{Value, json};

use crate::ada;

const DELIVERED: Guarantee = Guarantee::Delivered;
const DURABLE: Guarantee = Guarantee::Durable;

fn answered() -> Value {
    json!({
        "action": "answer.give",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "answer", "id": "200"},
        "outcome": "success",
        "request": {"method": "POST", "route": "/answers/{status}", "status": 200},
    })
}

fn a_durable_response_leaves_its_event() -> Case {
    case(
        Setup { guarantee: DURABLE, ..Setup::USUAL },
        [ask(post("/answers/200").by("ada"), 200)],
        [answered()],
    )
}

/// The destination has answered for the event before the client hears of it.
fn a_delivered_response_waits_for_the_destination() -> Case {
    case(
        Setup { guarantee: DELIVERED, gated_delivery: true, ..Setup::USUAL },
        [send(post("/answers/200").by("ada")), reached("deliver"), silent(), open("deliver"), hear(200)],
        [answered()],
    )
}

/// With `Queued` nobody waits: the response is there while the destination still hangs.
fn a_queued_response_waits_for_nothing() -> Case {
    case(
        Setup { guarantee: Guarantee::Queued, gated_delivery: true, ..Setup::USUAL },
        [ask(post("/answers/200").by("ada"), 200), reached("deliver"), open("deliver")],
        [answered()],
    )
}

/// With `Durable` the disk is enough: the response is there while the destination still hangs.
fn a_durable_response_does_not_wait_for_the_destination() -> Case {
    case(
        Setup { guarantee: DURABLE, gated_delivery: true, ..Setup::USUAL },
        [ask(post("/answers/200").by("ada"), 200), reached("deliver"), open("deliver")],
        [answered()],
    )
}

/// The event is neither lost nor doubled when the future that waits for it is dropped.
fn a_client_that_leaves_during_the_wait_leaves_its_event_once() -> Case {
    case(
        Setup { guarantee: DELIVERED, gated_delivery: true, actix_drops: true, ..Setup::USUAL },
        [send(post("/answers/200").by("ada")), reached("deliver"), hang_up(), open("deliver")],
        [answered()],
    )
}

/// Only requests with an event wait.
fn a_request_without_an_event_does_not_wait() -> Case {
    case(
        Setup { guarantee: DELIVERED, gated_delivery: true, ..Setup::USUAL },
        [ask(post("/answers/409").by("ada"), 409)],
        [],
    )
}

/// What strangers can cause never holds a response.
fn a_denial_does_not_hold_its_response() -> Case {
    case(
        Setup { guarantee: DELIVERED, gated_delivery: true, ..Setup::ALWAYS },
        [ask(post("/answers/403").by("ada"), 403), open("deliver")],
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

lodger_tests::parity!(
    a_durable_response_leaves_its_event,
    a_delivered_response_waits_for_the_destination,
    a_queued_response_waits_for_nothing,
    a_durable_response_does_not_wait_for_the_destination,
    a_client_that_leaves_during_the_wait_leaves_its_event_once,
    a_request_without_an_event_does_not_wait,
    a_denial_does_not_hold_its_response,
);
