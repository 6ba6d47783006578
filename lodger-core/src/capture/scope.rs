//! What is known of the current request or job, and the drafts that belong to it.

use std::borrow::Cow;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::context::{Context, InScope};
use super::draft::{Content, Draft, Found, Maker};
use super::drafts::{DraftId, Drafts, Which};
use super::finish::{self, Ending};
use super::kept::KeptHead;
use super::request_info::{Seen, route_of};
use super::{Count, Ended, Guarantee, Head, Hold, Policy, Reservation, Sink, installed, request_id, spare};
use crate::event::{Actor, EventId, RequestInfo, Timestamp};

/// What is known of the current request or job. Holds its drafts. A handle: its clones are the same scope.
///
/// Inner layers and handlers run in it; where the task-local doesn't reach (`tower::buffer`), the request's extensions
/// carry it.
#[derive(Debug, Clone)]
pub struct Scope(Arc<Inner>);

/// What all handles of a scope share.
#[derive(Debug)]
pub(super) struct Inner {
    around: Around,
    /// The head of the request, if there is one.
    head: KeptHead,
    /// The request's id, where somebody has asked for it.
    id: OnceLock<String>,
    started: Instant,
    state: Mutex<State>,
}

/// What a scope surrounds.
#[derive(Debug)]
enum Around {
    /// A request, and what the layer was told.
    Request(Arc<Policy>),
    /// A job without a request, or work that a request left behind (then with what is known of that request).
    Job { sink: Arc<dyn Sink>, of: Option<Box<RequestInfo>>, tenant: Option<String> },
    /// Nothing: it waits for the next request.
    Nothing,
}

/// What changes while the request or job runs.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) drafts: Drafts,
    /// What authentication stored.
    pub(super) actor: Option<Actor>,
    /// What the layer's resolver found.
    pub(super) resolved: Option<Actor>,
    /// The session, already hashed.
    pub(super) session: Option<String>,
    /// The route template, where it was only known after the call.
    pub(super) route: Option<String>,
    /// The path that was routed, where a middleware inside of the layer has changed it.
    path: Option<String>,
    /// How the request ended; `None` while it runs.
    ending: Option<Ending>,
    /// A shutdown lets a job end first, and a request with all of its events.
    hold: Option<Hold>,
    /// The place that was held for the request's event, while none has come into it.
    place: Option<Reservation>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            around: Around::Nothing,
            head: KeptHead::default(),
            id: OnceLock::new(),
            started: Instant::now(),
            state: Mutex::default(),
        }
    }
}

impl Inner {
    /// Forgets everything but the memory that the next request can use. Lets go of the client.
    fn clear(&mut self) {
        // In this order: what holds a shutdown up is the last to go that knows anything of it.
        let State { drafts, actor, resolved, session, route, path, ending, hold, place } =
            self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        drafts.clear();
        (*actor, *resolved, *session, *route, *path, *ending) = (None, None, None, None, None, None);
        *place = None;
        *hold = None;
        self.id.take();
        self.head.forget();
        self.around = Around::Nothing;
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // Two that are dropped at the same time may both not be the last here: then the memory is given back for good.
        if Arc::strong_count(&self.0) == 1
            && let Some(inner) = Arc::get_mut(&mut self.0)
        {
            inner.clear();
            spare::keep(&self.0);
        }
    }
}

impl Scope {
    fn new(around: Around, keep: impl FnOnce(&mut KeptHead)) -> Self {
        let mut inner = spare::take();
        if let Some(inner) = Arc::get_mut(&mut inner) {
            inner.around = around;
            inner.started = Instant::now();
            keep(&mut inner.head);
        }
        let scope = Self(inner);
        let hold = scope.sink().hold();
        scope.state().hold = Some(hold);
        scope
    }

    /// A scope around a request, of whose head `keep` keeps what is asked for.
    pub(super) fn request(policy: Arc<Policy>, keep: impl FnOnce(&mut KeptHead)) -> Self {
        let wanted = policy.wanted_headers();
        Self::new(Around::Request(policy), |head| {
            head.begin(wanted);
            keep(head);
        })
    }

