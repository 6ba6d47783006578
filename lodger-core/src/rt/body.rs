//! What the attribute puts around a function's body, and the values it takes along when the body runs later.

use std::fmt::{Debug, Display};

use serde::Serialize;
use serde_json::Value;

use super::Verdict;

/// Runs the body of a function that makes a future. That it goes through `FnOnce` lets a body return what it borrows
/// from its arguments, which a closure called on the spot may not.
#[inline]
pub fn run<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Stands for a value where only its type is needed.
///
/// # Panics
///
/// Always; the attribute puts it where nothing ever comes.
pub fn unreached<R>() -> R {
    unreachable!("#[audited] only needs the type here")
}

/// `success = |value| ..`.
#[inline]
pub fn judge<R: ?Sized>(returned: &R, is_success: impl FnOnce(&R) -> bool) -> Verdict {
    if is_success(returned) { Verdict::Ok } else { Verdict::Err }
}

/// Something to assign to, and nothing to assign: what stands in its argument then stands on the left of an assignment,
/// where no lint minds that an argument like `_user` is used.
#[inline]
pub fn quietly((): ()) -> &'static mut [(); 0] {
    &mut []
}

/// Keeps what an argument like `_user` told, as [`quietly`].
#[inline]
pub fn keep<T>(place: &mut T, told: T) -> &'static mut [(); 0] {
    *place = told;
    &mut []
}

/// A field's value, taken before a body that runs later. What can't become JSON says so.
pub fn json(value: &(impl Serialize + ?Sized)) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| Value::String(format!("[not JSON: {error}]")))
}

/// A text, taken before a body that runs later.
pub fn text(value: &(impl Display + ?Sized)) -> String {
    value.to_string()
}

/// A debug text, taken before a body that runs later.
pub fn debug_text(value: &(impl Debug + ?Sized)) -> String {
    format!("{value:?}")
}
