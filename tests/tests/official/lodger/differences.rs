//! What ours does otherwise than the SDK, and why.

use crate::compare::Difference;

pub(super) const ALL: &[Difference] = &[];
