//! The destination as the environment describes it.

use super::super::{required, unusable};
use super::{KIND, LodgerDestination};
use crate::destination::registry::{DestinationError, Opened, Settings, setting};
use crate::service::lodger::{DEFAULT_BASE, LodgerApi};

/// The Lodger API, as `LODGER_…` say.
pub(in crate::destination::service) fn open(settings: Settings<'_>) -> Opened<DestinationError> {
    let names = ["LODGER_API_KEY", "LODGER_WORKSPACE_ID", "LODGER_PROJECT_ID"];
    let [key, workspace, project] = required(KIND, names, settings)?;
    let base = setting(settings, "LODGER_API_BASE").unwrap_or_else(|| DEFAULT_BASE.to_owned());
    match LodgerApi::builder(workspace, project).api_key(key).api_base(base).build() {
        Ok(api) => Ok(Box::new(LodgerDestination::new(api))),
        Err(invalid) => Err(unusable(KIND, &invalid)),
    }
}
