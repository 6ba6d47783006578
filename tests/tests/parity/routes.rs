//! Where the request went: nested routers and scopes, path parameters, patterns.

use lodger_tests::parity::{Case, Setup, ask, case, delete, get, post};
use serde_json::json;

use crate::{ada, unresolved};

/// `{member_id}` is the entity's id by its name; the route is the whole one, through every nesting.
fn a_nested_route_is_reported_whole() -> Case {
    case(
        Setup::USUAL,
        [ask(delete("/api/orgs/o1/members/m7").by("ada"), 204)],
        [json!({
            "action": "org.member.removed",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "member", "id": "m7"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/api/orgs/{org}/members/{member_id}", "status": 204},
        })],
    )
}

/// `{id}` is the organisation's. Recording it as the member would invent a fact.
fn a_parameter_of_something_else_is_not_the_target() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/api/orgs/o1/members").by("ada"), 201)],
        [json!({
            "action": "org.member.added",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "unresolved", "id": "POST /api/orgs/{id}/members"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/api/orgs/{id}/members", "status": 201},
        })],
    )
}

/// `{t}` has any name, but it is the final segment and stands behind the entity's plural.
fn a_final_parameter_behind_the_entity_is_the_target() -> Case {
    case(
        Setup::USUAL,
        [ask(delete("/api/orgs/o1/teams/t9").by("ada"), 204)],
        [json!({
            "action": "team.delete",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "team", "id": "t9"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/api/orgs/{org}/teams/{t}", "status": 204},
        })],
    )
}

/// actix writes it `/files/{path}*`. The rest of a path is no segment: `/members/{*rest}` with `7/notes` would record
/// a member that isn't there.
fn a_wildcard_is_written_as_axum_does_and_is_no_target() -> Case {
    case(
        Setup::USUAL,
        [ask(delete("/files/2026/may.txt").by("ada"), 204)],
        [json!({
            "action": "file.delete",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "unresolved", "id": "DELETE /files/{*path}"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/files/{*path}", "status": 204},
        })],
    )
}

fn a_path_parameter_is_decoded() -> Case {
    case(
        Setup::USUAL,
        [ask(delete("/invoices/a%20b").by("ada"), 204)],
        [json!({
            "action": "invoice.delete",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "a b"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/invoices/{id}", "status": 204},
        })],
    )
}

/// Raw URIs and query strings carry tokens and are never recorded.
fn a_query_string_is_never_recorded() -> Case {
    case(
        Setup::USUAL,
        [ask(delete("/invoices/7?token=canary-4711").by("ada"), 204)],
        [json!({
            "action": "invoice.delete",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "7"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/invoices/{id}", "status": 204},
        })],
    )
    .hides(["canary-4711"])
}

/// There is no route, and reading changes nothing.
fn a_change_to_an_unknown_path_is_a_rejection() -> Case {
    case(
        Setup::ALWAYS,
        [ask(get("/nowhere").by("ada"), 404), ask(post("/nowhere").by("ada"), 404)],
        [json!({
            "action": "request.rejected",
            "actor": unresolved(),
            "target": {"kind": "unresolved", "id": "request.rejected"},
            "outcome": "failure",
            "request": {"method": "POST", "status": 404},
        })],
    )
}

fn a_method_that_is_not_allowed_is_a_rejection() -> Case {
    case(
        Setup::ALWAYS,
        [ask(delete("/answers/200").by("ada"), 405)],
        [json!({
            "action": "request.rejected",
            "actor": unresolved(),
            "target": {"kind": "unresolved", "id": "DELETE /answers/{status}"},
            "outcome": "failure",
            "request": {"method": "DELETE", "route": "/answers/{status}", "status": 405},
        })],
    )
}

lodger_tests::parity!(
    a_nested_route_is_reported_whole,
    a_parameter_of_something_else_is_not_the_target,
    a_final_parameter_behind_the_entity_is_the_target,
    a_wildcard_is_written_as_axum_does_and_is_no_target,
    a_path_parameter_is_decoded,
    a_query_string_is_never_recorded,
    a_change_to_an_unknown_path_is_a_rejection,
    a_method_that_is_not_allowed_is_a_rejection,
);
