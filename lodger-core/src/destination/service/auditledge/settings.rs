//! The destination as the environment describes it.

use super::super::{required, unusable};
use super::{AuditledgeDestination, KIND};
use crate::destination::registry::{DestinationError, Opened, Settings, setting};
use crate::service::InvalidConfig;
use crate::service::auditledge::{AuditledgeApi, DEFAULT_BASE};

const ALLOW_PLAIN: &str = "AUDITLEDGE_ALLOW_PLAIN_HTTP";

/// The Auditledge API, as `AUDITLEDGE_…` say.
pub(in crate::destination::service) fn open(settings: Settings<'_>) -> Opened<DestinationError> {
    let [key] = required(KIND, ["AUDITLEDGE_API_KEY"], settings)?;
    let base = setting(settings, "AUDITLEDGE_API_BASE").unwrap_or_else(|| DEFAULT_BASE.to_owned());
    let mut builder = AuditledgeApi::builder().api_key(key).api_base(base);
    let mut problems = Vec::new();
    match setting(settings, ALLOW_PLAIN).as_deref() {
        None | Some("0") => {}
        Some("1") => builder = builder.allow_plain_http(),
        Some(_) => problems.push(format!("{ALLOW_PLAIN} is neither `1` nor `0`")),
    }
    match builder.build() {
        Ok(api) if problems.is_empty() => Ok(Box::new(AuditledgeDestination::new(api))),
        built => {
            let more = built.err().map(|invalid| invalid.problems().to_vec()).unwrap_or_default();
            problems.extend(
                more.iter().map(|one| one.replace("`allow_plain_http()`", &format!("{ALLOW_PLAIN}=1"))),
            );
            Err(unusable(KIND, &InvalidConfig::new(problems)))
        }
    }
}
