//! How it ended: the one place where a verdict and a response become an [`Outcome`].
//!
//! | what happened | outcome | recorded by default |
//! | --- | --- | --- |
//! | the body was dropped before it returned, or panicked | unknown, "cancelled" or "panicked"; success after `committed()` | yes |
//! | `committed()`, but function Err | failure, "committed, function failed" | yes |
//! | 401 or 403 without `committed()`; a rule's route answered by a 3xx (not 304) with no actor | denied | no |
//! | function Err; no verdict and another status from 400 | failure | no |
//! | function Ok, but another status from 400 | failure, "function ok, response N" | yes |
//! | function Ok, but the inner service failed | failure, "function ok, no response" | yes |
//! | function Ok, but something else in the request panicked | failure, "function ok, request panicked" | yes |
//! | no verdict, and the request panicked | unknown, "request panicked" | yes |
//! | function Ok, no response head | success, "client gone" | yes |
//! | no verdict, no response head | unknown, "client gone" | yes |
//! | a result that nobody could see into, status below 400 or no response head | unknown, "result not visible" | yes |
//! | everything else | success | yes |
//!
//! A status below 200 that ends a request (all but 101) reaches no client as it is: it is read as one from 400.
//!
//! The first row that matches wins. With `committed()` the function counts as Ok from then on.
//!
//! A gRPC error that was known before any message stands in the response head, beside the HTTP status 200 (the gRPC
//! over HTTP/2 specification calls it Trailers-Only). There the code is read in the place of the HTTP status:
//!
//! | `grpc-status` in the head | read as |
//! | --- | --- |
//! | 0 | a status below 400 |
//! | 7 (`PERMISSION_DENIED`), 16 (`UNAUTHENTICATED`) | 401 or 403 |
//! | every other code | another status from 400; "function ok, grpc-status N" |
//!
//! As no other member of the event shows the code, "grpc-status N" is the reason wherever the code is not 0 and
//! nothing else is. The codes that follow a message stand in the trailers, after the head: there the function's own
//! result decides.
//!
//! A function without a `Result` gives no verdict, and neither does a rule without a function: there the response
//! decides. Where no request is around (a worker, a cron job, a test), the function's own `Result` decides, and
//! without a `Result` it is success.

mod set;

use std::borrow::Cow;
use std::fmt;

pub use self::set::OutcomeSet;
use crate::event::Outcome;

/// What a function's return value says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It returned `Ok`.
    Ok,
    /// It returned `Err`.
    Err,
    /// It returns no `Result`, or there is no function but a rule: it has no verdict of its own.
    None,
    /// It returned a `Result` that couldn't be looked into (hidden by an alias or a type parameter): never success.
    Hidden,
}

/// How the work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It returned.
    Returned(Verdict),
    /// It was dropped before it returned.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// What is known of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The HTTP status of the response head.
    Status(u16),
    /// The gRPC code in the response head.
    Grpc(u32),
    /// A request was around, but it ended before there was a response head.
    Gone,
    /// A request was around, and something in it panicked before there was a response head.
    Panicked,
    /// The inner service failed, so whoever asked sees an error or nothing.
    Failed,
    /// No request was around, so no response was ever due.
    NotDue,
}

/// What a response says, whatever its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Whoever asked may not, or has to say first who it is.
    Denied,
    /// Something went wrong.
    Error,
    /// It is to be found elsewhere.
    Redirect,
    /// It went well.
    Fine,
}

impl Answer {
    /// What the response says; `None` where there is none.
    pub(super) fn says(self) -> Option<Says> {
        match self {
            Self::Status(401 | 403) | Self::Grpc(7 | 16) => Some(Says::Denied),
            Self::Status(..=100 | 102..=199 | 400..) | Self::Grpc(1..) => Some(Says::Error),
            // 304 leads nowhere else: what was asked for is what the client has.
            Self::Status(300..=303 | 305..=399) => Some(Says::Redirect),
            Self::Status(_) | Self::Grpc(_) => Some(Says::Fine),
            Self::Failed => Some(Says::Error),
            Self::Gone | Self::Panicked | Self::NotDue => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "response {status}"),
            Self::Grpc(code) => write!(f, "grpc-status {code}"),
            Self::Panicked => f.write_str("request panicked"),
            Self::Gone | Self::Failed | Self::NotDue => f.write_str("no response"),
        }
    }
}

