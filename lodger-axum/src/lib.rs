//! Draft.
#[doc(hidden)]
pub mod probe;

/// What generated code calls. Not part of the public interface: it changes with the attribute.
#[doc(hidden)]
pub mod rt {
    pub use lodger_core::rt::*;

    pub use crate::probe;
}

#[cfg(feature = "macros")]
pub use lodger_macros::audited_axum as audited;
