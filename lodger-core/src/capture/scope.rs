//! What is known of the current request or job, and the drafts that belong to it.

use std::borrow::Cow;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::draft::{Content, Draft};
use super::finish::{self, Ending};
use super::route_pattern::canonical_template;
use super::{Count, Ended, Guarantee, Head, Policy, Sink, Site, installed, request_id};
use crate::event::{Actor, EventId, RequestInfo, Timestamp};

tokio::task_local! {
    static CURRENT: Arc<Scope>;
}

/// The scope that the code runs in, if any.
#[must_use]
pub fn current() -> Option<Arc<Scope>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// What is known of the current request or job. Holds its drafts.
///
/// A scope is entered around the synchronous `call` of inner layers and around every poll of their future; where
/// that doesn't reach (`tower::buffer`), the request's extensions carry it.
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
    /// Finished drafts leave a hole, so that an index stays valid.
    drafts: Vec<Option<Draft>>,
    /// The annotated functions that are running, innermost last.
    running: Vec<usize>,
    /// Whether an annotated function ever ran.
    function: bool,
    /// What was said before the first draft was opened.
    pending: Content,
    /// What authentication stored.
    pub(super) actor: Option<Actor>,
    /// What the layer's resolver found.
    pub(super) resolved: Option<Actor>,
    /// The session, already hashed.
    pub(super) session: Option<String>,
    /// The route template, where it was only known after the call.
    pub(super) route: Option<String>,
    /// How the request ended; `None` while it runs.
    ending: Option<Ending>,
}

/// Which draft of a scope something is said about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The innermost annotated function that is running, else the latest draft, else the next to be opened.
    Current,
    /// This one.
    Draft(usize),
}

/// What a request leaves behind.
pub(super) struct Left {
    /// The drafts whose functions have ended.
    pub(super) staged: Vec<Draft>,
    /// Whether an annotated function ever ran.
    pub(super) function: bool,
    /// Whether there ever was a draft of any sort.
    pub(super) any: bool,
}

impl Scope {
    fn new(sink: Arc<dyn Sink>, around: Around) -> Arc<Self> {
        let state = State {
            drafts: Vec::new(),
            running: Vec::new(),
            function: false,
            pending: Content::default(),
            actor: None,
            resolved: None,
            session: None,
            route: None,
            ending: None,
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
        let scope = Self::new(sink, Around::Job { of: None, tenant: None });
        scope.state().actor = actor;
        scope
    }

    /// A scope for code that runs outside every scope: the installed client takes its events.
    pub(super) fn outside() -> Arc<Self> {
        Self::job(installed::installed_or_orphanage(), None)
    }

    /// A scope for work that this one leaves behind: it carries actor and ids, never drafts.
    #[must_use]
    pub fn continued(&self) -> Arc<Self> {
        let (actor, resolved) = {
            let state = self.state();
            (state.actor.clone(), state.resolved.clone())
        };
        let around =
            Around::Job { of: self.request_info().map(Box::new), tenant: self.tenant().map(str::to_owned) };
        let scope = Self::new(Arc::clone(&self.sink), around);
        {
            let mut state = scope.state();
            state.actor = actor;
            state.resolved = resolved;
        }
        scope
    }

    /// Runs `work` in this scope.
    pub fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(Arc::clone(self), work)
    }

    /// Runs `future` in this scope, including its destructor.
    pub fn around<F: Future>(self: &Arc<Self>, future: F) -> InScope<F> {
        CURRENT.scope(Arc::clone(self), future)
    }

    /// Says who acts, as authentication found out. The last word counts.
    pub fn set_actor(&self, actor: Actor) {
        self.state().actor = Some(actor);
    }

    /// Says which session it is. Only a keyed hash of it is kept.
    pub fn set_session(&self, session: &str) {
        let hashed = self.sink.hash_key().hash("session", session);
        self.state().session = Some(hashed);
    }

