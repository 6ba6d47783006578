//! The drafts of one scope.

use std::borrow::Cow;
use std::num::NonZeroU64;

use super::draft::{Content, Draft, Found, Maker};
use super::{Ended, Site, Verdict};
use crate::event::{Actor, EventId, Timestamp};

/// Names a draft within its scope. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DraftId(NonZeroU64);

/// Which draft of a scope something is said about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The one of the annotated function that the speaking code is in. Code that is in none speaks about the
    /// outermost function that is running, and before any function has run about the one that runs next.
    Current,
    /// This one.
    Draft(DraftId),
}

/// A scope that is used again gives back the room of more drafts than this.
const MOST_KEPT_FOR_THE_NEXT: usize = 16;

/// The drafts of one scope. A finished draft is taken out, so a job that runs for ever holds only what is open.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    /// In the order in which they were opened; there are few.
    open: Vec<(DraftId, Box<Draft>)>,
    /// How many were ever opened.
    opened: u64,
    /// Whether an annotated function ever ran.
    function: bool,
    /// What was said before any function ran, if anything was.
    pending: Option<Box<Content>>,
    /// Whether nothing can be said any more before a draft is opened: the request is over.
    closed: bool,
    /// What is left of the functions of a request that is over.
    past: Option<Past>,
}

/// What all functions of a request that is over agree on, for what is recorded later.
#[derive(Debug, Default)]
struct Past {
    /// Whether anybody may still ask for the actor.
    remembers: bool,
    /// Whom they named as the actor.
    actor: Found<Actor>,
    /// What they said of themselves. None before any has ended.
    verdict: Option<Verdict>,
}

impl Past {
    fn add(&mut self, draft: &Draft) {
        let verdict = match draft.ended {
            Some((Ended::Returned(verdict), _)) => verdict,
            _ => Verdict::Hidden,
        };
        if self.remembers {
            self.actor.add_all(draft.content.handed_down(), Actor::eq);
        }
        self.verdict = match self.verdict {
            Some(known) if known != verdict => Some(Verdict::Hidden),
            _ => Some(verdict),
        };
    }
}

impl Drafts {
    /// Opens the draft of an annotated function that starts to run, called by the function `caller`.
    pub(super) fn open(&mut self, site: &'static Site, caller: Option<DraftId>) -> DraftId {
        let mut draft = Box::new(Draft::new(Cow::Borrowed(site.action), Maker::Function(site)));
        if !std::mem::replace(&mut self.function, true)
            && let Some(said) = self.pending.take()
        {
            draft.content = *said;
        }
        draft.content.called = caller.is_some();
        self.inherit(&mut draft, caller);
        self.push(draft)
    }

    /// Opens a further draft that the function `maker` asks for.
    pub(super) fn open_further(
        &mut self,
        action: Cow<'static, str>,
        maker: Option<DraftId>,
        now: Timestamp,
    ) -> DraftId {
        let maker = maker.or_else(|| self.outermost());
        let ended = match maker.map(|maker| self.get(maker)) {
            // What an extractor gave knows no function: after the response all of the request's functions are meant.
            None => Some(Ended::Returned(self.past_verdict().unwrap_or(Verdict::None))),
            Some(Some(known)) => known.ended.map(|(ended, _)| ended),
            // Its maker's event is out already. How that ended can only be seen where all ended alike.
            Some(None) => Some(Ended::Returned(self.past_verdict().unwrap_or(Verdict::Hidden))),
        };
        // What is recorded through the handle of a further event has the same function behind it.
        let function = match maker.and_then(|maker| self.get(maker)).map(|known| known.maker) {
            Some(Maker::Application(function)) => function,
            _ => maker,
        };
        let mut draft = Box::new(Draft::new(action, Maker::Application(function)));
        draft.held = true;
        draft.ended = ended.map(|ended| (ended, now));
        self.inherit(&mut draft, maker);
        if self.closed
            && *draft.content.inherited_actor() == Found::None
            && let Some(past) = &self.past
        {
            // Its maker's event is out. What all functions of the request agree on is still true.
            draft.content.inherit(past.actor.clone());
        }
        self.push(draft)
    }

    /// Lets go of the handle of a further draft.
    pub(super) fn let_go(&mut self, id: DraftId) {
        if let Some(draft) = self.get_mut(id) {
            draft.held = false;
        }
    }

