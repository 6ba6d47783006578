//! What an answer means: for its event, and for the destination as a whole.
//!
//! The one place for the table of answers in `docs/guarantees.md`. Pure: it is told answers and the time, and says what
//! to do; it neither sleeps nor sends.

mod suspects;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::Clock;
use super::progress::DeliveryState;
use super::retry::{backoff, floor, is_poison};
use crate::destination::{Answer, Receipt, Refusal};

pub(super) use suspects::Sentence;
use suspects::Suspect;

/// So many different events have to fail in a row before it is the destination that fails, not they.
const TRIP_AT: usize = 5;

/// As many batches at once as nobody ever needs.
const WIDEST: usize = 64;

/// A paused destination is asked at most this often.
const PROBE_EVERY: Duration = Duration::from_secs(60);

/// Of so many last answers …
const OUTCOMES: usize = 50;

/// … and not before there are so many …
const ENOUGH_OUTCOMES: usize = 10;

/// … no more than one in so many may become a dead letter by refusal: 20 %.
const REFUSED_SHARE: usize = 5;

/// Names one event within one destination's worker: its place in the order of the journal.
pub(super) type Ordinal = u64;

/// An event that was tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried<'a> {
    pub(super) ordinal: Ordinal,
    /// What it is about; needed where the answer makes it a suspect.
    pub(super) action: &'a str,
    /// How often, this time included.
    pub(super) tries: u32,
    /// When it failed for the first time; now, if that is this time.
    pub(super) failing_since: Instant,
    /// The number of the batch that it was sent in.
    pub(super) batch: u64,
}

/// What becomes of an event.
#[derive(Debug, PartialEq)]
pub(super) enum Judgement {
    /// It is there, by this receipt if the destination gave one.
    Settle(Option<Receipt>),
    /// It becomes a dead letter.
    Bury(Refusal),
    /// It becomes a dead letter, though by its key it is there.
    Duplicate(Refusal),
    /// It is tried again, not before this time.
    Again(Instant),
    /// It is tried again when the destination's turn comes, behind the others.
    Keep,
    /// It is held until [`Breaker::sentences`] says what becomes of it.
    Hold,
}

/// What may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// As much as the destination takes.
    Open,
    /// One batch, while nothing else is under way.
    OneBatch,
    /// One event, while nothing else is under way.
    OneEvent,
    /// Nothing before this time.
    Shut(Instant),
}

/// Why a destination is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// It takes nothing: a wrong key, an unpaid bill.
    Closed,
    /// It refuses too many events.
    Refusals,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    BackingOff { failures: u32 },
    Paused(Cause),
}

/// The judge of one destination.
#[derive(Debug)]
pub(super) struct Breaker {
    clock: Arc<dyn Clock>,
    state: State,
    /// Answers to later batches than this one count for the present state, those to earlier ones don't.
    state_since: u64,
    /// Nothing is sent before.
    not_before: Instant,
    batches: u64,
    /// A time that the destination asked for itself. Nobody cuts it short.
    floor: Instant,
    /// The same for a time that it asked for of whoever has this key (429). Another key ends it.
    limited: Instant,
    /// Batches up to this one were sent under another key.
    rekeyed: u64,
    /// So many batches may be under way. A destination that returns is given one more for each that it settles: it never
    /// gets more than two requests for one that it answered, so a thousand clients that waited for it can't bury it.
    width: usize,
    /// The last batch that widened it.
    widened_by: u64,
    /// Answers to batches up to this one say nothing about what is allowed: the key was another one.
    asked_anew: u64,
    /// One event that fails holds up all others, so there are no five that could.
    ordered: bool,
    /// Different events that failed since the last success.
    failing: BTreeSet<Ordinal>,
    /// The newest batch of which an event settled, and when one last did.
    last_success: Option<(u64, Instant)>,
    /// Whether each of the last answers was a refusal.
    outcomes: VecDeque<bool>,
    suspects: Vec<Suspect>,
    sentences: Vec<Sentence>,
    /// The last event that was buried as a suspect, while no success has followed.
    blamed: Option<(Ordinal, Refusal)>,
    last_error: Option<String>,
}

impl Breaker {
    pub(super) fn new(clock: Arc<dyn Clock>, ordered: bool, now: Instant) -> Self {
        Self {
            clock,
            state: State::Running,
            state_since: 0,
            not_before: now,
            batches: 0,
            floor: now,
            limited: now,
            rekeyed: 0,
            width: WIDEST,
            widened_by: 0,
            asked_anew: 0,
            ordered,
            failing: BTreeSet::new(),
            last_success: None,
            outcomes: VecDeque::new(),
            suspects: Vec::new(),
            sentences: Vec::new(),
            blamed: None,
            last_error: None,
        }
    }

