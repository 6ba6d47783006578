//! An import that has begun.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::{ImportProgress, ImportStopped, Imported, Settings, key};
use crate::service::Retries;
use crate::service::lodger::exchange::{Answer, Exchange, Repeat, to_json};
use crate::service::lodger::options::given;
use crate::service::lodger::{EventCall, EventReceipt, LodgerApi, LodgerError};

/// What happens next.
#[expect(clippy::large_enum_variant, reason = "one at a time, and never kept")]
enum Turn {
    Call(Option<EventCall>),
    Done(u64, Result<EventReceipt, LodgerError>),
    End,
}

/// Where it is.
pub(super) struct Run<'a> {
    settings: Settings<'a>,
    of: Option<u64>,
    exhausted: bool,
    /// The number of the next event out of the source.
    next: u64,
    under_way: JoinSet<(u64, Result<EventReceipt, LodgerError>)>,
    /// The numbers of those under way.
    open: BTreeSet<u64>,
    /// The first one that failed and might be accepted another time, and why.
    missed: Option<(u64, LodgerError)>,
    accepted: u64,
    failed: u64,
    gate: Arc<Gate>,
}

impl<'a> Run<'a> {
    pub(super) fn new(settings: Settings<'a>, of: Option<u64>) -> Self {
        Self {
            settings,
            of,
            exhausted: false,
            next: 0,
            under_way: JoinSet::new(),
            open: BTreeSet::new(),
            missed: None,
            accepted: 0,
            failed: 0,
            gate: Arc::default(),
        }
    }

    /// Imports all calls, or stops.
    pub(super) async fn through(
        mut self,
        calls: impl Stream<Item = EventCall>,
    ) -> Result<ImportProgress, ImportStopped> {
        let mut calls = std::pin::pin!(calls);
        loop {
            match poll_fn(|context| self.turn(calls.as_mut(), context)).await {
                Turn::Call(Some(call)) => {
                    self.take(call);
                    // A source that is skipped over, or never waits, must not keep others from running.
                    tokio::task::consume_budget().await;
                }
                Turn::Call(None) => self.exhausted = true,
                Turn::Done(index, result) => {
                    if let Some(error) = self.settle(index, result) {
                        return Err(self.stop(index, error).await);
                    }
                }
                Turn::End => {
                    let progress = self.progress();
                    // What may be accepted another time and was not is no success, however much is tolerated.
                    let Some((index, error)) = self.missed else { return Ok(progress) };
                    return Err(ImportStopped { index, progress, error });
                }
            }
        }
    }

    fn turn<S: Stream<Item = EventCall>>(
        &mut self,
        calls: Pin<&mut S>,
        context: &mut Context<'_>,
    ) -> Poll<Turn> {
        if !self.exhausted
            && self.under_way.len() < self.settings.at_once
            && let Poll::Ready(call) = calls.poll_next(context)
        {
            return Poll::Ready(Turn::Call(call));
        }
        match ready!(self.under_way.poll_join_next(context)) {
            Some(done) => {
                let (index, result) = finished(done);
                Poll::Ready(Turn::Done(index, result))
            }
            None if self.exhausted => Poll::Ready(Turn::End),
            None => Poll::Pending,
        }
    }

    fn take(&mut self, call: EventCall) {
        let index = self.next;
        self.next += 1;
        if index < self.settings.resume_at {
            return;
        }
        self.open.insert(index);
        let exchange = exchange(&self.settings.api, &self.settings.name, index, call);
        let (api, retries, gate) = (self.settings.api.clone(), self.settings.retries, Arc::clone(&self.gate));
        self.under_way.spawn(async move {
            let result = match exchange {
                Ok(exchange) => send(&api, &exchange, retries, &gate).await,
                Err(error) => Err(error),
            };
            (index, result)
        });
    }

