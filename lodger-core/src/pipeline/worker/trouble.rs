//! What fails for a while, said once when it begins and once when it ends.

/// Whether it was said that something fails.
#[derive(Debug, Default)]
pub(super) struct Trouble(bool);

impl Trouble {
    /// It fails. Answers whether that is news.
    pub(super) fn begins(&mut self) -> bool {
        !std::mem::replace(&mut self.0, true)
    }

    /// It works. Answers whether that is news.
    pub(super) fn ends(&mut self) -> bool {
        std::mem::take(&mut self.0)
    }
}

/// What of the disk's doings fails.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    pub(super) reading: Trouble,
    pub(super) settling: Trouble,
    pub(super) keeping_letters: Trouble,
    pub(super) reading_letters: Trouble,
    pub(super) removing_letters: Trouble,
}
