//! Where the running code stands: in which scope, and in which annotated function.
//!
//! A task-local of our own: every annotated function gets a copy of the code around its body, and what a general one
//! costs the compiler there was a quarter of a build.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use pin_project_lite::pin_project;

use super::drafts::DraftId;
use super::scope::Scope;

thread_local! {
    /// The places that the running code stands in, the innermost last.
    static CURRENT: RefCell<Vec<Context>> = const { RefCell::new(Vec::new()) };
}

/// Where the running code stands.
///
/// It is entered around the synchronous `call` of inner layers, around every poll of their future and its destructor,
/// and in the same way around the body of each annotated function. So functions that run side by side in one request
/// (`join!`) each speak about their own event.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) scope: Scope,
    /// The draft of the innermost annotated function.
    pub(super) function: Option<DraftId>,
}

impl Context {
    /// Where the running code stands, if it stands in any scope.
    pub(super) fn current() -> Option<Self> {
        look(|context| Some(context.clone()))
    }

    /// The function that the running code is in, if that belongs to this scope.
    pub(super) fn function_in(scope: &Scope) -> Option<DraftId> {
        look(|context| context.function.filter(|_| context.scope.is(scope)))
    }

    /// Runs `work` here.
    pub(super) fn enter<T>(self, work: impl FnOnce() -> T) -> T {
        let mut place = Some(self);
        let _inside = Inside::enter(&mut place);
        work()
    }
}

/// The scope that the code runs in, if any.
#[must_use]
pub fn current() -> Option<Scope> {
    look(|context| Some(context.scope.clone()))
}

/// Looks where the running code stands. At a thread's very end it stands nowhere.
fn look<T>(at: impl FnOnce(&Context) -> Option<T>) -> Option<T> {
    CURRENT.try_with(|current| current.borrow().last().and_then(at)).ok().flatten()
}

/// Takes the context out of `place` and stands there. At a thread's very end the context stays where it is.
fn enter(place: &mut Option<Context>) {
    _ = CURRENT.try_with(|current| current.borrow_mut().extend(place.take()));
}

/// Stands where it stood before, and gives the context back.
fn leave() -> Option<Context> {
    CURRENT.try_with(|current| current.borrow_mut().pop()).ok().flatten()
}

/// As long as it lives, the code stands where `place` said.
struct Inside<'a> {
    place: &'a mut Option<Context>,
}

impl<'a> Inside<'a> {
    fn enter(place: &'a mut Option<Context>) -> Self {
        enter(place);
        Self { place }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if self.place.is_none() {
            *self.place = leave();
        }
    }
}

pin_project! {
    /// A future that runs in a scope.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct InScope<F> {
        // Dropped in this order: what the future's destructor says is said in the scope too.
        place: Place,
        #[pin]
        future: F,
        leave: Leave,
    }
}

impl<F> InScope<F> {
    /// Runs `make` here, and the future that it makes, including its destructor.
    pub(super) fn made(here: Context, make: impl FnOnce() -> F) -> Self {
        let mut place = Some(here);
        let future = {
            let _inside = Inside::enter(&mut place);
            make()
        };
        Self { place: Place(place), future, leave: Leave }
    }

    /// Runs `future` here, including its destructor.
    pub(super) fn new(here: Context, future: F) -> Self {
        Self { place: Place(Some(here)), future, leave: Leave }
    }
}

/// Enters when it is dropped, for the future that is dropped next.
#[derive(Debug)]
struct Place(Option<Context>);

impl Drop for Place {
    fn drop(&mut self) {
        enter(&mut self.0);
    }
}

/// Leaves when it is dropped, what [`Place`] has entered.
#[derive(Debug)]
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        drop(leave());
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _inside = Inside::enter(&mut this.place.0);
        this.future.poll(cx)
    }
}
