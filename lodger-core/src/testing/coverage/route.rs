//! One route of an application.

use std::fmt;

use serde_json::Value;

/// The methods that are meant to change something (RFC 9110 section 9.2.1 calls the others safe).
pub(super) const CHANGING: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// One route of an application, for [`coverage()`](super::coverage).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The method; `*` where the route takes every method, or nobody knows which.
    pub method: String,
    /// The whole path as the framework writes it: `/invoices/{id}`.
    pub path: String,
    /// The function that handles it: with its modules where the framework tells them (`app::invoices::update`), else a
    /// bare name, such as an operation id.
    pub handler: Option<String>,
}

impl Route {
    /// A route whose handler nobody knows.
    #[must_use]
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), handler: None }
    }

    /// Says which function handles it.
    #[must_use]
    pub fn handled_by(mut self, handler: impl Into<String>) -> Self {
        self.handler = Some(handler.into());
        self
    }

    /// The methods that are meant to change something and that it takes.
    pub(super) fn changing(&self) -> &[&'static str] {
        let own = CHANGING.iter().position(|method| self.method.eq_ignore_ascii_case(method));
        match own {
            Some(place) => CHANGING.get(place..=place).unwrap_or_default(),
            None if self.method == "*" => &CHANGING,
            None => &[],
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.to_ascii_uppercase(), self.path)
    }
}

/// The routes of an OpenAPI document (3.x or 2.0): each method of each path, with its `operationId` as the handler's
/// name.
///
/// The document's `servers` or `basePath` are not part of the paths; where the application is mounted below one, put
/// it in front of each [`Route::path`].
///
/// ```
/// use lodger_core::testing::{Route, openapi_routes};
///
/// let document = serde_json::json!({"paths": {"/invoices/{id}": {"put": {"operationId": "update"}}}});
/// assert_eq!(openapi_routes(&document), [Route::new("PUT", "/invoices/{id}").handled_by("update")]);
/// ```
///
/// # Panics
///
/// When it has no `paths`, or a path stands in another file (`$ref`): an empty list would cover everything.
#[must_use]
#[track_caller]
pub fn openapi_routes(document: &Value) -> Vec<Route> {
    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        panic!("an OpenAPI document has an object `paths`, and this one has none")
    };
    let mut routes = Vec::new();
    for (path, item) in paths {
        assert!(
            item.get("$ref").is_none(),
            "the path {path} stands in another file: give the resolved document"
        );
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let mut route = Route::new(method.to_ascii_uppercase(), path);
                route.handler = operation.get("operationId").and_then(Value::as_str).map(str::to_owned);
                routes.push(route);
            }
        }
    }
    routes
}
