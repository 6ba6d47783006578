//! What the layer was told: the settings of `AuditLayer` and `AuditMiddleware`, checked.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::client_ip::{ProxyHeader, TrustedProxies};
use super::rules::RuleSet;
use super::{Count, Guarantee, Missed, OutcomeSet, Sink, head};
use crate::redact::HashKey;

/// How long a response waits for [`Guarantee::Durable`] unless told otherwise.
const DURABLE_WAIT: Duration = Duration::from_secs(2);
/// How long a response waits for [`Guarantee::Delivered`] unless told otherwise.
const DELIVERED_WAIT: Duration = Duration::from_secs(10);
/// How many routes are remembered as warned about; templates are few, but without one the list must not grow.
const WARNED_ROUTES: usize = 1024;

/// What is done about a successful POST, PUT, PATCH or DELETE that left no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Unaudited {
    /// Nothing.
    Ignore,
    /// It is counted, and logged once per route. The default.
    #[default]
    Warn,
    /// Like `Warn`, and an event `request.unaudited` is recorded.
    Record,
}

/// The settings of a layer as they were given. Checked by [`check`](Self::check).
#[derive(Debug, Clone)]
pub struct Settings {
    sink: Arc<dyn Sink>,
    on: Option<OutcomeSet>,
    rules: Vec<(String, String)>,
    unaudited: Unaudited,
    guarantee: Guarantee,
    durable_wait: Duration,
    delivered_wait: Duration,
    fail_closed: bool,
    trusted_proxies: Vec<String>,
    proxy_header: Option<ProxyHeader>,
    session_cookie: Option<String>,
    tenant: Option<String>,
}

/// The settings of a layer can't work. Names every problem.
///
/// Its `Debug` is its text: a `main` that returns it prints that.
#[derive(Clone, PartialEq, Eq)]
pub struct LayerError {
    problems: Vec<String>,
}

impl LayerError {
    /// Every problem, each with what to do about it.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Debug for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the audit layer can't work as it is set up: {}", self.problems.join("; "))
    }
}

impl std::error::Error for LayerError {}

