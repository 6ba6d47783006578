//! `detach`: the body goes on when its caller is dropped, and the event knows how both ended.

use lodger_core::capture::Guarantee;
use lodger_tests::parity::{
    Case, Pause, Setup, ask, case, closed, hang_up, hear, left, open, post, reached, send,
};
use serde_json::{Value, json};

use crate::ada;

fn order(how: &str, outcome: &str, more: &Value) -> Value {
    let mut event = json!({
        "action": "order.place",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "order", "id": how},
        "outcome": outcome,
        "metadata": {"how": how},
        "tags": ["shipped"],
        "description": "the body went on",
        "request": {"method": "POST", "route": "/orders/{how}"},
    });
    match more {
        Value::Number(status) => event["request"]["status"] = status.clone().into(),
        reason => event["reason"] = reason.clone(),
    }
    event
}

fn a_detached_body_is_waited_for() -> Case {
    case(
        Setup { guarantee: Guarantee::Durable, ..Setup::ALWAYS },
        [open("body"), ask(post("/orders/o1").by("ada"), 200), ask(post("/orders/refused").by("ada"), 409)],
        [order("o1", "success", &json!(200)), order("refused", "failure", &json!(409))],
    )
}

/// Functions called in it are of the same request, and have its actor.
fn a_detached_body_calls_other_functions_in_the_same_request() -> Case {
    case(
        Setup::USUAL,
        [open("body"), ask(post("/orders/posted").by("ada"), 200)],
        [
            order("posted", "success", &json!(200)),
            json!({
                "action": "ledger.post",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "ledger", "id": "l1"},
                "outcome": "success",
                "request": {"method": "POST", "route": "/orders/{how}", "status": 200},
            }),
        ],
    )
}

/// `timeout` is where the handler's caller waits: that it was left shows that the caller was dropped. By default actix
/// drops nobody.
fn a_detached_body_goes_on_when_the_client_leaves() -> Case {
    let setup = Setup { pause: Pause::Timeout, ..Setup::USUAL };
    let request = || send(post("/orders/o1").by("ada"));
    case(
        setup,
        [request(), reached("body"), hang_up(), left("timeout"), open("body")],
        [order("o1", "success", &json!("client gone"))],
    )
    .on_actix([request(), reached("body"), hang_up(), open("body")], [order("o1", "success", &json!(200))])
}

fn a_detached_body_goes_on_when_the_client_leaves_where_actix_drops() -> Case {
    case(
        Setup { pause: Pause::Timeout, actix_drops: true, ..Setup::USUAL },
        [send(post("/orders/o1").by("ada")), reached("body"), hang_up(), left("timeout"), open("body")],
        [order("o1", "success", &json!("client gone"))],
    )
}

/// What went wrong after the client left is no less wrong.
fn a_detached_body_that_fails_when_the_client_has_left_is_a_failure() -> Case {
    case(
        Setup { pause: Pause::Timeout, actix_drops: true, ..Setup::ALWAYS },
        [send(post("/orders/refused").by("ada")), reached("body"), hang_up(), left("timeout"), open("body")],
        [{
            let mut event = order("refused", "failure", &json!(null));
            event.as_object_mut().unwrap().remove("reason");
            event
        }],
    )
}

/// The client was told that it was too slow, and it was done all the same.
fn a_detached_body_goes_on_after_an_inner_timeout() -> Case {
    let mut event = order("o1", "failure", &json!(408));
    event["reason"] = "function ok, response 408".into();
    case(
        Setup { pause: Pause::Timeout, ..Setup::USUAL },
        [send(post("/orders/o1").by("ada")), reached("body"), open("timeout"), hear(408), open("body")],
        [event],
    )
}

fn a_panic_in_a_detached_body_comes_back() -> Case {
    case(
        Setup::USUAL,
        [open("body"), send(post("/orders/panics").by("ada")), closed()],
        [order("panics", "unknown", &json!("panicked"))],
    )
}

lodger_tests::parity!(
    a_detached_body_is_waited_for,
    a_detached_body_calls_other_functions_in_the_same_request,
    a_detached_body_goes_on_when_the_client_leaves,
    a_detached_body_goes_on_when_the_client_leaves_where_actix_drops,
    a_detached_body_that_fails_when_the_client_has_left_is_a_failure,
    a_detached_body_goes_on_after_an_inner_timeout,
    a_panic_in_a_detached_body_comes_back,
);
