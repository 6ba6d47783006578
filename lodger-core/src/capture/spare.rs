//! Scopes that are over, for the next requests of this thread: a scope and what it keeps of a head are some memory that
//! every request needs, also one of which nothing is recorded.

use std::cell::RefCell;
use std::sync::Arc;

use super::scope::Inner;

/// The most that a thread keeps, about two kilobytes each (at most six, after long headers): more requests than that
/// seldom run on one thread at a time without waiting for something that costs far more.
const MOST: usize = 32;

thread_local! {
    /// Nobody else has any of them.
    static SPARES: RefCell<Vec<Arc<Inner>>> = const { RefCell::new(Vec::new()) };
}

/// One that nobody has.
pub(super) fn take() -> Arc<Inner> {
    SPARES.try_with(|spares| spares.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}

/// Keeps one that is cleared, and that its last owner is about to drop.
pub(super) fn keep(inner: &Arc<Inner>) {
    // At a thread's very end nothing is kept.
    _ = SPARES.try_with(|spares| {
        let mut spares = spares.borrow_mut();
        if spares.len() < MOST {
            spares.push(Arc::clone(inner));
        }
    });
}
