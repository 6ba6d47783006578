//! What this crate runs beside the application's own code, in the application's process: threads and one timer.
//!
//! - [`thread`] starts every one of our threads: named, and deaf to the application's signals.
//! - [`timer`] bounds waits, on any executor and on none.

pub(crate) mod thread;
pub(crate) mod timer;
