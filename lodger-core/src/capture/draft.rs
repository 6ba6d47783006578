//! An event being filled in.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use smallvec::SmallVec;

use super::drafts::DraftId;
use super::request_info::Seen;
use super::{Ended, Site};
use crate::event::{
    Actor, Change, EventId, Operation, Outcome, RequestInfo, Retention, Target, Timestamp, weight,
};

/// So many fields take no memory of their own.
const INLINE_FIELDS: usize = 4;

/// Everything that was said about an event so far. What nobody said is found out when the draft is finished.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Named by the attribute or by `audit.actor(..)`, else found in the handler's arguments.
    pub(super) actor: Found<Actor>,
    /// Named by the attribute or by `audit.target(..)`, else found in the handler's arguments, else in the value it
    /// returned.
    pub(super) target: Found<Target>,
    /// Members of the metadata, the last of a name counts.
    pub(super) fields: SmallVec<[(Cow<'static, str>, Value); INLINE_FIELDS]>,
    /// Whether an annotated function called this one. Its arguments are then what that one works on: they are asked last.
    pub(super) called: bool,
    /// The change was made, whatever happens to the function from here on.
    pub(super) committed: bool,
    /// The application wants no event.
    pub(super) discarded: bool,
    /// What most functions never say.
    details: Option<Box<Details>>,
}

/// What most functions never say about their event.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// The actor of the function that called this one, or of the function that recorded this further event.
    pub(super) inherited_actor: Found<Actor>,
    /// Added to whoever the actor turns out to be.
    pub(super) on_behalf_of: Vec<Actor>,
    pub(super) related: Vec<Target>,
    pub(super) tenant: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) user_visible: Option<bool>,
    pub(super) retention: Option<Retention>,
    pub(super) reason: Option<String>,
    pub(super) changes: Vec<Change>,
    pub(super) personal: Vec<String>,
    pub(super) source: Option<String>,
    pub(super) operation: Option<Operation>,
    pub(super) idempotency_key: Option<String>,
}

/// Whom or what a function names, or its arguments tell without having been asked by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Found<T> {
    /// Nobody has named it, and no argument tells.
    #[default]
    None,
    /// Said by name: goes before whatever the arguments tell. The last word counts.
    Named(T),
    /// One or more arguments tell this.
    One(T),
    /// Two arguments tell different things: nobody can say which is meant.
    Conflicting,
}

impl<T> Found<T> {
    /// Adds what one argument tells.
    pub(super) fn add(&mut self, told: T, same: impl Fn(&T, &T) -> bool) {
        match self {
            Self::None => *self = Self::One(told),
            Self::Named(_) => {}
            Self::One(known) if same(known, &told) => {}
            Self::One(_) | Self::Conflicting => *self = Self::Conflicting,
        }
    }

    /// Adds what other arguments tell.
    pub(super) fn add_all(&mut self, other: Self, same: impl Fn(&T, &T) -> bool) {
        match other {
            Self::None => {}
            Self::One(told) | Self::Named(told) => self.add(told, same),
            Self::Conflicting => *self = Self::Conflicting,
        }
    }

    /// The one that is named or told.
    pub(super) fn one(&self) -> Option<&T> {
        match self {
            Self::Named(one) | Self::One(one) => Some(one),
            Self::None | Self::Conflicting => None,
        }
    }