/// All that the ruling depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// How the work ended.
    pub ended: Ended,
    /// Whether it said that the change is done: `audit.committed()`.
    pub committed: bool,
    /// What is known of the response.
    pub answer: Answer,
    /// Whether the event comes from a layer's rule and has no actor. There a redirect is a refusal: the way to the
    /// login page.
    pub rule_without_actor: bool,
}

/// How it ended, why, and which choices of outcomes record it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ruling {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where the outcome alone would mislead.
    pub reason: Option<Cow<'static, str>>,
    /// Whether it is recorded where nobody chose outcomes.
    pub by_default: bool,
    /// An `on` that names any of these records it. `success` covers "function ok, response N" too: the change may be
    /// done, whatever became of the response.
    pub selected_by: OutcomeSet,
}

impl Ruling {
    fn new(outcome: Outcome, reason: Option<Cow<'static, str>>) -> Self {
        let by_default = matches!(outcome, Outcome::Success | Outcome::Unknown);
        Self { outcome, reason, by_default, selected_by: OutcomeSet::of(outcome) }
    }

    fn plain(outcome: Outcome) -> Self {
        Self::new(outcome, None)
    }

    fn because(outcome: Outcome, reason: &'static str) -> Self {
        Self::new(outcome, Some(Cow::Borrowed(reason)))
    }

    fn done_but(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            outcome: Outcome::Failure,
            reason: Some(reason.into()),
            by_default: true,
            selected_by: OutcomeSet::FAILURE.with(OutcomeSet::SUCCESS),
        }
    }

    /// The gRPC code as the reason where there is no other: no other member of the event shows it.
    fn or_because(mut self, answer: Answer) -> Self {
        if let (None, Answer::Grpc(1..)) = (&self.reason, answer) {
            self.reason = Some(Cow::Owned(answer.to_string()));
        }
        self
    }

    fn interrupted(committed: bool, reason: &'static str) -> Self {
        Self::because(if committed { Outcome::Success } else { Outcome::Unknown }, reason)
    }
}

/// The ruling for these facts, by the table at the head of this module.
#[must_use]
pub fn rule(facts: Facts) -> Ruling {
    let verdict = match facts.ended {
        Ended::Panicked => return Ruling::interrupted(facts.committed, "panicked"),
        Ended::Cancelled => return Ruling::interrupted(facts.committed, "cancelled"),
        Ended::Returned(Verdict::Err) if facts.committed => {
            return Ruling::done_but("committed, function failed");
        }
        Ended::Returned(_) if facts.committed => Verdict::Ok,
        Ended::Returned(verdict) => verdict,
    };
    let (gone, panicked) = (facts.answer == Answer::Gone, facts.answer == Answer::Panicked);
    let ruling = match (verdict, facts.answer.says()) {
        (_, Some(Says::Denied)) if !facts.committed => Ruling::plain(Outcome::Denied),
        (_, Some(Says::Redirect)) if facts.rule_without_actor => Ruling::plain(Outcome::Denied),
        (Verdict::Err, _) => Ruling::plain(Outcome::Failure),
        (Verdict::Ok, Some(Says::Denied | Says::Error)) => {
            Ruling::done_but(format!("function ok, {}", facts.answer))
        }
        (Verdict::None | Verdict::Hidden, Some(Says::Denied | Says::Error)) => {
            Ruling::plain(Outcome::Failure)
        }
        (Verdict::Ok, None) if panicked => Ruling::done_but(format!("function ok, {}", facts.answer)),
        (Verdict::None, None) if panicked => Ruling::because(Outcome::Unknown, "request panicked"),
        (Verdict::Hidden, _) => Ruling::because(Outcome::Unknown, "result not visible"),
        (Verdict::Ok, None) if gone => Ruling::because(Outcome::Success, "client gone"),
        (Verdict::None, None) if gone => Ruling::because(Outcome::Unknown, "client gone"),
        (Verdict::Ok | Verdict::None, _) => Ruling::plain(Outcome::Success),
    };
    ruling.or_because(facts.answer)
}

/// Whether an event with this ruling is recorded. `on` is what the attribute chose, else what the layer chose, else
/// None for the default.
#[must_use]
pub fn recorded(ruling: &Ruling, on: Option<OutcomeSet>) -> bool {
    on.map_or(ruling.by_default, |chosen| chosen.intersects(ruling.selected_by))
}

#[cfg(test)]
mod tests;
