//! What names something in an event: an id, a tenant, a key.

use std::fmt::Display;

/// Everything that implements `Display`: it carries the message for what doesn't.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names nothing, because it doesn't implement `Display`",
    label = "takes an id: a value that implements `Display`",
    note = "take what identifies it, like `invoice.id` of an `invoice`"
)]
pub trait Named: Display {}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> Named for T {}

/// The text of a tenant or a key, as the event has it.
#[inline]
pub fn named(value: &(impl Named + ?Sized)) -> String {
    value.to_string()
}
