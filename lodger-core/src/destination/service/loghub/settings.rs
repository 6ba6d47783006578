//! The destination as the environment describes it.

use super::super::{required, unusable};
use super::{KIND, LogHubDestination};
use crate::destination::registry::{DestinationError, Opened, Settings, setting};
use crate::service::InvalidConfig;
use crate::service::loghub::{DEFAULT_BASE, LogHubApi};

const ALLOW_PLAIN: &str = "LOGHUB_ALLOW_PLAIN_HTTP";

/// The LogHub API, as `LOGHUB_…` say.
pub(in crate::destination::service) fn open(settings: Settings<'_>) -> Opened<DestinationError> {
    let names = ["LOGHUB_TOKEN", "LOGHUB_ORGANIZATION_ID", "LOGHUB_EXTERNAL_ID"];
    let [token, organization, external_id] = required(KIND, names, settings)?;
    let base = setting(settings, "LOGHUB_API_BASE").unwrap_or_else(|| DEFAULT_BASE.to_owned());
    let mut builder = LogHubApi::builder(organization).token(token).api_base(base);
    match setting(settings, ALLOW_PLAIN).as_deref() {
        None | Some("0") => {}
        Some("1") => builder = builder.allow_plain_http(),
        Some(_) => {
            let problem = format!("{ALLOW_PLAIN} is neither `1` nor `0`");
            return Err(unusable(KIND, &InvalidConfig::new(vec![problem])));
        }
    }
    match builder.build().and_then(|api| LogHubDestination::new(api, external_id)) {
        Ok(destination) => Ok(Box::new(destination)),
        Err(invalid) => {
            // The builder names its own method.
            let in_words =
                |problem: &String| problem.replace("`allow_plain_http()`", &format!("{ALLOW_PLAIN}=1"));
            Err(unusable(KIND, &InvalidConfig::new(invalid.problems().iter().map(in_words).collect())))
        }
    }
}
