//! Where tests let the system fail. Outside of tests there is nothing here but the system itself.

use std::fs::File;
use std::io;

/// Before a write to a segment.
pub(super) fn write() -> io::Result<()> {
    #[cfg(test)]
    injected::fail(&injected::WRITES)?;
    Ok(())
}

/// Before a segment is synced.
pub(super) fn sync() -> io::Result<()> {
    #[cfg(test)]
    {
        injected::fail(&injected::SYNCS)?;
        assert!(!injected::PANIC.take(), "injected");
    }
    Ok(())
}

/// Syncs a file that is no segment.
pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    sync()?;
    file.sync_data()
}

/// Before a settle file is synced.
pub(super) fn settle() -> io::Result<()> {
    #[cfg(test)]
    injected::fail(&injected::SETTLES)?;
    Ok(())
}

/// The id of this process.
pub(super) fn process_id() -> u32 {
    #[cfg(test)]
    if let Some(child) = injected::CHILD.get() {
        return child;
    }
    std::process::id()
}

#[cfg(test)]
pub(super) use injected::{fail_settles, fail_writes};
#[cfg(test)]
pub(crate) use injected::{fail_syncs, fork, panic_at_sync};

#[cfg(test)]
mod injected {
    use std::cell::Cell;
    use std::io;
    use std::thread::LocalKey;

    thread_local! {
        pub(super) static WRITES: Cell<u32> = const { Cell::new(0) };
        pub(super) static SYNCS: Cell<u32> = const { Cell::new(0) };
        pub(super) static SETTLES: Cell<u32> = const { Cell::new(0) };
        pub(super) static PANIC: Cell<bool> = const { Cell::new(false) };
        pub(super) static CHILD: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Lets this thread's next writes fail.
    pub(in crate::journal) fn fail_writes(count: u32) {
        WRITES.set(count);
    }

    /// Lets this thread's next syncs fail.
    pub(crate) fn fail_syncs(count: u32) {
        SYNCS.set(count);
    }

    /// Lets this thread's next syncs of settle files fail.
    pub(in crate::journal) fn fail_settles(count: u32) {
        SETTLES.set(count);
    }

    /// Lets this thread panic at its next sync that is not to fail.
    pub(crate) fn panic_at_sync() {
        PANIC.set(true);
    }

    /// Lets this thread go on as a forked child does: the same memory under another process id.
    pub(crate) fn fork() {
        CHILD.set(Some(std::process::id() + 1));
    }

    pub(super) fn fail(left: &'static LocalKey<Cell<u32>>) -> io::Result<()> {
        match left.get() {
            0 => Ok(()),
            count => {
                left.set(count - 1);
                Err(io::Error::other("injected"))
            }
        }
    }
}