    /// A scope around a job that has no request.
    #[must_use]
    pub fn job(sink: Arc<dyn Sink>, actor: Option<Actor>) -> Self {
        let scope = Self::job_of(sink, None, None);
        scope.state().actor = actor;
        scope
    }

    fn job_of(sink: Arc<dyn Sink>, of: Option<RequestInfo>, tenant: Option<String>) -> Self {
        Self::new(Around::Job { sink, of: of.map(Box::new), tenant }, |_| {})
    }

    /// A scope for code that runs outside every scope: the installed client takes its events.
    pub(super) fn outside() -> Self {
        Self::job(installed::installed_or_orphanage(), None)
    }

    /// Where events go.
    pub(super) fn sink(&self) -> &Arc<dyn Sink> {
        match &self.0.around {
            Around::Request(policy) => policy.sink(),
            Around::Job { sink, .. } => sink,
            Around::Nothing => installed::orphanage(),
        }
    }

    /// Whether both are the same scope.
    pub(super) fn is(&self, other: &Scope) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A scope for work that this one leaves behind: it carries actor and ids, never drafts.
    #[must_use]
    pub fn continued(&self) -> Self {
        let tenant = self.tenant().map(str::to_owned);
        let of = self.seen().map(|seen| seen.info()).or_else(|| self.request_before().cloned());
        let scope = Self::job_of(Arc::clone(self.sink()), of, tenant);
        let (actor, resolved) = {
            let mut state = self.state();
            let function = Context::function_in(self);
            let found = state.drafts.content(Which::Current, function).map(|content| content.handed_down());
            let resolved = match found {
                Some(Found::One(actor) | Found::Named(actor)) => Some(actor),
                // Nobody can say who it is, so nobody else is asked.
                Some(Found::Conflicting) => None,
                Some(Found::None) | None => state.resolved.clone(),
            };
            (state.actor.clone(), resolved)
        };
        {
            let mut state = scope.state();
            state.actor = actor;
            // Asked last, so that work that names its own actor keeps it.
            state.resolved = resolved;
        }
        scope
    }

