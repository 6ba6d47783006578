//! Where tests let the system fail, and see in which order it is asked. Outside of tests there is nothing here but the
//! system itself.

use std::fs::File;
use std::io;

/// Before a write to a segment.
pub(super) fn write() -> io::Result<()> {
    #[cfg(test)]
    injected::fail(&injected::WRITES)?;
    note("write");
    Ok(())
}

/// Syncs what was written into a file, whose length is as it was.
pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    before_sync()?;
    file.sync_data()?;
    note("sync");
    Ok(())
}

/// Syncs a file and its length.
pub(super) fn sync_all(file: &File) -> io::Result<()> {
    before_sync()?;
    file.sync_all()?;
    note("sync");
    Ok(())
}

/// Syncs a settle file.
pub(super) fn sync_settled(file: &File) -> io::Result<()> {
    #[cfg(test)]
    injected::fail(&injected::SETTLES)?;
    file.sync_data()?;
    note("sync settled");
    Ok(())
}

/// Syncs the names in a directory.
pub(super) fn sync_directory(dir: &File) -> io::Result<()> {
    dir.sync_all()?;
    note("sync directory");
    Ok(())
}

fn before_sync() -> io::Result<()> {
    #[cfg(test)]
    {
        injected::fail(&injected::SYNCS)?;
        assert!(!injected::PANIC.take(), "injected");
    }
    Ok(())
}

fn note(call: &'static str) {
    #[cfg(test)]
    injected::note(call);
    #[cfg(not(test))]
    let _ = call;
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
pub(super) use injected::{calls, fail_settles, fail_writes};
#[cfg(test)]
pub(crate) use injected::{fail_syncs, fork, panic_at_sync};

#[cfg(test)]
mod injected {
    use std::cell::{Cell, RefCell};
    use std::io;
    use std::thread::LocalKey;

    thread_local! {
        pub(super) static WRITES: Cell<u32> = const { Cell::new(0) };
        pub(super) static SYNCS: Cell<u32> = const { Cell::new(0) };
        pub(super) static SETTLES: Cell<u32> = const { Cell::new(0) };
        pub(super) static PANIC: Cell<bool> = const { Cell::new(false) };
        static CALLS: RefCell<Option<Vec<&'static str>>> = const { RefCell::new(None) };
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

    /// What this thread asks of the system while it works, and gets.
    pub(in crate::journal) fn calls(work: impl FnOnce()) -> Vec<&'static str> {
        CALLS.set(Some(Vec::new()));
        work();
        CALLS.take().unwrap_or_default()
    }

    pub(super) fn note(call: &'static str) {
        CALLS.with_borrow_mut(|calls| calls.iter_mut().for_each(|calls| calls.push(call)));
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
