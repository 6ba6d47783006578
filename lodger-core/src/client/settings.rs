//! What the environment says.

use std::fmt;
use std::sync::Arc;

use crate::destination::Route;
use crate::destination::registry::{self, DestinationError};

type Read = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Reads settings by name: the environment, or a table in tests.
#[derive(Clone)]
pub(super) struct Settings(Arc<Read>);

impl Settings {
    /// The process's environment.
    pub(super) fn environment() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// No settings at all.
    #[cfg(feature = "testing")]
    pub(super) fn none() -> Self {
        Self(Arc::new(|_| None))
    }

    #[cfg(test)]
    pub(super) fn table(table: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let table: std::collections::HashMap<String, String> = table.iter().map(owned).collect();
        Self(Arc::new(move |name| table.get(name).cloned()))
    }

    /// A setting, trimmed; blank counts as absent, as container platforms write it.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The destinations that the settings ask for. Each gets every event.
    pub(super) fn destinations(&self) -> Result<Vec<Route>, DestinationError> {
        let destinations = registry::from_settings(&|name| self.get(name))?;
        Ok(destinations.into_iter().map(Arc::from).map(Route::shared).collect())
    }

    /// What is said when there is none, with the choices.
    pub(super) fn no_destination() -> Option<DestinationError> {
        registry::from_settings(&|_| None).err()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}
