//! Paths as clients write them: nested, merged, opaque, encoded, with slashes too many; and those that lead nowhere.

use lodger_tests::parity::{Case, Setup, ask, case, get, post, request};
use serde_json::{Value, json};

use crate::{ada, unresolved};

/// The event of `POST …/items/{id}`. What the handler was given is what the event says.
fn took(route: &str, id: &str) -> Value {
    json!({
        "action": "item.take",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "item", "id": id},
        "outcome": "success",
        "metadata": {"given": id},
        "request": {"method": "POST", "route": route, "status": 204},
    })
}

/// The same where nobody can say which route it was. Without a route no parameter names the item.
fn took_somewhere(id: &str) -> Value {
    json!({
        "action": "item.take",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "unresolved", "id": "item.take"},
        "outcome": "success",
        "metadata": {"given": id},
        "request": {"method": "POST", "status": 204},
    })
}

fn sought() -> Value {
    json!({
        "action": "page.seek",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "unresolved", "id": "page.seek"},
        "outcome": "success",
        "request": {"method": "POST", "status": 202},
    })
}

/// No route was found.
fn astray() -> Value {
    json!({
        "action": "request.rejected",
        "actor": unresolved(),
        "target": {"kind": "unresolved", "id": "request.rejected"},
        "outcome": "failure",
        "request": {"method": "POST", "status": 404},
    })
}

fn a_merged_route_is_like_any_other() -> Case {
    case(Setup::USUAL, [ask(post("/merged/items/7").by("ada"), 204)], [took("/merged/items/{id}", "7")])
}

fn a_nested_route_beside_a_nested_fallback_is_found() -> Case {
    case(Setup::USUAL, [ask(post("/shop/items/7").by("ada"), 204)], [took("/shop/items/{id}", "7")])
}

/// `nest_service` takes any service, so axum's layer outside of it knows no route; actix's nearest is a scope, which
/// does.
fn a_nested_service_keeps_its_routes_to_itself() -> Case {
    case(Setup::USUAL, [ask(post("/opaque/items/7").by("ada"), 204)], [took_somewhere("7")])
        .on_actix([ask(post("/opaque/items/7").by("ada"), 204)], [took("/opaque/items/{id}", "7")])
}

fn a_fallback_has_no_route() -> Case {
    case(
        Setup { fallback: true, ..Setup::USUAL },
        [ask(post("/nowhere").by("ada"), 202), ask(post("/invoices/7/nowhere").by("ada"), 202)],
        [sought(), sought()],
    )
}

/// `Router::fallback` of a nested router, `default_service` of a scope.
fn a_nested_fallback_has_no_route() -> Case {
    case(Setup::USUAL, [ask(post("/shop/nowhere").by("ada"), 202)], [sought()])
}

/// Two routes in axum. In actix one resource with two patterns, which reports the first whatever matched: an event that
/// says `/items/{id}` of `/stock/items/7` would be wrong, so it says nothing.
fn several_patterns_are_not_taken_for_each_other() -> Case {
    let steps = || [ask(post("/items/7").by("ada"), 204), ask(post("/stock/items/8").by("ada"), 204)];
    case(Setup::USUAL, steps(), [took("/items/{id}", "7"), took("/stock/items/{id}", "8")])
        .on_actix(steps(), [took("/items/{id}", "7"), took_somewhere("8")])
}

fn code(status: u16) -> Value {
    json!({
        "action": "code.read",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "code", "id": "42"},
        "outcome": "success",
        "request": {"method": "POST", "route": "/codes/{id}", "status": status},
    })
}

/// actix writes `/codes/{id:\d+}`. The expression is no part of the route's name.
fn an_expression_in_a_segment_is_not_recorded() -> Case {
    case(Setup::USUAL, [ask(post("/codes/42").by("ada"), 204)], [code(204)])
}

/// In axum the extractor refuses what actix's route doesn't match.
fn what_an_expression_does_not_match_is_a_rejection() -> Case {
    case(
        Setup::ALWAYS,
        [ask(post("/codes/x").by("ada"), 400)],
        [json!({
            "action": "request.rejected",
            "actor": unresolved(),
            "target": {"kind": "unresolved", "id": "POST /codes/{id}"},
            "outcome": "failure",
            "request": {"method": "POST", "route": "/codes/{id}", "status": 400},
        })],
    )
    .on_actix([ask(post("/codes/x").by("ada"), 404)], [astray()])
}

/// actix routes the decoded path, so the handler runs; axum routes the path as it was sent.
fn an_encoded_literal_is_recorded_where_the_handler_runs() -> Case {
    case(Setup::USUAL, [ask(post("/%63odes/42").by("ada"), 404)], [])
        .on_actix([ask(post("/%63odes/42").by("ada"), 204)], [code(204)])
}

