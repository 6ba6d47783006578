//! One request and its response, from the layer's point of view.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::draft::Draft;
use super::finish::{self, Ending};
use super::scope::Scope;
use super::{Count, Ended, Guarantee, Head, Missed, Policy, Reservation, Unaudited, Verdict, Wait};
use crate::event::{Actor, Outcome};

/// The action of the event that [`Unaudited::Record`] makes.
const UNAUDITED_ACTION: &str = "request.unaudited";
/// The action of the event for a request that was refused before an annotated function ran, where no rule names it
/// and the layer was told to record what is denied.
const DENIED_ACTION: &str = "request.denied";
/// The action of the event for a change that was turned away before an annotated function ran, likewise.
const REJECTED_ACTION: &str = "request.rejected";

/// One request and its response: [`begin`](Self::begin), run the inner service in the [`scope`](Self::scope),
/// [`respond`](Self::respond). Dropped before it responded, it finishes what was staged: the client is gone.
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

/// What the layer sees of a response.
#[derive(Debug)]
pub struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// Whether it carries a request id already.
    pub has_request_id: bool,
    /// The route template, where the framework only knows it after the call.
    pub route: Option<String>,
}

/// What the layer does to a response.
pub struct Responded {
    /// The request id to put on it.
    pub request_id: Option<String>,
    /// What it waits for.
    pub wait: Option<Wait>,
}

impl Exchange {
    /// A request comes in.
    ///
    /// # Errors
    ///
    /// With `fail_closed`, when no place could be held for the event of a changing request: answer 503 with
    /// `Retry-After` set to this time and don't run the inner service.
    pub fn begin(policy: &Arc<Policy>, head: Box<dyn Head>, entry: Entry) -> Result<Self, Duration> {
        let reservation = if policy.fail_closed() && is_change(head.method()) {
            match policy.sink().reserve() {
                Ok(reservation) => Some(reservation),
                Err(after) => {
                    policy.sink().count(Count::FailedClosed);
                    return Err(after);
                }
            }
        } else {
            None
        };
        let scope = Scope::request(Arc::clone(policy), head);
        if let Some(actor) = entry.actor {
            scope.set_actor(actor);
        }
        scope.set_resolved(entry.resolved);
        Ok(Self { scope, policy: Arc::clone(policy), running: false, responded: false, reservation })
    }

    /// Another layer around a request that has a scope already: it only adds what it was told.
    pub fn enrich(scope: &Scope, entry: Entry) {
        if let Some(actor) = entry.actor {
            scope.set_actor(actor);
        }
        scope.set_resolved(entry.resolved);
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
    pub fn respond(&mut self, response: ResponseHead) -> Responded {
        self.responded = true;
        if response.route.is_some() {
            self.scope.state().route.clone_from(&response.route);
        }
        let finished = self.finish(Ending::Answered(response.status));
        // A place that nobody needed.
        self.reservation = None;
        let request_id = (!response.has_request_id).then(|| self.echo(finished.recorded)).flatten();
        Responded { request_id, wait: self.bounded(finished.waits) }
    }

    /// The inner service failed: there is no response to put anything on, and none that could be held.
    pub fn fail(&mut self) {
        self.responded = true;
        drop(self.finish(Ending::Failed).waits);
        self.reservation = None;
    }

    /// An inbound id is echoed on every response, a minted one where the request left an event.
    fn echo(&self, recorded: bool) -> Option<String> {
        if recorded { self.scope.request_id() } else { self.scope.inbound_request_id() }
    }

    fn finish(&mut self, ending: Ending) -> Finished {
        let left = self.scope.end(ending.clone());
        let mut finished = Finished { recorded: false, waits: Vec::new() };
        let of_layer = if left.function { None } else { self.draft_of_layer(&ending, left.any) };
        let guarantee = self.policy.guarantee();
        for draft in left.staged.into_iter().chain(of_layer) {
            if let Some(one) = finish::finish(&self.scope, draft, &ending, guarantee, &mut self.reservation) {
                finished.recorded = true;
                finished.waits.extend(one.wait);
            }
        }
        finished
    }

    /// What the layer itself has to say about a request in which no annotated function ran.
    fn draft_of_layer(&self, ending: &Ending, any: bool) -> Option<Draft> {
        let head = self.scope.head()?;
        let route = self.scope.route();
        let ended = match ending {
            Ending::Lost { panicked: true } => Ended::Panicked { committed: false },
            // Whether a function ran and how far it came can't be seen from here.
            _ => Ended::Returned(Verdict::None),
        };
        if let Some((_, action)) = self.policy.rules().find(head.method(), route.as_deref(), head.path()) {
            return Some(self.scope.draft_of_layer(Cow::Owned(action.clone()), ended));
        }
        let Ending::Answered(status) = *ending else { return None };
        let asked_for = |outcome| self.policy.on().is_some_and(|on| on.contains(outcome));
        let change = is_change(head.method());
        let of_layer = |action| Some(self.scope.draft_of_layer(Cow::Borrowed(action), ended));
        match status {
            401 | 403 if asked_for(Outcome::Denied) => of_layer(DENIED_ACTION),
            400.. if change && asked_for(Outcome::Failure) => of_layer(REJECTED_ACTION),
            ..400 if change && !any => self.unaudited(head, route.as_deref(), ended),
            _ => None,
        }
    }

    /// A successful change that left no event.
    fn unaudited(&self, head: &dyn Head, route: Option<&str>, ended: Ended) -> Option<Draft> {
        let alarm = self.policy.unaudited();
        if alarm == Unaudited::Ignore {
            return None;
        }
        self.policy.sink().count(Count::Unaudited);
        let method = head.method();
        if self.policy.warn_once(method, route) {
            let route = route.unwrap_or("(no route)");
            tracing::warn!(
                target: "lodger",
                "{method} {route} changed something and left no audit event: annotate its handler with \
                 #[audited(\"…\")], or add .rule(\"{method} {route}\", \"…\") to the layer"
            );
        }
        (alarm == Unaudited::Record)
            .then(|| self.scope.draft_of_layer(Cow::Borrowed(UNAUDITED_ACTION), ended))
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
        let sink = Arc::clone(self.policy.sink());
        Some(Box::pin(async move {
            let reached = all_within(limit, waits).await;
            if reached.is_err() {
                sink.count(Count::GuaranteeMissed);
            }
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
    tokio::time::timeout(limit, all).await.unwrap_or(Err(Missed::TimedOut))
}

struct Finished {
    recorded: bool,
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
