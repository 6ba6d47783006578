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
    Count, Ended, Guarantee, Head, Missed, Policy, Reservation, ResponseHead, Unaudited, Wait, request_id,
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

/// One request and its response: [`admit`](Self::admit), [`begin`](Self::begin), run the inner service in the
/// [`scope`](Self::scope), [`respond`](Self::respond). Dropped before it responded, it finishes what was staged: the client is gone.
pub struct Exchange {
    scope: Arc<Scope>,
    policy: Arc<Policy>,
    /// True while the inner service runs. Still true in `Drop` after a panic: then nobody came back to reset it.
    running: bool,
    responded: bool,
    reservation: Option<Reservation>,
}

/// What the layer was told about a request before the inner service runs.
#[derive(Debug, Default)]
pub struct Entry {
    /// The actor that authentication outside the layer stored.
    pub actor: Option<Actor>,
    /// What the layer's resolver found.
    pub resolved: Option<Actor>,
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

/// What the layer does to a response.
pub struct Responded {
    /// The request id to put on it.
    pub request_id: Option<String>,
    /// What it waits for.
    pub wait: Option<Wait>,
}

impl Exchange {
    /// Whether a request may run. Answers with the place that is held for its event, if one is.
    ///
    /// # Errors
    ///
    /// With `fail_closed`, when no place could be held for the event of a changing request: answer 503 and don't run
    /// the inner service.
    pub fn admit(policy: &Policy, head: &dyn Head) -> Result<Option<Reservation>, TurnedAway> {
        if !policy.fail_closed() || !is_change(head.method()) {
            return Ok(None);
        }
        let peer = client_ip(head, policy.proxies()).map(|(address, _)| address);
        policy.sink().reserve(peer).map(Some).map_err(|after| {
            policy.sink().count(Count::FailedClosed);
            TurnedAway { after, request_id: request_id::inbound(head).map(str::to_owned) }
        })
    }

    /// A request comes in, and its event gets the place that was held for it, if one was.
    #[must_use]
    pub fn begin(
        policy: &Arc<Policy>,
        head: Box<dyn Head>,
        entry: Entry,
        reservation: Option<Reservation>,
    ) -> Self {
        let scope = Scope::request(Arc::clone(policy), head);
        scope.enter_actor(entry);
        Self { scope, policy: Arc::clone(policy), running: false, responded: false, reservation }
    }

    /// Another layer around a request that has a scope already: it only adds the actor that it finds, which is said
    /// once.
    pub fn enrich(scope: &Scope, policy: &Policy, entry: Entry) {
        if policy.warn_once("*", None) {
            tracing::warn!(
                target: "lodger",
                "an audit layer stands inside of another one: it only adds the actor that it finds; its client, its \
                 rules and its other settings are ignored: give them to the outer layer"
            );
        }
        scope.enter_actor(entry);
    }

    /// The scope of the request.
    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// Runs one step of the inner service in the scope. A panic in it is remembered.
    pub fn step<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.running = true;
        let done = work();
        self.running = false;
        done
    }

    /// The response head is known: finishes what was staged.
    pub fn respond(&mut self, response: ResponseHead<'_>) -> Responded {
        self.scope.routed(response.route, response.path);
        if let Some(id) = &response.request_id {
            self.scope.adopt_request_id(id);
        }
        let left = self.finish(Ending::Answered { status: response.status, grpc: response.grpc });
        let request_id = if response.has_request_id { None } else { self.echo(left.recorded) };
        Responded { request_id, wait: self.bounded(left.waits) }
    }

    /// The inner service failed: there is no response to put anything on. What comes instead is held all the same.
    pub fn fail(&mut self) -> Option<Wait> {
        let left = self.finish(Ending::Failed);
        self.bounded(left.waits)
    }

    /// An inbound id is echoed on every response, a minted one where the request left an event.
    fn echo(&self, recorded: bool) -> Option<String> {
        if recorded { self.scope.request_id() } else { self.scope.inbound_request_id() }
    }

    fn finish(&mut self, ending: Ending) -> Left {
        self.responded = true;
        let (staged, still_open) = self.scope.end(ending.clone());
        let mut left =
            Left { recorded: false, function: still_open, spoken_for: still_open, waits: Vec::new() };
        for draft in staged {
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

    fn finish_one(&mut self, draft: Draft, ending: &Ending, left: &mut Left) {
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
    fn draft_of_layer(&self, ending: &Ending, left: &Left) -> Option<Draft> {
        if left.spoken_for {
            return None;
        }
        let head = self.scope.head()?;
        let route = self.scope.route();
        let ended = match ending {
            Ending::Lost { panicked: true } => Ended::Panicked,
            _ => Ended::Returned(self.scope.state().drafts.verdict_for_layer()),
        };
        let path = self.scope.path()?;
        if let Some((rule, action)) = self.policy.rules().find(head.method(), route.as_deref(), &path) {
            if route.is_none() && !rule.pattern().has_rest() {
                // No framework around, or none that has routed it: the pattern is the template that is known. One that
                // takes whatever comes is none.
                self.scope.state().route = Some(rule.pattern().to_string());
            }
            return Some(self.scope.draft_of_layer(Maker::Rule, Cow::Owned(action.clone()), ended));
        }
        if !matches!(ending, Ending::Answered { .. }) {
            return None;
        }
        let asked_for = |outcome| self.policy.on().is_some_and(|on| on.contains(outcome));
        let change = is_change(head.method());
        let of_layer = |action| Some(self.scope.draft_of_layer(Maker::Layer, Cow::Borrowed(action), ended));
        match ending.answer().says()? {
            Says::Denied if !left.function && asked_for(Outcome::Denied) => of_layer(DENIED_ACTION),
            Says::Denied | Says::Error if change && !left.function && asked_for(Outcome::Failure) => {
                of_layer(REJECTED_ACTION)
            }
            Says::Fine | Says::Redirect if change && !left.recorded => {
                self.unaudited(head, route.as_deref(), left.function, ended)
            }
            _ => None,
        }
    }

    /// A successful change that left no event.
    fn unaudited(&self, head: &dyn Head, route: Option<&str>, function: bool, ended: Ended) -> Option<Draft> {
        let alarm = self.policy.unaudited();
        if alarm == Unaudited::Ignore {
            return None;
        }
        if self.scope.state().drafts.discarded_beforehand() {
            self.policy.sink().count(Count::Discarded);
            return None;
        }
        self.policy.sink().count(Count::Unaudited);
        let method = head.method();
        if self.policy.warn_once(method, route) {
            let what = match (function, route) {
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
            let route = route.unwrap_or("(no route)");
            tracing::warn!(target: "lodger", "{method} {route} changed something and left no audit event: {what}");
        }
        (alarm == Unaudited::Record)
            .then(|| self.scope.draft_of_layer(Maker::Layer, Cow::Borrowed(UNAUDITED_ACTION), ended))
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
