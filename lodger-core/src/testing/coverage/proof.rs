//! What shows that a route leaves an audit event.

use super::{Route, key};
use crate::capture::route_pattern::RoutePattern;
use crate::capture::rules::RuleSet;
use crate::capture::target::is_entity_or_plural;
use crate::capture::{OutcomeSet, Site, catalog};
use crate::event::{Event, Outcome, entity_of};

/// A rule that names this many segments is no rule: one that covers a path of so many takes any number.
const MANY_SEGMENTS: usize = 64;

/// What a layer was told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) rules: RuleSet<String>,
    pub(super) on: Option<OutcomeSet>,
}

/// Everything that can show that a route leaves an audit event.
pub(super) struct Proof<'a> {
    pub(super) routes: &'a [Route],
    pub(super) layers: &'a [Told],
    pub(super) seen: &'a [Event],
}

impl Proof<'_> {
    /// Why nothing shows it; `None` when something does.
    pub(super) fn missing(&self, route: &Route) -> Option<String> {
        if self.is_ruled(route) || self.is_seen(route) {
            return None;
        }
        self.not_annotated(route)
    }

    fn is_ruled(&self, route: &Route) -> bool {
        let Some(paths) = samples(&route.path) else { return false };
        route.changing().iter().all(|method| {
            paths.iter().all(|path| {
                let mut layers = self.layers.iter().filter(|layer| has_success(layer.on));
                layers.any(|layer| layer.rules.find(method, Some(&route.path), path).is_some())
            })
        })
    }

    /// Whether an annotated function that did not fail has recorded an event under each method that the route takes.
    fn is_seen(&self, route: &Route) -> bool {
        route.changing().iter().all(|method| {
            let wanted = key(method, &route.path);
            self.seen.iter().any(|event| {
                let request = event.request.as_ref();
                let place =
                    request.and_then(|request| Some((request.method.as_ref()?, request.route.as_ref()?)));
                matches!(event.outcome, Outcome::Success | Outcome::Unknown)
                    && place.is_some_and(|(method, route)| key(method, route) == wanted)
                    && catalog().any(|site| site.action == event.action)
            })
        })
    }

    /// Why the handler is no annotated function for sure; `None` when it is one.
    fn not_annotated(&self, route: &Route) -> Option<String> {
        let Some(handler) = &route.handler else { return Some("its handler is not known".to_owned()) };
        let handler = without_generics(handler);
        if handler.contains("::") {
            let path = |site: &&Site| {
                handler.strip_prefix(site.module).and_then(|rest| rest.strip_prefix("::"))
                    == Some(site.function)
            };
            return match functions().find(path) {
                Some(site) => self.success_left_out(site),
                None => Some(format!("its handler {handler} is not annotated")),
            };
        }
        let sites: Vec<&Site> = functions().filter(|site| site.function == handler).collect();
        let routes = self
            .routes
            .iter()
            .filter(|other| other.handler.as_deref().is_some_and(|name| without_generics(name) == handler));
        match (sites.as_slice(), routes.count()) {
            ([], _) => Some(format!("no annotated function is called {handler}")),
            ([site], 1) if names_entity(&route.path, site.action) => self.success_left_out(site),
            ([site], 1) => Some(format!(
                "{}::{handler} is annotated as {}, but nothing shows that it handles this route: the path does not name \
                 what the action is about",
                site.module, site.action
            )),
            ([site], routes) => Some(format!(
                "{}::{handler} is annotated as {}, but {routes} routes name {handler} as their handler",
                site.module, site.action
            )),
            (sites, _) => Some(format!("{} annotated functions are called {handler}", sites.len())),
        }
    }

    /// Why an annotated function leaves no event when it succeeds, if it doesn't. The attribute's `on` replaces the
    /// layer's; which of several layers is around the route nobody knows.
    fn success_left_out(&self, site: &Site) -> Option<String> {
        let whose = match site.on {
            Some(_) if has_success(site.on) => return None,
            Some(_) => "its",
            None if self.layers.iter().all(|layer| has_success(layer.on)) => return None,
            None => "the layer's",
        };
        let Site { module, function, .. } = site;
        Some(format!("its handler {module}::{function} is annotated, but {whose} on(..) leaves out success"))
    }
}

/// The annotated functions that can be handlers: what takes `self` can't, and may have a function's name.
fn functions() -> impl Iterator<Item = &'static Site> {
    catalog().filter(|site| !site.method)
}

/// Whether these outcomes record a success; `None` is the default set, which does.
fn has_success(on: Option<OutcomeSet>) -> bool {
    on.is_none_or(|on| on.contains(Outcome::Success))
}

/// `app::update::<app::Postgres>` and `app::update<app::Postgres>` are one function.
fn without_generics(handler: &str) -> &str {
    handler.split_once('<').map_or(handler, |(name, _)| name.trim_end_matches("::"))
}

/// Whether a literal segment of the path is the entity of the action, or its plural.
fn names_entity(path: &str, action: &str) -> bool {
    entity_of(action)
        .is_some_and(|entity| path.split('/').any(|segment| is_entity_or_plural(segment, entity)))
}

/// Paths of the route such that a rule that matches all of them matches every path of the route. Parameters stand
/// there as `{}`, which no literal of a rule is.
fn samples(path: &str) -> Option<Vec<String>> {
    let nameless = RoutePattern::parse(path).ok()?.key();
    Some(match nameless.strip_suffix("{*}") {
        Some(before) => {
            let long = vec!["{}"; MANY_SEGMENTS].join("/");
            vec![format!("{before}{{}}"), format!("{before}{long}")]
        }
        None => vec![nameless],
    })
}
