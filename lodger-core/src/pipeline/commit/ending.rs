//! However the journal thread ends, also by a panic: nothing of what it had is forgotten.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Staged, folded};
use crate::pipeline::content::Content;
use crate::pipeline::counters::Counters;
use crate::pipeline::fold::Fold;
use crate::pipeline::intake::{Entry, Intake};
use crate::pipeline::progress::Progress;
use crate::pipeline::sealed::Sealed;

/// What the journal thread has in hand. Whatever a panic finds there is written to stderr.
pub(super) struct Hand {
    pub(super) offered: VecDeque<Entry>,
    pub(super) staging: Option<Sealed>,
    pub(super) staged: Vec<Staged>,
    pub(super) counters: Arc<Counters>,
}

impl Drop for Hand {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let staged = self.staged.drain(..).map(|staged| staged.event).chain(self.staging.take());
        let contents = self.offered.drain(..).map(|entry| entry.content);
        for content in staged.map(Content::Sealed).chain(contents) {
            content.last_resort("the journal thread panicked; it may arrive nevertheless", &self.counters);
        }
    }
}

/// What happens when the journal thread ends.
pub(super) struct End {
    pub(super) intake: Arc<Intake>,
    pub(super) progress: Arc<Progress>,
    pub(super) counters: Arc<Counters>,
    pub(super) fold: Arc<Fold>,
    pub(super) all_committed: bool,
}

impl Drop for End {
    fn drop(&mut self) {
        for entry in self.intake.end(self.all_committed) {
            entry.content.last_resort("the journal thread ended", &self.counters);
        }
        // What the journal refused at the end, or a panic of this thread left.
        folded::tell_lost(&self.fold.close(), &self.counters);
        self.progress.post(|board| board.journal_ended = true);
        self.progress.ring();
    }
}
