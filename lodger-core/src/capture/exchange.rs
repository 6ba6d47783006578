//! One request and its response, from the layer's point of view.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::client_ip::client_ip;
use super::draft::{Draft, Maker};
use super::finish::{self, Ending, Finished};
use super::outcome::Says;
use super::scope::Scope;
use super::{
    Count, Ended, Guarantee, Head, InScope, KeptHead, Missed, Policy, Reservation, ResponseHead, Unaudited,
    Wait, request_id,
};
use crate::background::timer;
use crate::event::{Actor, Outcome};

/// The action of the event that [`Unaudited::Record`] makes.
const UNAUDITED_ACTION: &str = "request.unaudited";
/// The action of the event for a request that was refused before an annotated function ran, where no rule names it
/// and the layer was told to record what is denied.
const DENIED_ACTION: &str = "request.denied";
/// The action of the event for a change that was turned away before an annotated function ran, likewise.
const REJECTED_ACTION: &str = "request.rejected";

/// One request and its response: [`begin`](Self::begin), [`admit`](Self::admit), run the inner service in the
/// [`scope`](Self::scope), [`respond`](Self::respond). Dropped before it responded, it finishes what was staged: the client is gone.
pub struct Exchange {
    scope: Scope,
    policy: Arc<Policy>,
    /// True while the inner service runs. Still true in `Drop` after a panic: then nobody came back to reset it.
    running: bool,
    responded: bool,
    /// Whether the future of the inner service is still there, which has a handle of the scope.
    has_future: bool,
    reservation: Option<Reservation>,
}

/// A request that must not run, because its event could not be kept.
#[derive(Debug, Clone)]
pub struct TurnedAway {
    /// When to try again, for `Retry-After`.
    pub after: Duration,
    /// The inbound request id, to be echoed.
    pub request_id: Option<String>,
}

impl TurnedAway {
    /// Whole seconds for `Retry-After` (RFC 9110 section 10.2.3), at least 1.
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        self.after.as_secs().max(1)
    }
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the audit event of this request could not be kept; try again in {} s", self.retry_after())
    }
}

/// The request id that a response is to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Echo {
    /// None, or the one that it carries already.
    Nothing,
    /// The one that the request came with, in its first `x-request-id`; unless the response carries one already.
    Inbound,
    /// This one.
    Minted(String),
}

/// What the layer does to a response.
pub struct Responded {
    /// The request id to put on it.
    pub request_id: Echo,
    /// What it waits for.
    pub wait: Option<Wait>,
}

impl Exchange {
    /// A request comes in; `keep` keeps of its head what capture may ask for.
    #[must_use]
    pub fn begin(policy: &Arc<Policy>, keep: impl FnOnce(&mut KeptHead)) -> Self {
        let scope = Scope::request(Arc::clone(policy), keep);
        Self {
            scope,
            policy: Arc::clone(policy),
            running: false,
            responded: false,
            has_future: false,
            reservation: None,
        }
    }

    /// Whether the request may run: holds a place for its event where one has to be held.
    ///
    /// # Errors
    ///
    /// With `fail_closed`, when no place could be held for the event of a changing request: answer 503 and don't run
    /// the inner service. The exchange is over then, without an event.
    pub fn admit(&mut self) -> Result<(), TurnedAway> {
        let Some(head) =
            self.scope.head().filter(|head| self.policy.fail_closed() && is_change(head.method()))
        else {
            return Ok(());
        };
        let peer = client_ip(head, self.policy.proxies()).map(|(address, _)| address);
        match self.policy.sink().reserve(peer) {
            Ok(place) => {
                self.reservation = Some(place);
                Ok(())
            }
            Err(after) => {
                self.responded = true;
                self.policy.sink().count(Count::FailedClosed);
                Err(TurnedAway { after, request_id: request_id::inbound(head).map(str::to_owned) })
            }
        }
    }

    /// Another layer around a request that has a scope already: it only adds the actor that its resolver finds, which is
    /// said once.
    pub fn enrich(scope: &Scope, policy: &Policy, resolved: Option<Actor>) {
        if policy.warn_once("*", None) {
            tracing::warn!(
                target: "lodger",
                "an audit layer stands inside of another one: it only adds the actor that it finds; its client, its \
                 rules and its other settings are ignored: give them to the outer layer"
            );
        }
        if let Some(actor) = resolved {
            scope.set_resolved(actor);
        }
    }

