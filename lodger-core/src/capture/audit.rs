//! The handle with which a handler speaks about its own event.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::context::Context;
use super::diff;
use super::draft::{Content, Found};
use super::drafts::{DraftId, Which};
use super::scope::Scope;
use crate::event::{Change, EventId, Operation, Retention, Timestamp, ToActor, ToTarget};

/// Speaks about an event while its handler runs: what only the body knows.
///
/// It speaks about the annotated function whose body it is used in (the innermost, where one calls another). In a handler
/// without `#[audited]` it speaks about the event that a rule makes of the request. In a spawned task or a callback it
/// speaks about the outermost annotated function that is still running.
///
/// It can be told things until its function has returned; later words are counted as too late.
/// [`record`](Self::record) works at any time.
#[derive(Debug, Clone)]
pub struct Audit {
    scope: Scope,
    about: About,
}

#[derive(Debug, Clone)]
enum About {
    Current,
    Function(DraftId),
    Further(Arc<Further>),
}

/// A draft made by [`Audit::record`]. More can be said about it until the last handle to it is gone.
#[derive(Debug)]
struct Further {
    scope: Scope,
    draft: DraftId,
}

impl Drop for Further {
    fn drop(&mut self) {
        self.scope.let_go(self.draft);
    }
}

impl Audit {
    /// Speaks about the current event of this scope.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        Self { scope, about: About::Current }
    }

    /// Speaks about the current event of the scope that the code runs in, if any.
    #[must_use]
    pub fn current() -> Option<Self> {
        let Context { scope, function } = Context::current()?;
        Some(Self { scope, about: function.map_or(About::Current, About::Function) })
    }

    /// Who did it. Goes before everything that is found automatically.
    pub fn actor(&self, actor: impl ToActor) -> &Self {
        let actor = actor.to_actor();
        self.say(|content| content.actor = Found::Named(actor))
    }

    /// Adds the actor on whose behalf it is done: the customer whom a support agent impersonates.
    pub fn on_behalf_of(&self, principal: impl ToActor) -> &Self {
        let principal = principal.to_actor();
        self.say(|content| content.details().on_behalf_of.push(principal))
    }

    /// What it is done to. Goes before everything that is found automatically.
    pub fn target(&self, target: impl ToTarget) -> &Self {
        let target = target.to_target();
        self.say(|content| content.target = Found::Named(target))
    }

    /// Adds another thing it touches, at most 19.
    pub fn related(&self, target: impl ToTarget) -> &Self {
        let target = target.to_target();
        self.say(|content| content.details().related.push(target))
    }

    /// The organisation it belongs to. Default: the actor's, else the layer's.
    pub fn tenant(&self, tenant: impl ToString) -> &Self {
        let tenant = tenant.to_string();
        self.say(|content| content.details().tenant = Some(tenant))
    }

    /// Sets a member of the metadata.
    pub fn metadata(&self, name: &str, value: impl Serialize) -> &Self {
        let value = serde_json::to_value(value);
        self.say(|content| content.field(name.to_owned().into(), value))
    }

    /// Like [`metadata`](Self::metadata), and marks the value as personal, so that a store can erase it.
    pub fn personal(&self, name: &str, value: impl Serialize) -> &Self {
        let value = serde_json::to_value(value);
        self.say(|content| content.personal_field(name.to_owned().into(), value))
    }

    /// Sets a member of the metadata to a keyed hash of `value`: equal secrets can be recognised, not read.
    pub fn secret(&self, name: &str, value: impl ToString) -> &Self {
        let hashed = self.scope.sink().hash_key().hash("secret", value.to_string());
        self.say(|content| content.field(name.to_owned().into(), Ok(Value::String(hashed))))
    }

    /// Adds a changed value.
    pub fn change(&self, change: Change) -> &Self {
        self.say(|content| content.details().changes.push(change))
    }

    /// Adds what differs between two states of the thing, member by member. Serialize only what may be recorded.
    /// A state that can't become JSON is said to be so in the metadata, under `diff`.
    pub fn diff(&self, before: &impl Serialize, after: &impl Serialize) -> &Self {
        let states =
            serde_json::to_value(before).and_then(|before| Ok((before, serde_json::to_value(after)?)));
        self.say(|content| match states {
            Ok((before, after)) => content.details().changes.extend(diff::diff(&before, &after)),
            Err(error) => content.field("diff".into(), Err(error)),
        })
    }

    /// Adds a tag; at most 20.
    pub fn tag(&self, tag: impl ToString) -> &Self {
        let tag = tag.to_string();
        self.say(|content| content.details().tags.push(tag))
    }

    /// Whether the customer may see the event. Default: what the attribute says, else false.
    pub fn user_visible(&self, visible: bool) -> &Self {
        self.say(|content| content.details().user_visible = Some(visible))
    }

    /// A sentence for people, at most 1,024 characters.
    pub fn describe(&self, description: impl ToString) -> &Self {
        let description = description.to_string();
        self.say(|content| content.details().description = Some(description))
    }

    /// Why it ended as it did, at most 512 characters. Goes before a reason that is found automatically.
    pub fn reason(&self, reason: impl ToString) -> &Self {
        let reason = reason.to_string();
        self.say(|content| content.details().reason = Some(reason))
    }

    /// Where it came from: `api`, `automation`, `dashboard`, `system` or a text of at most 64 characters.
    pub fn source(&self, source: impl ToString) -> &Self {
        let source = source.to_string();
        self.say(|content| content.details().source = Some(source))
    }

    /// How long the event should be kept.
    pub fn retention(&self, retention: Retention) -> &Self {
        self.say(|content| content.details().retention = Some(retention))
    }

    /// The bulk operation it is part of: one event a target, numbered by [`Operation::each`].
    pub fn operation(&self, operation: Operation) -> &Self {
        self.say(|content| content.details().operation = Some(operation))
    }

    /// The key under which a destination recognises a repeat: 12 to 255 printable ASCII characters.
    pub fn idempotency_key(&self, key: impl ToString) -> &Self {
        let key = key.to_string();
        self.say(|content| content.details().idempotency_key = Some(key))
    }

    /// The change is made, whatever happens from here on. A handler that is cancelled or panics after this leaves a
    /// success, not an "unknown". Call it right after the commit.
    pub fn committed(&self) -> &Self {
        self.say(|content| content.committed = true)
    }

    /// No event is wanted after all: nothing was changed. Counted. In a handler without `#[audited]` it tells the alarm
    /// for unaudited changes that there was none: a search that is a POST. Said before the first annotated function of
    /// a request runs, it is about that function's event: a dry run.
    pub fn discard(&self) -> &Self {
        self.say(|content| content.discarded = true)
    }

    /// A further event of the same request, `action`; what it is about is said on the handle that comes back. It ends as
    /// the function ends that records it, and is recorded whatever the outcome, since it was asked for. It is finished
    /// with the response, or when the handle is dropped, if that is later.
    ///
    /// Once the response is out (a WebSocket, a stream, a callback) it is finished when the handle is dropped. Then its
    /// actor is what authentication stored, else whom the request's functions named, and it ends as they ended, in both
    /// cases if they agree.
    pub fn record(&self, action: impl Into<Cow<'static, str>>) -> Audit {
        let maker = match self.which() {
            Which::Draft(draft) => Some(draft),
            Which::Current => Context::function_in(&self.scope),
        };
        let action = action.into();
        let draft = self.scope.state().drafts.open_further(action, maker, Timestamp::now());
        let further = Further { scope: self.scope.clone(), draft };
        Audit { scope: self.scope.clone(), about: About::Further(Arc::new(further)) }
    }

    /// The id of the event, for one's own response. `None` in a handler without `#[audited]`, and after the function has
    /// returned.
    #[must_use]
    pub fn event_id(&self) -> Option<EventId> {
        self.scope.event_id(self.which())
    }

    /// The id of the request: the inbound one, else one that was minted for it. `None` outside a request.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        self.scope.request_id()
    }

    /// The scope it belongs to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    fn which(&self) -> Which {
        match &self.about {
            About::Current => Which::Current,
            About::Function(draft) => Which::Draft(*draft),
            About::Further(further) => Which::Draft(further.draft),
        }
    }

    fn say(&self, what: impl FnOnce(&mut Content)) -> &Self {
        self.scope.say(self.which(), what);
        self
    }
}

/// Says who acts in the current scope. Outside a scope there is nobody to tell: answers false.
pub fn set_actor(actor: &(impl ToActor + ?Sized)) -> bool {
    match super::current() {
        Some(scope) => {
            scope.set_actor(actor.to_actor());
            true
        }
        None => false,
    }
}

/// Says which session the current scope belongs to; only a keyed hash is kept. Outside a scope: answers false.
pub fn set_session(session: &str) -> bool {
    super::current().map(|scope| scope.set_session(session)).is_some()
}
