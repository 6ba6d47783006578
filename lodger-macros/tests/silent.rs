//! Nothing of the attribute's surfaces in a file that forbids and denies what it can. Compiling is the test; clippy
//! reads it too.
#![forbid(unsafe_code, unused_imports, unreachable_code, unused_braces, unused_parens)]
#![deny(warnings, missing_docs, unused, nonstandard_style, rust_2018_idioms, future_incompatible)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    let_underscore_drop,
    single_use_lifetimes,
    trivial_casts,
    unit_bindings,
    unused_qualifications,
    unused_lifetimes,
    unused_results,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::shadow_unrelated,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::panic,
    clippy::unreachable,
    clippy::implicit_return,
    clippy::wildcard_enum_match_arm,
    clippy::items_after_statements,
    clippy::absolute_paths,
    clippy::mem_forget
)]
#![allow(
    clippy::implicit_return,
    clippy::absolute_paths,
    reason = "restriction lints that the user's own code can't keep; here to see that they are not ours alone"
)]

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use lodger_core::event::{Actor, Target, ToActor, ToTarget};
use lodger_macros::audited_core as audited;

/// Somebody.
#[derive(Debug, Clone)]
pub struct User {
    id: u64,
}

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        Actor::user(self.id)
    }
}

/// Something.
#[derive(Debug, Clone)]
pub struct Invoice {
    id: u64,
}

impl ToTarget for Invoice {
    fn to_target(&self) -> Target {
        Target::new("invoice", self.id)
    }
}

/// An action.
pub const ACTION: &str = "invoice.update";

/// Unused arguments that begin with an underscore are still asked.
///
/// # Errors
///
/// Never.
#[audited(
    "invoice.update",
    target(invoice = invoice.id),
    related(user = invoice.id),
    tenant = "acme",
    idempotency_key = format!("k-{}", invoice.id),
    fields(a = 1, b = %invoice.id, c = ?invoice, d = secret("s"), e = pii("p")),
    ok(|told| target(invoice = told.id), fields(id = told.id)),
    on(success, denied),
    user_visible
)]
pub async fn update(_user: User, invoice: Invoice) -> Result<Invoice, String> {
    std::future::ready(()).await;
    Ok(invoice)
}

/// Nothing but the action.
#[audited(ACTION)]
pub async fn nothing() {}

/// A body in one line.
#[audited(ACTION)]
#[must_use]
pub fn one_line(_user: User) -> u8 {
    5
}

/// Asked, and not used.
///
/// # Errors
///
/// Never.
#[audited(ACTION)]
pub async fn asked(_user: User, _maybe: Option<User>, _id: u64) -> Result<(), String> {
    std::future::ready(Ok(())).await
}

/// Never returns in the usual way.
///
/// # Errors
///
/// Always.
#[audited(ACTION)]
pub async fn always_err(user: User) -> Result<Invoice, String> {
    std::future::ready(()).await;
    return Err(format!("no {}", user.id));
}

/// Loops.
#[audited(ACTION)]
pub async fn forever() -> u8 {
    loop {
        std::future::ready(()).await;
    }
}

/// Returns nothing at all.
#[audited(ACTION)]
pub async fn never() -> std::convert::Infallible {
    loop {
        std::future::ready(()).await;
    }
}

/// A future in a box.
#[audited(ACTION, fields(id))]
#[must_use]
pub fn boxed(user: &User, id: u64) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send + '_>> {
    Box::pin(async move {
        std::future::ready(()).await;
        Ok(user.id + id)
    })
}

/// A future.
///
/// # Errors
///
/// Never.
#[audited(ACTION)]
pub fn opaque(_user: User) -> impl Future<Output = Result<u64, String>> + Send {
    async move {
        std::future::ready(()).await;
        Ok(1)
    }
}

/// Borrows.
pub trait Book {
    /// Borrows.
    fn last(&mut self) -> Option<&mut User>;
    /// Waits.
    fn wait(&self) -> impl Future<Output = Result<(), String>> + Send;
}

impl Book for Vec<User> {
    #[audited(ACTION)]
    fn last(&mut self) -> Option<&mut User> {
        self.last_mut()
    }

    #[audited(ACTION, target = self.len())]
    async fn wait(&self) -> Result<(), String> {
        std::future::ready(()).await;
        Ok(())
    }
}

/// Generic.
///
/// # Errors
///
/// If the text is long.
#[audited(ACTION, success = |it| !it.is_err(), target = id)]
pub async fn generic<'a, T, E>(id: &'a T, long: fn() -> E) -> Result<&'a str, E>
where
    T: AsRef<str> + Display + Sync,
    E: Send,
{
    std::future::ready(()).await;
    if id.as_ref().len() > 7 { Err(long()) } else { Ok(id.as_ref()) }
}

/// In a task of its own.
///
/// # Errors
///
/// Never.
#[audited(ACTION, target = invoice, ok(|told| fields(id = told.id)), detach)]
pub async fn detached(_user: User, invoice: Invoice) -> Result<Invoice, String> {
    std::future::ready(()).await;
    Ok(invoice)
}

/// In a task of its own, and nothing to say.
#[audited(ACTION, detach)]
pub async fn detached_nothing() {}

/// A future in a task of its own.
///
/// # Errors
///
/// Never.
#[audited(ACTION, detach)]
pub fn detached_opaque(_user: User) -> impl Future<Output = Result<u64, String>> + Send {
    async move {
        std::future::ready(()).await;
        Ok(1)
    }
}

/// Twice.
#[audited("a.first")]
#[audited("a.second")]
pub async fn twice(_user: User) {
    std::future::ready(()).await;
}

macro_rules! made {
    ($name:ident, $argument:ident) => {
        /// Made by a macro.
        #[audited(ACTION)]
        pub async fn $name($argument: User) {
            std::future::ready(()).await;
        }
    };
}

made!(made_with_underscore, _user);

#[test]
fn it_compiles_in_silence() {
    assert_eq!(one_line(User { id: 1 }), 5);
}

/// Alternatives need their parentheses, and what is generated of them doesn't.
///
/// # Errors
///
/// Never.
#[audited("invoice.save", ok(|(0 | 3)| fields(few = true)))]
pub fn alternatives(count: u8) -> Result<u8, String> {
    Ok(count)
}
