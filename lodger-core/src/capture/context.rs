//! Where the running code stands: in which scope, and in which annotated function.

use std::future::Future;
use std::sync::Arc;

use super::drafts::DraftId;
use super::scope::Scope;

tokio::task_local! {
    static CURRENT: Context;
}

/// Where the running code stands.
///
/// It is entered around the synchronous `call` of inner layers, around every poll of their future and its destructor,
/// and in the same way around the body of each annotated function. So functions that run side by side in one request
/// (`join!`) each speak about their own event.
#[derive(Debug, Clone)]
pub struct Context {
    pub(super) scope: Arc<Scope>,
    /// The draft of the innermost annotated function.
    pub(super) function: Option<DraftId>,
}

impl Context {
    /// Where the running code stands, if it stands in any scope.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// The function that the running code is in, if that belongs to this scope.
    pub(super) fn function_in(scope: &Scope) -> Option<DraftId> {
        let here =
            |context: &Self| std::ptr::eq(&raw const *context.scope, scope).then_some(context.function);
        CURRENT.try_with(here).ok().flatten().flatten()
    }

    /// Runs `work` here.
    pub(super) fn enter<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }

    /// Runs `future` here, including its destructor.
    pub(super) fn around<F: Future>(self, future: F) -> InScope<F> {
        CURRENT.scope(self, future)
    }
}

/// The scope that the code runs in, if any.
#[must_use]
pub fn current() -> Option<Arc<Scope>> {
    Context::current().map(|context| context.scope)
}

/// A future that runs in a scope.
pub type InScope<F> = tokio::task::futures::TaskLocalFuture<Context, F>;
