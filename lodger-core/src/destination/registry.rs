//! Destinations by name: `LODGER_DESTINATION=store:./data`.

use std::fmt;

use super::Destination;

/// Reads a setting by its name, as from the environment.
pub type Settings<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A way to write a destination as text: `scheme` or `scheme:rest`.
///
/// Crates that bring a destination of their own submit one with [`inventory`], as `lodger-store` does for `store:`.
pub struct Scheme {
    /// The part before the colon.
    pub name: &'static str,
    /// How it is written, for error texts: `store:./data`.
    pub usage: &'static str,
    /// Makes the destination from the part behind the colon and the settings. Errors say what to do.
    pub open: fn(rest: &str, settings: Settings<'_>) -> Result<Box<dyn Destination>, String>,
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheme").field("name", &self.name).finish_non_exhaustive()
    }
}

inventory::collect!(Scheme);
