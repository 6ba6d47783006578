//! A draft is certain to become an event, or becomes none. What nobody said is found out later, see [`Captured`].

use super::draft::{Content, Draft, Found, Maker, Request};
use super::outcome::{self, Answer, Facts};
use super::scope::Scope;
use super::{Captured, Class, Count, Ended, Guarantee, Reservation, Terms, Wait};
use crate::event::{Outcome, Timestamp};

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
    let has_actor = settle_actor(scope, &mut draft.content);
    let ruling = outcome::rule(facts(&draft, ended, ending, has_actor));
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
        (Outcome::Unknown, Maker::Rule | Maker::Layer, _) if !has_actor => Class::Hostile,
        (Outcome::Failure, Maker::Application(None), _) => Class::Hostile,
        _ => Class::Trusted,
    };
    let guarantee = if class == Class::Hostile { Guarantee::Queued } else { guarantee };
    draft.end.request = match scope.seen() {
        Some(seen) => Request::Seen { seen, status: ending.status(), duration: scope.elapsed() },
        None => Request::before(scope),
    };
    (draft.end.outcome, draft.end.reason) = (ruling.outcome, ruling.reason);
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

/// Settles who did it, from the first source that answers; else whether nobody can be named because two arguments name
/// different ones. Answers whether there is somebody.
fn settle_actor(scope: &Scope, content: &mut Content) -> bool {
    let nobody = if content.has_conflicting_actors() { Found::Conflicting } else { Found::None };
    if !matches!(content.actor, Found::Named(_)) {
        let state = scope.state();
        match &state.actor {
            Some(actor) => content.actor = Found::Named(actor.clone()),
            None if content.argument_is_actor() => {}
            // Two arguments name different actors: asking on would only pick one of them by another way.
            None => content.actor = content.take_actor(|| state.resolved.clone()),
        }
    }
    // An id that is empty names nobody.
    let found = content.actor.one().is_some_and(|actor| !actor.id.trim().is_empty());
    if !found {
        content.actor = nobody;
    }
    found
}
