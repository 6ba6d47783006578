//! What it was done to. The first that answers: attribute, argument, Ok value, path parameter, nothing.

use lodger_tests::parity::{Case, Setup, ask, case, post, put};
use serde_json::{Value, json};

use crate::ada;

/// The event of `POST /named/{how}`.
fn sent(how: &str, target: Value) -> Value {
    json!({
        "action": "invoice.send",
        "actor": ada(),
        "tenant": "acme",
        "target": target,
        "outcome": "success",
        "request": {"method": "POST", "route": format!("/named/{how}"), "status": 200},
    })
}

fn the_attribute_names_kind_and_id() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/named/attribute").by("ada").json(json!({"id": "inv_1"})), 200)],
        [sent("attribute", json!({"kind": "invoice", "id": "inv_1"}))],
    )
}

/// `target = e` takes an id of the action's entity.
fn the_attributes_bare_form_takes_the_actions_entity() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/named/bare").by("ada").json(json!({"id": "inv_2"})), 200)],
        [sent("bare", json!({"kind": "invoice", "id": "inv_2"}))],
    )
}

/// `Path<InvoiceId>`: the parameter's name and place say nothing, the type does.
fn an_argument_that_is_a_target_is_the_target() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/named/argument/inv_3/send").by("ada"), 200)],
        [sent("argument/{x}/send", json!({"kind": "invoice", "id": "inv_3"}))],
    )
}

/// The client's words are not what was touched.
fn an_invoice_in_the_body_is_not_the_target() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/named/body").by("ada").json(json!({"id": "inv_4", "number": "INV-4"})), 200)],
        [sent("body", json!({"kind": "unresolved", "id": "POST /named/body"}))],
    )
}

fn the_body_of_the_function_may_name_it_and_what_is_related() -> Case {
    let mut event = sent("audit", json!({"kind": "invoice", "id": "5", "name": "INV-5"}));
    event["related"] = json!([{"kind": "customer", "id": "c1"}]);
    case(Setup::USUAL, [ask(post("/named/audit").by("ada"), 200)], [event])
}

/// The returned value says it, inside a tuple and `Json`.
fn the_ok_value_names_it() -> Case {
    case(
        Setup::USUAL,
        [ask(post("/invoices").by("ada").json(json!({"number": "INV-12"})), 201)],
        [json!({
            "action": "invoice.create",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "inv_9", "name": "INV-12"},
            "outcome": "success",
            "request": {"method": "POST", "route": "/invoices", "status": 201},
        })],
    )
}

fn the_path_names_it() -> Case {
    case(
        Setup::USUAL,
        [ask(put("/invoices/inv_6").by("ada").json(json!({"amount": 2900})), 200)],
        [json!({
            "action": "invoice.update",
            "actor": ada(),
            "tenant": "acme",
            "target": {"kind": "invoice", "id": "inv_6"},
            "outcome": "success",
            "metadata": {"amount": 2900},
            "request": {"method": "PUT", "route": "/invoices/{id}", "status": 200},
        })],
    )
}

lodger_tests::parity!(
    the_attribute_names_kind_and_id,
    the_attributes_bare_form_takes_the_actions_entity,
    an_argument_that_is_a_target_is_the_target,
    an_invoice_in_the_body_is_not_the_target,
    the_body_of_the_function_may_name_it_and_what_is_related,
    the_ok_value_names_it,
    the_path_names_it,
);
