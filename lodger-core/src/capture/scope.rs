//! What is known of the current request or job, and the drafts that belong to it.

use std::borrow::Cow;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::context::{Context, InScope};
use super::draft::{Content, Draft, Found, Maker};
use super::drafts::{DraftId, Drafts, Which};
use super::finish::{self, Ending};
use super::route_pattern::{can_be_route_of, canonical_template};
use super::{Count, Ended, Entry, Guarantee, Head, Hold, Policy, Reservation, Sink, installed, request_id};
use crate::event::{Actor, EventId, RequestInfo, Timestamp};

/// What is known of the current request or job. Holds its drafts.
///
/// Inner layers and handlers run in it; where the task-local doesn't reach (`tower::buffer`), the request's extensions
/// carry it.
#[derive(Debug)]
pub struct Scope {
    pub(super) sink: Arc<dyn Sink>,
    pub(super) around: Around,
    started: Instant,
    state: Mutex<State>,
}

/// What a scope surrounds.
#[derive(Debug)]
pub(super) enum Around {
    /// A request: its head, and what the layer was told.
    Request { head: Box<dyn Head>, policy: Arc<Policy>, id: OnceLock<String> },
    /// A job without a request, or work that a request left behind (then with what is known of that request).
    Job { of: Option<Box<RequestInfo>>, tenant: Option<String> },
}

/// What changes while the request or job runs.
#[derive(Debug)]
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

impl Scope {
    fn new(sink: Arc<dyn Sink>, around: Around) -> Arc<Self> {
        let state = State {
            drafts: Drafts::default(),
            actor: None,
            resolved: None,
            session: None,
            route: None,
            path: None,
            ending: None,
            hold: Some(sink.hold()),
            place: None,
        };
        Arc::new(Self { sink, around, started: Instant::now(), state: Mutex::new(state) })
    }

    /// A scope around a request.
    pub(super) fn request(policy: Arc<Policy>, head: Box<dyn Head>) -> Arc<Self> {
        Self::new(Arc::clone(policy.sink()), Around::Request { head, policy, id: OnceLock::new() })
    }

    /// A scope around a job that has no request.
    #[must_use]
    pub fn job(sink: Arc<dyn Sink>, actor: Option<Actor>) -> Arc<Self> {
        let scope = Self::job_of(sink, None, None);
        scope.state().actor = actor;
        scope
    }

    fn job_of(sink: Arc<dyn Sink>, of: Option<RequestInfo>, tenant: Option<String>) -> Arc<Self> {
        let around = Around::Job { of: of.map(Box::new), tenant };
        Self::new(sink, around)
    }

    /// A scope for code that runs outside every scope: the installed client takes its events.
    pub(super) fn outside() -> Arc<Self> {
        Self::job(installed::installed_or_orphanage(), None)
    }

    /// A scope for work that this one leaves behind: it carries actor and ids, never drafts.
    #[must_use]
    pub fn continued(&self) -> Arc<Self> {
        let tenant = self.tenant().map(str::to_owned);
        let scope = Self::job_of(Arc::clone(&self.sink), self.request_info(), tenant);
        let (actor, resolved) = {
            let mut state = self.state();
            let function = Context::function_in(self);
            let found = state.drafts.content(Which::Current, function).map(|content| content.handed_down());
            let resolved = match found {
                Some(Found::One(actor)) => Some(actor),
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
    pub fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        self.context(None).enter(work)
    }

    /// Runs `future` in this scope, including its destructor.
    pub fn around<F: Future>(self: &Arc<Self>, future: F) -> InScope<F> {
        InScope::new(self.context(None), future)
    }

    pub(super) fn context(self: &Arc<Self>, function: Option<DraftId>) -> Context {
        Context { scope: Arc::clone(self), function }
    }

    /// Says who acts, as authentication found out. The last word counts.
    pub fn set_actor(&self, actor: Actor) {
        self.state().actor = Some(actor);
    }

    /// What a layer was told when the request came to it.
    pub(super) fn enter_actor(&self, entry: Entry) {
        let mut state = self.state();
        if entry.actor.is_some() {
            state.actor = entry.actor;
        }
        if state.resolved.is_none() {
            state.resolved = entry.resolved;
        }
    }

    /// Says which session it is. Only a keyed hash of it is kept.
    pub fn set_session(&self, session: &str) {
        let hashed = self.sink.hash_key().hash("session", session);
        self.state().session = Some(hashed);
    }

    /// The request's id: the inbound one when acceptable, else one that is minted now and kept.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        match &self.around {
            Around::Request { head, id, .. } => {
                let inbound = || request_id::inbound(&**head).map_or_else(request_id::mint, str::to_owned);
                Some(id.get_or_init(inbound).clone())
            }
            Around::Job { of, .. } => of.as_ref()?.id.clone(),
        }
    }

