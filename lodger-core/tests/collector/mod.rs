//! What a collector of logs makes of a request: it looks at type and encoding, as Vector, Fluent Bit and Logstash do.

#![allow(dead_code, reason = "each test binary uses its own part")]

use lodger_core::destination::Delivery;
use lodger_core::event::{Actor, Event, Target};
use serde_json::Value;

use crate::loopback::Recorded;

/// Events that differ in this word.
pub(crate) fn batch<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<Delivery> {
    let delivery = |word: &str| {
        let event =
            Event::builder("invoice.update").actor(Actor::user("u")).target(Target::new("invoice", word));
        let event = event.build().unwrap();
        let bytes = event.to_canonical_json().unwrap();
        Delivery::new(event.into(), bytes.into())
    };
    words.into_iter().map(delivery).collect()
}

/// The batch as NDJSON, put together by hand.
pub(crate) fn ndjson(batch: &[Delivery]) -> Vec<u8> {
    batch.iter().flat_map(|delivery| [&delivery.bytes[..], b"\n"].concat()).collect()
}

/// The batch as a JSON array, put together by hand.
pub(crate) fn json(batch: &[Delivery]) -> Vec<u8> {
    let events: Vec<&[u8]> = batch.iter().map(|delivery| &delivery.bytes[..]).collect();
    [b"[", &events.join(&b","[..])[..], b"]"].concat()
}

/// The body without its compression, by decoders that share no code with the encoders.
pub(crate) fn plain(request: &Recorded) -> Vec<u8> {
    match request.headers.get("content-encoding").map(String::as_str) {
        None => request.body.clone(),
        Some("gzip") => gunzip(&request.body),
        Some("zstd") => {
            let mut decoder = ruzstd::decoding::StreamingDecoder::new(&request.body[..]).unwrap();
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut decoder, &mut plain).unwrap();
            plain
        }
        Some(other) => panic!("415: {other}"),
    }
}

/// RFC 1952: ten bytes of header, no optional parts, deflated data, the checksum and the length.
fn gunzip(body: &[u8]) -> Vec<u8> {
    assert_eq!(body[..4], [0x1f, 0x8b, 8, 0]);
    let (deflated, trailer) = body[10..].split_at(body.len() - 18);
    let plain = miniz_oxide::inflate::decompress_to_vec(deflated).unwrap();
    assert_eq!(trailer[4..], (plain.len() as u32).to_le_bytes());
    plain
}

/// Each event as it arrived.
pub(crate) fn events(request: &Recorded) -> Vec<String> {
    let plain = String::from_utf8(plain(request)).unwrap();
    match request.headers["content-type"].as_str() {
        "application/x-ndjson" => {
            let lines = plain.strip_suffix('\n').expect("every line has an end").split('\n');
            lines
                .inspect(|line| assert!(is_event(&serde_json::from_str(line).unwrap())))
                .map(str::to_owned)
                .collect()
        }
        "application/json" => {
            let events: Vec<Value> = serde_json::from_str(&plain).unwrap();
            events
                .into_iter()
                .inspect(|event| assert!(is_event(event)))
                .map(|event| event.to_string())
                .collect()
        }
        other => panic!("415: {other}"),
    }
}

/// By these a collector recognises what it has already.
fn is_event(event: &Value) -> bool {
    event["id"].is_string() && event["idempotencyKey"].is_string()
}
