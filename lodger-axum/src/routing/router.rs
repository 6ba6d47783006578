//! The router.

use std::convert::Infallible;
use std::fmt;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::IntoResponse;
use tower_layer::Layer;
use tower_service::Service;

use super::{MethodRouter, Route};

/// A router that remembers its routes; see the [module](super).
#[must_use = "turn it into a plain router with `into_axum`"]
pub struct Router<S = ()> {
    inner: axum::Router<S>,
    routes: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// An empty one.
    pub fn new() -> Self {
        Self { inner: axum::Router::new(), routes: Vec::new() }
    }

    /// Adds a route, like axum's.
    ///
    /// # Panics
    ///
    /// When the path can't be read or overlaps with another one, as axum does.
    #[track_caller]
    pub fn route(mut self, path: &str, methods: MethodRouter<S>) -> Self {
        let routes = methods.handlers.iter();
        self.routes.extend(routes.map(|(method, handler)| Route {
            method,
            path: path.to_owned(),
            handler: *handler,
        }));
        Self { inner: self.inner.route(path, methods.inner), ..self }
    }

    /// Adds a service at a path, like axum's. It may do anything with every method.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route).
    #[track_caller]
    pub fn route_service<T>(mut self, path: &str, service: T) -> Self
    where
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        self.routes.push(unknown(path.to_owned()));
        Self { inner: self.inner.route_service(path, service), ..self }
    }

    /// Puts another router below a prefix, like axum's.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route).
    #[track_caller]
    pub fn nest(mut self, prefix: &str, router: Self) -> Self {
        let below = router.routes.into_iter();
        self.routes.extend(below.map(|route| Route { path: nested(prefix, &route.path), ..route }));
        Self { inner: self.inner.nest(prefix, router.inner), ..self }
    }

    /// Puts a service below a prefix, like axum's. It may do anything with every method and path.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route).
    #[track_caller]
    pub fn nest_service<T>(mut self, prefix: &str, service: T) -> Self
    where
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        self.routes.push(unknown(nested(prefix, "/{*rest}")));
        Self { inner: self.inner.nest_service(prefix, service), ..self }
    }

    /// Adds the routes of another router that remembers them, like axum's.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route).
    #[track_caller]
    pub fn merge(mut self, other: Self) -> Self {
        self.routes.extend(other.routes);
        Self { inner: self.inner.merge(other.inner), ..self }
    }

    /// Puts a layer around everything that is here so far, like axum's.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        Self { inner: self.inner.layer(layer), ..self }
    }

    /// Like [`layer`](Self::layer), for requests only that match a route.
    ///
    /// # Panics
    ///
    /// When there is no route yet, as axum does.
    #[track_caller]
    pub fn route_layer<L>(self, layer: L) -> Self
    where
        L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        Self { inner: self.inner.route_layer(layer), ..self }
    }

    /// Handles requests that match no route, like axum's.
    pub fn fallback<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        Self { inner: self.inner.fallback(handler), ..self }
    }

    /// Gives the handlers their state, like axum's.
    pub fn with_state<S2>(self, state: S) -> Router<S2> {
        Router { inner: self.inner.with_state(state), routes: self.routes }
    }

    /// The routes so far, in the order in which they were added.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        self.routes.clone()
    }

    /// The plain router, to be layered further and served.
    pub fn into_axum(self) -> axum::Router<S> {
        self.inner
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Router<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> From<Router<S>> for axum::Router<S> {
    fn from(router: Router<S>) -> Self {
        router.inner
    }
}

impl<S> fmt::Debug for Router<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("routes", &self.routes).finish_non_exhaustive()
    }
}

fn unknown(path: String) -> Route {
    Route { method: "*", path, handler: None }
}

/// The path as `MatchedPath` gives it: axum drops the inner `/` and joins at one slash.
fn nested(prefix: &str, path: &str) -> String {
    match prefix.strip_suffix('/') {
        Some(prefix) => format!("{prefix}/{}", path.trim_start_matches('/')),
        None if path == "/" => prefix.to_owned(),
        None => format!("{prefix}{path}"),
    }
}
