//! What can be wrong with a destination's text or settings.

/// No destination could be made. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// The settings name none.
    #[error("no destination for events is configured: set LODGER_DESTINATION to one of {choices}")]
    NotConfigured {
        /// How destinations are written.
        choices: String,
    },
    /// There is none of this name.
    #[error("there is no destination `{name}`: set LODGER_DESTINATION to one of {choices}")]
    Unknown {
        /// The part before the colon; `…` when it might be a secret.
        name: String,
        /// How destinations are written.
        choices: String,
    },
    /// It needs a feature that this program was built without.
    #[error(
        "the destination `{destination}` needs the feature `{feature}`: add features = [\"{feature}\"] to the lodger \
         crate in Cargo.toml"
    )]
    MissingFeature {
        /// The destination.
        destination: &'static str,
        /// The feature.
        feature: &'static str,
    },
    /// It needs settings that are not there.
    #[error("the destination `{destination}` needs more settings: set {settings}")]
    MissingSettings {
        /// The destination.
        destination: &'static str,
        /// The missing ones.
        settings: String,
    },
    /// It can't be opened as it is written.
    #[error("the destination `{destination}` can't be used: {reason}")]
    Unusable {
        /// The destination.
        destination: String,
        /// Why, and what to do.
        reason: String,
    },
    /// It is named more than once.
    #[error("LODGER_DESTINATION names {place} more than once: name each destination once")]
    Repeated {
        /// Which place.
        place: String,
    },
}
