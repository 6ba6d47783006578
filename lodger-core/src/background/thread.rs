//! Starts our threads, all of them here.
//!
//! Each has a name that begins with `lodger-`, so that an operator who lists the threads of a process (`top -H`,
//! `/proc/<pid>/task`) sees whose they are. And each blocks every signal that can be sent to the process: the kernel picks any
//! thread that doesn't, and an application's handler must not find itself on a thread that it knows nothing of.
//! Signals that a thread raises by its own mistake (`SIGSEGV` and its like) stay open, or the message about an
//! overflown stack and every crash reporter would miss them.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread. Linux shows the first 15 bytes of its name, so what tells threads apart has to stand there.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    // A name may come from a destination of the application's own, and a zero byte in it would be a panic.
    let name: String = name.chars().filter(char::is_ascii_graphic).collect();
    // Around the start and not first thing inside, so that there is no moment in which a signal gets through.
    let _inherited = signals::block();
    Builder::new().name(name).spawn(run)
}

#[cfg(unix)]
mod signals {
    use nix::sys::signal::{SigSet, SigmaskHow, Signal};

    /// What a thread raises by itself.
    const SYNCHRONOUS: [Signal; 7] = [
        Signal::SIGABRT,
        Signal::SIGBUS,
        Signal::SIGFPE,
        Signal::SIGILL,
        Signal::SIGSEGV,
        Signal::SIGSYS,
        Signal::SIGTRAP,
    ];

    /// While it lives, this thread takes no signals, and those that it starts never will.
    pub(super) struct Blocked {
        before: Option<SigSet>,
    }

    pub(super) fn block() -> Blocked {
        let mut all = SigSet::all();
        SYNCHRONOUS.into_iter().for_each(|own| all.remove(own));
        Blocked { before: all.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok() }
    }

    impl Drop for Blocked {
        fn drop(&mut self) {
            if let Some(before) = &self.before
                && let Err(error) = before.thread_set_mask()
            {
                tracing::error!(%error, "the signal mask of a thread could not be restored");
            }
        }
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) fn block() {}
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::*;

    /// The blocked signals of the thread that asks, as a bit each: bit 0 is signal 1.
    fn blocked() -> u64 {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap()
    }

    #[test]
    fn a_thread_of_ours_takes_no_signal_but_its_own_mistakes_and_its_starter_is_as_before() {
        let before = blocked();
        let (inside, name) =
            spawn("lodger-test\0of a name", || (blocked(), std::thread::current().name().map(str::to_owned)))
                .unwrap()
                .join()
                .unwrap();
        // The signals from 1 to 31 without ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS, and KILL and STOP, which nobody can block.
        let own = [4, 5, 6, 7, 8, 11, 31, 9, 19].map(|signal| 1_u64 << (signal - 1)).iter().sum::<u64>();
        assert_eq!(inside & 0x7fff_ffff, 0x7fff_ffff & !own);
        assert_eq!(name.as_deref(), Some("lodger-testofaname"));
        assert_eq!(blocked(), before);
    }
}
