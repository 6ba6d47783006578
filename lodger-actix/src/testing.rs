//! The kit to test one's own handlers (feature `testing`, for dev-dependencies).
//!
//! ```
//! use actix_web::dev::Service;
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::web::Path;
//! use actix_web::{App, HttpResponse, put};
//! use lodger_actix::{Actor, AuditMiddleware, SetActor, assert_audited, audited, testing};
//!
//! #[audited("invoice.update")]
//! #[put("/invoices/{id}")]
//! async fn update(id: Path<u64>) -> HttpResponse { HttpResponse::Ok().finish() }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let audit = testing::capture().strict();
//! let app = App::new().wrap(AuditMiddleware::new(audit.lodger())).service(update).wrap_fn(|request, next| {
//!     request.set_actor(&Actor::user("ada")); // your authentication instead
//!     next.call(request)
//! });
//! call_service(&init_service(app).await, TestRequest::put().uri("/invoices/7").to_request()).await;
//!
//! assert_audited!(audit, "invoice.update", actor = "ada", target = ("invoice", 7), outcome = success, status = 200);
//! # }
//! ```
//!
//! `docs/testing.md` shows each part at work. [`coverage()`] takes the routes of actix's own [report](routes), or of an
//! OpenAPI document.

use serde_json::Value;

pub use lodger_core::testing::{
    Arrival, Captured, Coverage, Expected, Layered, MisbehavingDestination, Misbehaviour, Route, capture,
    capture_with, catalog, coverage, openapi_routes,
};
pub use lodger_core::{assert_audited, assert_not_audited};

/// The routes of an application, from the report that actix-web makes of them: `IntrospectionTree::report_as_json()`,
/// with its feature `experimental-introspection` (actix-web 4.13 or later, for dev-dependencies).
///
/// actix keeps no list of routes otherwise: its resource map knows patterns and names, but no methods. What the report
/// leaves out can't be told here either:
///
/// - It joins all resources of one path. So only a path with a single method names its handler: the resource's name,
///   which `#[put(..)]` and its like take from the function.
/// - A route without a method guard counts as `*`, but beside others of the same path it can't be seen.
/// - Default services are not in it.
///
/// ```
/// use lodger_actix::testing::{Route, routes};
///
/// let report = r#"[{"full_path": "/invoices/{id}", "methods": ["PUT"], "resource_name": "update",
///     "guards": [], "resource_type": "resource", "scope_depth": 2}]"#;
/// assert_eq!(routes(report), [Route::new("PUT", "/invoices/{id}").handled_by("update")]);
/// ```
///
/// # Panics
///
/// When it is no such report.
#[must_use]
#[track_caller]
pub fn routes(report: &str) -> Vec<Route> {
    let items: Vec<Value> = match serde_json::from_str(report) {
        Ok(items) => items,
        Err(error) => panic!("this is not what IntrospectionTree::report_as_json() gives: {error}"),
    };
    items
        .iter()
        .filter(|item| item.get("resource_type").is_none_or(|kind| kind != "scope"))
        .flat_map(of_item)
        .collect()
}

#[track_caller]
fn of_item(item: &Value) -> Vec<Route> {
    let member = |name: &str| item.get(name).unwrap_or(&Value::Null);
    let (Some(path), Some(methods)) = (member("full_path").as_str(), member("methods").as_array()) else {
        panic!("this is not what IntrospectionTree::report_as_json() gives: {item}")
    };
    match methods.as_slice() {
        [] => vec![Route::new("*", path)],
        [method] => {
            let route = Route::new(method.as_str().unwrap_or("*"), path);
            vec![match member("resource_name").as_str() {
                Some(name) => route.handled_by(name),
                None => route,
            }]
        }
        methods => methods.iter().map(|method| Route::new(method.as_str().unwrap_or("*"), path)).collect(),
    }
}
