//! Clients that close their writing side once the request is sent, and go on reading (`nc -N`, some proxies).
//!
//! hyper takes that for a client that left, unless it is told otherwise, which `axum::serve` can't be; actix doesn't,
//! unless it is told otherwise with `h1_allow_half_closed(false)`.

use lodger_tests::parity::{Case, Pause, Setup, case, half_close, hear, left, open, post, reached, send};
use serde_json::{Value, json};

use crate::ada;

fn transferred() -> Value {
    json!({
        "action": "transfer.create",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "transfer", "id": "t1"},
        "outcome": "success",
        "request": {"method": "POST", "route": "/transfers/{how}", "status": 200},
    })
}

fn given_up() -> Value {
    json!({
        "action": "transfer.create",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "transfer", "id": "t1"},
        "outcome": "unknown",
        "reason": "cancelled",
        "request": {"method": "POST", "route": "/transfers/{how}"},
    })
}

fn a_half_closed_connection_is_each_frameworks_own_matter() -> Case {
    let begun = || [send(post("/transfers/t1").by("ada")), reached("body"), half_close()].concat();
    case(Setup::USUAL, [begun(), left("body")], [given_up()])
        .on_actix([begun(), open("body"), hear(200)], [transferred()])
}

fn a_half_closed_connection_that_is_served_leaves_a_success() -> Case {
    case(
        Setup { axum_half_closed: true, ..Setup::USUAL },
        [send(post("/transfers/t1").by("ada")), reached("body"), half_close(), open("body"), hear(200)],
        [transferred()],
    )
}

fn a_half_closed_connection_that_is_dropped_leaves_it_unknown() -> Case {
    case(
        Setup { actix_drops: true, ..Setup::USUAL },
        [send(post("/transfers/t1").by("ada")), reached("body"), half_close(), left("body")],
        [given_up()],
    )
}

fn a_half_closed_connection_that_is_dropped_after_the_handler_leaves_a_success() -> Case {
    case(
        Setup { actix_drops: true, pause: Pause::After, ..Setup::USUAL },
        [send(post("/answers/200").by("ada")), reached("after"), half_close(), left("after")],
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

lodger_tests::parity!(
    a_half_closed_connection_is_each_frameworks_own_matter,
    a_half_closed_connection_that_is_served_leaves_a_success,
    a_half_closed_connection_that_is_dropped_leaves_it_unknown,
    a_half_closed_connection_that_is_dropped_after_the_handler_leaves_a_success,
);
