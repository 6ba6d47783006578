//! What is fuzzed: every parser that sees foreign bytes, each with what must hold whatever the bytes are.
//!
//! Compiled for the fuzz targets in `fuzz/` and for the tests, which replay the targets' seeds on stable Rust. A target
//! is a name in [`TARGETS`], a directory of seeds `fuzz/seeds/<name>`, and a file in `fuzz/fuzz_targets`.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use crate::capture::client_ip::{ProxyHeader, TrustedProxies, client_ip};
use crate::capture::route_pattern::RoutePattern;
use crate::capture::{Asked, Head, ResponseHead, request_id, session, trace};
use crate::event::Event;
use crate::event::trim::trim;

/// A target: it panics where something doesn't hold.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("client_ip", client_ips),
    ("event", events),
    #[cfg(feature = "journal")]
    ("dead_letter_files", crate::pipeline::fuzzing::files),
    #[cfg(feature = "journal")]
    ("dead_letter_line", crate::pipeline::fuzzing::line),
    #[cfg(feature = "journal")]
    ("journal_damage", crate::journal::fuzzing::damage),
    #[cfg(feature = "journal")]
    ("journal_manifest", crate::journal::fuzzing::manifest),
    #[cfg(feature = "journal")]
    ("journal_record", crate::journal::fuzzing::record),
    #[cfg(feature = "journal")]
    ("journal_settled", crate::journal::fuzzing::settle_file),
    #[cfg(feature = "http")]
    ("http_answer", crate::destination::fuzzing::http_answer),
    #[cfg(feature = "http")]
    ("lodger_answer", crate::destination::fuzzing::lodger_answer),
    ("file_tail", crate::destination::fuzzing::file_tail),
    ("request_id", request_ids),
    ("response_head", response_heads),
    #[cfg(feature = "http")]
    ("retry_after", retry_after),
    ("route_pattern", route_patterns),
    ("session", sessions),
    ("trace", traces),
];

/// Runs the target with this name.
///
/// # Panics
///
/// When there is none, or something doesn't hold.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| target);
    target.expect("a target of this name is in TARGETS")(bytes);
}

/// A request's head that consists of one header with as many lines as the bytes have.
#[derive(Debug)]
struct Lines<'a> {
    name: &'static str,
    lines: Vec<&'a [u8]>,
}

impl<'a> Lines<'a> {
    fn of(name: &'static str, bytes: &'a [u8]) -> Self {
        Self { name, lines: bytes.split(|byte| *byte == b'\n').collect() }
    }
}

impl Head for Lines<'_> {
    fn method(&self) -> &str {
        "PUT"
    }

    fn path(&self) -> &str {
        "/"
    }

    fn route(&self) -> Option<&str> {
        None
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines.first().copied().filter(|_| name == self.name)
    }

    fn header_values(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.lines.iter().filter(|_| name == self.name).for_each(|line| visit(line));
    }

    fn peer(&self) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, 1]))
    }
}

/// The recorded address comes from a header only behind a trusted peer.
fn client_ips(bytes: &[u8]) {
    for (header, name) in
        [(ProxyHeader::Forwarded, "forwarded"), (ProxyHeader::XForwardedFor, "x-forwarded-for")]
    {
        let head = Lines::of(name, bytes);
        let trusted = TrustedProxies::parse(["10.0.0.0/8"]).expect("a network").header(header);
        assert!(client_ip(&head, &trusted).is_some(), "the peer's at least");
        let nobody = TrustedProxies::parse(std::iter::empty::<&str>()).expect("none").header(header);
        assert_eq!(client_ip(&head, &nobody).map(|(ip, _)| ip), head.peer(), "nobody is trusted");
    }
}

/// What is read can be written, and is the same when it is read again; trimming makes anything acceptable.
fn events(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(bytes) else { return };
    if let Ok(canonical) = event.to_canonical_json() {
        let again: Event = serde_json::from_slice(&canonical).expect("what we wrote is readable");
        assert_eq!(again.to_canonical_json().ok(), Some(canonical), "canonical");
    }
    let mut trimmed = event;
    trim(&mut trimmed);
    trimmed.validate().expect("trimmed");
}

/// An id that is taken over is short, and harmless in a header and a log.
fn request_ids(bytes: &[u8]) {
    if let Some(id) = request_id::accept(bytes) {
        assert!((1..=128).contains(&id.len()), "{} bytes", id.len());
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)), "{id:?}");
    }
}

/// A response's head can be anything that an application answers.
fn response_heads(bytes: &[u8]) {
    let header =
        |asked| if asked == Asked::ContentType { Some(&b"application/grpc"[..]) } else { Some(bytes) };
    let head = ResponseHead::new(200, &header);
    assert!(head.grpc().is_some() && head.request_id() == Some(bytes));
}

/// No more than the caller can count with, and never a time in the past.
#[cfg(feature = "http")]
fn retry_after(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let now = UNIX_EPOCH + Duration::from_secs(1_778_846_400);
    if let Some(after) = crate::service::retry_after::parse(text, now) {
        // The latest date of HTTP is in the year 9999.
        assert!(
            after <= Duration::from_secs(u64::from(u32::MAX)).max(Duration::from_secs(8_000 * 366 * 86_400))
        );
        assert!(now.checked_add(after).is_some());
    }
}

/// The first line is the pattern, the second the path.
fn route_patterns(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (pattern, path) = text.split_once('\n').unwrap_or((text, "/"));
    let Ok(pattern) = RoutePattern::parse(pattern) else { return };
    let params = pattern.params(path);
    assert_eq!(params.is_some(), pattern.matches(path), "parameters exactly where it matches");
}

/// A cookie's value is a part of what came.
fn sessions(bytes: &[u8]) {
    if let Some(value) = session::cookie(&Lines::of("cookie", bytes), "sid") {
        assert!(bytes.windows(value.len()).any(|part| part == value));
    }
}

/// Ids are lower-case hexadecimal digits, and not all zero.
fn traces(bytes: &[u8]) {
    let hex = |id: &str, digits: usize| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        id.len() == digits && id.bytes().all(digit) && id.bytes().any(|byte| byte != b'0')
    };
    let older =
        ["x-trace-id", "b3", "x-b3-traceid"].map(|name| trace::from_older_headers(&Lines::of(name, bytes)));
    for found in older.into_iter().chain([trace::parse_traceparent(bytes)]).flatten() {
        assert!(hex(&found.trace_id, 32), "{found:?}");
        assert!(found.span_id.as_ref().is_none_or(|span| hex(span, 16)), "{found:?}");
        assert!(found.traceparent.is_none_or(|text| text.len() <= 128));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn names(dir: &Path) -> BTreeSet<String> {
        let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        entries.map(|entry| stem(&entry.unwrap().path())).collect()
    }

    #[test]
    fn every_seed_of_every_target_holds() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        if !fuzz.exists() {
            assert!(std::env::var("LODGER_REQUIRE_ALL").as_deref() != Ok("1"), "no {}", fuzz.display());
            return println!("skipped: the seeds are in the repository, not in the package");
        }
        let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names(&fuzz.join("seeds")), known, "a directory of seeds for each target");
        assert_eq!(names(&fuzz.join("fuzz_targets")), known, "a file for each target");
        for (name, target) in TARGETS {
            let mut seeds = 0;
            for entry in std::fs::read_dir(fuzz.join("seeds").join(name)).unwrap() {
                let path = entry.unwrap().path();
                println!("{}", path.display());
                target(&std::fs::read(path).unwrap());
                seeds += 1;
            }
            assert!(seeds > 1, "{name} has {seeds} seeds");
        }
    }
}
