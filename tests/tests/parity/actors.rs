//! Who it was. The first that answers: attribute, authentication, argument, the layer's resolver, nobody.

use lodger_tests::parity::{Authentication, Case, Request, Resolver, Setup, ask, case, post};
use serde_json::{Value, json};

use crate::{ada, unresolved};

const MALLORY: &str = r#"{"id": "mallory"}"#;

/// The event of `POST /who/{how}`.
fn asked(how: &str, actor: Value, tenant: Option<&str>) -> Value {
    let mut event = json!({
        "action": "who.ask",
        "actor": actor,
        "target": {"kind": "unresolved", "id": format!("POST /who/{how}")},
        "outcome": "success",
        "request": {"method": "POST", "route": format!("/who/{how}"), "status": 200},
    });
    if let Some(tenant) = tenant {
        event["tenant"] = tenant.into();
    }
    event
}

fn ok(request: Request) -> Vec<lodger_tests::parity::Step> {
    ask(request, 200)
}

fn an_argument_that_is_a_user_is_the_actor() -> Case {
    case(Setup::USUAL, [ok(post("/who/argument").by("ada"))], [asked("argument", ada(), Some("acme"))])
}

/// `Extension<CurrentUser>` in axum, `ReqData<CurrentUser>` in actix.
fn an_argument_from_the_extensions_is_the_actor() -> Case {
    case(
        Setup { authentication: Authentication::OutsideExtension, ..Setup::USUAL },
        [ok(post("/who/extension").by("ada"))],
        [asked("extension", ada(), Some("acme"))],
    )
}

fn nobody_is_guessed() -> Case {
    case(Setup::USUAL, [ok(post("/who/nobody").by("ada"))], [asked("nobody", unresolved(), None)])
}

fn authentication_outside_the_layer_is_seen() -> Case {
    case(
        Setup { authentication: Authentication::Outside, ..Setup::USUAL },
        [ok(post("/who/nobody").by("ada"))],
        [asked("nobody", ada(), Some("acme"))],
    )
}

fn authentication_inside_the_layer_is_seen() -> Case {
    case(
        Setup { authentication: Authentication::Inside, ..Setup::USUAL },
        [ok(post("/who/nobody").by("ada"))],
        [asked("nobody", ada(), Some("acme"))],
    )
}

fn a_handler_may_authenticate_by_itself() -> Case {
    case(
        Setup::USUAL,
        [ok(post("/who/scope"))],
        [asked(
            "scope",
            json!({"id": "grace", "kind": "user", "email": "grace@example.com", "tenant": "acme"}),
            Some("acme"),
        )],
    )
}

/// The actor of one request is not the next one's.
fn an_actor_ends_with_its_request() -> Case {
    case(
        Setup { authentication: Authentication::Inside, ..Setup::USUAL },
        [ok(post("/who/nobody").by("ada")), ok(post("/who/nobody"))],
        [asked("nobody", ada(), Some("acme")), asked("nobody", unresolved(), None)],
    )
}

fn the_layer_asks_the_extensions() -> Case {
    case(
        Setup {
            authentication: Authentication::OutsideExtension,
            resolver: Resolver::Extension,
            ..Setup::USUAL
        },
        [ok(post("/who/nobody").by("ada"))],
        [asked("nobody", ada(), Some("acme"))],
    )
}

fn the_layer_asks_its_closure() -> Case {
    case(
        Setup { resolver: Resolver::Header, ..Setup::USUAL },
        [ok(post("/who/nobody").header("x-key", "k1")), ok(post("/who/nobody"))],
        [asked("nobody", json!({"id": "k1", "kind": "service"}), None), asked("nobody", unresolved(), None)],
    )
}

fn an_argument_goes_before_the_layers_resolver() -> Case {
    case(
        Setup { resolver: Resolver::Header, ..Setup::USUAL },
        [ok(post("/who/argument").by("ada").header("x-key", "k1"))],
        [asked("argument", ada(), Some("acme"))],
    )
}

/// A client must not be able to name the actor.
fn a_user_in_the_body_is_not_the_actor() -> Case {
    case(Setup::USUAL, [ok(post("/who/body").body(MALLORY))], [asked("body", unresolved(), None)])
}

fn a_user_in_the_body_does_not_replace_the_authenticated_one() -> Case {
    case(
        Setup::USUAL,
        [ok(post("/who/argument-and-body").by("ada").body(MALLORY))],
        [asked("argument-and-body", ada(), Some("acme"))],
    )
}

/// Which of the two was it? And the next in the row is not asked, or the answer would depend on who is last.
fn two_differing_arguments_are_nobody() -> Case {
    case(
        Setup { resolver: Resolver::Header, ..Setup::USUAL },
        [ok(post("/who/two").by("ada").header("x-key", "k1"))],
        [asked("two", unresolved(), None)],
    )
}

fn authentication_settles_two_differing_arguments() -> Case {
    case(
        Setup { authentication: Authentication::Outside, ..Setup::USUAL },
        [ok(post("/who/two").by("ada").header("x-key", "k1"))],
        [asked("two", ada(), Some("acme"))],
    )
}

fn two_equal_arguments_are_one_actor() -> Case {
    case(Setup::USUAL, [ok(post("/who/same").by("ada"))], [asked("same", ada(), Some("acme"))])
}

fn the_attribute_goes_before_everything() -> Case {
    case(
        Setup { authentication: Authentication::Outside, ..Setup::USUAL },
        [ok(post("/who/attribute").by("ada"))],
        [asked("attribute", json!({"id": "cron", "kind": "system"}), None)],
    )
}

fn an_agent_acts_on_behalf_of_a_customer() -> Case {
    case(
        Setup { authentication: Authentication::Outside, ..Setup::USUAL },
        [ok(post("/who/audit").by("ada"))],
        [asked(
            "audit",
            json!({"id": "agent", "kind": "user", "onBehalfOf": [{"id": "customer", "kind": "user"}]}),
            None,
        )],
    )
}

fn the_layers_tenant_is_for_actors_without_one() -> Case {
    case(
        Setup { tenant: Some("initech"), ..Setup::USUAL },
        [ok(post("/who/nobody")), ok(post("/who/argument").by("ada"))],
        [asked("nobody", unresolved(), Some("initech")), asked("argument", ada(), Some("acme"))],
    )
}

lodger_tests::parity!(
    an_argument_that_is_a_user_is_the_actor,
    an_argument_from_the_extensions_is_the_actor,
    nobody_is_guessed,
    authentication_outside_the_layer_is_seen,
    authentication_inside_the_layer_is_seen,
    a_handler_may_authenticate_by_itself,
    an_actor_ends_with_its_request,
    the_layer_asks_the_extensions,
    the_layer_asks_its_closure,
    an_argument_goes_before_the_layers_resolver,
    a_user_in_the_body_is_not_the_actor,
    a_user_in_the_body_does_not_replace_the_authenticated_one,
    two_differing_arguments_are_nobody,
    authentication_settles_two_differing_arguments,
    two_equal_arguments_are_one_actor,
    the_attribute_goes_before_everything,
    an_agent_acts_on_behalf_of_a_customer,
    the_layers_tenant_is_for_actors_without_one,
);
