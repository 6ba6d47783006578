//! The same requests against axum and actix, with the same expected events.
//!
//! Every expectation was written from the design before the code it judges. Where the frameworks themselves force
//! a difference, the case says `on_actix` and why, and `docs/frameworks.md` names it.
//!
//! What all events have in common (an id, a time, the caller's address …) is checked by `lodger_tests::parity` and not
//! repeated here; `null` says that such a member is absent.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "expected events are put together from literals"
)]

mod actors;
mod cancellation;
mod connections;
mod contradictions;
mod detached;
mod details;
mod errors;
mod forms;
mod guarantees;
mod half_closed;
mod hostile;
mod http2;
mod ids_and_traces;
mod inner_calls;
mod layers;
mod methods;
mod paths;
mod proxies;
mod routes;
mod rules;
mod stacks;
mod statuses;
mod streams;
mod targets;
mod workers;

use serde_json::{Value, json};

/// Who `x-auth: ada` is.
fn ada() -> Value {
    json!({"id": "ada", "kind": "user", "email": "ada@example.com", "tenant": "acme"})
}

/// Nobody knows who it was.
fn unresolved() -> Value {
    json!({"id": "unresolved", "kind": "unresolved"})
}
