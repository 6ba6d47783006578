//! A destination that writes down what came, and recognises nothing.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt};
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
pub(super) struct Gated {
    pub(super) inner: Box<dyn Destination>,
    pub(super) open: watch::Receiver<bool>,
}

impl Destination for Gated {
    fn identity(&self) -> Identity {
        self.inner.identity()
    }

    fn max_batch(&self) -> usize {
        self.inner.max_batch()
    }

    fn max_in_flight(&self) -> usize {
        self.inner.max_in_flight()
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let mut open = self.open.clone();
            if open.wait_for(|open| *open).await.is_err() {
                return std::future::pending().await;
            }
            self.inner.deliver(batch).await
        })
    }
}
