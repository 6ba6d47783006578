//! The bytes of a batch on the wire.

use std::io;

use crate::destination::Delivery;

/// How the events of a batch are put together.
///
/// # Default
///
/// NDJSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// One event a line, as `application/x-ndjson`: for Vector and Logstash.
    #[default]
    NdJson,
    /// A JSON array, as `application/json`: for Fluent Bit, which takes no other type; Vector and Logstash take it too.
    JsonArray,
}

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::NdJson => "application/x-ndjson",
            Self::JsonArray => "application/json",
        }
    }
}

/// How a batch is compressed, at the fastest level.
///
/// # Default
///
/// None.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// gzip (RFC 1952) at level 1: about a sixth of the size, and understood by every receiver.
    #[cfg(feature = "gzip")]
    Gzip,
    /// zstd (RFC 8878) at level 1: about a tenth of the size for less work, but not every receiver understands it.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Compression {
    /// As `Content-Encoding` names it.
    pub(super) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            #[cfg(feature = "gzip")]
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
        }
    }
}

/// The batch as it is sent. The same events give the same bytes.
pub(super) fn encode(format: Format, compression: Compression, batch: &[Delivery]) -> io::Result<Vec<u8>> {
    let plain = join(format, batch);
    match compression {
        Compression::None => Ok(plain),
        #[cfg(feature = "gzip")]
        Compression::Gzip => gzip(&plain),
        #[cfg(feature = "zstd")]
        Compression::Zstd => zstd::bulk::compress(&plain, 1),
    }
}

/// Canonical JSON has no line break in it, so a line is an event. The last one is ended too: Logstash holds back a line
/// without an end.
fn join(format: Format, batch: &[Delivery]) -> Vec<u8> {
    let (open, between, close): (&[u8], _, &[u8]) = match format {
        Format::NdJson => (b"", b'\n', b"\n"),
        Format::JsonArray => (b"[", b',', b"]"),
    };
    let events: usize = batch.iter().map(|delivery| delivery.bytes.len()).sum();
    let mut body = Vec::with_capacity(open.len() + events + batch.len().saturating_sub(1) + close.len());
    body.extend_from_slice(open);
    for (place, delivery) in batch.iter().enumerate() {
        if place > 0 {
            body.push(between);
        }
        body.extend_from_slice(&delivery.bytes);
    }
    body.extend_from_slice(close);
    body
}

#[cfg(feature = "gzip")]
fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    use std::io::Write as _;

    // Room for a quarter: audit events need less.
    let out = Vec::with_capacity(plain.len() / 4);
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish()
}
