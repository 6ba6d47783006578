//! The destination as the environment describes it.

use super::super::{required, unusable};
use super::{KIND, LodgerDestination};
use crate::destination::registry::{DestinationError, Opened, Settings, setting};
use crate::service::InvalidConfig;
use crate::service::lodger::{DEFAULT_BASE, LodgerApi};

const ALLOW_PLAIN: &str = "LODGER_ALLOW_PLAIN_HTTP";

/// The Lodger API, as `LODGER_…` say.
pub(in crate::destination::service) fn open(settings: Settings<'_>) -> Opened<DestinationError> {
    let names = ["LODGER_API_KEY", "LODGER_WORKSPACE_ID", "LODGER_PROJECT_ID"];
    let [key, workspace, project] = required(KIND, names, settings)?;
    let base = setting(settings, "LODGER_API_BASE").unwrap_or_else(|| DEFAULT_BASE.to_owned());
    let mut builder = LodgerApi::builder(workspace, project).api_key(key).api_base(base);
    let mut problems = Vec::new();
    match setting(settings, ALLOW_PLAIN).as_deref() {
        None | Some("0") => {}
        Some("1") => builder = builder.allow_plain_http(),
        Some(_) => problems.push(format!("{ALLOW_PLAIN} is neither `1` nor `0`")),
    }
    match builder.build() {
        Ok(api) if problems.is_empty() => return Ok(Box::new(LodgerDestination::new(api))),
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