    fn inherit(&self, draft: &mut Draft, from: Option<DraftId>) {
        if let Some(from) = from.and_then(|from| self.get(from)) {
            draft.content.inherit(from.content.handed_down());
        }
    }

    fn push(&mut self, draft: Box<Draft>) -> DraftId {
        let id = DraftId(NonZeroU64::MIN.saturating_add(self.opened));
        self.opened += 1;
        self.open.push((id, draft));
        id
    }

    fn get(&self, id: DraftId) -> Option<&Draft> {
        self.open.iter().find(|(known, _)| *known == id).map(|(_, draft)| &**draft)
    }

    fn get_mut(&mut self, id: DraftId) -> Option<&mut Draft> {
        self.open.iter_mut().find(|(known, _)| *known == id).map(|(_, draft)| &mut **draft)
    }

    /// The outermost annotated function that is running.
    pub(super) fn outermost(&self) -> Option<DraftId> {
        let running = |draft: &Draft| matches!(draft.maker, Maker::Function(_)) && draft.ended.is_none();
        self.open.iter().find(|(_, draft)| running(draft)).map(|(id, _)| *id)
    }

    fn resolve(&self, which: Which, function: Option<DraftId>) -> Option<DraftId> {
        match which {
            Which::Draft(id) => Some(id),
            Which::Current => function.or_else(|| self.outermost()),
        }
    }

    /// What can be said about a draft, by code in the function `function`. `None` when it is too late.
    pub(super) fn content(&mut self, which: Which, function: Option<DraftId>) -> Option<&mut Content> {
        match self.resolve(which, function) {
            Some(id) => self.get_mut(id).map(|draft| &mut draft.content),
            None => (!self.function && !self.closed).then(|| &mut **self.pending.get_or_insert_default()),
        }
    }

    /// The id of the event that a draft becomes.
    pub(super) fn event_id(&mut self, which: Which, function: Option<DraftId>) -> Option<EventId> {
        let id = self.resolve(which, function)?;
        self.get_mut(id).map(Draft::id)
    }

    /// Marks that the function of a draft has ended, and with it what the function recorded further.
    pub(super) fn end(&mut self, id: DraftId, ended: Ended, now: Timestamp) {
        let committed = self.get(id).is_some_and(|draft| draft.content.committed);
        for (other, draft) in &mut self.open {
            let further = matches!(draft.maker, Maker::Application(Some(maker)) if maker == id);
            if *other == id || further {
                draft.ended = Some((ended, now));
                draft.content.committed |= committed;
            }
        }
    }

    /// The verdict on what the layer itself has to say once the request is over. A function that failed, and whose event
    /// is not recorded, doesn't make a success of it; nor a failure, since what called the function may have helped
    /// itself.
    pub(super) fn verdict_for_layer(&self) -> Verdict {
        match self.past_verdict() {
            Some(Verdict::Err | Verdict::Hidden) => Verdict::Hidden,
            Some(Verdict::Ok | Verdict::None) | None => Verdict::None,
        }
    }

    /// Takes out the first of which nothing more will come, to be finished.
    pub(super) fn take_done(&mut self) -> Option<Box<Draft>> {
        let at = self.open.iter().position(|(_, draft)| draft.is_done())?;
        let (_, draft) = self.open.remove(at);
        if let Some(past) = &mut self.past
            && matches!(draft.maker, Maker::Function(_))
        {
            past.add(&draft);
        }
        Some(draft)
    }

    /// Takes no more words before a draft is opened: the request is over. The actor on whom its functions agree is
    /// remembered where somebody may still record something.
    pub(super) fn close(&mut self, remember: bool) {
        self.closed = true;
        self.past = Some(Past { remembers: remember, ..Past::default() });
    }

    /// Whether the application said, outside of every function, that nothing was changed.
    pub(super) fn discarded_beforehand(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.discarded)
    }

    /// Takes what was said before any function ran.
    pub(super) fn take_pending(&mut self) -> Content {
        self.pending.take().map(|pending| *pending).unwrap_or_default()
    }

    fn past_verdict(&self) -> Option<Verdict> {
        self.past.as_ref().and_then(|past| past.verdict)
    }

    /// Forgets everything but the memory.
    pub(super) fn clear(&mut self) {
        self.open.clear();
        // A job may have had very many.
        self.open.shrink_to(MOST_KEPT_FOR_THE_NEXT);
        (self.opened, self.function, self.closed) = (0, false, false);
        (self.pending, self.past) = (None, None);
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}
