//! A draft becomes an event: everything that nobody said is found out here, once.

use super::draft::{Content, Draft, Found, Maker};
use super::outcome::{self, Answer, Facts};
use super::route_pattern::RoutePattern;
use super::scope::Scope;
use super::site::About;
use super::target::target_from_params;
use super::{Captured, Class, Count, Ended, Guarantee, Policy, Reservation, Site, Terms, Wait};
use crate::event::{Actor, Event, Outcome, RequestInfo, Target, Timestamp, entity_of, limits};

/// How a request ended.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// With a response of this HTTP status, and with this gRPC code in its head.
    Answered { status: u16, grpc: Option<u32> },
    /// Without a response head: the client left, or the inner service panicked.
    Lost { panicked: bool },
    /// With an error of the inner service: whoever is outside of the layer makes a response of it, or none.
    Failed,
    /// There was no request: the function's own result decides.
    Job,
}

impl Ending {
    /// What is known of the response. An HTTP status that is an error already needs no other code.
    pub(super) fn answer(&self) -> Answer {
        match *self {
            Self::Answered { status: ..400, grpc: Some(code) } => Answer::Grpc(code),
            Self::Answered { status, .. } => Answer::Status(status),
            Self::Lost { panicked: true } => Answer::Panicked,
            Self::Lost { panicked: false } => Answer::Gone,
            Self::Failed => Answer::Failed,
            Self::Job => Answer::NotDue,
        }
    }
}

/// What became of a draft.
pub(super) enum Finished {
    /// It is an event, with what to wait for.
    Recorded(Option<Wait>),
    /// The application wanted no event.
    Discarded,
    /// Its outcome is not recorded.
    Filtered,
}

/// Finishes a draft and hands its event on, into `place` if one was held.
pub(super) fn finish(
    scope: &Scope,
    mut draft: Draft,
    ending: &Ending,
    guarantee: Guarantee,
    place: &mut Option<Reservation>,
) -> Finished {
    let sink = &scope.sink;
    if draft.content.discarded {
        sink.count(Count::Discarded);
        return Finished::Discarded;
    }
    let (ended, occurred_at) = draft.ended.take().unwrap_or((Ended::Cancelled, Timestamp::now()));
    let actor = actor_of(scope, &draft);
    let ruling = outcome::rule(facts(&draft, ended, ending, actor.is_some()));
    let on = draft.site().and_then(|site| site.on).or_else(|| scope.policy().and_then(Policy::on));
    // What the application asks for by name is recorded however it ended; the layer's own events were asked for too.
    let asked_for = matches!(draft.maker, Maker::Application(_) | Maker::Layer);
    if !asked_for && !outcome::recorded(&ruling, on) {
        sink.count(Count::Filtered);
        return Finished::Filtered;
    }
    // A function that ran was reached by somebody whom the application let in; a refusal can be had by anybody.
    let class = match (ruling.outcome, draft.maker, ending) {
        (Outcome::Denied, _, _) | (Outcome::Failure, Maker::Rule | Maker::Layer, _) => Class::Hostile,
        (Outcome::Unknown, Maker::Rule | Maker::Layer, _) if actor.is_none() => Class::Hostile,
        (Outcome::Failure, Maker::Application(None), _) => Class::Hostile,
        _ => Class::Trusted,
    };
    let guarantee = if class == Class::Hostile { Guarantee::Queued } else { guarantee };

    let mut event = Event::bare(draft.id, draft.action.clone());
    event.occurred_at = occurred_at;
    event.outcome = ruling.outcome;
    event.reason = ruling.reason.map(Into::into);
    event.actor = actor.unwrap_or_else(|| unresolved_actor(scope, &draft));
    event.request = scope.request_info().map(|mut info| {
        if let Ending::Answered { status, .. } = ending {
            info.status = Some(*status);
        }
        if !matches!(ending, Ending::Job) {
            info.duration_micros = u64::try_from(scope.elapsed().as_micros()).ok();
        }
        info
    });
    event.target = target_of(scope, &mut draft, event.request.as_ref());
    event.user_visible = draft.site().is_some_and(|site| site.user_visible);
    let site = draft.site();
    tell(&mut event, draft.content, site, scope);
    let terms = Terms { class, guarantee, place: place.take() };
    Finished::Recorded(sink.accept(Captured::of(event), terms))
}

