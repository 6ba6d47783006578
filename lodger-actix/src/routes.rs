//! The routes of the application, for what is recorded of a request that has not come to an answer, which says itself which
//! route it was.
//!
//! While a request is under way it can't be asked: whoever changes it must be the only one who has it. Its application can,
//! and it names the pattern that the request would name. That is a search in all patterns, so it is only asked where
//! something is recorded.

use std::cell::RefCell;
use std::rc::Rc;

use actix_web::dev::{ResourceMap, ServiceRequest, Url};
use lodger_core::capture::{Exchange, Scope};

use crate::head;

thread_local! {
    /// Those of the requests that are polled on this thread, the innermost last.
    static ENTERED: RefCell<Vec<Routes>> = const { RefCell::new(Vec::new()) };
}

/// The routes of an application.
#[derive(Clone)]
pub(crate) struct Routes(Rc<ResourceMap>);

impl Routes {
    /// Those of the application that has this request. To be made once: they are copied.
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        Self(Rc::new(request.resource_map().clone()))
    }

    /// Runs `work` for a request of this application.
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Leaves also when `work` panics.
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                // At a thread's very end there is nothing to leave.
                _ = ENTERED.try_with(|entered| drop(entered.borrow_mut().pop()));
            }
        }
        _ = ENTERED.try_with(|entered| entered.borrow_mut().push(self.clone()));
        let _leave = Leave;
        work()
    }

    fn route(&self, path: &str) -> Option<String> {
        // As a request shows its path to patterns.
        let shown = || path.parse().map_or_else(|_| path.to_owned(), |uri| Url::new(uri).path().to_owned());
        head::checked(self.0.match_pattern(path)?, shown)
    }
}

/// Says which route the scope has that the code runs in: work that it leaves behind takes that along.
pub(crate) fn say(scope: &Scope) {
    let routes = ENTERED.try_with(|entered| entered.borrow().last().cloned());
    if let Ok(Some(routes)) = routes {
        scope.ask_route(|path| routes.route(path));
    }
}

/// An exchange that says, before it ends without an answer, which route it was.
pub(crate) struct Routed {
    pub(crate) exchange: Exchange,
    pub(crate) routes: Routes,
}

impl Routed {
    /// There is no answer that says which route it was.
    pub(crate) fn say(&self) {
        self.exchange.scope().ask_route(|path| self.routes.route(path));
    }
}

impl Drop for Routed {
    fn drop(&mut self) {
        if !self.exchange.is_over() {
            self.say();
        }
    }
}