    /// What the layer's resolver found. Asked last, so it never overrides authentication.
    pub(super) fn set_resolved(&self, actor: Option<Actor>) {
        let mut state = self.state();
        if state.resolved.is_none() {
            state.resolved = actor;
        }
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

    /// The route template in its canonical form: what the framework said after the call, else before it.
    pub(super) fn route(&self) -> Option<String> {
        let late = self.state().route.clone();
        late.or_else(|| self.head()?.route().map(str::to_owned)).map(|route| canonical_template(&route))
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

    /// Opens the draft of an annotated function that starts to run.
    pub(super) fn open(&self, site: &'static Site) -> usize {
        let mut draft = Draft::new(Cow::Borrowed(site.action), Some(site));
        let mut state = self.state();
        if state.running.is_empty() {
            draft.content = std::mem::take(&mut state.pending);
        } else if let Some(caller) = state.content(Which::Current) {
            draft.content.inherited_actor = caller.handed_down();
        }
        let index = state.push(draft);
        state.running.push(index);
        state.function = true;
        index
    }

    /// Opens a further draft, which nobody runs: its maker asserts that it happened.
    pub(super) fn open_further(&self, action: Cow<'static, str>) -> usize {
        let mut draft = Draft::new(action, None);
        let mut state = self.state();
        if let Some(content) = state.content(Which::Current) {
            draft.content.inherited_actor = content.handed_down();
        }
        state.push(draft)
    }

    /// Stages a draft: its function has ended. Outside a running request the event is finished at once.
    pub(super) fn stage(&self, index: usize, ended: Ended) {
        let now = Timestamp::now();
        let ending = {
            let mut state = self.state();
            state.running.retain(|running| *running != index);
            if let Some(draft) = state.draft(index) {
                draft.ended = Some((ended, now));
            }
            match (&self.around, &state.ending) {
                (Around::Request { .. }, None) => return,
                (Around::Request { .. }, Some(ending)) => ending.clone(),
                (Around::Job { .. }, _) => Ending::Job,
            }
        };
        if let Some(draft) = self.take(index) {
            // Nobody waits for a single event here: the response is out, or the job waits for all at its end.
            finish::finish(self, draft, &ending, Guarantee::Queued, &mut None);
        }
    }

    /// Ends the request: from now on drafts are finished when they are staged.
    pub(super) fn end(&self, ending: Ending) -> Left {
        let mut state = self.state();
        let any = !state.drafts.is_empty();
        let ready = |slot: &Option<Draft>| slot.as_ref().is_some_and(|draft| draft.ended.is_some());
        let staged = state.drafts.iter_mut().filter(|slot| ready(slot)).filter_map(Option::take).collect();
        state.ending = Some(ending);
        Left { staged, function: state.function, any }
    }

    /// A draft for something that no function stands for: a rule, an unaudited change. It holds what was said.
    pub(super) fn draft_of_layer(&self, action: Cow<'static, str>, ended: Ended) -> Draft {
        let mut draft = Draft::new(action, None);
        draft.content = std::mem::take(&mut self.state().pending);
        draft.ended = Some((ended, Timestamp::now()));
        draft
    }

    /// Says something about a draft; counted when it comes too late.
    pub(super) fn say(&self, which: Which, what: impl FnOnce(&mut Content)) {
        let mut state = self.state();
        match state.content(which) {
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
        let mut state = self.state();
        let index = state.resolve(which)?;
        state.draft(index).map(|draft| draft.id)
    }

    fn take(&self, index: usize) -> Option<Draft> {
        self.state().drafts.get_mut(index).and_then(Option::take)
    }
}

/// A future that runs in a scope.
pub type InScope<F> = tokio::task::futures::TaskLocalFuture<Arc<Scope>, F>;

impl State {
    fn push(&mut self, draft: Draft) -> usize {
        self.drafts.push(Some(draft));
        self.drafts.len() - 1
    }

    fn draft(&mut self, index: usize) -> Option<&mut Draft> {
        self.drafts.get_mut(index).and_then(Option::as_mut)
    }

    fn resolve(&self, which: Which) -> Option<usize> {
        match which {
            Which::Draft(index) => Some(index),
            Which::Current => {
                let of_function =
                    |slot: &Option<Draft>| slot.as_ref().is_some_and(|draft| draft.site.is_some());
                self.running.last().copied().or_else(|| self.drafts.iter().rposition(of_function))
            }
        }
    }

    fn content(&mut self, which: Which) -> Option<&mut Content> {
        match self.resolve(which) {
            Some(index) => self.draft(index).map(|draft| &mut draft.content),
            None if self.ending.is_none() => Some(&mut self.pending),
            None => None,
        }
    }
}
