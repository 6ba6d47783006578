//! What shows that a route leaves an audit event.

use super::{Route, key};
use crate::capture::route_pattern::RoutePattern;
use crate::capture::rules::RuleSet;
use crate::capture::target::is_entity_or_plural;
use crate::capture::{Site, catalog};
use crate::event::{Event, Outcome, entity_of};

/// A rule that names this many segments is no rule: one that covers a path of so many takes any number.
const MANY_SEGMENTS: usize = 64;

/// Everything that can show that a route leaves an audit event.
pub(super) struct Proof<'a> {
    pub(super) routes: &'a [Route],
    pub(super) rules: &'a [RuleSet<String>],
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
                self.rules.iter().any(|rules| rules.find(method, Some(&route.path), path).is_some())
            })
        })
    }

    /// Whether an annotated function has recorded an event under each method that the route takes.
    fn is_seen(&self, route: &Route) -> bool {
        route.changing().iter().all(|method| {
            let wanted = key(method, &route.path);
            self.seen.iter().any(|event| {
                let request = event.request.as_ref();
                let place =
                    request.and_then(|request| Some((request.method.as_ref()?, request.route.as_ref()?)));
                place.is_some_and(|(method, route)| key(method, route) == wanted)
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
            return match catalog().find(path) {
                Some(site) => success_left_out(site),
                None => Some(format!("its handler {handler} is not annotated")),
            };
        }
        let sites: Vec<&Site> = catalog().filter(|site| site.function == handler).collect();
        let routes = self
            .routes
            .iter()
            .filter(|other| other.handler.as_deref().is_some_and(|name| without_generics(name) == handler));
        match (sites.as_slice(), routes.count()) {
            ([], _) => Some(format!("no annotated function is called {handler}")),
            ([site], 1) if names_entity(&route.path, site.action) => success_left_out(site),
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
}

/// Why an annotated function leaves no event when it succeeds, if it doesn't.
fn success_left_out(site: &Site) -> Option<String> {
    let recorded = site.on.is_none_or(|on| on.contains(Outcome::Success));
    let Site { module, function, .. } = site;
    (!recorded)
        .then(|| format!("its handler {module}::{function} is annotated, but its on(..) leaves out success"))
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