impl Settings {
    /// The defaults, for events that go to `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Self {
            sink,
            on: None,
            rules: Vec::new(),
            unaudited: Unaudited::default(),
            guarantee: Guarantee::default(),
            durable_wait: DURABLE_WAIT,
            delivered_wait: DELIVERED_WAIT,
            fail_closed: false,
            trusted_proxies: Vec::new(),
            proxy_header: None,
            session_cookie: None,
            tenant: None,
        }
    }

    /// Replaces the outcomes that are recorded.
    pub fn on(&mut self, outcomes: OutcomeSet) {
        self.on = Some(outcomes);
    }

    /// Adds a rule: `DELETE /members/{id}` leaves an event of this action.
    pub fn rule(&mut self, rule: String, action: String) {
        self.rules.push((rule, action));
    }

    /// The rules as they were given, each with its action.
    #[cfg(feature = "testing")]
    pub(crate) fn rules(&self) -> Vec<(&str, String)> {
        self.rules.iter().map(|(rule, action)| (rule.as_str(), action.clone())).collect()
    }

    /// The outcomes that are recorded, where it was said.
    #[cfg(feature = "testing")]
    pub(crate) fn outcomes(&self) -> Option<OutcomeSet> {
        self.on
    }

    /// Sets what is done about unaudited changes.
    pub fn unaudited(&mut self, unaudited: Unaudited) {
        self.unaudited = unaudited;
    }

    /// Sets what responses wait for.
    pub fn guarantee(&mut self, guarantee: Guarantee) {
        self.guarantee = guarantee;
    }

    /// Sets how long a response waits for its events to be durable.
    pub fn durable_wait(&mut self, limit: Duration) {
        self.durable_wait = limit;
    }

    /// Sets how long a response waits for its events to be delivered.
    pub fn delivered_wait(&mut self, limit: Duration) {
        self.delivered_wait = limit;
    }

    /// Turns changing requests away while their events could not be kept.
    pub fn fail_closed(&mut self) {
        self.fail_closed = true;
    }

    /// Adds trusted proxies.
    pub fn trusted_proxies(&mut self, proxies: impl IntoIterator<Item = String>) {
        self.trusted_proxies.extend(proxies);
    }

    /// Names the one header that the trusted proxies write.
    pub fn proxy_header(&mut self, header: ProxyHeader) {
        self.proxy_header = Some(header);
    }

    /// Sets the cookie that holds the session id.
    pub fn session_cookie(&mut self, name: String) {
        self.session_cookie = Some(name);
    }

    /// Sets the tenant of events whose actor has none.
    pub fn tenant(&mut self, tenant: String) {
        self.tenant = Some(tenant);
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`LayerError`] names every problem.
    pub fn check(&self) -> Result<Policy, LayerError> {
        let mut problems = Vec::new();
        let rules = self.rules.iter().map(|(rule, action)| (rule, action.clone()));
        let rules = RuleSet::build(rules).unwrap_or_else(|invalid| {
            problems.extend(invalid.problems.iter().map(ToString::to_string));
            RuleSet::default()
        });
        for (rule, action) in &self.rules {
            let chars = action.chars().count();
            if !(1..=128).contains(&chars) || action.chars().any(char::is_control) {
                problems.push(format!(
                    "the action of the rule {rule:?} must be 1 to 128 characters without control characters, such as \
                     \"organization.member.removed\", not {action:?}"
                ));
            }
        }
        let proxies = TrustedProxies::parse(&self.trusted_proxies).unwrap_or_else(|error| {
            problems.push(error.to_string());
            TrustedProxies::default()
        });
        let proxies = match self.proxy_header {
            Some(header) => proxies.header(header),
            None => proxies,
        };
        if self.guarantee == Guarantee::Durable && !self.sink.is_durable() {
            problems.push(
                "Guarantee::Durable needs a journal on disk, and this client was built with in_memory_journal(): \
                 choose .guarantee(Guarantee::Delivered) or .guarantee(Guarantee::Queued), or give the client a \
                 journal directory"
                    .to_owned(),
            );
        }
        if !problems.is_empty() {
            return Err(LayerError { problems });
        }
        let wanted_headers = head::wanted(!proxies.is_empty(), self.session_cookie.is_some());
        let reading = Reading {
            proxies,
            session_cookie: self.session_cookie.clone(),
            tenant: self.tenant.clone(),
            hash_key: self.sink.hash_key().clone(),
        };
        Ok(Policy {
            settings: self.clone(),
            rules,
            reading: Arc::new(reading),
            wanted_headers,
            met: Mutex::default(),
            warned: Mutex::default(),
            missing: AtomicBool::new(false),
        })
    }
}

/// A layer whose rules a test can count: `AuditLayer` and `AuditMiddleware`.
#[cfg(feature = "testing")]
pub trait Layered {
    /// What the layer was told.
    #[doc(hidden)]
    fn settings(&self) -> &Settings;
}

/// The policy that settings lead to, made once and shared by all clones of a layer.
#[derive(Debug, Clone, Default)]
pub struct Checked(Arc<OnceLock<Arc<Policy>>>);

impl Checked {
    /// The checked settings.
    ///
    /// # Errors
    ///
    /// As [`Settings::check`].
    pub fn policy(&self, settings: &Settings) -> Result<Arc<Policy>, LayerError> {
        if let Some(policy) = self.0.get() {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(settings.check()?);
        Ok(Arc::clone(self.0.get_or_init(|| policy)))
    }

    /// The checked settings, where nobody can be given an error.
    ///
    /// # Panics
    ///
    /// When the settings can't work, with every problem in the text. That is at start-up, when the layer is applied;
    /// `build()` on the layer reports the same as an error.
    #[must_use]
    pub fn policy_or_panic(&self, settings: &Settings) -> Arc<Policy> {
        match self.policy(settings) {
            Ok(policy) => policy,
            Err(error) => panic!("{error}"),
        }
    }
}

/// How the head of a request is to be read, by whoever makes its event. It holds no client, so it keeps none alive.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) proxies: TrustedProxies,
    /// The cookie that holds the session.
    pub(super) session_cookie: Option<String>,
    /// The key under which sessions are hashed.
    pub(super) hash_key: HashKey,
    /// The tenant of events whose actor has none.
    pub(super) tenant: Option<String>,
}