    /// What may be sent now.
    pub(super) fn gate(&self, now: Instant) -> Gate {
        let not_before = self.not_before.max(self.floor).max(self.limited);
        match self.state {
            _ if now < not_before => Gate::Shut(not_before),
            State::Running => Gate::Open,
            State::BackingOff { .. } => Gate::OneBatch,
            State::Paused(_) => Gate::OneEvent,
        }
    }

    /// How many batches may be under way.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Somebody has changed something: what was failing or closed is tried at once, unless the destination asked for a
    /// later time itself. What was sent before is no longer news.
    pub(super) fn ask_now(&mut self, now: Instant) {
        self.not_before = now;
        self.asked_anew = self.batches;
        if self.state != State::Running {
            self.state_since = self.batches;
        }
        self.release_suspects();
    }

    /// The same with another key, to which a limit of the old one doesn't apply.
    pub(super) fn ask_with_another_key(&mut self, now: Instant) {
        self.ask_now(now);
        self.limited = now;
        self.rekeyed = self.batches;
    }

    /// Whether the destination asked for a time that has not come yet.
    pub(super) fn wants_rest(&self, now: Instant) -> bool {
        now < self.floor.max(self.limited)
    }

    /// A paused destination was asked twice in one minute: it is left alone in the next.
    pub(super) fn rest(&mut self, now: Instant) {
        if matches!(self.state, State::Paused(_)) {
            self.wait_until(now + 2 * PROBE_EVERY);
        }
    }

    /// Numbers a batch that is about to be sent.
    pub(super) fn next_batch(&mut self) -> u64 {
        self.batches += 1;
        self.batches
    }

    /// For the board.
    pub(super) fn lane_state(&self) -> DeliveryState {
        match self.state {
            State::Running => DeliveryState::Running,
            State::BackingOff { .. } => DeliveryState::BackingOff,
            State::Paused(_) => DeliveryState::Paused,
        }
    }

    /// Whether it has taken anything since then.
    pub(super) fn succeeded_since(&self, then: Instant) -> bool {
        self.last_success.is_some_and(|(_, time)| time > then)
    }

    /// The event is given up: its failures say nothing about the destination.
    pub(super) fn forget(&mut self, ordinal: Ordinal) {
        self.failing.remove(&ordinal);
    }

    /// What the destination last complained about.
    pub(super) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Judges one answer.
    pub(super) fn judge(&mut self, tried: Tried<'_>, answer: Answer, now: Instant) -> Judgement {
        match answer {
            Answer::Settled(receipt) => {
                self.success(tried, now);
                Judgement::Settle(Some(receipt))
            }
            Answer::Taken => {
                self.success(tried, now);
                Judgement::Settle(None)
            }
            Answer::Ambiguous(refusal) => self.failure(tried, refusal, None, now),
            Answer::Retry { refusal, after } => self.failure(tried, refusal, after, now),
            Answer::Pause(refusal) => {
                self.complain(&refusal);
                self.pause(tried, Cause::Closed, now);
                Judgement::Keep
            }
            Answer::Suspect(refusal) => self.suspect(tried, refusal, now),
            Answer::Refused(refusal) => self.refused(tried, refusal, now),
            // The destination knows nothing of it.
            Answer::Unfit(refusal) => {
                self.forget(tried.ordinal);
                Judgement::Bury(refusal)
            }
            Answer::Duplicate(refusal) => {
                self.success(tried, now);
                Judgement::Duplicate(refusal)
            }
            Answer::Undecided(_) => Judgement::Keep,
        }
    }

    fn success(&mut self, tried: Tried<'_>, now: Instant) {
        let newest = self.last_success.map_or(tried.batch, |(batch, _)| batch.max(tried.batch));
        self.last_success = Some((newest, now));
        if self.widened_by != tried.batch && self.is_news(tried) {
            self.widened_by = tried.batch;
            self.width = self.width.saturating_add(1).min(WIDEST);
        }
        self.failing.clear();
        self.blamed = None;
        if self.state == State::Running {
            self.last_error = None;
        }
        // Whatever was refused no later than this was sent is to blame itself: the destination takes others.
        let condemned = self.suspects.extract_if(.., |suspect| suspect.batch <= tried.batch).collect();
        self.condemn(condemned);
        if self.is_news(tried) {
            if self.state == State::Paused(Cause::Refusals) {
                // A new sample, or the next refusal would pause again and nothing would ever get through.
                self.outcomes.clear();
            }
            self.enter(State::Running);
        }
        self.outcome(false);
    }

