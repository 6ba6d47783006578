//! Layers inside and outside of others, on one route, on two routers, around each other.
//!
//! Whatever its place, a layer captures what runs inside of it, once. What `ServiceBuilder` and `buffer` do in axum,
//! `wrap` and a middleware of one's own do in actix, which has no buffer.

use lodger_core::capture::Unaudited;
use lodger_tests::parity::{Case, Setup, ask, case, hang_up, left, post, reached, send};
use serde_json::{Value, json};

use crate::{ada, unresolved};

/// The layers stand in the stacks themselves.
const BARE: Setup = Setup { layers: 0, ..Setup::USUAL };
const BARE_ALWAYS: Setup = Setup { layers: 0, ..Setup::ALWAYS };

fn grace() -> Value {
    json!({"id": "grace", "kind": "user", "email": "grace@example.com", "tenant": "acme"})
}

fn answered(route: &str) -> Value {
    json!({
        "action": "answer.give",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "answer", "id": "200"},
        "outcome": "success",
        "request": {"method": "POST", "route": route, "status": 200},
    })
}

fn asked(route: &str, actor: Value, tenant: Option<&str>) -> Value {
    json!({
        "action": "who.ask",
        "actor": actor,
        "tenant": tenant,
        "target": {"kind": "unresolved", "id": format!("POST {route}")},
        "outcome": "success",
        "request": {"method": "POST", "route": route, "status": 200},
    })
}

fn transfer(route: &str, outcome: &str, reason: &str, status: Option<u16>) -> Value {
    json!({
        "action": "transfer.create",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "transfer", "id": "t1"},
        "outcome": outcome,
        "reason": reason,
        "request": {"method": "POST", "route": route, "status": status},
    })
}

/// A buffer runs `call` in a task of its own, out of the scope's reach. The request carries the scope there: what
/// authentication says on it in `call` counts.
fn a_buffer_inside_of_the_layer_keeps_the_scope() -> Case {
    case(
        BARE,
        [ask(post("/buffer-inside/who/nobody"), 200)],
        [asked("/buffer-inside/who/nobody", grace(), Some("acme"))],
    )
}

fn a_buffer_outside_of_the_layer_makes_no_difference() -> Case {
    case(
        BARE,
        [ask(post("/buffer-outside/who/nobody"), 200)],
        [asked("/buffer-outside/who/nobody", grace(), Some("acme"))],
    )
}

fn a_client_that_leaves_is_noticed_through_a_buffer() -> Case {
    let cancelled = |route| {
        let mut event = transfer(route, "unknown", "cancelled", None);
        event["actor"] = grace();
        event
    };
    case(
        Setup { actix_drops: true, ..BARE },
        [send(post("/buffer-inside/transfers/t1").by("ada")), reached("body"), hang_up(), left("body")],
        [cancelled("/buffer-inside/transfers/{how}")],
    )
}

/// Nothing ran; the layer saw that.
fn what_is_shed_inside_of_the_layer_is_a_rejection() -> Case {
    case(
        BARE_ALWAYS,
        [ask(post("/shed-inside/answers/200").by("ada"), 503)],
        [json!({
            "action": "request.rejected",
            "actor": unresolved(),
            "target": {"kind": "unresolved", "id": "POST /shed-inside/answers/{status}"},
            "outcome": "failure",
            "request": {"method": "POST", "route": "/shed-inside/answers/{status}", "status": 503},
        })],
    )
}

/// Nothing ran, and the request never came to the layer.
fn what_is_shed_outside_of_the_layer_leaves_nothing() -> Case {
    case(BARE_ALWAYS, [ask(post("/shed-outside/answers/200").by("ada"), 503)], [])
}

/// The answer is a fact, how far the body got is not known.
fn a_timeout_inside_of_the_layer_has_a_status() -> Case {
    case(
        BARE,
        [ask(post("/timeout-inside/transfers/t1").by("ada"), 408)],
        [transfer("/timeout-inside/transfers/{how}", "unknown", "cancelled", Some(408))],
    )
}

/// The answer is made outside of the layer, after it was dropped.
fn a_timeout_outside_of_the_layer_has_none() -> Case {
    case(
        BARE,
        [ask(post("/timeout-outside/transfers/t1").by("ada"), 408)],
        [transfer("/timeout-outside/transfers/{how}", "unknown", "cancelled", None)],
    )
}

fn a_timeout_that_is_not_reached_makes_no_difference() -> Case {
    case(
        BARE,
        [
            ask(post("/timeout-inside/answers/200").by("ada"), 200),
            ask(post("/timeout-outside/answers/200").by("ada"), 200),
        ],
        [answered("/timeout-inside/answers/{status}"), answered("/timeout-outside/answers/{status}")],
    )
}

