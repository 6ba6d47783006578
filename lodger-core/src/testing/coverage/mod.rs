//! Which changing routes of an application leave an audit event.

mod proof;
mod route;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Captured;
use proof::{Proof, Told};
pub use route::{Route, openapi_routes};

use crate::capture::Layered;
use crate::capture::route_pattern::RoutePattern;
use crate::capture::rules::{Rule, RuleSet};
use crate::event::Event;

/// Checks that every POST, PUT, PATCH and DELETE route of an application leaves an audit event, or is exempted with a
/// reason.
///
/// ```
/// use lodger_core::testing::{Route, coverage};
///
/// coverage([Route::new("POST", "/login"), Route::new("GET", "/invoices")])
///     .exempt("POST /login", "the session store keeps its own log")
///     .assert();
/// ```
///
/// A route counts
///
/// - when its handler is an `#[audited]` function that records its success, by module and name. A name without modules, such as an operation
///   id, counts only where it can mean nothing else: one annotated function has it, one route has it, and the path
///   names what the function's action is about (`/invoices/{id}` for `invoice.update`);
/// - when a [rule](Coverage::layer) of the layer covers it, and the layer records successes;
/// - when a capture has [seen](Coverage::seen) an event of an annotated function's action under its method and route,
///   which says success or unknown: that a failure leaves one says nothing about a success.
///
/// Whether the layer stands around the route, and whether every path through the handler records what it should, is for
/// tests of the handlers to show.
pub fn coverage<R: Into<Route>>(routes: impl IntoIterator<Item = R>) -> Coverage {
    Coverage {
        routes: routes.into_iter().map(Into::into).collect(),
        layers: Vec::new(),
        seen: Vec::new(),
        exempt: Vec::new(),
    }
}

/// What is known of an application's routes; see [`coverage()`].
#[derive(Debug, Clone)]
#[must_use = "call `assert()` to check it"]
pub struct Coverage {
    routes: Vec<Route>,
    layers: Vec<Told>,
    seen: Vec<Event>,
    exempt: Vec<(String, String)>,
}

impl Coverage {
    /// Counts the rules of the application's layer, and minds its `on(..)`: where that leaves out success, neither a
    /// rule nor an annotated function without an `on(..)` of its own covers a route. Of several layers all have to
    /// record the successes of annotated functions, because nobody knows which one stands around which route.
    ///
    /// # Panics
    ///
    /// When one of them can't be read.
    #[track_caller]
    pub fn layer(mut self, layer: &impl Layered) -> Self {
        let settings = layer.settings();
        match RuleSet::build(settings.rules()) {
            Ok(rules) => self.layers.push(Told { rules, on: settings.outcomes() }),
            Err(error) => panic!("{error}"),
        }
        self
    }

    /// Counts what the test has captured so far: for handlers that call an annotated function and are none themselves. What failed or was denied doesn't count.
    ///
    /// # Panics
    ///
    /// As [`Captured::events`].
    #[track_caller]
    pub fn seen(mut self, audit: &Captured) -> Self {
        self.seen.extend(audit.events());
        self
    }

    /// Exempts a route, written like a rule: `.exempt("POST /login", "the session store keeps its own log")`.
    /// An exemption that is not needed fails the test too, so that the list stays true.
    pub fn exempt(mut self, route: impl Into<String>, reason: impl Into<String>) -> Self {
        self.exempt.push((route.into(), reason.into()));
        self
    }

    /// Fails the test unless every changing route is covered or exempted.
    ///
    /// # Panics
    ///
    /// When one is neither, naming each with what to do; and for exemptions that have no reason or are not needed.
    #[track_caller]
    pub fn assert(self) {
        if let Err(text) = self.check() {
            panic!("{text}");
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let proof = Proof { routes: &self.routes, layers: &self.layers, seen: &self.seen };
        let changing: Vec<&Route> = self.routes.iter().filter(|route| !route.changing().is_empty()).collect();
        let mut exempted = BTreeSet::new();
        let mut needless = Vec::new();
        for (text, reason) in &self.exempt {
            match self.exempts(text, reason, &proof) {
                Ok(route) => _ = exempted.insert(route),
                Err(why) => needless.push(format!("{text}: {why}")),
            }
        }
        let bare = changing.iter().filter(|route| !exempted.contains(&key(&route.method, &route.path)));
        let bare: Vec<(&Route, String)> =
            bare.filter_map(|route| Some((*route, proof.missing(route)?))).collect();

        let mut text = String::new();
        if !bare.is_empty() {
            _ = write!(text, "{} of {} changing routes leave no audit event:", bare.len(), changing.len());
            for (route, why) in &bare {
                _ = write!(text, "\n\n{route}\n    {why}");
            }
            text.push_str(
                "\n\nFor each of them: annotate its handler with #[audited(\"…\")], or name it in a rule of the layer, \
                 .rule(\"METHOD /path\", \"…\"), and give the layer to .layer(&layer); or record it below the handler, \
                 call the route in this test, so that it succeeds, and give the capture to .seen(&audit); or say why it needs no event, \
                 .exempt(\"METHOD /path\", \"the reason\").",
            );
        }
        if !needless.is_empty() {
            let gap = if text.is_empty() { "" } else { "\n\n" };
            _ = writeln!(text, "{gap}{} of {} exemptions are wrong:", needless.len(), self.exempt.len());
            needless.iter().for_each(|line| _ = write!(text, "\n{line}"));
        }
        if text.is_empty() { Ok(()) } else { Err(text) }
    }

    /// The key of the route that an exemption is about, or why there should be no such exemption.
    fn exempts(&self, text: &str, reason: &str, proof: &Proof<'_>) -> Result<String, String> {
        let rule = Rule::parse(text).map_err(|error| error.to_string())?;
        if reason.trim().is_empty() {
            return Err("say why it needs no audit event".to_owned());
        }
        let wanted = key(rule.method().unwrap_or("*"), &rule.pattern().to_string());
        let mut routes =
            self.routes.iter().filter(|route| key(&route.method, &route.path) == wanted).peekable();
        if routes.peek().is_none() {
            return Err("there is no such route: remove the exemption".to_owned());
        }
        let mut routes = routes.filter(|route| !route.changing().is_empty()).peekable();
        if routes.peek().is_none() {
            return Err("its method changes nothing: remove the exemption".to_owned());
        }
        if routes.all(|route| proof.missing(route).is_none()) {
            return Err("it leaves an audit event: remove the exemption".to_owned());
        }
        Ok(wanted)
    }
}

/// Two routes with equal keys take the same requests.
fn key(method: &str, path: &str) -> String {
    let pattern = RoutePattern::parse(path).map_or_else(|_| path.to_owned(), |pattern| pattern.key());
    format!("{} {pattern}", method.to_ascii_uppercase())
}

#[cfg(test)]
mod tests;
