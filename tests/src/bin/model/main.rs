//! Looks for schedules in which intake, permits or shutdown go wrong.
//!
//! `intake.rs`, `held.rs`, `budget.rs` and `progress.rs` of lodger-core are compiled here as they are, with shuttle's primitives in
//! the place of the standard library's, and run under schedules that shuttle throws: each scenario so often with random ones
//! and as often with those that find deep orderings (PCT). A lost wake-up is a deadlock, which shuttle reports with the
//! schedule to replay.
//!
//! ```text
//! cargo run --release -p lodger-tests --bin model -- --schedules 100000
//! ```
#![allow(dead_code, unreachable_pub, reason = "the files are compiled for what the scenarios use of them")]
#![expect(clippy::unwrap_used, reason = "a scenario that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "a program says how it ended")]

#[path = "../../../../lodger-core/src/pipeline/budget.rs"]
mod budget;
#[path = "../../../../lodger-core/src/pipeline/held.rs"]
mod held;
#[path = "../../../../lodger-core/src/pipeline/intake.rs"]
mod intake;
#[path = "../../../../lodger-core/src/pipeline/progress.rs"]
mod progress;
mod scenarios;

/// The primitives of which the files are made.
mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::{Arc, PoisonError};
}

/// What waits, of which the model needs nothing but that it is there.
mod content {
    use crate::event::Timestamp;

    #[derive(Debug)]
    pub(crate) struct Content;

    impl Content {
        pub(crate) fn weight(&self) -> usize {
            1
        }

        pub(crate) fn occurred_at(&self) -> Timestamp {
            Timestamp::now()
        }
    }
}

/// Who waits for an event, without the waiting.
mod ticket {
    use crate::budget::Permit;
    use crate::sync::{Arc, AtomicUsize, Ordering};

    #[derive(Debug, Default)]
    pub(crate) struct Watch {
        permit: Option<Permit>,
        told: Option<Arc<AtomicUsize>>,
    }

    impl Watch {
        /// Counts when its goal is reached.
        pub(crate) fn telling(told: &Arc<AtomicUsize>) -> Self {
            Self { permit: None, told: Some(Arc::clone(told)) }
        }

        pub(crate) fn hold(&mut self, permit: Permit) {
            self.permit = Some(permit);
        }

        pub(crate) fn reached(self, _receipts: Vec<()>) {
            if let Some(told) = self.told {
                told.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

mod event {
    pub(crate) use lodger_core::event::Timestamp;
}

mod destination {
    pub(crate) use lodger_core::destination::Identity;
}

/// The one process of the model.
mod journal {
    pub(crate) use lodger_core::journal::Share;

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Owner;

    impl Owner {
        pub(crate) fn here() -> Self {
            Self
        }

        pub(crate) fn is_here(self) -> bool {
            true
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let schedules = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => 10_000,
        (Some("--schedules"), Some(number)) => number.parse().unwrap(),
        _ => panic!("model [--schedules NUMBER]"),
    };
    for (name, scenario) in scenarios::ALL {
        shuttle::check_random(scenario, schedules);
        shuttle::check_pct(scenario, schedules, 3);
        println!("{name}: {} schedules", 2 * schedules);
    }
}