    /// The scope of the request.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Makes the future of the inner service in the scope, in which it then runs. A panic is remembered. The future is to
    /// be dropped after [`respond`](Self::respond) or [`fail`](Self::fail), or before the exchange.
    pub fn call<F>(&mut self, make: impl FnOnce() -> F) -> InScope<F> {
        let here = self.scope.context(None);
        self.has_future = true;
        self.step(|| InScope::made(here, make))
    }

    /// Runs one step of the inner service, whose future is in the scope. A panic in it is remembered.
    pub fn step<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.running = true;
        let done = work();
        self.running = false;
        done
    }

    /// The response head is known: finishes what was staged.
    pub fn respond(&mut self, response: ResponseHead<'_>) -> Responded {
        if let Some((route, path)) = response.routed
            && self.needs_route(&response)
        {
            self.scope.routed(route(), path);
        }
        let is_inbound = self.scope.has_inbound_request_id();
        let ending = Ending::Answered { status: response.status, grpc: response.grpc() };
        if is_inbound {
            // It is echoed on every response.
            let left = self.finish(ending);
            return Responded { request_id: Echo::Inbound, wait: self.bounded(left.waits) };
        }
        let carried = response.request_id();
        if let Some(id) = carried.and_then(request_id::accept) {
            self.scope.adopt_request_id(id);
        }
        let left = self.finish(ending);
        // One that was minted stands on the response where the request left an event.
        let minted = if left.recorded && carried.is_none() { self.scope.request_id() } else { None };
        Responded { request_id: minted.map_or(Echo::Nothing, Echo::Minted), wait: self.bounded(left.waits) }
    }

    /// Whether the request has come to an answer, or was turned away.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.responded
    }

    /// Whether something is to be said of the request, or may be later by somebody who has a handle already. One more is in
    /// the request's extensions.
    fn needs_route(&self, response: &ResponseHead<'_>) -> bool {
        let changed = || {
            let change = self.scope.head().is_some_and(|head| is_change(head.method()));
            change || response.status >= 400
        };
        self.scope.is_spoken_of(3) || !self.policy.rules().is_empty() || changed()
    }

    /// The inner service failed: there is no response to put anything on. What comes instead is held all the same.
    pub fn fail(&mut self) -> Option<Wait> {
        let left = self.finish(Ending::Failed);
        self.bounded(left.waits)
    }

    fn finish(&mut self, ending: Ending) -> Left {
        self.responded = true;
        let still_open = self.scope.end(ending, 1 + usize::from(self.has_future));
        let mut left =
            Left { recorded: false, function: still_open, spoken_for: still_open, waits: Vec::new() };
        while let Some(draft) = self.scope.take_done() {
            self.finish_one(draft, &ending, &mut left);
        }
        if let Some(draft) = self.draft_of_layer(&ending, &left) {
            self.finish_one(draft, &ending, &mut left);
        }
        // For a function that the response did not wait for; else nobody needs it any more.
        self.scope.keep(self.reservation.take());
        self.scope.release();
        left
    }

    fn finish_one(&mut self, draft: Box<Draft>, ending: &Ending, left: &mut Left) {
        // A further event stands beside what the layer has to say, not in its place.
        let stands_for_it = !matches!(draft.maker, Maker::Application(_));
        left.function |= matches!(draft.maker, Maker::Function(_));
        match finish::finish(&self.scope, draft, ending, self.policy.guarantee(), &mut self.reservation) {
            Finished::Recorded(wait) => {
                left.recorded = true;
                left.spoken_for |= stands_for_it;
                left.waits.extend(wait);
            }
            Finished::Discarded => left.spoken_for |= stands_for_it,
            Finished::Filtered => {}
        }
    }

    /// What the layer itself has to say about a request of which no annotated function has spoken.
    fn draft_of_layer(&self, ending: &Ending, left: &Left) -> Option<Box<Draft>> {
        if left.spoken_for {
            return None;
        }
        let head = self.scope.head()?;
        let ended = || match ending {
            Ending::Lost { panicked: true } => Ended::Panicked,
            _ => Ended::Returned(self.scope.state().drafts.verdict_for_layer()),
        };
        if !self.policy.rules().is_empty() {
            let (route, path) = (self.scope.route(), self.scope.path()?);
            if let Some((rule, action)) = self.policy.rules().find(head.method(), route.as_deref(), &path) {
                if route.is_none() && !rule.pattern().has_rest() {
                    // No framework around, or none that has routed it: the pattern is the template that is known. One
                    // that takes whatever comes is none.
                    self.scope.state().route = Some(rule.pattern().to_string());
                }
                return Some(self.scope.draft_of_layer(Maker::Rule, Cow::Owned(action.clone()), ended()));
            }
        }
        if !matches!(ending, Ending::Answered { .. }) {
            return None;
        }
        let asked_for = |outcome| self.policy.on().is_some_and(|on| on.contains(outcome));
        let change = is_change(head.method());
        let of_layer = |action| Some(self.scope.draft_of_layer(Maker::Layer, Cow::Borrowed(action), ended()));
        match ending.answer().says()? {
            Says::Denied if !left.function && asked_for(Outcome::Denied) => of_layer(DENIED_ACTION),
            Says::Denied | Says::Error if change && !left.function && asked_for(Outcome::Failure) => {
                of_layer(REJECTED_ACTION)
            }
            Says::Fine | Says::Redirect
                if change && !left.recorded && self.unaudited(head, left.function) =>
            {
                of_layer(UNAUDITED_ACTION)
            }
            _ => None,
        }
    }

    /// A successful change that left no event. Answers whether one is to be made of it.
    fn unaudited(&self, head: &dyn Head, function: bool) -> bool {
        let alarm = self.policy.unaudited();
        if alarm == Unaudited::Ignore {
            return false;
        }
        if self.scope.state().drafts.discarded_beforehand() {
            self.policy.sink().count(Count::Discarded);
            return false;
        }
        self.policy.sink().count(Count::Unaudited);
        let method = head.method();
        if self.scope.with_said_route(|route| self.policy.is_new(method, route)) {
            self.warn_unaudited(method, function);
        }
        alarm == Unaudited::Record
    }

    /// Says once for each route how to mend it.
    fn warn_unaudited(&self, method: &str, function: bool) {
        let route = self.scope.route();
        if !self.policy.warn_once(method, route.as_deref()) {
            return;
        }
        let what = match (function, &route) {
            (true, _) => {
                "an annotated function ran, but its outcome is not recorded: see the `on(..)` of its \
                          attribute and of the layer"
                    .to_owned()
            }
            (false, Some(route)) => format!(
                "annotate its handler with #[audited(\"…\")], or add .rule(\"{method} {route}\", \"…\") to the layer"
            ),
            (false, None) => {
                "annotate its handler with #[audited(\"…\")], or add a .rule(..) to the layer; it knows no \
                              route for it: where there is a router, put it on the router itself"
                    .to_owned()
            }
        };
        let route = route.as_deref().unwrap_or("(no route)");
        tracing::warn!(target: "lodger", "{method} {route} changed something and left no audit event: {what}");
    }

    /// Bounds the wait, and counts a response that goes out without its guarantee.
    fn bounded(&self, waits: Vec<Wait>) -> Option<Wait> {
        if waits.is_empty() {
            return None;
        }
        let limit = match self.policy.guarantee() {
            Guarantee::Delivered => self.policy.delivered_wait(),
            Guarantee::Durable | Guarantee::Queued => self.policy.durable_wait(),
        };
        let policy = Arc::clone(&self.policy);
        Some(Box::pin(async move {
            let reached = all_within(limit, waits).await;
            policy.note_guarantee(reached);
            reached
        }))
    }
}

