//! Destinations by name: `LODGER_DESTINATION=store:./data`.
//!
//! | text | destination |
//! | --- | --- |
//! | `lodger` | the Lodger API; `LODGER_API_KEY`, `LODGER_WORKSPACE_ID`, `LODGER_PROJECT_ID`, perhaps `LODGER_API_BASE`; `http:` to this machine, or with `LODGER_ALLOW_PLAIN_HTTP=1` |
//! | `archiva` | the Archiva API; `ARCHIVA_SECRET_KEY`, perhaps `ARCHIVA_PROJECT` (your own name for the key's project, which tells two of them apart and is not sent), `ARCHIVA_REQUESTS_PER_MINUTE` (99 divided by the processes that use the key), `ARCHIVA_AUTH` (`bearer`, `project-key`), `ARCHIVA_API_BASE`, `ARCHIVA_ALLOW_PLAIN_HTTP=1` |
//! | `auditledge` | the Auditledge API; `AUDITLEDGE_API_KEY`, perhaps `AUDITLEDGE_API_BASE` with its version (`https://audit.example/v1`), `AUDITLEDGE_ALLOW_PLAIN_HTTP=1` |
//! | `loghub` | the LogHub API; `LOGHUB_TOKEN`, `LOGHUB_ORGANIZATION_ID`, `LOGHUB_EXTERNAL_ID` (for events without a tenant), perhaps `LOGHUB_API_BASE`, `LOGHUB_ALLOW_PLAIN_HTTP=1` |
//! | `https://collector.example/audit` | batches of events to a collector; perhaps `LODGER_HTTP_FORMAT` (`ndjson`, `json`), `LODGER_HTTP_COMPRESSION` (`none`, `gzip`, `zstd`), `LODGER_HTTP_TOKEN`, or `LODGER_HTTP_USER` and `LODGER_HTTP_PASSWORD`; `http:` to this machine, or with `LODGER_HTTP_ALLOW_PLAIN=1` |
//! | `store:./data` | the embedded store, with the feature `store` |
//! | `file:./audit.jsonl` | a file of JSON lines |
//! | `stdout`, `stdout:json` | standard output, to be read by people or programs |
//!
//! Several are separated by commas, and each gets every event: a [`Filter`](super::Filter) can only be given in code, with a
//! [`Route`](super::Route). A path with a comma in it has to be given to [`FileDestination`] in code. So has a second collector
//! to [`HttpDestination`](super::HttpDestination): no token may reach another receiver than its own.

mod error;
#[cfg(test)]
mod tests;

use std::fmt;

use super::{Destination, FileDestination, StdoutDestination};

pub use error::DestinationError;

/// Reads a setting by its name, as from the environment.
pub type Settings<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A destination, or what to do about there being none.
pub(super) type Opened<E> = Result<Box<dyn Destination>, E>;

/// A way to write a destination as text: `scheme` or `scheme:rest`.
///
/// Crates that bring a destination of their own submit one with [`inventory`], as `lodger-store` does for `store:`.
pub struct Scheme {
    /// The part before the colon.
    pub name: &'static str,
    /// How it is written, for error texts: `store:./data`.
    pub usage: &'static str,
    /// Makes the destination from the part behind the colon and the settings. Errors say what to do.
    pub open: fn(rest: &str, settings: Settings<'_>) -> Opened<String>,
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheme").field("name", &self.name).finish_non_exhaustive()
    }
}

inventory::collect!(Scheme);

/// Names of settings.
const DESTINATION: &str = "LODGER_DESTINATION";
const API_KEY: &str = "LODGER_API_KEY";

/// The destinations that the settings ask for: those of `LODGER_DESTINATION`, else `lodger` where there is an API key.
///
/// Blank settings count as not set.
///
/// # Errors
///
/// [`DestinationError`]: there is never a silent fallback, and what is wrong is said with what to do.
pub fn from_settings(settings: Settings<'_>) -> Result<Vec<Box<dyn Destination>>, DestinationError> {
    let texts = match (setting(settings, DESTINATION), setting(settings, API_KEY)) {
        (Some(texts), _) => texts,
        (None, Some(_)) => "lodger".to_owned(),
        (None, None) => return Err(DestinationError::NotConfigured { choices: choices() }),
    };
    let mut destinations: Vec<Box<dyn Destination>> = Vec::new();
    let mut opened = Vec::new();
    for text in texts.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        // A file that is opened twice would complain of another process.
        if opened.contains(&text) {
            return Err(DestinationError::Repeated { place: text.to_owned() });
        }
        let destination = open(text, settings)?;
        if is_http(text) && opened.iter().any(|other| is_http(other)) {
            return Err(DestinationError::Unusable {
                destination: "http".to_owned(),
                reason:
                    "LODGER_HTTP_… describe one collector; give the others in code, with `HttpDestination`"
                        .to_owned(),
            });
        }
        opened.push(text);
        let identity = destination.identity();
        if destinations.iter().any(|other| other.identity() == identity) {
            return Err(DestinationError::Repeated { place: identity.to_string() });
        }
        destinations.push(destination);
    }
    if destinations.is_empty() {
        return Err(DestinationError::NotConfigured { choices: choices() });
    }
    Ok(destinations)
}

