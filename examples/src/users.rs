//! Who uses the service. A real one asks its identity provider; here two bearer tokens are built in.

use lodger_core::event::{Actor, ToActor};

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentUser {
    /// Stable identifier.
    pub id: String,
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// The organisation the user belongs to.
    pub org: String,
    /// Whether the user may delete invoices.
    pub may_delete: bool,
}

impl CurrentUser {
    /// The user behind an `Authorization` header, if any.
    #[must_use]
    pub fn from_authorization(header: &str) -> Option<Self> {
        let (id, name, may_delete) = match header.strip_prefix("Bearer ")? {
            "ada-token" => ("ada", "Ada Lovelace", true),
            "bob-token" => ("bob", "Bob Smith", false),
            _ => return None,
        };
        Some(Self {
            id: id.to_owned(),
            name: name.to_owned(),
            email: format!("{id}@example.com"),
            org: "acme".to_owned(),
            may_delete,
        })
    }
}

/// This is all that Lodger has to be told about the users of an application.
impl ToActor for CurrentUser {
    fn to_actor(&self) -> Actor {
        Actor::user(&self.id).name(&self.name).email(&self.email).tenant(&self.org)
    }
}