    /// What was found; else what `others` find.
    pub(super) fn or_else(self, others: impl FnOnce() -> Self) -> Self {
        match self {
            Self::None => others(),
            Self::Named(_) | Self::One(_) | Self::Conflicting => self,
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
    pub(super) fn field(&mut self, name: Cow<'static, str>, value: Result<Value, serde_json::Error>) {
        let value = value.unwrap_or_else(|error| Value::String(format!("[not JSON: {error}]")));
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.fields.push((name, value)),
        }
    }

    /// Where what most functions never say is said.
    pub(super) fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// Takes out what most functions never say, if anything of it was said.
    pub(super) fn take_details(&mut self) -> Option<Box<Details>> {
        self.details.take()
    }

    /// The actor of the function that called this one, or of the function that recorded this further event.
    pub(super) fn inherited_actor(&self) -> &Found<Actor> {
        self.details.as_ref().map_or(&Found::None, |details| &details.inherited_actor)
    }

    /// Says whose work this is done on behalf of, unless it names its own actor.
    pub(super) fn inherit(&mut self, actor: Found<Actor>) {
        if actor != Found::None || self.details.is_some() {
            self.details().inherited_actor = actor;
        }
    }

    /// Whether its own arguments tell one actor, and are asked before the layer's resolver.
    pub(super) fn argument_is_actor(&self) -> bool {
        !self.called && matches!(self.actor, Found::One(_)) && *self.inherited_actor() == Found::None
    }

    /// Takes out who is named; else whom the arguments of this function and of those around it tell. `resolved` is what the
    /// layer's resolver found.
    pub(super) fn take_actor(&mut self, resolved: impl FnOnce() -> Option<Actor>) -> Found<Actor> {
        let own = std::mem::take(&mut self.actor);
        if let Found::Named(_) = own {
            return own;
        }
        let inherited = self.details.as_mut().map(|details| std::mem::take(&mut details.inherited_actor));
        let inherited = inherited.unwrap_or_default();
        if self.called {
            // `promote(bob)` in the handler of a request by somebody else: bob is not who did it.
            inherited.or_else(|| resolved().into()).or_else(|| own)
        } else {
            inherited.or_else(|| own).or_else(|| resolved().into())
        }
    }

    /// Whether the arguments of this function, or of those around it, tell different actors.
    pub(super) fn has_conflicting_actors(&self) -> bool {
        match (&self.actor, self.inherited_actor()) {
            (Found::Named(_), _) | (_, Found::One(_) | Found::Named(_)) => false,
            (_, Found::Conflicting) => true,
            (own, Found::None) => matches!(own, Found::Conflicting),
        }
    }

    /// The bytes of memory that it takes besides its own, give or take.
    pub(super) fn weight(&self) -> usize {
        let fields = self.fields.iter().map(|(name, value)| name.len() + weight::value(value));
        self.actor.one().map_or(0, weight::actor)
            + self.target.one().map_or(0, weight::target)
            + fields.sum::<usize>()
            + self.details.as_ref().map_or(0, |details| details.weight())
    }

    /// The actor that work done on behalf of this draft's function has, unless it names its own. What the arguments of a
    /// called function tell is a guess of that function alone.
    pub(super) fn handed_down(&self) -> Found<Actor> {
        let arguments = || if self.called { Found::None } else { self.actor.clone() };
        match &self.actor {
            Found::Named(actor) => Found::One(actor.clone()),
            _ => self.inherited_actor().clone().or_else(arguments),
        }
    }

    pub(super) fn personal_field(
        &mut self,
        name: Cow<'static, str>,
        value: Result<Value, serde_json::Error>,
    ) {
        let personal = &mut self.details().personal;
        if !personal.iter().any(|known| *known == name) {
            personal.push(name.clone().into_owned());
        }
        self.field(name, value);
    }
}

impl Details {
    fn weight(&self) -> usize {
        let texts = [&self.tenant, &self.description, &self.reason, &self.source, &self.idempotency_key];
        let lists = self.tags.iter().chain(&self.personal);
        size_of::<Self>()
            + self.on_behalf_of.iter().map(weight::actor).sum::<usize>()
            + self.related.iter().map(weight::target).sum::<usize>()
            + texts.into_iter().flatten().map(String::len).sum::<usize>()
            + lists.map(|text| size_of::<String>() + text.len()).sum::<usize>()
            + self.changes.iter().map(weight::change).sum::<usize>()
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
pub(super) struct Draft {
    /// The id of the event, where somebody has asked for it.
    id: Option<EventId>,
    pub(super) action: Cow<'static, str>,
    pub(super) maker: Maker,
    pub(super) content: Content,
    /// How the function ended and when; `None` while it runs. A further event ends like the function that made it.
    pub(super) ended: Option<(Ended, Timestamp)>,
    /// Whether somebody still holds the handle of a further event, and may say more.
    pub(super) held: bool,
    /// What its end adds.
    pub(super) end: End,
}

/// What the end of a request or job adds to a draft that is certain to become an event; besides the actor, whom its content
/// names from then on.
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Cow<'static, str>>,
    pub(super) request: Request,
}

/// In which request it happened.
pub(super) enum Request {
    /// In none, or behind one of which this is known; and for this tenant, unless somebody names another.
    Before { info: Option<RequestInfo>, tenant: Option<String> },
    /// In this one, with this status, after this time.
    Seen { seen: Seen, status: Option<u16>, duration: Duration },
}

impl Default for End {
    fn default() -> Self {
        Self {
            outcome: Outcome::Unknown,
            reason: None,
            request: Request::Before { info: None, tenant: None },
        }
    }
}

/// What was said is not redacted yet.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("action", &self.action).finish_non_exhaustive()
    }
}

impl Draft {
    #[inline]
    pub(super) fn new(action: Cow<'static, str>, maker: Maker) -> Self {
        Self {
            id: None,
            action,
            maker,
            content: Content::default(),
            ended: None,
            held: false,
            end: End::default(),
        }
    }

    /// The id of the event, minted when somebody asks for it first: the application, else whoever makes the event.
    pub(super) fn id(&mut self) -> EventId {
        *self.id.get_or_insert_with(EventId::mint)
    }

    /// When it happened.
    pub(super) fn occurred_at(&self) -> Timestamp {
        self.ended.map_or_else(Timestamp::now, |(_, at)| at)
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
        let found = |called: bool, inherited: Found<Actor>, resolved: Option<Actor>| {
            let mut content = Content { called, ..Content::default() };
            content.inherit(inherited);
            content.actor.add(Actor::user("bob"), Actor::eq);
            let handed_down = content.handed_down();
            (content.take_actor(|| resolved), handed_down)
        };
        let one = |id: &str| Found::One(Actor::user(id));
        let ada = || Some(Actor::user("ada"));
        assert_eq!(found(false, Found::None, ada()).0, one("bob"));
        assert_eq!(found(true, Found::None, ada()), (one("ada"), Found::None));
        assert_eq!(found(true, Found::None, None).0, one("bob"));
        assert_eq!(found(true, one("eve"), ada()).0, one("eve"));
    }

    #[test]
    fn of_two_values_of_a_field_the_last_counts() {
        let mut content = Content::default();
        content.field("a".into(), Ok(1.into()));
        content.field("b".into(), Ok(2.into()));
        content.field("a".to_owned().into(), Ok(3.into()));
        let fields: Vec<_> = content.fields.iter().map(|(name, value)| (&**name, value.as_u64())).collect();
        assert_eq!(fields, [("a", Some(3)), ("b", Some(2))]);
    }
}
