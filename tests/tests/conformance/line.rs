//! A service behind a port, and everything that can go wrong on the way to it and back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use lodger_examples::stand_in::{self, Service};
use serde_json::{Value, json};

use crate::loopback::{Loopback, Recorded, Reply, Step};

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The service does as it should, and then this happens instead of its answer.
    After(Step),
    /// The service does as it should, and its answer is cut off.
    Cut,
    /// The service hears nothing of it.
    Instead(Step),
}

/// A service behind a port.
pub(crate) struct Line {
    pub(crate) server: Loopback,
    state: Arc<Mutex<State>>,
}

struct State {
    service: Box<dyn Service>,
    /// What goes wrong with the next requests that write, and that read.
    writes: VecDeque<Fault>,
    reads: VecDeque<Fault>,
    /// After so many writes it does as it should, and never answers.
    hangs_after: Option<usize>,
    /// Events with this text in them are refused.
    refused: Option<&'static str>,
    /// A key that is taken no more, and the one that took its place.
    key: Option<(&'static str, &'static str)>,
    /// Writes that the service has heard of.
    heard: usize,
}

impl Line {
    pub(crate) async fn to(service: impl Service) -> Self {
        let state = Arc::new(Mutex::new(State {
            service: Box::new(service),
            writes: VecDeque::new(),
            reads: VecDeque::new(),
            hangs_after: None,
            refused: None,
            key: None,
            heard: 0,
        }));
        let server = Loopback::start(Step::Close).await;
        let answering = Arc::clone(&state);
        server.answer_by(move |request| answering.lock().unwrap().answer(request));
        Self { server, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn base(&self) -> String {
        self.server.base()
    }

    pub(crate) fn stored(&self) -> Vec<Value> {
        self.state().service.stored()
    }

    /// What goes wrong with the next requests that write.
    pub(crate) fn spoil(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().writes.extend(faults);
    }

    /// What goes wrong with the next requests that read.
    pub(crate) fn spoil_reads(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().reads.extend(faults);
    }

    /// After so many writes it does as it should, and never answers.
    pub(crate) fn hang_after(&self, writes: usize) {
        self.state().hangs_after = Some(writes);
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        (state.hangs_after, state.refused) = (None, None);
        state.writes.clear();
        state.reads.clear();
    }

    /// Events with this text in them are refused.
    pub(crate) fn refuse(&self, text: &'static str) {
        self.state().refused = Some(text);
    }

    /// This key is taken no more; another one is.
    pub(crate) fn replace_key(&self, old: &'static str, new: &'static str) {
        self.state().key = Some((old, new));
    }

    /// How many writes the service has heard of.
    pub(crate) fn heard(&self) -> usize {
        self.state().heard
    }
}

impl State {
    fn answer(&mut self, request: &Recorded) -> Step {
        let writes = request.method == "POST";
        let planned = if writes { &mut self.writes } else { &mut self.reads }.pop_front();
        if let Some(Fault::Instead(step)) = planned {
            return step;
        }
        let mut request = request.clone();
        if let Some((old, new)) = self.key {
            if request.headers.values().any(|value| value.contains(old)) {
                return Step::Reply(Reply::json(401, &json!({"error": "this key is taken no more"})));
            }
            request.headers.values_mut().for_each(|value| *value = value.replace(new, old));
        }
        let has = |text: &str| request.body.windows(text.len()).any(|window| window == text.as_bytes());
        if writes && self.refused.is_some_and(has) {
            return Step::Reply(Reply::json(400, &json!({"error": "not such an event"})));
        }
        let Recorded { method, path, headers, body } = request;
        let reply = self.service.answer(&stand_in::Request::new(&method, &path, headers, body));
        let reply = Reply { status: reply.status, headers: reply.headers, body: reply.body };
        if writes {
            self.heard += 1;
        }
        match planned {
            _ if writes && self.hangs_after.is_some_and(|most| self.heard > most) => Step::Hang,
            Some(Fault::After(step)) => step,
            Some(Fault::Cut) => Step::Truncated(reply),
            Some(Fault::Instead(_)) | None => Step::Reply(reply),
        }
    }
}
