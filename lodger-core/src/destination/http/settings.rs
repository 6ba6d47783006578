//! The destination as the environment describes it.

use super::{Compression, Format, HttpDestination};
use crate::destination::registry::{DestinationError, Settings, setting};

const FORMAT: &str = "LODGER_HTTP_FORMAT";
const COMPRESSION: &str = "LODGER_HTTP_COMPRESSION";
const TOKEN: &str = "LODGER_HTTP_TOKEN";
const USER: &str = "LODGER_HTTP_USER";
const PASSWORD: &str = "LODGER_HTTP_PASSWORD";
const ALLOW_PLAIN: &str = "LODGER_HTTP_ALLOW_PLAIN";

/// The destination at this address, as `LODGER_HTTP_…` say. Every problem is named at once.
pub(in crate::destination) fn open(
    url: &str,
    settings: Settings<'_>,
) -> Result<HttpDestination, DestinationError> {
    let mut problems = Vec::new();
    let mut builder = HttpDestination::builder(url);
    match setting(settings, FORMAT).as_deref() {
        None | Some("ndjson") => {}
        Some("json") => builder = builder.format(Format::JsonArray),
        Some(_) => problems.push(format!("{FORMAT} is neither `ndjson` nor `json`")),
    }
    match setting(settings, COMPRESSION).as_deref() {
        None | Some("none") => {}
        Some(name @ ("gzip" | "zstd")) => match compression(name) {
            Some(compression) => builder = builder.compression(compression),
            None => problems.push(format!(
                "{COMPRESSION}={name} needs the feature `{name}`: add features = [\"{name}\"] to the lodger crate in \
                 Cargo.toml"
            )),
        },
        Some(_) => problems.push(format!("{COMPRESSION} is none of `none`, `gzip`, `zstd`")),
    }
    if let Some(token) = setting(settings, TOKEN) {
        builder = builder.bearer_token(token);
    }
    match (setting(settings, USER), setting(settings, PASSWORD)) {
        (Some(user), Some(password)) => builder = builder.basic_auth(user, password),
        (Some(_), None) => problems.push(format!("{USER} needs {PASSWORD} too")),
        (None, Some(_)) => problems.push(format!("{PASSWORD} needs {USER} too")),
        (None, None) => {}
    }
    match setting(settings, ALLOW_PLAIN).as_deref() {
        None | Some("0") => {}
        Some("1") => builder = builder.allow_plain_http(),
        Some(_) => problems.push(format!("{ALLOW_PLAIN} is neither `1` nor `0`")),
    }
    match builder.build() {
        Ok(destination) if problems.is_empty() => return Ok(destination),
        Ok(_) => {}
        // The builder names its own method.
        Err(invalid) => problems.extend(
            invalid
                .problems()
                .iter()
                .map(|problem| problem.replace("`allow_plain_http()`", &format!("{ALLOW_PLAIN}=1"))),
        ),
    }
    Err(DestinationError::Unusable { destination: super::KIND.to_owned(), reason: problems.join("; ") })
}

/// `None` where this program was built without it.
fn compression(name: &str) -> Option<Compression> {
    match name {
        #[cfg(feature = "gzip")]
        "gzip" => Some(Compression::Gzip),
        #[cfg(feature = "zstd")]
        "zstd" => Some(Compression::Zstd),
        _ => None,
    }
}
