//! Finds out, while compiling, what a function's arguments and its returned value can tell: who acts, on what, and
//! whether it went well.
//!
//! Each question is a method of several traits, one per shape of type, and the shapes stand behind a different number
//! of references. `(&&&Arg::whole(&user)).lodger_actor()` takes the first that fits, because method lookup removes one
//! reference after the other ("autoref specialisation"): the value itself, then a wrapper around it, then "nothing
//! can be said". It looks at types and not at how they are written, so an alias changes nothing.
//!
//! What isn't listed here yields nothing. That is the point: `Json<User>` is what a client sent, and must never name
//! the actor, whatever `User` is. An adapter adds its framework's wrappers at the middle place and re-exports the
//! rest.

use std::fmt;
use std::marker::PhantomData;

pub use argument::{ActorInWrapper, ActorItself, NoActor, NoTarget, TargetInWrapper, TargetItself};
pub use given::{Given, TargetIsId, TargetIsNamed, TargetIsNeither};
pub use returned::{NoVerdict, OkOfResult, OkOfWhole, ResultVerdict, Ret, VerdictToCome};

mod argument;
mod given;
mod returned;
#[cfg(test)]
#[expect(
    clippy::needless_borrow,
    reason = "written as generated code writes it: how many references there are is the point"
)]
mod tests;

/// The traits whose methods generated code calls.
pub mod prelude {
    pub use super::{
        ActorInWrapper as _, ActorItself as _, NoActor as _, NoTarget as _, NoVerdict as _, OkOfResult as _,
        OkOfWhole as _, ResultVerdict as _, TargetInWrapper as _, TargetIsId as _, TargetIsNamed as _,
        TargetIsNeither as _, TargetItself as _, VerdictToCome as _,
    };
}

/// An argument of a function: `D` is its declared type, `V` the type of what can be seen of it. They differ where the
/// pattern has taken the argument apart: of `Extension(user): Extension<User>` a `User` is left.
pub struct Arg<'a, D, V> {
    /// What can be seen.
    pub value: &'a V,
    declared: PhantomData<fn() -> D>,
}

impl<'a, T> Arg<'a, T, T> {
    /// The argument as it was declared.
    pub fn whole(value: &'a T) -> Self {
        Self { value, declared: PhantomData }
    }
}

impl<'a, D, V> Arg<'a, D, V> {
    /// What a pattern like `Extension(user)` left of an argument declared as `D`.
    pub fn inside(value: &'a V) -> Self {
        Self { value, declared: PhantomData }
    }
}

/// What a function returned when it went well: what is in `Ok`, or everything where there is no `Result`.
pub struct Value<'a, T: ?Sized> {
    /// The value.
    pub value: &'a T,
}

impl<'a, T: ?Sized> Value<'a, T> {
    /// Asks this value.
    pub fn new(value: &'a T) -> Self {
        Self { value }
    }
}

impl<D, V> fmt::Debug for Arg<'_, D, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arg")
    }
}

impl<T: ?Sized> fmt::Debug for Value<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}