/// What the ruling on the outcome depends on.
fn facts(draft: &Draft, ended: Ended, ending: &Ending, has_actor: bool) -> Facts {
    Facts {
        ended,
        committed: draft.content.committed,
        answer: ending.answer(),
        rule_without_actor: matches!(draft.maker, Maker::Rule) && !has_actor,
    }
}

/// Who did it, from the first source that answers. `None` when none does.
fn actor_of(scope: &Scope, draft: &Draft) -> Option<Actor> {
    // An id that is empty names nobody.
    named_actor(scope, draft).filter(|actor| !actor.id.trim().is_empty())
}

fn named_actor(scope: &Scope, draft: &Draft) -> Option<Actor> {
    if let Some(actor) = &draft.content.actor {
        return Some(actor.clone());
    }
    let (stored, resolved) = {
        let state = scope.state();
        (state.actor.clone(), state.resolved.clone())
    };
    if stored.is_some() {
        return stored;
    }
    match draft.content.found_actor(resolved) {
        Found::One(actor) => Some(actor),
        // Two arguments name different actors: asking on would only pick one of them by another way.
        Found::Conflicting | Found::None => None,
    }
}

/// Counts that nobody could be named, and says once per function how to mend that.
fn unresolved_actor(scope: &Scope, draft: &Draft) -> Actor {
    let conflicting = draft.content.found_actor(None) == Found::Conflicting;
    scope.sink.count(if conflicting { Count::ConflictingActors } else { Count::UnresolvedActor });
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
fn target_of(scope: &Scope, draft: &mut Draft, request: Option<&RequestInfo>) -> Target {
    let content = &mut draft.content;
    let found = Found::from(content.target.take()).or_else(|| std::mem::take(&mut content.found_target));
    let conflicting = matches!(found, Found::Conflicting);
    let found = match found {
        Found::One(target) if !target.id.trim().is_empty() && !target.kind.trim().is_empty() => Some(target),
        Found::One(_) | Found::None => target_in_path(scope, &draft.action, request),
        // Asking on would only pick one of them by another way.
        Found::Conflicting => None,
    };
    if let Some(target) = found {
        return target;
    }
    scope.sink.count(Count::UnresolvedTarget);
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
fn target_in_path(scope: &Scope, action: &str, request: Option<&RequestInfo>) -> Option<Target> {
    let entity = entity_of(action)?;
    let route = request?.route.as_deref()?;
    let params = RoutePattern::parse(route).ok()?;
    let path = scope.path()?;
    let params = params.params(&path)?;
    let target = target_from_params(entity, route, &params)?;
    // What servers make of `%%337` differs: actix decodes it twice, and its handler removes 7, where others see `%37`.
    (!has_stray_percent(&path) || !has_escape(&target.id)).then_some(target)
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
fn tell(event: &mut Event, content: Content, site: Option<&Site>, scope: &Scope) {
    event.actor.on_behalf_of.extend(content.on_behalf_of);
    event.tenant =
        content.tenant.or_else(|| event.actor.tenant.clone()).or_else(|| scope.tenant().map(str::to_owned));
    event.related = content.related;
    event.description = content.description;
    event.tags = content.tags;
    event.user_visible = content.user_visible.unwrap_or(event.user_visible);
    event.retention = content.retention;
    event.reason = content.reason.or(event.reason.take());
    event.changes = content.changes;
    event.metadata = content.metadata;
    event.personal = content.personal;
    event.source = content.source.or(event.source.take());
    event.operation = content.operation;
    if let Some(key) = content.idempotency_key {
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