/// Checked settings.
#[derive(Debug)]
pub struct Policy {
    settings: Settings,
    rules: RuleSet<String>,
    reading: Arc<Reading>,
    /// The request headers that capture may ask for, as a set.
    wanted_headers: u16,
    /// The routes of unaudited changes, as the framework names them.
    met: Mutex<Routes>,
    /// The routes that were warned about.
    warned: Mutex<Routes>,
    /// Whether the last response that waited went out without its guarantee.
    missing: AtomicBool,
}

impl Policy {
    /// The request headers that capture may ask for; these are kept and no others.
    pub(super) fn wanted_headers(&self) -> u16 {
        self.wanted_headers
    }

    /// Where events go.
    pub(super) fn sink(&self) -> &Arc<dyn Sink> {
        &self.settings.sink
    }

    pub(super) fn on(&self) -> Option<OutcomeSet> {
        self.settings.on
    }

    pub(super) fn rules(&self) -> &RuleSet<String> {
        &self.rules
    }

    pub(super) fn unaudited(&self) -> Unaudited {
        self.settings.unaudited
    }

    pub(super) fn guarantee(&self) -> Guarantee {
        self.settings.guarantee
    }

    pub(super) fn durable_wait(&self) -> Duration {
        self.settings.durable_wait
    }

    pub(super) fn delivered_wait(&self) -> Duration {
        self.settings.delivered_wait
    }

    pub(super) fn fail_closed(&self) -> bool {
        self.settings.fail_closed
    }

    pub(super) fn proxies(&self) -> &TrustedProxies {
        &self.reading.proxies
    }

    pub(super) fn tenant(&self) -> Option<&str> {
        self.reading.tenant.as_deref()
    }

    /// How the head of a request is to be read.
    pub(super) fn reading(&self) -> &Arc<Reading> {
        &self.reading
    }

    /// Counts a response that went out without its guarantee, and says once when that begins and ends.
    pub(super) fn note_guarantee(&self, reached: Result<(), Missed>) {
        if reached.is_err() {
            self.sink().count(Count::GuaranteeMissed);
        }
        match (reached, self.missing.swap(reached.is_err(), Ordering::Relaxed)) {
            (Err(missed), false) => tracing::warn!(
                target: "lodger",
                ?missed,
                guarantee = ?self.guarantee(),
                "responses go out without the guarantee for their audit events; see the client's stats for the reason"
            ),
            (Ok(()), true) => tracing::info!(target: "lodger", "responses wait for their guarantee again"),
            _ => {}
        }
    }

    /// Whether an unaudited change of this route was never met before. The route is as the framework names it: what it is
    /// called in an event is only found out then. Where there are too many of them each is as if it were new.
    pub(super) fn is_new(&self, method: &str, route: Option<&str>) -> bool {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.add(method, route).unwrap_or(true)
    }

    /// True the first time it is asked about a route.
    pub(super) fn warn_once(&self, method: &str, route: Option<&str>) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.add(method, route).unwrap_or(false)
    }
}

/// Routes, each with the methods that were met, of which there are few.
#[derive(Debug, Default)]
struct Routes(HashMap<String, Vec<String>>);

impl Routes {
    /// Adds one; answers whether it is new, or `None` where there are too many to know.
    fn add(&mut self, method: &str, route: Option<&str>) -> Option<bool> {
        let route = route.unwrap_or_default();
        if let Some(methods) = self.0.get_mut(route) {
            let new = !methods.iter().any(|known| known == method);
            if new && methods.len() >= WARNED_ROUTES {
                return None;
            }
            if new {
                methods.push(method.to_owned());
            }
            return Some(new);
        }
        if self.0.len() >= WARNED_ROUTES {
            return None;
        }
        self.0.insert(route.to_owned(), vec![method.to_owned()]);
        Some(true)
    }
}
