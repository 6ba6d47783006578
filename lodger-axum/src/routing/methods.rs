//! The methods of one path.

use std::any::type_name;
use std::convert::Infallible;
use std::fmt;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::IntoResponse;
use tower_layer::Layer;
use tower_service::Service;

/// The methods of one path, like `axum::routing::MethodRouter`, and who handles each.
///
/// A plain one becomes one of these with `.into()`; then nobody knows which methods it has.
pub struct MethodRouter<S = ()> {
    pub(super) inner: axum::routing::MethodRouter<S, Infallible>,
    pub(super) handlers: Vec<(&'static str, Option<&'static str>)>,
}

impl<S> From<axum::routing::MethodRouter<S, Infallible>> for MethodRouter<S> {
    fn from(inner: axum::routing::MethodRouter<S, Infallible>) -> Self {
        Self { inner, handlers: vec![("*", None)] }
    }
}

macro_rules! methods {
    ($($name:ident $method:literal,)*) => {
        $(
            #[doc = concat!("Handles ", $method, ", like `axum::routing::", stringify!($name), "`.")]
            pub fn $name<H, T, S>(handler: H) -> MethodRouter<S>
            where
                H: Handler<T, S>,
                T: 'static,
                S: Clone + Send + Sync + 'static,
            {
                MethodRouter {
                    inner: axum::routing::$name(handler),
                    handlers: vec![($method, Some(type_name::<H>()))],
                }
            }
        )*

        impl<S: Clone + Send + Sync + 'static> MethodRouter<S> {
            $(
                #[doc = concat!("Also handles ", $method, ".")]
                ///
                /// # Panics
                ///
                /// When the path has a handler for it already, as axum does.
                #[must_use]
                #[track_caller]
                pub fn $name<H, T>(mut self, handler: H) -> Self
                where
                    H: Handler<T, S>,
                    T: 'static,
                {
                    self.handlers.push(($method, Some(type_name::<H>())));
                    Self { inner: self.inner.$name(handler), ..self }
                }
            )*
        }
    };
}

methods! {
    connect "CONNECT",
    delete "DELETE",
    get "GET",
    head "HEAD",
    options "OPTIONS",
    patch "PATCH",
    post "POST",
    put "PUT",
    trace "TRACE",
}

/// Handles every method, like `axum::routing::any`.
pub fn any<H, T, S>(handler: H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    MethodRouter { inner: axum::routing::any(handler), handlers: vec![("*", Some(type_name::<H>()))] }
}

impl<S: Clone + Send + Sync + 'static> MethodRouter<S> {
    /// Handles every method that nothing else handles, like axum's.
    #[must_use]
    pub fn fallback<H, T>(mut self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.handlers.push(("*", Some(type_name::<H>())));
        Self { inner: self.inner.fallback(handler), ..self }
    }

    /// Puts a layer around everything that is here so far, like axum's.
    #[must_use]
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
}

impl<S> fmt::Debug for MethodRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodRouter").field("handlers", &self.handlers).finish_non_exhaustive()
    }
}