fn an_encoded_slash_stays_in_its_parameter() -> Case {
    case(Setup::USUAL, [ask(post("/items/a%2Fb").by("ada"), 204)], [took("/items/{id}", "a/b")])
}

fn a_parameter_is_decoded_once() -> Case {
    case(
        Setup::USUAL,
        [
            ask(post("/items/caf%C3%A9").by("ada"), 204),
            ask(post("/items/a+b%20c").by("ada"), 204),
            ask(post("/items/a%252Fb").by("ada"), 204),
            ask(post("/items/100%").by("ada"), 204),
            ask(post("/items/7;v=1").by("ada"), 204),
        ],
        ["caf\u{e9}", "a+b c", "a%2Fb", "100%", "7;v=1"].map(|id| took("/items/{id}", id)),
    )
}

/// axum refuses it. actix gives the handler a replacement character, which would make two ids equal: the event keeps
/// what was sent.
fn a_parameter_that_is_not_utf_8_stays_encoded() -> Case {
    case(
        Setup::ALWAYS,
        [ask(post("/items/a%FF").by("ada"), 400)],
        [json!({
            "action": "request.rejected",
            "actor": unresolved(),
            "target": {"kind": "unresolved", "id": "POST /items/{id}"},
            "outcome": "failure",
            "request": {"method": "POST", "route": "/items/{id}", "status": 400},
        })],
    )
    .on_actix(
        [ask(post("/items/a%FF").by("ada"), 204)],
        [{
            let mut event = took("/items/{id}", "a%FF");
            event["metadata"]["given"] = json!("a\u{fffd}");
            event
        }],
    )
}

fn a_wildcards_value_is_decoded() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/items/7/parts/a/b%2Fc").by("ada"), 204)],
        [json!({
            "action": "item.part.take",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "part", "id": "a/b/c"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/items/{id}/parts/{*part}", "status": 204},
        })],
    )
}

/// Slashes too many, another case, segments that point upwards: neither framework puts them right, so nothing ran.
fn a_path_that_is_nearly_right_leads_nowhere() -> Case {
    case(
        Setup::ALWAYS,
        [
            ask(post("/items/7/").by("ada"), 404),
            ask(post("//items/7").by("ada"), 404),
            ask(post("/items//7").by("ada"), 404),
            ask(post("/ITEMS/7").by("ada"), 404),
            ask(post("/codes/../items/7").by("ada"), 404),
        ],
        [(); 5].map(|()| astray()),
    )
}

/// A segment like any other, for both frameworks.
fn two_dots_are_an_id() -> Case {
    case(Setup::USUAL, [ask(post("/items/..").by("ada"), 204)], [took("/items/{id}", "..")])
}

fn a_slash_at_the_end_is_part_of_the_route() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/any/items/").by("ada"), 204)],
        [json!({
            "action": "item.touch_all",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "unresolved", "id": "POST /any/items/"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/any/items/", "status": 204},
        })],
    )
}

/// `POST http://localhost/items/7`, as proxies are asked.
fn an_absolute_uri_has_the_same_route() -> Case {
    case(
        Setup::USUAL,
        [ask(request("POST", "http://localhost/items/7").by("ada"), 204)],
        [took("/items/{id}", "7")],
    )
}

/// Longer than an id may be: no id is better than half of one. What the handler said about it is kept whole.
fn a_very_long_parameter_names_no_target() -> Case {
    let id = "x".repeat(8_000);
    let mut event = took("/items/{id}", &id);
    event["target"] = json!({"kind": "unresolved", "id": "POST /items/{id}"});
    case(Setup::USUAL, [ask(post(format!("/items/{id}")).by("ada"), 204)], [event])
}

fn reads_without_a_route_leave_nothing() -> Case {
    case(
        Setup::ALWAYS,
        [ask(get("/items/7/").by("ada"), 404), ask(get("//").by("ada"), 404), ask(get("/..").by("ada"), 404)],
        [],
    )
}

lodger_tests::parity!(
    a_merged_route_is_like_any_other,
    a_nested_route_beside_a_nested_fallback_is_found,
    a_nested_service_keeps_its_routes_to_itself,
    a_fallback_has_no_route,
    a_nested_fallback_has_no_route,
    several_patterns_are_not_taken_for_each_other,
    an_expression_in_a_segment_is_not_recorded,
    what_an_expression_does_not_match_is_a_rejection,
    an_encoded_literal_is_recorded_where_the_handler_runs,
    an_encoded_slash_stays_in_its_parameter,
    a_parameter_is_decoded_once,
    a_parameter_that_is_not_utf_8_stays_encoded,
    a_wildcards_value_is_decoded,
    a_path_that_is_nearly_right_leads_nowhere,
    two_dots_are_an_id,
    a_slash_at_the_end_is_part_of_the_route,
    an_absolute_uri_has_the_same_route,
    a_very_long_parameter_names_no_target,
    reads_without_a_route_leave_nothing,
);