    /// Runs `work` in this scope.
    pub fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        self.context(None).enter(work)
    }

    /// Runs `future` in this scope, including its destructor.
    pub fn around<F: Future>(&self, future: F) -> InScope<F> {
        InScope::new(self.context(None), future)
    }

    pub(super) fn context(&self, function: Option<DraftId>) -> Context {
        Context { scope: self.clone(), function }
    }

    /// Says who acts, as authentication found out. The last word counts.
    pub fn set_actor(&self, actor: Actor) {
        self.state().actor = Some(actor);
    }

    /// Says who acts, as the resolver of a layer found out. The first word counts.
    pub fn set_resolved(&self, actor: Actor) {
        self.state().resolved.get_or_insert(actor);
    }

    /// Who is known to act, without any handler's arguments: whom authentication named, else whom the resolver of a layer found.
    /// An id that is empty names nobody.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        let state = self.state();
        let actor = state.actor.as_ref().or(state.resolved.as_ref())?;
        (!actor.id.trim().is_empty()).then(|| actor.clone())
    }

    /// Says which session it is. Only a keyed hash of it is kept.
    pub fn set_session(&self, session: &str) {
        let hashed = self.sink().hash_key().hash("session", session);
        self.state().session = Some(hashed);
    }

    /// The request's id: the inbound one when acceptable, else one that is minted now and kept.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        match &self.0.around {
            Around::Request(_) => {
                let inbound =
                    || request_id::inbound(&self.0.head).map_or_else(request_id::mint, str::to_owned);
                Some(self.0.id.get_or_init(inbound).clone())
            }
            Around::Job { of, .. } => of.as_ref()?.id.clone(),
            Around::Nothing => None,
        }
    }

    /// The request's id, where it came without one, and something inside of the layer has put one on the response already.
    pub(super) fn adopt_request_id(&self, on_response: &str) {
        self.0.id.get_or_init(|| on_response.to_owned());
    }

    /// Whether the request came with an id that is acceptable.
    pub(super) fn has_inbound_request_id(&self) -> bool {
        self.0.head.has_id()
    }

    /// The head of the request.
    pub(super) fn head(&self) -> Option<&dyn Head> {
        match &self.0.around {
            Around::Request(_) => Some(&self.0.head),
            Around::Job { .. } | Around::Nothing => None,
        }
    }

    /// The route template in its canonical form: what the framework said after the call, else before it. None where
    /// that can't be the route of this path.
    pub(super) fn route(&self) -> Option<String> {
        let path = self.path()?;
        self.with_said_route(|said| route_of(said?, &path))
    }

    /// Looks at the route template as the framework said it after the call, else before it.
    pub(super) fn with_said_route<T>(&self, look: impl FnOnce(Option<&str>) -> T) -> T {
        let state = self.state();
        look(state.route.as_deref().or_else(|| self.head()?.route()))
    }

    /// The path that was routed, still percent-encoded: what the framework said after the call, else what came in.
    pub(super) fn path(&self) -> Option<String> {
        let late = self.state().path.clone();
        late.or_else(|| Some(self.head()?.path().to_owned()))
    }

    /// What is seen of the request so far. `None` for a job without one.
    pub(super) fn seen(&self) -> Option<Seen> {
        let policy = self.policy()?;
        let id = if self.has_inbound_request_id() { None } else { self.request_id() };
        let state = self.state();
        Some(Seen {
            head: self.0.head.clone(),
            reading: Arc::clone(policy.reading()),
            id,
            session: state.session.clone(),
            route: state.route.clone(),
            path: state.path.clone(),
        })
    }

    /// Says which route it is, of which path, where a framework finds that out late or has to be asked. The last word
    /// counts.
    pub fn routed(&self, route: Option<String>, path: &str) {
        let path = Some(path).filter(|path| self.head().is_some_and(|head| head.path() != *path));
        let mut state = self.state();
        if route.is_some() {
            state.route = route;
        }
        state.path = path.map(str::to_owned);
    }

    /// Where no route is known, asks for that of this path.
    pub fn ask_route(&self, find: impl FnOnce(&str) -> Option<String>) {
        if let Some(head) = self.head().filter(|_| self.with_said_route(|route| route.is_none())) {
            let route = find(head.path());
            self.state().route = route;
        }
    }

    /// Whether the request is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state().ending.is_some()
    }

    /// Whether more handles than these are there, or drafts: then something may yet be said of the request.
    pub(super) fn is_spoken_of(&self, handles: usize) -> bool {
        Arc::strong_count(&self.0) > handles || self.open_drafts() > 0
    }

    /// How many drafts are held: those whose functions run, and in a request those that wait for its response.
    #[must_use]
    pub fn open_drafts(&self) -> usize {
        self.state().drafts.len()
    }

    /// How long the request or job has been running.
    pub(super) fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// What the layer was told.
    pub(super) fn policy(&self) -> Option<&Arc<Policy>> {
        match &self.0.around {
            Around::Request(policy) => Some(policy),
            Around::Job { .. } | Around::Nothing => None,
        }
    }

    /// The tenant that the layer was told.
    pub(super) fn tenant(&self) -> Option<&str> {
        match &self.0.around {
            Around::Request(policy) => policy.tenant(),
            Around::Job { tenant, .. } => tenant.as_deref(),
            Around::Nothing => None,
        }
    }

    /// What is known of the request that left this work behind.
    pub(super) fn request_before(&self) -> Option<&RequestInfo> {
        match &self.0.around {
            Around::Job { of, .. } => of.as_deref(),
            Around::Request(_) | Around::Nothing => None,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the state is held can only come from a user's `Drop`; what is stored stays consistent.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stages a draft: its function has ended.
    pub(super) fn stage(&self, id: DraftId, ended: Ended) {
        self.state().drafts.end(id, ended, Timestamp::now());
        self.finish_done();
    }

    /// Nobody holds the handle of a further event any more.
    pub(super) fn let_go(&self, id: DraftId) {
        self.state().drafts.let_go(id);
        self.finish_done();
    }

    /// Finishes what is done; while a request runs that waits for its response.
    fn finish_done(&self) {
        loop {
            let (draft, ending, mut place) = {
                let mut state = self.state();
                let ending = match (self.head(), state.ending) {
                    (Some(_), None) => return,
                    (Some(_), Some(ending)) => ending,
                    (None, _) => Ending::Job,
                };
                let Some(draft) = state.drafts.take_done() else { break };
                (draft, ending, state.place.take())
            };
            // Nobody waits for a single event here: the response is out, or the job waits for all at its end.
            finish::finish(self, draft, &ending, Guarantee::Queued, &mut place);
            self.keep(place);
        }
        self.release();
    }

    /// Keeps a place for an event that is still to come.
    pub(super) fn keep(&self, place: Option<Reservation>) {
        if let Some(place) = place {
            self.state().place = Some(place);
        }
    }

    /// Lets a shutdown go on, once the request is over and none of its events is open.
    pub(super) fn release(&self) {
        let mut state = self.state();
        let over = state.ending.is_some() && state.drafts.len() == 0;
        let hold = state.hold.take_if(|_| over);
        let place = state.place.take_if(|_| over);
        drop(state);
        drop(place);
        drop(hold);
    }

    /// Ends the request: from now on drafts are finished when they are done. Answers whether an annotated function is
    /// still running. Whoever ends it has so many handles; where there are no others nobody can speak of it later.
    pub(super) fn end(&self, ending: Ending, handles: usize) -> bool {
        let mut state = self.state();
        state.ending = Some(ending);
        state.drafts.close(Arc::strong_count(&self.0) > handles);
        state.drafts.outermost().is_some()
    }

    /// Takes out a draft of which nothing more will come, to be finished.
    pub(super) fn take_done(&self) -> Option<Box<Draft>> {
        self.state().drafts.take_done()
    }

    /// A draft for something that no function stands for: a rule, an unaudited change. It holds what was said.
    pub(super) fn draft_of_layer(&self, maker: Maker, action: Cow<'static, str>, ended: Ended) -> Box<Draft> {
        let mut draft = Box::new(Draft::new(action, maker));
        draft.content = self.state().drafts.take_pending();
        draft.ended = Some((ended, Timestamp::now()));
        draft
    }

    /// Says something about a draft; counted when it comes too late.
    pub(super) fn say(&self, which: Which, what: impl FnOnce(&mut Content)) {
        let function = self.speaker(which);
        let mut state = self.state();
        match state.drafts.content(which, function) {
            Some(content) => what(content),
            None => {
                drop(state);
                self.sink().count(Count::TooLate);
                tracing::debug!("an audit event was added to after it was finished");
            }
        }
    }

    /// The id of the event that a draft becomes, where there is a draft yet.
    pub(super) fn event_id(&self, which: Which) -> Option<EventId> {
        let function = self.speaker(which);
        self.state().drafts.event_id(which, function)
    }

    /// The function that the running code is in, where it matters which that is.
    fn speaker(&self, which: Which) -> Option<DraftId> {
        match which {
            Which::Current => Context::function_in(self),
            Which::Draft(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lodger, MemoryDestination};

    #[test]
    fn the_memory_of_a_scope_is_used_again_and_nothing_else_of_it() {
        let lodger =
            Lodger::builder().destination(MemoryDestination::new()).in_memory_journal().build().unwrap();
        let sink = lodger.sink();
        let handles = Arc::strong_count(&sink);
        let first = Scope::job(Arc::clone(&sink), Some(Actor::user("ada")));
        first.set_session("secret");
        first.say(Which::Current, |content| content.details().tags.push("of the first".to_owned()));
        let memory = Arc::as_ptr(&first.0);
        let other = first.clone();
        drop(first);
        assert!(other.state().actor.is_some(), "somebody still has it");
        drop(other);
        assert_eq!(
            Arc::strong_count(&sink),
            handles,
            "whoever waits for the last handle of the client has it"
        );
        let second = Scope::job(Arc::clone(&sink), None);
        assert_eq!(Arc::as_ptr(&second.0), memory);
        let mut state = second.state();
        assert_eq!((state.actor.is_none(), state.session.is_none()), (true, true));
        assert!(state.drafts.take_pending().details().tags.is_empty());
    }
}
