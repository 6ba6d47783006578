//! A destination that writes down what came, and recognises nothing.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lodger_core::destination::{
    Answer, ApiKeyError, BoxFuture, Delivery, Destination, Identity, LookUp, Misfit, Pacing, Receipt, Repeats,
};
use lodger_core::event::Event;
use tokio::sync::watch;

/// Notes every arrival in a file: id, writer, sequence and a hash of the bytes, one line each. It deduplicates nothing.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    file: Mutex<File>,
}

impl Recording {
    /// Appends to this file.
    ///
    /// # Panics
    ///
    /// When it can't be opened.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        Self { path: path.to_owned(), file: Mutex::new(file) }
    }
}

impl Destination for Recording {
    fn identity(&self) -> Identity {
        Identity::new("recording", self.path.display().to_string())
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        let lines: String = batch.iter().map(line).collect();
        self.file.lock().unwrap().write_all(lines.as_bytes()).unwrap();
        let settled = |delivery: &Delivery| Answer::Settled(Receipt::new(delivery.id(), "recording"));
        Box::pin(std::future::ready(batch.iter().map(settled).collect()))
    }
}

fn line(delivery: &Delivery) -> String {
    let position = delivery.event().position.unwrap();
    let mut hasher = DefaultHasher::new();
    delivery.bytes.hash(&mut hasher);
    format!("{} {} {} {:x}\n", delivery.id(), position.writer, position.sequence, hasher.finish())
}

/// Another destination behind a gate: nothing comes through until it is opened.
#[derive(Debug)]
pub struct Gated {
    inner: Box<dyn Destination>,
    gate: Option<watch::Receiver<bool>>,
}

impl Gated {
    /// Behind a gate that is open when this says so.
    pub(super) fn behind(inner: Box<dyn Destination>, gate: watch::Receiver<bool>) -> Self {
        Self { inner, gate: Some(gate) }
    }

    /// Without a gate.
    #[must_use]
    pub fn opened(inner: Box<dyn Destination>) -> Self {
        Self { inner, gate: None }
    }

    async fn passed(&self) {
        let Some(gate) = &self.gate else { return };
        if gate.clone().wait_for(|open| *open).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Destination for Gated {
    fn identity(&self) -> Identity {
        self.inner.identity()
    }

    fn max_batch(&self) -> usize {
        self.inner.max_batch()
    }

    fn max_batch_bytes(&self) -> usize {
        self.inner.max_batch_bytes()
    }

    fn max_in_flight(&self) -> usize {
        self.inner.max_in_flight()
    }

    fn reads_events(&self) -> bool {
        self.inner.reads_events()
    }

    fn pacing(&self) -> Option<Pacing> {
        self.inner.pacing()
    }

    fn ordered(&self) -> bool {
        self.inner.ordered()
    }

    fn check(&self, event: &Event) -> Vec<Misfit> {
        self.inner.check(event)
    }

    fn repeats(&self) -> Repeats {
        self.inner.repeats()
    }

    fn look_up<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, LookUp> {
        Box::pin(async move {
            self.passed().await;
            self.inner.look_up(delivery).await
        })
    }

    fn replace_api_key(&self, key: &str) -> Result<(), ApiKeyError> {
        self.inner.replace_api_key(key)
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            self.passed().await;
            self.inner.deliver(batch).await
        })
    }
}
