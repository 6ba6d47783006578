//! What a request or job leaves when its event is certain, and how that becomes the event: everything that nobody said is
//! found out here, once, and not on the request's own thread.

use std::borrow::Cow;
use std::fmt;

use super::draft::{Content, Details, Draft, Found, Request};
use super::route_pattern::RoutePattern;
use super::scope::Scope;
use super::site::About;
use super::target::target_from_params;
use super::{Count, Site};
use crate::event::{Actor, Event, EventId, RequestInfo, Target, Timestamp, entity_of, limits, weight};

/// What a request or job leaves when its event is certain: everything that was said and seen of it, not looked at yet.
/// [`into_event`](Self::into_event) finds out the rest, which a sink may do on a thread of its own.
///
/// It holds no client and no scope, so whoever drops it ends nothing.
pub struct Captured(What);

enum What {
    /// An event of which everything is known.
    Event(Box<Event>),
    /// A draft, with what its end adds.
    Left(Box<Draft>),
}

impl Request {
    /// What is known of the request that left this job behind.
    pub(super) fn before(scope: &Scope) -> Self {
        Self::Before { info: scope.request_before().cloned(), tenant: scope.tenant().map(str::to_owned) }
    }

    fn info(&self) -> Option<RequestInfo> {
        match self {
            Self::Seen { seen, status, duration } => {
                let mut info = seen.info();
                info.status = *status;
                info.duration_micros = u64::try_from(duration.as_micros()).ok();
                Some(info)
            }
            Self::Before { info, .. } => info.clone(),
        }
    }

    fn tenant(&self) -> Option<&str> {
        match self {
            Self::Seen { seen, .. } => seen.tenant(),
            Self::Before { tenant, .. } => tenant.as_deref(),
        }
    }
}

impl Captured {
    /// An event of which everything is known.
    #[must_use]
    pub fn of(event: Event) -> Self {
        Self(What::Event(Box::new(event)))
    }

    /// What is left of this draft, whose end is known.
    pub(super) fn left(draft: Box<Draft>) -> Self {
        Self(What::Left(draft))
    }

    /// The id of the event. Until it is asked for it may not be minted.
    #[must_use]
    pub fn id(&mut self) -> EventId {
        match &mut self.0 {
            What::Event(event) => event.id,
            What::Left(draft) => draft.id(),
        }
    }

    /// What was done.
    #[must_use]
    pub fn action(&self) -> Cow<'static, str> {
        match &self.0 {
            What::Event(event) => event.action.clone(),
            What::Left(draft) => draft.action.clone(),
        }
    }

    /// When it happened.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        match &self.0 {
            What::Event(event) => event.occurred_at,
            What::Left(draft) => draft.occurred_at(),
        }
    }

    /// The bytes of memory that it takes, give or take allocator overhead.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &self.0 {
            What::Event(event) => weight(event),
            What::Left(draft) => {
                let request = match &draft.end.request {
                    Request::Seen { seen, .. } => seen.weight(),
                    Request::Before { .. } => 0,
                };
                size_of::<Draft>() + draft.content.weight() + request
            }
        }
    }

    /// The event: not redacted yet, and not within its limits. What could not be found out is counted.
    #[must_use]
    pub fn into_event(self, count: &dyn Fn(Count)) -> Event {
        match self.0 {
            What::Event(event) => *event,
            What::Left(draft) => event_of(*draft, count),
        }
    }
}

/// What was captured is not redacted yet.
impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured").finish_non_exhaustive()
    }
}

fn event_of(mut draft: Draft, count: &dyn Fn(Count)) -> Event {
    let mut event = Event::bare(draft.id(), draft.action.clone());
    event.occurred_at = draft.occurred_at();
    event.outcome = draft.end.outcome;
    event.reason = draft.end.reason.take().map(Into::into);
    event.request = draft.end.request.info();
    event.target = target_of(&mut draft, event.request.as_ref(), count);
    event.actor = match std::mem::take(&mut draft.content.actor) {
        Found::Named(actor) | Found::One(actor) => actor,
        Found::Conflicting => unresolved_actor(true, &draft, count),
        Found::None => unresolved_actor(false, &draft, count),
    };
    let site = draft.site();
    event.user_visible = site.is_some_and(|site| site.user_visible);
    tell(&mut event, draft.content, site, draft.end.request.tenant());
    event
}

/// Counts that nobody could be named, and says once per function how to mend that.
fn unresolved_actor(conflicting: bool, draft: &Draft, count: &dyn Fn(Count)) -> Actor {
    count(if conflicting { Count::ConflictingActors } else { Count::UnresolvedActor });
    if let Some(site) = draft.site().filter(|site| site.warn_once(About::Actor)) {
        let Site { function, file, line, action, .. } = site;
        let why = if conflicting {
            "two of its arguments name different actors: say which with actor = …"
        } else {
            "say who acts with set_actor(&user) in your authentication (or .actor_ext::<User>() on the layer, where \
             authentication is outside of it), an argument that implements ToActor, or actor = … \
             (Actor::anonymous() where nobody has to be named)"
        };
        tracing::warn!(target: "lodger", "{action}: no actor for {function} ({file}:{line}): {why}");
    }
    Actor::unresolved()
}

