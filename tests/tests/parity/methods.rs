//! Methods: those that change nothing, those that a route doesn't take, and those that nobody has heard of.

use lodger_tests::parity::{Case, Setup, ask, case, get, head, post, request};
use serde_json::{Value, json};

use crate::ada;

fn touched(method: &str) -> Value {
    json!({
        "action": "item.touch",
        "actor": ada(),
        "tenant": "acme",
        "target": {"kind": "item", "id": "7"},
        "outcome": "success",
        "request": {"method": method, "route": "/any/items/{id}", "status": 204},
    })
}

/// An annotated function ran, so it is recorded whatever the method is called.
fn any_method_that_reaches_a_function_is_recorded() -> Case {
    case(
        Setup::USUAL,
        [
            ask(get("/any/items/7").by("ada"), 204),
            ask(head("/any/items/7").by("ada"), 204),
            ask(post("/any/items/7").by("ada"), 204),
            ask(request("OPTIONS", "/any/items/7").by("ada"), 204),
            ask(request("PURGE", "/any/items/7").by("ada"), 204),
        ],
        ["GET", "HEAD", "POST", "OPTIONS", "PURGE"].map(touched),
    )
}

/// Nobody knows what an unknown method would have changed, and the others are safe: no alarm, and no event.
fn a_method_that_is_no_change_leaves_nothing_where_no_function_ran() -> Case {
    case(
        Setup::ALWAYS,
        [
            ask(request("OPTIONS", "/items/7").by("ada"), 405),
            ask(request("PURGE", "/items/7").by("ada"), 405),
            ask(get("/items/7").by("ada"), 405),
            ask(head("/items/7").by("ada"), 405),
        ],
        [],
    )
}

/// `post` isn't `POST` (RFC 9110 section 9.1).
fn methods_are_compared_as_they_are_written() -> Case {
    case(
        Setup::ALWAYS,
        [
            ask(request("post", "/items/7").by("ada"), 405),
            ask(request("post", "/any/items/7").by("ada"), 204),
        ],
        [touched("post")],
    )
}

/// A name of 200 characters keeps its beginning and a hash of the whole.
fn a_very_long_method_is_shortened() -> Case {
    let mut event = touched(&format!("{}\u{2026}sha256:70d3bf8b0b9d83a61012f35fbf460c42", "A".repeat(88)));
    event["trimmed"] = json!([{"name": "request.method", "bytes": 202}]);
    case(Setup::USUAL, [ask(request("A".repeat(200), "/any/items/7").by("ada"), 204)], [event])
}

lodger_tests::parity!(
    any_method_that_reaches_a_function_is_recorded,
    a_method_that_is_no_change_leaves_nothing_where_no_function_ran,
    methods_are_compared_as_they_are_written,
    a_very_long_method_is_shortened,
);