    /// The request's id, where something inside of the layer has put an acceptable one on the response already.
    pub(super) fn adopt_request_id(&self, on_response: &str) {
        if let Around::Request { id, .. } = &self.around
            && self.inbound_request_id().is_none()
        {
            id.get_or_init(|| on_response.to_owned());
        }
    }

    /// The inbound request id, when it is acceptable.
    pub(super) fn inbound_request_id(&self) -> Option<String> {
        self.head().and_then(request_id::inbound).map(str::to_owned)
    }

    /// The head of the request.
    pub(super) fn head(&self) -> Option<&dyn Head> {
        match &self.around {
            Around::Request { head, .. } => Some(&**head),
            Around::Job { .. } => None,
        }
    }

    /// The route template in its canonical form: what the framework said after the call, else before it. None where
    /// that can't be the route of this path.
    pub(super) fn route(&self) -> Option<String> {
        let late = self.state().route.clone();
        let said = late.or_else(|| self.head()?.route().map(str::to_owned))?;
        can_be_route_of(&said, &self.path()?).then(|| canonical_template(&said))
    }

    /// The path that was routed, still percent-encoded: what the framework said after the call, else what came in.
    pub(super) fn path(&self) -> Option<String> {
        let late = self.state().path.clone();
        late.or_else(|| Some(self.head()?.path().to_owned()))
    }

    /// The framework says after the call which route it was, of which path.
    pub(super) fn routed(&self, route: Option<String>, path: Option<&str>) {
        let path = path.filter(|path| self.head().is_some_and(|head| head.path() != *path));
        let mut state = self.state();
        if route.is_some() {
            state.route = route;
        }
        state.path = path.map(str::to_owned);
    }

    /// How many drafts are held: those whose functions run, and in a request those that wait for its response.
    #[must_use]
    pub fn open_drafts(&self) -> usize {
        self.state().drafts.len()
    }

    /// How long the request or job has been running.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What the layer was told.
    pub(super) fn policy(&self) -> Option<&Policy> {
        match &self.around {
            Around::Request { policy, .. } => Some(policy),
            Around::Job { .. } => None,
        }
    }

    /// The tenant that the layer was told.
    pub(super) fn tenant(&self) -> Option<&str> {
        match &self.around {
            Around::Request { policy, .. } => policy.tenant(),
            Around::Job { tenant, .. } => tenant.as_deref(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the state is held can only come from a user's `Drop`; what is stored stays consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (done, ending, mut place) = {
            let mut state = self.state();
            let ending = match (&self.around, &state.ending) {
                (Around::Request { .. }, None) => return,
                (Around::Request { .. }, Some(ending)) => ending.clone(),
                (Around::Job { .. }, _) => Ending::Job,
            };
            let done = state.drafts.take_done();
            let place = if done.is_empty() { None } else { state.place.take() };
            (done, ending, place)
        };
        for draft in done {
            // Nobody waits for a single event here: the response is out, or the job waits for all at its end.
            finish::finish(self, draft, &ending, Guarantee::Queued, &mut place);
        }
        self.keep(place);
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

    /// Ends the request: from now on drafts are finished when they are done. Answers with those that are done by now,
    /// and with whether an annotated function is still running.
    pub(super) fn end(&self, ending: Ending) -> (Vec<Draft>, bool) {
        let mut state = self.state();
        state.ending = Some(ending);
        state.drafts.close();
        let done = state.drafts.take_done();
        (done, state.drafts.outermost().is_some())
    }

    /// A draft for something that no function stands for: a rule, an unaudited change. It holds what was said.
    pub(super) fn draft_of_layer(&self, maker: Maker, action: Cow<'static, str>, ended: Ended) -> Draft {
        let mut draft = Draft::new(action, maker);
        draft.content = self.state().drafts.take_pending();
        draft.ended = Some((ended, Timestamp::now()));
        draft
    }

    /// Says something about a draft; counted when it comes too late.
    pub(super) fn say(&self, which: Which, what: impl FnOnce(&mut Content)) {
        let function = Context::function_in(self);
        let mut state = self.state();
        match state.drafts.content(which, function) {
            Some(content) => what(content),
            None => {
                drop(state);
                self.sink.count(Count::TooLate);
                tracing::debug!("an audit event was added to after it was finished");
            }
        }
    }

    /// The id of the event that a draft becomes, where there is a draft yet.
    pub(super) fn event_id(&self, which: Which) -> Option<EventId> {
        let function = Context::function_in(self);
        self.state().drafts.event_id(which, function)
    }
}