    fn failure(
        &mut self,
        tried: Tried<'_>,
        refusal: Refusal,
        after: Option<Duration>,
        now: Instant,
    ) -> Judgement {
        self.complain(&refusal);
        self.heed(tried.batch, &refusal, after, now);
        // A limit holds for all, and for none of them longer than the key is used.
        let floor = if refusal.status == Some(429) { Duration::ZERO } else { floor(after) };
        match self.state {
            State::Running => {
                let last_success = self.last_success.map(|(_, time)| time);
                if is_poison(tried.tries, tried.failing_since, last_success, now) {
                    return Judgement::Bury(refusal);
                }
                self.failing.insert(tried.ordinal);
                if self.failing.len() < TRIP_AT && !self.ordered {
                    let wait = backoff(tried.tries.saturating_sub(1), &*self.clock);
                    return Judgement::Again(now + wait.max(floor));
                }
                self.enter(State::BackingOff { failures: 0 });
                self.wait_until(now + backoff(0, &*self.clock));
            }
            State::BackingOff { failures } if self.is_news(tried) => {
                // The first of the batch speaks for it.
                self.enter(State::BackingOff { failures: failures.saturating_add(1) });
                self.wait_until(now + backoff(failures.saturating_add(1), &*self.clock));
            }
            State::Paused(_) if self.is_news(tried) => self.wait_until(now + PROBE_EVERY),
            State::BackingOff { .. } | State::Paused(_) => {}
        }
        // What it asked for this event holds, also if others are tried sooner.
        if floor.is_zero() { Judgement::Keep } else { Judgement::Again(now + floor) }
    }

    /// Keeps to a time that the destination asked for: 429 and 503 speak of all, other statuses of this request.
    pub(super) fn heed(&mut self, batch: u64, refusal: &Refusal, after: Option<Duration>, now: Instant) {
        let time = now + floor(after);
        match refusal.status {
            None | Some(503) => self.floor = self.floor.max(time),
            Some(429) if batch > self.rekeyed => self.limited = self.limited.max(time),
            Some(_) => {}
        }
    }

    fn refused(&mut self, tried: Tried<'_>, refusal: Refusal, now: Instant) -> Judgement {
        self.complain(&refusal);
        if self.is_news(tried) {
            if self.state == State::Paused(Cause::Refusals) {
                self.wait_until(now + PROBE_EVERY);
                return Judgement::Keep;
            }
            // A destination that reads events and refuses one is neither closed nor down.
            self.enter(State::Running);
        }
        self.failing.clear();
        // This answer is one of the fifty.
        let before = self.outcomes.iter().rev().take(OUTCOMES - 1);
        let all = before.len() + 1;
        let refused = before.filter(|refused| **refused).count() + 1;
        if all >= ENOUGH_OUTCOMES && refused * REFUSED_SHARE > all {
            self.pause(tried, Cause::Refusals, now);
            return Judgement::Keep;
        }
        self.outcome(true);
        Judgement::Bury(refusal)
    }

    fn pause(&mut self, tried: Tried<'_>, cause: Cause, now: Instant) {
        if cause == Cause::Closed && tried.batch <= self.asked_anew {
            return;
        }
        // What was sent before the pause is answered like it, and puts nothing off.
        if !matches!(self.state, State::Paused(_)) || self.is_news(tried) {
            self.enter(State::Paused(cause));
            self.wait_until(now + PROBE_EVERY);
        }
        self.release_suspects();
    }

    /// Whether the batch was sent in the present state, so that its answer says something new about it.
    fn is_news(&self, tried: Tried<'_>) -> bool {
        tried.batch > self.state_since
    }

    fn enter(&mut self, state: State) {
        if self.state != state {
            self.state = state;
            self.state_since = self.batches;
            self.failing.clear();
            if state == State::Running {
                self.last_error = None;
            } else {
                self.width = 1;
            }
        }
    }

    fn wait_until(&mut self, time: Instant) {
        self.not_before = self.not_before.max(time);
    }

    fn outcome(&mut self, refused: bool) {
        if self.outcomes.len() == OUTCOMES {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(refused);
    }

    fn complain(&mut self, refusal: &Refusal) {
        let status = refusal.status.map(|status| format!("HTTP {status}: ")).unwrap_or_default();
        self.last_error = Some(format!("{status}{}", refusal.reason));
    }
}

#[cfg(test)]
mod tests;
