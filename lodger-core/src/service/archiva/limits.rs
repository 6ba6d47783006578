//! What the service takes, checked before anything is sent.

/// The longest action, in characters: Archiva's page "Create Event". Which characters it counts is not said; here they are
/// Unicode scalar values.
pub const MAX_ACTION_KEY: usize = 64;

/// The largest context, in bytes of JSON. The page says 10 KB; that this means 10,240 bytes of compact JSON is inferred.
pub const MAX_CONTEXT_BYTES: usize = 10 * 1024;

/// How many characters an action has, where that is too many.
pub(crate) fn too_long(action: &str) -> Option<usize> {
    Some(action.chars().count()).filter(|characters| *characters > MAX_ACTION_KEY)
}
