//! Rules: captured by the layer without touching the handler.

use lodger_tests::parity::{Authentication, Case, On, Setup, ask, case, delete, post};
use serde_json::{Value, json};

use crate::{ada, unresolved};

const MEMBERS: Setup = Setup {
    rules: &[("DELETE /members/{id}", "org.member.removed")],
    authentication: Authentication::Outside,
    ..Setup::USUAL
};

const THINGS: Setup = Setup {
    rules: &[
        ("POST /things/{*rest}", "thing.any"),
        ("POST /things/{id}", "thing.change"),
        ("POST /things/special", "thing.special"),
    ],
    authentication: Authentication::Outside,
    ..Setup::USUAL
};

fn removed(actor: Value, tenant: Value, outcome: &str, status: u16) -> Value {
    json!({
        "action": "org.member.removed",
        "actor": actor,
        "tenant": tenant,
        "target": {"kind": "member", "id": "7"},
        "outcome": outcome,
        "request": {"method": "DELETE", "route": "/members/{id}", "status": status},
    })
}

fn a_rule_captures_without_touching_the_handler() -> Case {
    case(
        MEMBERS,
        [ask(delete("/members/7").by("ada"), 204)],
        [json!({
            "action": "org.member.removed",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "member", "id": "7"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/members/{id}", "status": 204},
        })],
    )
}

fn a_rule_without_an_actor_says_so() -> Case {
    case(
        MEMBERS,
        [ask(delete("/members/7"), 204)],
        [json!({
            "action": "org.member.removed",
            "actor": unresolved(),
            "target": {"kind": "member", "id": "7"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/members/{id}", "status": 204},
        })],
    )
}

/// The redirect to the login page. With an actor it is a success like any other below 400.
fn a_redirect_without_an_actor_is_denied() -> Case {
    case(
        Setup { on: On::Always, ..MEMBERS },
        [
            ask(delete("/members/7").header("x-answer", "302"), 302),
            ask(delete("/members/7").by("ada").header("x-answer", "302"), 302),
        ],
        [removed(unresolved(), Value::Null, "denied", 302), removed(ada(), json!("acme"), "success", 302)],
    )
}

fn a_rules_outcome_follows_the_response() -> Case {
    case(
        Setup { on: On::Always, ..MEMBERS },
        [
            ask(delete("/members/7").by("ada").header("x-answer", "401"), 401),
            ask(delete("/members/7").by("ada").header("x-answer", "404"), 404),
            ask(delete("/members/7").by("ada").header("x-answer", "500"), 500),
        ],
        [
            removed(ada(), json!("acme"), "denied", 401),
            removed(ada(), json!("acme"), "failure", 404),
            removed(ada(), json!("acme"), "failure", 500),
        ],
    )
}

fn a_rules_failures_are_not_recorded_by_default() -> Case {
    case(
        MEMBERS,
        [
            ask(delete("/members/7").header("x-answer", "302"), 302),
            ask(delete("/members/7").by("ada").header("x-answer", "403"), 403),
            ask(delete("/members/7").by("ada").header("x-answer", "500"), 500),
        ],
        [],
    )
}

fn a_rule_is_for_its_method_only() -> Case {
    case(
        Setup { rules: &[("PUT /members/{id}", "org.member.changed")], ..Setup::USUAL },
        [ask(delete("/members/7").by("ada"), 204)],
        [],
    )
}

/// All three rules match the first path, two the second.
fn static_before_parameter_before_wildcard() -> Case {
    case(
        THINGS,
        [
            ask(post("/things/special").by("ada"), 204),
            ask(post("/things/5").by("ada"), 204),
            ask(post("/things/5/parts/6").by("ada"), 204),
        ],
        [
            json!({
                "action": "thing.special",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "thing", "id": "special"},
                "outcome": "success",
                "request": {"method": "POST", "route": "/things/{id}", "status": 204},
            }),
            json!({
                "action": "thing.change",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "thing", "id": "5"},
                "outcome": "success",
                "request": {"method": "POST", "route": "/things/{id}", "status": 204},
            }),
            json!({
                "action": "thing.any",
                "actor": ada(),
                "tenant": "acme",
                "target": {"kind": "unresolved", "id": "POST /things/{id}/{*rest}"},
                "outcome": "success",
                "request": {"method": "POST", "route": "/things/{id}/{*rest}", "status": 204},
            }),
        ],
    )
}

/// actix routes the decoded path, so an encoded letter must not evade the rule. axum routes the path as it was sent,
/// and no handler runs.
fn an_encoded_path_does_not_evade_the_rule() -> Case {
    case(MEMBERS, [ask(delete("/%6Dembers/7").by("ada"), 404)], []).on_actix(
        [ask(delete("/%6Dembers/7").by("ada"), 204)],
        [removed(ada(), json!("acme"), "success", 204)],
    )
}

/// actix writes the route `/numbers/{n:\d+}`; names and expressions say nothing about which route it is.
fn a_rule_finds_its_route_whatever_the_parameters_are_called() -> Case {
    case(
        Setup {
            rules: &[("DELETE /numbers/{id}", "number.forget")],
            authentication: Authentication::Outside,
            ..Setup::USUAL
        },
        [ask(delete("/numbers/42").by("ada"), 204)],
        [json!({
            "action": "number.forget",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "number", "id": "42"},
            "outcome": "success",
            "request": {"method": "DELETE", "route": "/numbers/{n}", "status": 204},
        })],
    )
}

/// The attribute knows more than the rule, and one act is one event.
fn an_attribute_goes_before_a_rule() -> Case {
    case(
        Setup { rules: &[("POST /answers/{status}", "rule.fired")], ..Setup::USUAL },
        [ask(post("/answers/200").by("ada"), 200)],
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

/// What failed was a function's event, which nobody asked for. That the request was a success nobody has said.
fn a_rule_makes_no_success_of_a_function_that_failed() -> Case {
    case(
        Setup {
            authentication: Authentication::Outside,
            rules: &[("POST /ledgers/{how}", "ledger.touch")],
            ..Setup::USUAL
        },
        [ask(post("/ledgers/recovered").by("ada"), 200)],
        [json!({
            "action": "ledger.touch",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "ledger", "id": "recovered"},
            "outcome": "unknown",
            "reason": "result not visible",
            "request": {"method": "POST", "route": "/ledgers/{how}", "status": 200},
        })],
    )
}

lodger_tests::parity!(
    a_rule_makes_no_success_of_a_function_that_failed,
    a_rule_captures_without_touching_the_handler,
    a_rule_without_an_actor_says_so,
    a_redirect_without_an_actor_is_denied,
    a_rules_outcome_follows_the_response,
    a_rules_failures_are_not_recorded_by_default,
    a_rule_is_for_its_method_only,
    static_before_parameter_before_wildcard,
    an_encoded_path_does_not_evade_the_rule,
    a_rule_finds_its_route_whatever_the_parameters_are_called,
    an_attribute_goes_before_a_rule,
);
