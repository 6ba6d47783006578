//! The destination as the environment describes it.

use super::super::{required, unusable};
use super::{ArchivaDestination, KIND};
use crate::destination::registry::{DestinationError, Opened, Settings, setting};
use crate::service::InvalidConfig;
use crate::service::archiva::{ArchivaApi, Authentication, DEFAULT_BASE};

const ALLOW_PLAIN: &str = "ARCHIVA_ALLOW_PLAIN_HTTP";
const AUTH: &str = "ARCHIVA_AUTH";
const PER_MINUTE: &str = "ARCHIVA_REQUESTS_PER_MINUTE";

/// The Archiva API, as `ARCHIVA_…` say.
pub(in crate::destination::service) fn open(settings: Settings<'_>) -> Opened<DestinationError> {
    let [key] = required(KIND, ["ARCHIVA_SECRET_KEY"], settings)?;
    let base = setting(settings, "ARCHIVA_API_BASE").unwrap_or_else(|| DEFAULT_BASE.to_owned());
    let mut builder = ArchivaApi::builder().api_key(key).api_base(base);
    let mut problems = Vec::new();
    match setting(settings, ALLOW_PLAIN).as_deref() {
        None | Some("0") => {}
        Some("1") => builder = builder.allow_plain_http(),
        Some(_) => problems.push(format!("{ALLOW_PLAIN} is neither `1` nor `0`")),
    }
    match setting(settings, AUTH).as_deref() {
        None | Some("bearer") => {}
        Some("project-key") => builder = builder.authentication(Authentication::ProjectKey),
        Some(_) => problems.push(format!("{AUTH} is neither `bearer` nor `project-key`")),
    }
    match setting(settings, PER_MINUTE).map(|most| most.parse()) {
        None => {}
        Some(Ok(most)) => builder = builder.requests_per_minute(most),
        Some(Err(_)) => problems.push(format!("{PER_MINUTE} is no number")),
    }
    if let Some(name) = setting(settings, "ARCHIVA_PROJECT") {
        builder = builder.project(name);
    }
    match builder.build() {
        Ok(api) if problems.is_empty() => return Ok(Box::new(ArchivaDestination::new(api))),
        Ok(_) => {}
        // The builder names its own method.
        Err(invalid) => problems.extend(
            invalid
                .problems()
                .iter()
                .map(|problem| problem.replace("`allow_plain_http()`", &format!("{ALLOW_PLAIN}=1"))),
        ),
    }
    Err(unusable(KIND, &InvalidConfig::new(problems)))
}