/// The destination that one text stands for: `lodger`, `https://collector.example/audit`, `file:./audit.jsonl`, `stdout`, `stdout:json`, or a scheme that
/// another crate brought.
///
/// # Errors
///
/// [`DestinationError`] when there is no such destination, or it can't be opened.
pub fn open(text: &str, settings: Settings<'_>) -> Opened<DestinationError> {
    let text = text.trim();
    let (name, rest) = match text.split_once(':') {
        Some((name, rest)) => (name, Some(rest.trim())),
        None => (text, None),
    };
    let unusable = |reason: String| DestinationError::Unusable { destination: shown(name), reason };
    if let Some((name, _)) = HOSTED.into_iter().find(|(hosted, _)| *hosted == name) {
        return match rest {
            None => hosted(name, settings),
            Some(_) => Err(unusable(format!(
                "it takes nothing behind a colon; an address goes into {}_API_BASE",
                name.to_ascii_uppercase()
            ))),
        };
    }
    match (name, rest) {
        ("stdout", None) => Ok(Box::new(StdoutDestination::pretty())),
        ("stdout", Some("json")) => Ok(Box::new(StdoutDestination::json())),
        ("stdout", Some(_)) => Err(unusable("write `stdout` or `stdout:json`".to_owned())),
        ("file", None | Some("")) => Err(unusable("name the file: `file:./audit.jsonl`".to_owned())),
        ("file", Some(path)) => match FileDestination::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(unusable(error.to_string())),
        },
        ("https" | "http", Some(_)) => http(text, settings),
        _ => match inventory::iter::<Scheme>().find(|scheme| scheme.name == name) {
            Some(scheme) => (scheme.open)(rest.unwrap_or_default(), settings).map_err(unusable),
            None if name == "store" => {
                Err(DestinationError::MissingFeature { destination: "store", feature: "store" })
            }
            None => Err(DestinationError::Unknown { name: shown(name), choices: choices() }),
        },
    }
}

/// The hosted services, by name, and the setting of each that holds its key.
const HOSTED: [(&str, &str); 4] = [
    ("lodger", API_KEY),
    ("archiva", "ARCHIVA_SECRET_KEY"),
    ("auditledge", "AUDITLEDGE_API_KEY"),
    ("loghub", "LOGHUB_TOKEN"),
];

#[cfg(feature = "http")]
fn hosted(name: &'static str, settings: Settings<'_>) -> Opened<DestinationError> {
    super::service::open(name, settings)
}

#[cfg(not(feature = "http"))]
fn hosted(name: &'static str, _: Settings<'_>) -> Opened<DestinationError> {
    Err(DestinationError::MissingFeature { destination: name, feature: "http" })
}

#[cfg(feature = "http")]
fn http(url: &str, settings: Settings<'_>) -> Opened<DestinationError> {
    super::http::open(url, settings).map(|destination| Box::new(destination) as Box<dyn Destination>)
}

#[cfg(not(feature = "http"))]
fn http(_: &str, _: Settings<'_>) -> Opened<DestinationError> {
    Err(DestinationError::MissingFeature { destination: "http", feature: "http" })
}

fn is_http(text: &str) -> bool {
    text.starts_with("https:") || text.starts_with("http:")
}

/// How destinations are written, for error texts.
fn choices() -> String {
    let mut choices: Vec<String> =
        HOSTED.into_iter().map(|(name, key)| format!("{name} (with {key})")).collect();
    let local = ["https://collector.example/audit", "file:./audit.jsonl", "stdout", "stdout:json"];
    let brought = inventory::iter::<Scheme>().map(|scheme| scheme.usage);
    choices.extend(local.into_iter().chain(brought).map(str::to_owned));
    if !inventory::iter::<Scheme>().any(|scheme| scheme.name == "store") {
        choices.push("store:./data (with the feature `store`)".to_owned());
    }
    choices.join(", ")
}

/// Trimmed; `None` when nothing is left.
pub(super) fn setting(settings: Settings<'_>, name: &str) -> Option<String> {
    settings(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The name in an error text, unless it looks like something that was pasted into the wrong variable: a key has other
/// characters than a scheme (RFC 3986 section 3.1), or more of them.
fn shown(name: &str) -> String {
    let scheme = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '/');
    if name.len() <= 20 && name.chars().all(scheme) { name.to_owned() } else { "…".to_owned() }
}
