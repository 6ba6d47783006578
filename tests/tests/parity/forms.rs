//! Every form of the attribute and every shape of a handler that no other case is about, each with what it must leave.
//!
//! A row is a name, what is sent to `POST /forms/..`, the status that comes back, and the events, which differ from
//! [`usual`] as they say (RFC 7396). In both frameworks the handlers are written as one would write them there.

use lodger_tests::parity::{Setup, ask, case, post};
use serde_json::{Value, json};

use crate::ada;

/// What nearly every form leaves.
fn usual(path: &str, status: u16) -> Value {
    let (form, id) = path.trim_start_matches("/forms/").split_once('/').unwrap();
    json!({
        "action": "form.try",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "form", "id": id},
        "outcome": "success",
        "request": {"method": "POST", "route": format!("/forms/{form}/{{form_id}}"), "status": status},
    })
}

/// The same, but for these members.
fn changed(mut event: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn invoice() -> Value {
    json!({"id": "inv_1", "number": "INV-1"})
}

fn number() -> Value {
    json!(5)
}

macro_rules! forms {
    ($($name:ident: $path:literal $($body:ident)? => $status:literal [$($members:tt),*])+) => {
        $(fn $name() -> lodger_tests::parity::Case {
            let request = post($path).by("ada");
            $(let request = request.json($body());)?
            let events = [$(changed(usual($path, $status), &json!($members))),*];
            case(Setup::USUAL, [ask(request, $status)], events)
        })+
        lodger_tests::parity!($($name),+);
    };
}

forms! {
    // What the attribute says.
    a_constant_is_an_action: "/forms/const_action/7" => 200 [{}]
    a_bare_target_may_be_one_itself: "/forms/bare_target/7" => 200 [{"target": {"kind": "invoice", "id": "7"}}]
    related_things_are_named: "/forms/related/7" => 200 [
        {"related": [{"kind": "invoice", "id": "7"}, {"kind": "bank-account", "id": "b7"}]}
    ]
    a_tenant_goes_before_the_actors: "/forms/tenant/7" => 200 [{"tenant": "7"}]
    fields_are_told_in_each_way: "/forms/fields/7" invoice => 200 [{
        "metadata": {
            "invoice": {"id": "inv_1", "number": "INV-1"},
            "number": "INV-1",
            "debugged": "\"INV-1\"",
            "raw-id": 6,
        }
    }]
    the_ok_value_tells_what_is_asked: "/forms/ok/7" invoice => 200 [{
        "target": {"kind": "invoice", "id": "inv_1"},
        "related": [{"kind": "number", "id": "INV-1"}],
        "metadata": {"number": "INV-1"},
    }]
    a_pattern_that_matches_tells: "/forms/refutable/201" => 201 [{"metadata": {"created": true}}]
    another_pattern_tells_else: "/forms/refutable/200" => 200 [{"metadata": {"created": false}}]
    patterns_that_do_not_match_tell_nothing: "/forms/refutable/202" => 202 [{}]
    success_is_what_the_attribute_says: "/forms/success/1" => 200 [{}]
    failure_is_what_is_no_success: "/forms/success/7" => 200 [{"outcome": "failure"}]
    a_chosen_failure_is_recorded: "/forms/on/409" => 409 [{"outcome": "failure"}]
    a_chosen_denial_is_recorded: "/forms/on/403" => 403 [{"outcome": "denied"}]
    a_success_that_is_not_chosen_is_not: "/forms/on/204" => 204 []
    a_crate_may_pass_the_attribute_on: "/forms/facade/7" => 200 [{}]

    // What is returned.
    an_opaque_response_has_no_verdict: "/forms/opaque_response/7" => 202 [{}]
    an_alias_hides_no_ok: "/forms/alias/200" => 200 [{}]
    an_alias_hides_no_err: "/forms/alias/409" => 409 [{"outcome": "failure"}]
    a_body_alone_has_no_verdict: "/forms/json/7" => 200 [{}]
    a_tuple_has_no_verdict_but_its_status: "/forms/tuple/7" => 418 [{"outcome": "failure"}]
    a_result_in_a_result_is_no_success: "/forms/nested/200" => 200 [
        {"outcome": "unknown", "reason": "result not visible"}
    ]
    an_err_in_an_ok_is_a_failure: "/forms/nested/409" => 409 [{"outcome": "failure"}]
    some_value_tells: "/forms/option/7" => 200 [{"metadata": {"number": 7}}]
    none_tells_nothing: "/forms/option/8" => 404 [{"outcome": "failure", "reason": "function ok, response 404"}]

    // What the function is.
    generic_with_a_where_clause: "/forms/generic/7" => 200 [{"metadata": {"id": "7"}}]
    generic_over_a_constant: "/forms/sized/7" => 200 [{"metadata": {"size": 3}}]
    an_associated_function: "/forms/method/7" => 200 [{}]
    a_method_of_a_trait: "/forms/trait_method/7" => 200 [{"metadata": {"id": "7"}}]
    above_the_route: "/forms/route_below/7" => 200 [{}]
    below_the_route: "/forms/route_above/7" => 200 [{}]
    above_instrument: "/forms/instrument_below/7" => 200 [{"metadata": {"id": 7}}]
    below_instrument: "/forms/instrument_above/7" => 200 [{"metadata": {"id": 7}}]
    above_debug_handler: "/forms/debug_handler_below/7" => 200 [{}]
    below_debug_handler: "/forms/debug_handler_above/7" => 200 [{}]
    two_attributes_are_two_events: "/forms/twice/7" => 200 [{"action": "form.outer"}, {"action": "form.inner"}]
    a_boxed_future: "/forms/boxed_future/7" => 200 [{"metadata": {"id": 7}}]
    an_opaque_future: "/forms/future/7" => 200 [{"metadata": {"id": 7}}]
    as_many_arguments_as_a_handler_may_have: "/forms/many/7" number => 200 [{"metadata": {"fourth": 7, "last": "5"}}]
    made_by_a_macro: "/forms/made/7" => 200 [{"metadata": {"id": 7}}]
    with_conditional_arguments: "/forms/conditional/7" => 200 [{}]
    with_raw_names: "/forms/raw/7" => 200 [{"metadata": {"as": 7}}]
}