    /// Counts and tells. The error, where it has to stop.
    fn settle(&mut self, index: u64, result: Result<EventReceipt, LodgerError>) -> Option<LodgerError> {
        match &result {
            Ok(_) => self.accepted += 1,
            Err(_) => self.failed += 1,
        }
        let tolerable = self.failed <= self.settings.tolerated;
        let settled = result.as_ref().err().is_none_or(|error| tolerable && of_the_event(error));
        if settled {
            self.open.remove(&index);
        }
        let progress = self.progress();
        if let Some(observer) = &mut self.settings.observer {
            observer(&Imported { index, result: &result, progress });
        }
        let error = match result {
            // It stays open: whatever is told after it, this is where to go on.
            Err(error) if !tolerable || concerns_all(&error) => return Some(error),
            result => result.err(),
        };
        self.open.remove(&index);
        let error = error?;
        if !settled && self.missed.as_ref().is_none_or(|(missed, _)| index < *missed) {
            self.missed = Some((index, error));
        }
        None
    }

    fn progress(&self) -> ImportProgress {
        let missed = self.missed.as_ref().map(|(index, _)| *index);
        let first = [self.open.first().copied(), missed].into_iter().flatten().min();
        let resume_at = first.unwrap_or(self.next).max(self.settings.resume_at);
        ImportProgress { accepted: self.accepted, failed: self.failed, of: self.of, resume_at }
    }

    /// Lets go of what is under way. An answer that is there counts, and may be of an earlier event that stops it, too.
    async fn stop(mut self, mut index: u64, mut error: LodgerError) -> ImportStopped {
        while let Some(done) = self.under_way.try_join_next() {
            let (other, result) = finished(done);
            if let Some(of_other) = self.settle(other, result)
                && other < index
            {
                (index, error) = (other, of_other);
            }
        }
        self.under_way.shutdown().await;
        let mut progress = self.progress();
        progress.resume_at = progress.resume_at.min(index);
        ImportStopped { index, progress, error }
    }
}

/// Whether the service, or this client, refused the event for what it is. It would be refused again, and others fare better.
fn of_the_event(error: &LodgerError) -> bool {
    match error {
        LodgerError::Invalid(_) => !error.is_keyless(),
        LodgerError::Api(_) => matches!(error.status(), Some(400 | 409 | 413 | 422)),
        LodgerError::Transport(_) | LodgerError::Unreadable(_) | LodgerError::Paging(_) => false,
    }
}

/// Whether no other event will fare better.
fn concerns_all(error: &LodgerError) -> bool {
    let busy = matches!(error.status(), Some(429 | 503));
    let refused = matches!(error, LodgerError::Api(_)) && !error.is_retryable() && !of_the_event(error);
    busy || refused || error.is_keyless()
}

/// What came of a task. One that panicked goes on panicking here.
pub(super) fn finished<T>(done: Result<T, JoinError>) -> T {
    match done.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(cancelled)) => panic!("the runtime shuts down: {cancelled}"),
    }
}

/// The event of this number, ready to be sent.
fn exchange(api: &LodgerApi, name: &str, index: u64, mut call: EventCall) -> Result<Exchange, LodgerError> {
    if call.occurred_at.as_deref().is_none_or(|at| at.trim().is_empty()) {
        let text =
            format!("event {index} of the import has no `occurred_at`: when it happened is not known here");
        return Err(LodgerError::Invalid(text));
    }
    let mut options = std::mem::take(&mut call.options);
    let body = call.into_body(api.workspace(), api.project());
    if given(options.idempotency_key.as_deref()).is_none() {
        options = options.idempotency_key(key::of(name, index, &body)?);
    }
    api.recording(to_json(&body)?, &options)
}

async fn send(
    api: &LodgerApi,
    exchange: &Exchange,
    retries: Retries,
    gate: &Gate,
) -> Result<EventReceipt, LodgerError> {
    let attempt = async || {
        gate.pass().await;
        let answer = EventReceipt::read(&api.send(exchange).await?, exchange.answer_limit);
        if let Err(error) = &answer
            && matches!(error.status(), Some(429 | 503))
            && let Some(after) = error.retry_after().filter(|after| *after <= retries.longest())
        {
            gate.close(after);
        }
        answer
    };
    retries.run(attempt, |error| Repeat::Harmless.after(error)).await
}

/// Closed while the service wants nobody to ask, for no longer than a request may wait: whoever is told of a later time ends
/// the import.
#[derive(Debug, Default)]
struct Gate(Mutex<Option<Instant>>);

impl Gate {
    fn close(&self, pause: Duration) {
        let until = Instant::now().checked_add(pause);
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = (*closed).max(until);
    }

    async fn pass(&self) {
        loop {
            let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => return,
            }
        }
    }
}
