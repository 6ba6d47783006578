//! How large an event is.

use std::cell::Cell;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::Event;

/// The longest text RFC 8785 makes of a number is 25 characters: `-0.0000012345678901234567` and its like.
const MAX_NUMBER_CHARS: usize = 25;

/// What a value takes as canonical JSON, without making that JSON.
///
/// Exact but for numbers with a fraction, whose canonical text only the canonical serialiser knows: `low` counts
/// one byte for each, `low + slack` the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Estimate {
    pub(super) low: usize,
    pub(super) slack: usize,
}

/// Estimates, and gives up above `stop` bytes, so that a huge value costs no more than one that just fits.
/// After giving up, `low` is some number above `stop`.
pub(super) fn estimate(value: &impl Serialize, stop: usize) -> Estimate {
    let (low, slack) = (Cell::new(0), Cell::new(0));
    let counter = Counter { bytes: &low, stop };
    let mut serializer = Serializer::with_formatter(counter, CountFractions { slack: &slack });
    if value.serialize(&mut serializer).is_err() {
        // The counter gives up by an error; any other error is the canonical serialiser's to report.
        low.set(low.get().max(1));
    }
    Estimate { low: low.get(), slack: slack.get() }
}

/// At least how many bytes the value takes.
pub(super) fn at_least(value: &impl Serialize) -> usize {
    estimate(value, usize::MAX).low
}

/// At least how many bytes the event has above `max`, not counting what the journal adds to it; zero when it fits.
/// Exact whenever it is small.
pub(super) fn excess(event: &Event, max: usize, stop: usize) -> usize {
    let journal = journal_part(event);
    let Estimate { low, slack } = estimate(event, stop.saturating_add(journal));
    if low > max + journal {
        return low - journal - max;
    }
    if low + slack <= max + journal {
        return 0;
    }
    match event.to_canonical_json() {
        Ok(bytes) => bytes.len().saturating_sub(max + journal),
        // An event that has no canonical form never fits.
        Err(_) => 1,
    }
}

/// The bytes of `writer`, `sequence` and `previous`, which the journal adds after the event was accepted.
fn journal_part(event: &Event) -> usize {
    let place = event.position.map_or(0, |position| at_least(&position).saturating_sub(1));
    let previous = event.previous.map_or(0, |position| at_least(&position) + r#","previous":"#.len());
    place + previous
}

struct Counter<'c> {
    bytes: &'c Cell<usize>,
    stop: usize,
}

impl io::Write for Counter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.set(self.bytes.get().saturating_add(bytes.len()));
        if self.bytes.get() > self.stop { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct CountFractions<'c> {
    slack: &'c Cell<usize>,
}

impl CountFractions<'_> {
    fn fraction<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.slack.set(self.slack.get() + MAX_NUMBER_CHARS - 1);
        writer.write_all(b"0")
    }
}

impl Formatter for CountFractions<'_> {
    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, _: f32) -> io::Result<()> {
        self.fraction(writer)
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, _: f64) -> io::Result<()> {
        self.fraction(writer)
    }

    /// With serde_json's feature `arbitrary_precision` every number comes this way.
    fn write_number_str<W: ?Sized + io::Write>(&mut self, writer: &mut W, _: &str) -> io::Result<()> {
        self.fraction(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_fractions_the_estimate_is_exact() {
        let value = json!({"a\"b": ["\u{1}\n/é😀", 17, -9_007_199_254_740_992_i64, true, null, {}], "": []});
        let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
        assert_eq!(estimate(&value, usize::MAX), Estimate { low: canonical.len(), slack: 0 });
    }

    #[test]
    fn fractions_lie_between_the_bounds() {
        for number in [0.1, -1.234_567_890_123_456_7e-6, 1e300, 5e-324, -1.797_693_134_862_315_7e308, 1e20] {
            let canonical = serde_json_canonicalizer::to_vec(&json!(number)).unwrap();
            let Estimate { low, slack } = estimate(&json!(number), usize::MAX);
            assert!(
                low <= canonical.len() && canonical.len() <= low + slack,
                "{number}: {}",
                canonical.len()
            );
        }
    }

    #[test]
    fn counting_stops_soon_after_the_limit() {
        let many = vec!["x"; 1_000_000];
        assert_eq!(estimate(&many, 100).low, 101);
    }
}
