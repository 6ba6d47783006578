//! The embedded store: appending beside bare SQLite, pages and counts as it grows, verifying it.
//!
//! Bare SQLite gets the store's own rows, hashes and salts included, with the store's schema and pragmas; what the store
//! does beyond that is to read and check each event, to commit to its personal values, to hash and to chain.

mod append;
mod bare;
mod events;
mod grown;

use crate::options::Options;
use crate::report::Report;

const GROUP: &str = "store";

pub(crate) fn measure(options: &Options) -> Result<Report, String> {
    let mut report = Report::new(GROUP, "ns");
    let measured = match options.counted() {
        Some((variant, times)) => append::counted(variant, times),
        None => append::measure(options, &mut report).and_then(|()| grown::measure(options, &mut report)),
    };
    measured.map_err(|error| error.to_string())?;
    Ok(report.note(
        "under valgrind SHA-256 has no help from the processor, and about 110,000 of the instructions of an append are it",
    ))
}

/// A count as a number that can be divided.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
