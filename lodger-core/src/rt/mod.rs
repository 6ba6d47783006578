//! What generated code calls. Not part of the public interface: it changes with the attribute.

mod body;
mod detach;
mod named;
pub mod probe;

pub use crate::capture::{Call, OutcomeSet, Registered, Site, Verdict};
pub use crate::event::{Actor, Target, ToActor, ToTarget};
pub use body::{debug_text, json, judge, keep, quietly, run, text, unreached};
pub use detach::{detach, ended, in_task};
pub use inventory;
pub use named::{Named, named};

/// Checks an action that is given as a constant, while compiling.
///
/// # Panics
///
/// In const evaluation, so at compile time, when the action is not 1 to 128 characters of `[a-z0-9_.-]`.
#[must_use]
pub const fn checked_action(action: &'static str) -> &'static str {
    let bytes = action.as_bytes();
    assert!(!bytes.is_empty(), "#[audited]: the action is empty; write it like \"invoice.update\"");
    assert!(bytes.len() <= 128, "#[audited]: the action is longer than 128 characters");
    let mut index = 0;
    let mut before = b'.';
    while index < bytes.len() {
        #[expect(clippy::indexing_slicing, reason = "bounded by the loop; iterators don't work in const fn")]
        let byte = bytes[index];
        assert!(
            matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'),
            "#[audited]: the action may only hold a-z, 0-9, '_', '.' and '-'; write it like \"invoice.update\""
        );
        assert!(
            !(before == b'.' && byte == b'.'),
            "#[audited]: the action has a dot without a name before it"
        );
        before = byte;
        index += 1;
    }
    assert!(before != b'.', "#[audited]: the action ends with a dot");
    action
}

/// `target(KIND = e)` and `related(KIND = e)`.
#[must_use]
pub fn target_of(kind: &str, id: &(impl Named + ?Sized)) -> Target {
    Target::new(kind, id)
}
