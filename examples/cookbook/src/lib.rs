//! Runs the recipes of `docs/cookbook.md`: their code as doctests, with what the recipes leave out, and in `tests/` what
//! they promise about real requests.
#![expect(clippy::unwrap_used, reason = "a recipe that can't go on should stop right there, with a backtrace")]

mod ask;
mod book;
mod hs256;
mod tell;
mod user;

pub use ask::{Answer, ask_actix, ask_axum};
pub use book::Book;
pub use hs256::install as install_hs256;
pub use tell::tell;
pub use user::CurrentUser;

/// Runs a recipe to its end, on the runtime that actix needs and axum doesn't mind.
pub fn run(recipe: impl Future<Output = ()>) {
    actix_web::rt::System::new().block_on(recipe);
}

/// The recipes, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/cookbook.md")]
struct Cookbook;
