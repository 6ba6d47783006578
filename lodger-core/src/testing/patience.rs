//! How long tests wait. The clock is the crate's own: under tokio's paused clock (`start_paused`) a timeout of tokio's would
//! be over as soon as every task waits.

use std::time::Duration;

pub(super) use crate::background::timer::within;

/// How long a test waits for an event before it fails. A healthy one comes within milliseconds; a machine that is
/// busy with a hundred other tests needs a second or two.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
