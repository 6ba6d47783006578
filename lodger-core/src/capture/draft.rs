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
    pub(super) argument_actor: ArgumentActor,
    /// The actor of the function that called this one, or of the function that recorded this further event.
    pub(super) inherited_actor: ArgumentActor,
    /// Added to whoever the actor turns out to be.
    pub(super) on_behalf_of: Vec<Actor>,
    /// Named by the attribute or by `audit.target(..)`.
    pub(super) target: Option<Target>,
    /// Found in the handler's arguments, else in the value it returned.
    pub(super) found_target: Option<Target>,
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

/// The actor among a handler's arguments.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum ArgumentActor {
    /// No argument names one.
    #[default]
    None,
    /// One or more arguments name this one.
    One(Actor),
    /// Two arguments name different ones: nobody can say which did it.
    Conflicting,
}

impl ArgumentActor {
    pub(super) fn add(&mut self, actor: Actor) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(actor),
            Self::One(known) if known == actor => Self::One(known),
            Self::One(_) | Self::Conflicting => Self::Conflicting,
        };
    }

    /// Adds what other arguments named.
    pub(super) fn add_all(&mut self, other: Self) {
        match other {
            Self::None => {}
            Self::One(actor) => self.add(actor),
            Self::Conflicting => *self = Self::Conflicting,
        }
    }
}

impl Content {
    /// Sets a member of the metadata; a value that can't become JSON is said to be so instead of being left out.
    pub(super) fn field(&mut self, name: &str, value: Result<Value, serde_json::Error>) {
        let value = value.unwrap_or_else(|error| Value::String(format!("[not JSON: {error}]")));
        self.metadata.insert(name.to_owned(), value);
    }

    /// The actor that work done on behalf of this draft's function has, unless it names its own.
    pub(super) fn handed_down(&self) -> ArgumentActor {
        match (&self.actor, &self.argument_actor) {
            (Some(actor), _) => ArgumentActor::One(actor.clone()),
            (None, ArgumentActor::None) => self.inherited_actor.clone(),
            (None, found) => found.clone(),
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
        let mut found = ArgumentActor::default();
        found.add(Actor::user("ada"));
        found.add(Actor::user("ada"));
        assert_eq!(found, ArgumentActor::One(Actor::user("ada")));
        found.add(Actor::user("bob"));
        found.add(Actor::user("ada"));
        assert_eq!(found, ArgumentActor::Conflicting);
    }
}
