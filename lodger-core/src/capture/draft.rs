//! An event being filled in.

use std::borrow::Cow;

use serde_json::Value;

use super::drafts::DraftId;
use super::{Ended, Site};
use crate::event::{Actor, Change, EventId, Metadata, Operation, Retention, Target, Timestamp};

/// Everything that was said about an event so far. What nobody said is found out when the draft is finished.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Named by the attribute or by `audit.actor(..)`.
    pub(super) actor: Option<Actor>,
    /// Found in the handler's arguments.
    pub(super) argument_actor: Found<Actor>,
    /// The actor of the function that called this one, or of the function that recorded this further event.
    pub(super) inherited_actor: Found<Actor>,
    /// Whether an annotated function called this one. Its arguments are then what that one works on: they are asked last.
    pub(super) called: bool,
    /// Added to whoever the actor turns out to be.
    pub(super) on_behalf_of: Vec<Actor>,
    /// Named by the attribute or by `audit.target(..)`.
    pub(super) target: Option<Target>,
    /// Found in the handler's arguments, else in the value it returned.
    pub(super) found_target: Found<Target>,
    pub(super) related: Vec<Target>,
    pub(super) tenant: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) user_visible: Option<bool>,
    pub(super) retention: Option<Retention>,
    pub(super) reason: Option<String>,
    pub(super) changes: Vec<Change>,
    pub(super) metadata: Metadata,
    pub(super) personal: Vec<String>,
    pub(super) source: Option<String>,
    pub(super) operation: Option<Operation>,
    pub(super) idempotency_key: Option<String>,
    /// The change was made, whatever happens to the function from here on.
    pub(super) committed: bool,
    /// The application wants no event.
    pub(super) discarded: bool,
}

/// What the arguments of a function tell without having been asked by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Found<T> {
    /// No argument tells.
    #[default]
    None,
    /// One or more arguments tell this.
    One(T),
    /// Two arguments tell different things: nobody can say which is meant.
    Conflicting,
}

impl<T> Found<T> {
    /// Adds what one argument tells.
    pub(super) fn add(&mut self, told: T, same: impl Fn(&T, &T) -> bool) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(told),
            Self::One(known) if same(&known, &told) => Self::One(known),
            Self::One(_) | Self::Conflicting => Self::Conflicting,
        };
    }

    /// Adds what other arguments tell.
    pub(super) fn add_all(&mut self, other: Self, same: impl Fn(&T, &T) -> bool) {
        match other {
            Self::None => {}
            Self::One(told) => self.add(told, same),
            Self::Conflicting => *self = Self::Conflicting,
        }
    }

    /// What was found; else what `others` find.
    pub(super) fn or_else(self, others: impl FnOnce() -> Self) -> Self {
        match self {
            Self::None => others(),
            Self::One(_) | Self::Conflicting => self,
        }
    }
}

impl<T> From<Option<T>> for Found<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::None, Self::One)
    }
}

impl Content {
    /// Sets a member of the metadata; a value that can't become JSON is said to be so instead of being left out.
    pub(super) fn field(&mut self, name: &str, value: Result<Value, serde_json::Error>) {
        let value = value.unwrap_or_else(|error| Value::String(format!("[not JSON: {error}]")));
        self.metadata.insert(name.to_owned(), value);
    }

    /// Whom this function's own code names, or the arguments tell, where `resolved` is what the layer's resolver found.
    pub(super) fn found_actor(&self, resolved: Option<Actor>) -> Found<Actor> {
        let (inherited, arguments) = (self.inherited_actor.clone(), || self.argument_actor.clone());
        match &self.actor {
            Some(actor) => Found::One(actor.clone()),
            // `promote(bob)` in the handler of a request by somebody else: bob is not who did it.
            None if self.called => inherited.or_else(|| resolved.into()).or_else(arguments),
            None => inherited.or_else(arguments).or_else(|| resolved.into()),
        }
    }

    /// The actor that work done on behalf of this draft's function has, unless it names its own. What the arguments of a
    /// called function tell is a guess of that function alone.
    pub(super) fn handed_down(&self) -> Found<Actor> {
        let arguments = || if self.called { Found::None } else { self.argument_actor.clone() };
        match &self.actor {
            Some(actor) => Found::One(actor.clone()),
            None => self.inherited_actor.clone().or_else(arguments),
        }
    }

    pub(super) fn personal_field(&mut self, name: &str, value: Result<Value, serde_json::Error>) {
        self.field(name, value);
        if !self.personal.iter().any(|known| known == name) {
            self.personal.push(name.to_owned());
        }
    }
}

/// Who made a draft.
#[derive(Debug, Clone, Copy)]
pub(super) enum Maker {
    /// An annotated function that runs.
    Function(&'static Site),
    /// The application, which says that something happened: `audit.record(..)`. The fate of the function that said so
    /// is the event's too.
    Application(Option<DraftId>),
    /// A rule of the layer, which saw a request and its response from outside.
    Rule,
    /// The layer itself: an unaudited change, a request that was refused before its handler.
    Layer,
}

/// An event being filled in: what it is about, what was said of it, and whether its function has ended.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: EventId,
    pub(super) action: Cow<'static, str>,
    pub(super) maker: Maker,
    pub(super) content: Content,
    /// How the function ended and when; `None` while it runs. A further event ends like the function that made it.
    pub(super) ended: Option<(Ended, Timestamp)>,
    /// Whether somebody still holds the handle of a further event, and may say more.
    pub(super) held: bool,
}

impl Draft {
    pub(super) fn new(action: Cow<'static, str>, maker: Maker) -> Self {
        Self { id: EventId::mint(), action, maker, content: Content::default(), ended: None, held: false }
    }

    /// Whether nothing more will come.
    pub(super) fn is_done(&self) -> bool {
        self.ended.is_some() && !self.held
    }

    /// The annotated function, where there is one.
    pub(super) fn site(&self) -> Option<&'static Site> {
        match self.maker {
            Maker::Function(site) => Some(site),
            Maker::Application(_) | Maker::Rule | Maker::Layer => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_actors_among_the_arguments_are_one_and_differing_ones_are_none() {
        let mut found = Found::default();
        found.add(Actor::user("ada"), Actor::eq);
        found.add(Actor::user("ada"), Actor::eq);
        assert_eq!(found, Found::One(Actor::user("ada")));
        found.add(Actor::user("bob"), Actor::eq);
        found.add(Actor::user("ada"), Actor::eq);
        assert_eq!(found, Found::Conflicting);
    }

    #[test]
    fn the_resolver_goes_before_the_arguments_of_a_called_function_only() {
        let resolved = || Some(Actor::user("ada"));
        let mut content = Content::default();
        content.argument_actor.add(Actor::user("bob"), Actor::eq);
        assert_eq!(content.found_actor(resolved()), Found::One(Actor::user("bob")));
        content.called = true;
        assert_eq!(content.found_actor(resolved()), Found::One(Actor::user("ada")));
        assert_eq!(content.found_actor(None), Found::One(Actor::user("bob")));
        assert_eq!(content.handed_down(), Found::None);
        content.inherited_actor = Found::One(Actor::user("eve"));
        assert_eq!(content.found_actor(resolved()), Found::One(Actor::user("eve")));
    }
}