/// Waits for all, at most this long.
pub(crate) async fn all_within(limit: Duration, waits: Vec<Wait>) -> Result<(), Missed> {
    let all = async move {
        // One after the other is as fast as all at once: the last to be reached decides.
        let mut reached = Ok(());
        for wait in waits {
            reached = reached.and(wait.await);
        }
        reached
    };
    timer::within(limit, all).await.unwrap_or(Err(Missed::TimedOut))
}

/// What a request leaves.
struct Left {
    /// Whether it left an event.
    recorded: bool,
    /// Whether an annotated function ran.
    function: bool,
    /// Whether an annotated function has spoken for the request, or is about to.
    spoken_for: bool,
    waits: Vec<Wait>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.responded {
            let panicked = self.running || std::thread::panicking();
            // It is dropped before the exchange.
            self.has_future = false;
            // There is nobody left to wait: dropping the waits loses no event.
            drop(self.finish(Ending::Lost { panicked }).waits);
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("responded", &self.responded).finish_non_exhaustive()
    }
}

impl fmt::Debug for Responded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responded").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// Whether a method is meant to change something (RFC 9110 section 9.2.1 calls the others safe).
fn is_change(method: &str) -> bool {
    matches!(method, "POST" | "PUT" | "PATCH" | "DELETE")
}
