//! How the service of a case is put together.

use std::sync::Arc;

use lodger_core::Lodger;
use lodger_core::capture::{Guarantee, OutcomeSet, Unaudited};

use super::Gates;

/// Which outcomes the layer records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// What it records when nothing is said.
    Default,
    /// All of them.
    Always,
    /// These.
    These(OutcomeSet),
}

/// Where requests with `x-auth: NAME` are authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Nowhere but in handlers that ask for a `CurrentUser`.
    Nowhere,
    /// In a middleware outside the audit layer, which calls `request.set_actor(&user)`.
    Outside,
    /// In a middleware outside the audit layer, which inserts a `CurrentUser` into the request's extensions.
    OutsideExtension,
    /// In a middleware inside the audit layer, which calls `set_actor(&user)`. Answers 401 to `x-auth: nobody`.
    Inside,
}

/// The resolver given to the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolver {
    /// None.
    Nobody,
    /// `.actor_ext::<CurrentUser>()`.
    Extension,
    /// `.actor(..)` with a closure that makes a service of the header `x-key`.
    Header,
}

/// Where a middleware between the audit layer and the handler stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Nowhere.
    Never,
    /// At the gate `before`, and then calls the handler.
    Before,
    /// Calls the handler, and then stops at the gate `after`.
    After,
    /// Calls the handler and drops it when the gate `timeout` opens, as a timeout would; then answers 408.
    Timeout,
}

/// Everything in which one case's service differs from another's.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// How many audit layers the service has. Default: 1.
    pub layers: usize,
    /// What a response waits for. Default here: `Queued`, with a journal in memory; `Durable` gets one on disk.
    pub guarantee: Guarantee,
    /// Which outcomes are recorded.
    pub on: On,
    /// What happens when a change leaves no event. Default: `Warn`, the layer's own.
    pub unaudited: Unaudited,
    /// Method and path pattern, action.
    pub rules: &'static [(&'static str, &'static str)],
    /// Networks whose forwarding headers count.
    pub trusted_proxies: &'static [&'static str],
    /// The cookie that holds the session.
    pub session_cookie: Option<&'static str>,
    /// The tenant of all requests whose actor has none.
    pub tenant: Option<&'static str>,
    /// Where users are authenticated.
    pub authentication: Authentication,
    /// Whom the layer asks for the actor.
    pub resolver: Resolver,
    /// Where the inner middleware stops.
    pub pause: Pause,
    /// Whether the destination stops at the gate `deliver`.
    pub gated_delivery: bool,
    /// Whether actix drops a handler whose client has left, which by default it doesn't. Says nothing to axum.
    pub actix_drops: bool,
    /// Whether axum's server goes on when a client has closed its writing side, which by default it doesn't. Says
    /// nothing to actix, which by default does: see `actix_drops`.
    pub axum_half_closed: bool,
    /// Whether the client speaks HTTP/2, on one connection.
    pub http2: bool,
    /// Whether requests that no route matches come to an audited handler.
    pub fallback: bool,
    /// Whether the client is installed for code outside every scope. There is one such for the whole process.
    pub installed: bool,
}

impl Setup {
    /// One layer as users get it when they say nothing, but responses wait for nothing.
    pub const USUAL: Self = Self {
        layers: 1,
        guarantee: Guarantee::Queued,
        on: On::Default,
        unaudited: Unaudited::Warn,
        rules: &[],
        trusted_proxies: &[],
        session_cookie: None,
        tenant: None,
        authentication: Authentication::Nowhere,
        resolver: Resolver::Nobody,
        pause: Pause::Never,
        gated_delivery: false,
        actix_drops: false,
        axum_half_closed: false,
        http2: false,
        fallback: false,
        installed: false,
    };

    /// The usual set-up, but every outcome is recorded.
    pub const ALWAYS: Self = Self { on: On::Always, ..Self::USUAL };
}

/// What handlers and middlewares of one running service know.
#[derive(Debug, Clone)]
pub struct World {
    /// How it is put together.
    pub setup: Setup,
    /// Where it stops.
    pub gates: Arc<Gates>,
    /// The client of another service in the same program, or of a second layer.
    pub other: Lodger,
}
