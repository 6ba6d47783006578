//! A draft is certain to become an event, or becomes none. What nobody said is found out later, see [`Captured`].

use super::draft::{Draft, End, Found, Maker, Nobody, Request};
use super::outcome::{self, Answer, Facts};
use super::scope::Scope;
use super::{Captured, Class, Count, Ended, Guarantee, Reservation, Terms, Wait};
use crate::event::{Actor, Outcome, Timestamp};

/// How a request ended.
#[derive(Debug, Clone, Copy)]
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
    /// The HTTP status, where there was a response.
    fn status(&self) -> Option<u16> {
        match *self {
            Self::Answered { status, .. } => Some(status),
            Self::Lost { .. } | Self::Failed | Self::Job => None,
        }
    }

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

/// Finishes a draft and hands it on, into `place` if one was held.
pub(super) fn finish(
    scope: &Scope,
    mut draft: Box<Draft>,
    ending: &Ending,
    guarantee: Guarantee,
    place: &mut Option<Reservation>,
) -> Finished {
    let sink = scope.sink();
    if draft.content.discarded {
        sink.count(Count::Discarded);
        return Finished::Discarded;
    }
    let (ended, _) = *draft.ended.get_or_insert_with(|| (Ended::Cancelled, Timestamp::now()));
    let actor = actor_of(scope, &mut draft);
    let ruling = outcome::rule(facts(&draft, ended, ending, actor.is_ok()));
    let on = draft.site().and_then(|site| site.on).or_else(|| scope.policy().and_then(|policy| policy.on()));
    // What the application asks for by name is recorded however it ended; the layer's own events were asked for too.
    let asked_for = matches!(draft.maker, Maker::Application(_) | Maker::Layer);
    if !asked_for && !outcome::recorded(&ruling, on) {
        sink.count(Count::Filtered);
        return Finished::Filtered;
    }
    // A function that ran was reached by somebody whom the application let in; a refusal can be had by anybody.
    let class = match (ruling.outcome, draft.maker, ending) {
        (Outcome::Denied, _, _) | (Outcome::Failure, Maker::Rule | Maker::Layer, _) => Class::Hostile,
        (Outcome::Unknown, Maker::Rule | Maker::Layer, _) if actor.is_err() => Class::Hostile,
        (Outcome::Failure, Maker::Application(None), _) => Class::Hostile,
        _ => Class::Trusted,
    };
    let guarantee = if class == Class::Hostile { Guarantee::Queued } else { guarantee };
    let request = match scope.seen() {
        Some(seen) => Request::Seen { seen, status: ending.status(), duration: scope.elapsed() },
        None => Request::before(scope),
    };
    draft.end = End { outcome: ruling.outcome, reason: ruling.reason, actor, request };
    let terms = Terms { class, guarantee, place: place.take() };
    Finished::Recorded(sink.accept(Captured::left(draft), terms))
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

/// Who did it, from the first source that answers.
fn actor_of(scope: &Scope, draft: &mut Draft) -> Result<Actor, Nobody> {
    let conflicting = draft.content.has_conflicting_actors();
    // An id that is empty names nobody.
    let named = named_actor(scope, draft).filter(|actor| !actor.id.trim().is_empty());
    named.ok_or(Nobody { conflicting })
}

fn named_actor(scope: &Scope, draft: &mut Draft) -> Option<Actor> {
    let content = &mut draft.content;
    if content.actor.is_some() {
        return content.actor.take();
    }
    let state = scope.state();
    if state.actor.is_some() {
        return state.actor.clone();
    }
    match content.take_found_actor(|| state.resolved.clone()) {
        Found::One(actor) => Some(actor),
        // Two arguments name different actors: asking on would only pick one of them by another way.
        Found::Conflicting | Found::None => None,
    }
}
