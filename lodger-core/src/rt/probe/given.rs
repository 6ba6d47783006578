//! `target = e`: a target, or the id of the thing the action is about.

use std::fmt::{self, Display};

use crate::event::{Target, ToTarget, entity_of};

/// What stands behind `target =`.
pub struct Given<'a, T: ?Sized> {
    value: &'a T,
    action: &'static str,
}

impl<'a, T: ?Sized> Given<'a, T> {
    /// This value, in the attribute of a function with this action.
    pub fn new(value: &'a T, action: &'static str) -> Self {
        Self { value, action }
    }
}

impl<T: ?Sized> fmt::Debug for Given<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

/// First: it says itself which target it is.
pub trait TargetIsNamed {
    /// The target.
    fn lodger_given(&self) -> Target;
}

impl<T: ToTarget + ?Sized> TargetIsNamed for &&Given<'_, T> {
    fn lodger_given(&self) -> Target {
        self.value.to_target()
    }
}

/// Second: it is an id, of what stands before the last dot of the action: `invoice.update` is about an invoice.
pub trait TargetIsId {
    /// The target.
    fn lodger_given(&self) -> Target;
}

impl<T: Display + ?Sized> TargetIsId for &Given<'_, T> {
    fn lodger_given(&self) -> Target {
        match entity_of(self.action) {
            Some(entity) => Target::new(entity, self.value),
            None => Target::unresolved(self.action),
        }
    }
}

/// Last: it is neither, which is a mistake. The bound is never met and carries the message.
pub trait TargetIsNeither<T: ?Sized> {
    /// Doesn't compile.
    fn lodger_given(&self) -> Target
    where
        T: IdOrTarget;
}

impl<T: ?Sized> TargetIsNeither<T> for Given<'_, T> {
    fn lodger_given(&self) -> Target
    where
        T: IdOrTarget,
    {
        Target::unresolved(self.action)
    }
}

/// Implemented by nothing: it carries the message for what is neither.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither an id nor a target",
    label = "`target = ..` takes an id that implements `Display`, or a value that implements `ToTarget`",
    note = "name an id: `target(invoice = invoice.id)`",
    note = "or implement `ToTarget` for it: `fn to_target(&self) -> Target {{ Target::new(\"invoice\", &self.id) }}`"
)]
pub trait IdOrTarget {}