/// What it was done to, from the first source that answers.
fn target_of(draft: &mut Draft, request: Option<&RequestInfo>, count: &dyn Fn(Count)) -> Target {
    let found = std::mem::take(&mut draft.content.target);
    let conflicting = matches!(found, Found::Conflicting);
    let found = match found {
        Found::Named(target) | Found::One(target)
            if !target.id.trim().is_empty() && !target.kind.trim().is_empty() =>
        {
            Some(target)
        }
        Found::Named(_) | Found::One(_) | Found::None => {
            target_in_path(&draft.end.request, &draft.action, request)
        }
        // Asking on would only pick one of them by another way.
        Found::Conflicting => None,
    };
    if let Some(target) = found {
        return target;
    }
    count(Count::UnresolvedTarget);
    if let Some(site) = draft.site().filter(|site| site.warn_once(About::Target)) {
        let Site { function, file, line, action, .. } = site;
        let why = if conflicting {
            "two of its arguments name different targets: say which with target(kind = id), and the other with \
             related(kind = id)"
        } else {
            "say it with target(kind = id), an argument or a returned value that implements ToTarget, or a path \
             parameter that names it, as {invoice_id} does"
        };
        tracing::warn!(target: "lodger", "{action}: no target for {function} ({file}:{line}): {why}");
    }
    match request.and_then(|request| Some((request.method.as_ref()?, request.route.as_ref()?))) {
        Some((method, route)) => Target::unresolved(format!("{method} {route}")),
        None => Target::unresolved(&draft.action),
    }
}

/// The path parameter that names the action's entity.
fn target_in_path(seen: &Request, action: &str, request: Option<&RequestInfo>) -> Option<Target> {
    let entity = entity_of(action)?;
    let route = request?.route.as_deref()?;
    let Request::Seen { seen, .. } = seen else { return None };
    let params = RoutePattern::parse(route).ok()?;
    let path = seen.path();
    let params = params.params(path)?;
    let target = target_from_params(entity, route, &params)?;
    // What servers make of `%%337` differs: actix decodes it twice, and its handler removes 7, where others see `%37`.
    (!has_stray_percent(path) || !has_escape(&target.id)).then_some(target)
}

/// Whether a percent sign stands there that encodes nothing (RFC 3986 section 2.4 has it encoded itself).
fn has_stray_percent(path: &str) -> bool {
    path.split('%').skip(1).any(|behind| !is_escape(behind))
}

/// Whether decoding would change the text.
fn has_escape(text: &str) -> bool {
    text.split('%').skip(1).any(is_escape)
}

/// Whether the text behind a percent sign makes an escape of it.
fn is_escape(behind: &str) -> bool {
    let mut digits = behind.bytes().take(2);
    digits.len() == 2 && digits.all(|digit| digit.is_ascii_hexdigit())
}

/// Adds what was said about the event.
fn tell(event: &mut Event, mut content: Content, site: Option<&Site>, tenant: Option<&str>) {
    if let Some(details) = content.take_details() {
        tell_details(event, *details, site);
    }
    if event.tenant.is_none() {
        event.tenant = event.actor.tenant.clone().or_else(|| tenant.map(str::to_owned));
    }
    event.metadata = content.fields.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
}

/// Adds what most functions never say.
fn tell_details(event: &mut Event, details: Details, site: Option<&Site>) {
    event.actor.on_behalf_of.extend(details.on_behalf_of);
    event.tenant = details.tenant;
    event.related = details.related;
    event.description = details.description;
    event.tags = details.tags;
    event.user_visible = details.user_visible.unwrap_or(event.user_visible);
    event.retention = details.retention;
    event.reason = details.reason.or(event.reason.take());
    event.changes = details.changes;
    event.personal = details.personal;
    event.source = details.source.or(event.source.take());
    event.operation = details.operation;
    if let Some(key) = details.idempotency_key {
        let unusable = !limits::is_idempotency_key(&key);
        if let Some(site) = site.filter(|site| unusable && site.warn_once(About::IdempotencyKey)) {
            let Site { function, file, line, action, .. } = site;
            tracing::warn!(
                target: "lodger",
                "{action}: the idempotency key of {function} ({file}:{line}) is not 12 to 255 printable ASCII characters \
                 and is replaced by the default one: give it a prefix, such as format!(\"delivery-{{id:0>8}}\")"
            );
        }
        event.idempotency_key = key;
    }
}
