//! How a function ended, by what it returned.

use std::any::type_name;
use std::fmt;

use super::super::Verdict;

/// What a function returned.
pub struct Ret<'a, R> {
    value: &'a R,
}

impl<'a, R> Ret<'a, R> {
    /// Asks this returned value.
    pub fn new(value: &'a R) -> Self {
        Self { value }
    }
}

impl<R> fmt::Debug for Ret<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ret")
    }
}

/// First: it is a `Result`, under whatever name.
pub trait ResultVerdict {
    /// `Ok` or `Err`.
    fn lodger_verdict(&self) -> Verdict;
}

impl<T, E> ResultVerdict for &Ret<'_, Result<T, E>> {
    fn lodger_verdict(&self) -> Verdict {
        of_result(self.value)
    }
}

impl<T, E> ResultVerdict for &Ret<'_, &Result<T, E>> {
    fn lodger_verdict(&self) -> Verdict {
        of_result(self.value)
    }
}

impl<T, E> ResultVerdict for &Ret<'_, &mut Result<T, E>> {
    fn lodger_verdict(&self) -> Verdict {
        of_result(self.value)
    }
}

fn of_result<T, E>(result: &Result<T, E>) -> Verdict {
    match result {
        Ok(_) => within::<T>(Verdict::Ok),
        Err(_) => Verdict::Err,
    }
}

/// Also first: it is a future, of which nobody knows yet how it will end. The attribute awaits the futures that it can
/// see in the signature; this one it can't, which is a mistake. The bound is never met and carries the message.
pub trait VerdictToCome<R> {
    /// Doesn't compile.
    fn lodger_verdict(&self) -> Verdict
    where
        R: AwaitedByTheAttribute;
}

impl<R: IntoFuture> VerdictToCome<R> for &Ret<'_, R> {
    fn lodger_verdict(&self) -> Verdict
    where
        R: AwaitedByTheAttribute,
    {
        Verdict::Hidden
    }
}

/// Implemented by nothing: it carries the message for a future that the attribute can't see.
#[diagnostic::on_unimplemented(
    message = "this function returns a future that `#[audited]` can't see in its signature",
    label = "nobody knows yet how `{Self}` will end",
    note = "make it an `async fn` that returns what the future yields, or write the return type as \
            `impl Future<Output = Result<..>>` or `Pin<Box<dyn Future<Output = Result<..>>>>`"
)]
pub trait AwaitedByTheAttribute {}

/// Last: it has no verdict of its own.
pub trait NoVerdict {
    /// None, or hidden.
    fn lodger_verdict(&self) -> Verdict;
}

impl<R> NoVerdict for Ret<'_, R> {
    fn lodger_verdict(&self) -> Verdict {
        within::<R>(Verdict::None)
    }
}

/// The verdict, unless there is one more `Result` in `T` that nobody has looked into: a generic parameter can turn out
/// to be one, what is in `Ok` can, and a tuple or a list can hold some. The types say nothing of it, their names at run
/// time do.
fn within<T>(verdict: Verdict) -> Verdict {
    if holds_result(type_name::<T>()) { Verdict::Hidden } else { verdict }
}

fn holds_result(mut name: &str) -> bool {
    const WRAPPERS: [&str; 9] = [
        "&",
        "mut ",
        "[",
        "alloc::boxed::Box<",
        "alloc::rc::Rc<",
        "alloc::sync::Arc<",
        "alloc::vec::Vec<",
        "core::option::Option<",
        "core::task::poll::Poll<",
    ];
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        name = inner;
    }
    match name.strip_prefix('(') {
        Some(members) => members_of(members).any(holds_result),
        None => name.starts_with("core::result::Result<"),
    }
}

/// The names of a tuple's members, of `A, B<C, D>)..`.
fn members_of(tuple: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let mut before = ' ';
    tuple
        .split(move |char| {
            depth += match char {
                '(' | '[' | '<' => 1,
                // Not the arrow of `fn() -> u8`.
                '>' if before == '-' => 0,
                ')' | ']' | '>' => -1,
                _ => 0,
            };
            before = char;
            // The parenthesis that ends the tuple counts as well, so nothing behind it is a member.
            char == ',' && depth == 0
        })
        .map(str::trim_start)
}

/// First: what is in `Ok`.
pub trait OkOfResult<'a> {
    /// What is in `Ok`.
    type Value;
    /// What is in `Ok`; `None` for an `Err`.
    fn lodger_ok(&self) -> Option<&'a Self::Value>;
}

impl<'a, T, E> OkOfResult<'a> for &Ret<'a, Result<T, E>> {
    type Value = T;

    fn lodger_ok(&self) -> Option<&'a T> {
        self.value.as_ref().ok()
    }
}

/// Last: everything, where there is no `Result`.
pub trait OkOfWhole<'a> {
    /// The returned value.
    type Value;
    /// The returned value.
    fn lodger_ok(&self) -> Option<&'a Self::Value>;
}

impl<'a, R> OkOfWhole<'a> for Ret<'a, R> {
    type Value = R;

    fn lodger_ok(&self) -> Option<&'a R> {
        Some(self.value)
    }
}
