//! Who did it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What sort of actor did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ActorKind {
    /// A person.
    User,
    /// Another program, with credentials of its own: a worker, an API key, a partner's system.
    Service,
    /// This program itself: a schedule, a migration.
    System,
    /// Somebody who deliberately has no identity here. Must be declared; it is never guessed.
    Anonymous,
    /// We don't know. The event says so rather than naming somebody.
    Unresolved,
}

impl ActorKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::System => "system",
            Self::Anonymous => "anonymous",
            Self::Unresolved => "unresolved",
        }
    }
}

/// Who did it, frozen by value at the time of the request.
///
/// ```
/// use lodger_core::event::Actor;
///
/// let actor = Actor::user("u_17").name("Ada Lovelace").email("ada@example.com").tenant("acme");
/// assert_eq!(actor.id, "u_17");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Actor {
    /// Stable identifier, 1 to 128 characters.
    pub id: String,
    /// What sort of actor.
    pub kind: ActorKind,
    /// Display name, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The organisation the actor acts in, at most 128 characters. Becomes the event's tenant unless that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The actors on whose behalf this one acts, nearest first, at most 4: a support agent who impersonates a
    /// customer is the actor, the customer stands here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<Actor>,
    /// Members that this version doesn't know. They survive a round trip.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Actor {
    /// A person.
    #[must_use]
    pub fn user(id: impl ToString) -> Self {
        Self::new(ActorKind::User, id.to_string())
    }

    /// Another program with credentials of its own.
    #[must_use]
    pub fn service(id: impl ToString) -> Self {
        Self::new(ActorKind::Service, id.to_string())
    }

    /// This program itself.
    #[must_use]
    pub fn system(id: impl ToString) -> Self {
        Self::new(ActorKind::System, id.to_string())
    }

    /// Somebody who deliberately has no identity here.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(ActorKind::Anonymous, "anonymous".to_owned())
    }

    /// Nobody could be named.
    #[must_use]
    pub fn unresolved() -> Self {
        Self::new(ActorKind::Unresolved, "unresolved".to_owned())
    }

    fn new(kind: ActorKind, id: String) -> Self {
        Self { id, kind, name: None, email: None, tenant: None, on_behalf_of: Vec::new(), extra: Map::new() }
    }

    /// Sets the display name.
    #[must_use]
    pub fn name(mut self, name: impl ToString) -> Self {
        self.name = Some(name.to_string());
        self
    }

    /// Sets the e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl ToString) -> Self {
        self.email = Some(email.to_string());
        self
    }

    /// Sets the organisation the actor acts in.
    #[must_use]
    pub fn tenant(mut self, tenant: impl ToString) -> Self {
        self.tenant = Some(tenant.to_string());
        self
    }

    /// Adds the actor on whose behalf this one acts, behind those already named.
    #[must_use]
    pub fn on_behalf_of(mut self, principal: Actor) -> Self {
        self.on_behalf_of.push(principal);
        self
    }

    /// Whether nobody could be named.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.kind == ActorKind::Unresolved
    }
}

/// Says who the users of an application are. One implementation is enough for the whole application.
///
/// ```
/// use lodger_core::event::{Actor, ToActor};
///
/// struct CurrentUser { id: u64, email: String, org: String }
///
/// impl ToActor for CurrentUser {
///     fn to_actor(&self) -> Actor {
///         Actor::user(self.id).email(&self.email).tenant(&self.org)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which actor it is",
    note = "implement `ToActor` for it: `fn to_actor(&self) -> Actor {{ Actor::user(&self.id) }}`",
    note = "of an extractor around it take what is inside, like `user.0`; an `Extension` or `ReqData` among the arguments is \
            found without being named"
)]
pub trait ToActor {
    /// The actor this value stands for.
    fn to_actor(&self) -> Actor;
}

impl ToActor for Actor {
    fn to_actor(&self) -> Actor {
        self.clone()
    }
}

impl<T: ToActor + ?Sized> ToActor for &T {
    fn to_actor(&self) -> Actor {
        (**self).to_actor()
    }
}

impl<T: ToActor + ?Sized> ToActor for Box<T> {
    fn to_actor(&self) -> Actor {
        (**self).to_actor()
    }
}

impl<T: ToActor + ?Sized> ToActor for std::sync::Arc<T> {
    fn to_actor(&self) -> Actor {
        (**self).to_actor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_that_is_not_known_says_so() {
        assert!(Actor::unresolved().is_unresolved());
        assert!(!Actor::anonymous().is_unresolved());
        let json = serde_json::to_value(Actor::unresolved()).unwrap();
        assert_eq!(json, serde_json::json!({"id": "unresolved", "kind": "unresolved"}));
    }

    #[test]
    fn who_is_acted_for_stands_nearest_first() {
        let actor =
            Actor::service("api").on_behalf_of(Actor::user("support")).on_behalf_of(Actor::user("customer"));
        let ids: Vec<&str> = actor.on_behalf_of.iter().map(|actor| actor.id.as_str()).collect();
        assert_eq!(ids, ["support", "customer"]);
    }
}
