//! What it was done to.

use serde::Serialize;
use serde_json::{Map, Value};

/// The [`Target::kind`] of a target that could not be named.
const UNRESOLVED: &str = "unresolved";

/// The thing that was changed, read or refused.
///
/// ```
/// use lodger_core::event::Target;
///
/// let target = Target::new("invoice", 7).name("INV-2026-0007");
/// assert_eq!((target.kind.as_str(), target.id.as_str()), ("invoice", "7"));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Target {
    /// What sort of thing, 1 to 64 characters: `invoice`, `member`.
    pub kind: String,
    /// Stable identifier, 1 to 128 characters.
    pub id: String,
    /// Display name, at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Members that this version doesn't know. They survive a round trip.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Target {
    /// A thing of this kind with this id.
    #[must_use]
    pub fn new(kind: impl ToString, id: impl ToString) -> Self {
        Self { kind: kind.to_string(), id: id.to_string(), name: None, extra: Map::new() }
    }

    /// The thing could not be named. `at` says where it happened, the method and route template where there is one
    /// (`PUT /invoices/{id}`), else the action.
    #[must_use]
    pub fn unresolved(at: impl ToString) -> Self {
        Self::new(UNRESOLVED, at)
    }

    /// Sets the display name.
    #[must_use]
    pub fn name(mut self, name: impl ToString) -> Self {
        self.name = Some(name.to_string());
        self
    }

    /// Whether the thing could not be named.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.kind == UNRESOLVED
    }
}

/// Says which audited thing a value of the application is.
///
/// ```
/// use lodger_core::event::{Target, ToTarget};
///
/// struct Invoice { id: u64, number: String }
///
/// impl ToTarget for Invoice {
///     fn to_target(&self) -> Target {
///         Target::new("invoice", self.id).name(&self.number)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which target it is",
    note = "implement `ToTarget` for it: `fn to_target(&self) -> Target {{ Target::new(\"invoice\", &self.id) }}`"
)]
pub trait ToTarget {
    /// The target this value stands for.
    fn to_target(&self) -> Target;
}

impl ToTarget for Target {
    fn to_target(&self) -> Target {
        self.clone()
    }
}

impl<T: ToTarget + ?Sized> ToTarget for &T {
    fn to_target(&self) -> Target {
        (**self).to_target()
    }
}

impl<T: ToTarget + ?Sized> ToTarget for Box<T> {
    fn to_target(&self) -> Target {
        (**self).to_target()
    }
}

impl<T: ToTarget + ?Sized> ToTarget for std::sync::Arc<T> {
    fn to_target(&self) -> Target {
        (**self).to_target()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_not_known_says_where_it_happened() {
        let target = Target::unresolved("PUT /invoices/{id}");
        assert!(target.is_unresolved());
        let json = serde_json::to_value(target).unwrap();
        assert_eq!(json, serde_json::json!({"kind": "unresolved", "id": "PUT /invoices/{id}"}));
    }
}
