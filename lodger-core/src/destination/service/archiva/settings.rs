//! The destination as the environment describes it.

use super::super::{required, unusable};
use super::{ArchivaDestination, KIND};
use crate::destination::registry::{DestinationError, Opened, Settings, setting};
use crate::service::InvalidConfig;
use crate::service::archiva::{ArchivaApi, DEFAULT_BASE};

const ALLOW_PLAIN: &str = "ARCHIVA_ALLOW_PLAIN_HTTP";

/// The Archiva API, as `ARCHIVA_…` say.
pub(in crate::destination::service) fn open(settings: Settings<'_>) -> Opened<DestinationError> {
    let [key] = required(KIND, ["ARCHIVA_SECRET_KEY"], settings)?;
    let base = setting(settings, "ARCHIVA_API_BASE").unwrap_or_else(|| DEFAULT_BASE.to_owned());
    let mut builder = ArchivaApi::builder().api_key(key).api_base(base);
    match setting(settings, ALLOW_PLAIN).as_deref() {
        None | Some("0") => {}
        Some("1") => builder = builder.allow_plain_http(),
        Some(_) => {
            let problem = format!("{ALLOW_PLAIN} is neither `1` nor `0`");
            return Err(unusable(KIND, &InvalidConfig::new(vec![problem])));
        }
    }
    match builder.build() {
        Ok(api) => Ok(Box::new(ArchivaDestination::new(api))),
        Err(invalid) => {
            // The builder names its own method.
            let problem = invalid.to_string().replace("`allow_plain_http()`", &format!("{ALLOW_PLAIN}=1"));
            Err(unusable(KIND, &InvalidConfig::new(vec![problem])))
        }
    }
}