fn panicked(route: &str, status: Option<u16>) -> Value {
    json!({
        "action": "panic.raise",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "panic", "id": "at-once"},
        "outcome": "unknown",
        "reason": "panicked",
        "request": {"method": "POST", "route": route, "status": status},
    })
}

/// That somebody made a response of it doesn't make the body's end known.
fn a_panic_that_is_caught_inside_of_the_layer_has_a_status() -> Case {
    case(
        BARE,
        [ask(post("/caught-inside/panics/at-once").by("ada"), 500)],
        [panicked("/caught-inside/panics/{when}", Some(500))],
    )
}

fn a_panic_that_is_caught_outside_of_the_layer_has_none() -> Case {
    case(
        BARE,
        [ask(post("/caught-outside/panics/at-once").by("ada"), 500)],
        [panicked("/caught-outside/panics/{when}", None)],
    )
}

/// `nest_service` around a router that has the layer: inside of it the whole route is known.
fn a_layer_inside_of_a_nested_service_knows_the_whole_route() -> Case {
    case(BARE, [ask(post("/mounted/answers/200").by("ada"), 200)], [answered("/mounted/answers/{status}")])
}

/// An error that leaves the layer as an error. In axum it says nothing about the response that somebody makes of it; in
/// actix it carries its status.
fn an_answer_that_is_lost_inside_of_the_layer_is_a_failure() -> Case {
    let lost = |reason: &str, status: Option<u16>| {
        let mut event = answered("/failing-inside/answers/{status}");
        event["outcome"] = json!("failure");
        event["reason"] = json!(reason);
        event["request"]["status"] = json!(status);
        event
    };
    let steps = || [ask(post("/failing-inside/answers/200").by("ada"), 500)];
    case(BARE, steps(), [lost("function ok, no response", None)])
        .on_actix(steps(), [lost("function ok, response 500", Some(500))])
}

/// The outer layer's client, outcomes, rules and tenant count; the inner one adds the actor that it finds, no more.
fn of_two_layers_the_inner_one_only_enriches() -> Case {
    case(
        BARE,
        [
            ask(post("/two/answers/200").by("ada"), 200),
            ask(post("/two/answers/409").by("ada"), 409),
            ask(post("/two/bare").by("ada"), 204),
            ask(post("/two/who/nobody").header("x-key", "k1"), 200),
        ],
        [
            answered("/two/answers/{status}"),
            asked("/two/who/nobody", json!({"id": "k1", "kind": "service"}), None),
        ],
    )
}

fn one_layer_on_two_routers_records_each_once() -> Case {
    case(
        BARE,
        [ask(post("/twins/a/answers/200").by("ada"), 200), ask(post("/twins/b/answers/200").by("ada"), 200)],
        [answered("/twins/a/answers/{status}"), answered("/twins/b/answers/{status}")],
    )
}

/// `route_layer` and `MethodRouter::layer` in axum, `wrap` on a resource and on a route in actix. The sibling isn't
/// captured, not even by the alarm.
fn a_layer_on_one_route_leaves_the_others_alone() -> Case {
    case(
        Setup { unaudited: Unaudited::Record, ..BARE },
        [
            ask(post("/one/answers/200").by("ada"), 200),
            ask(post("/one/bare").by("ada"), 204),
            ask(post("/method/answers/200").by("ada"), 200),
        ],
        [answered("/one/answers/{status}"), answered("/method/answers/{status}")],
    )
}

lodger_tests::parity!(
    a_buffer_inside_of_the_layer_keeps_the_scope,
    a_buffer_outside_of_the_layer_makes_no_difference,
    a_client_that_leaves_is_noticed_through_a_buffer,
    what_is_shed_inside_of_the_layer_is_a_rejection,
    what_is_shed_outside_of_the_layer_leaves_nothing,
    a_timeout_inside_of_the_layer_has_a_status,
    a_timeout_outside_of_the_layer_has_none,
    a_timeout_that_is_not_reached_makes_no_difference,
    a_panic_that_is_caught_inside_of_the_layer_has_a_status,
    a_panic_that_is_caught_outside_of_the_layer_has_none,
    a_layer_inside_of_a_nested_service_knows_the_whole_route,
    an_answer_that_is_lost_inside_of_the_layer_is_a_failure,
    of_two_layers_the_inner_one_only_enriches,
    one_layer_on_two_routers_records_each_once,
    a_layer_on_one_route_leaves_the_others_alone,
);
