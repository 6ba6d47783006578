//! How the recording destination behaves for now, and a sky that changes at random.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::dice::{below, up_to};

/// How the recording destination behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// It records and answers.
    Fair,
    /// Nobody listens.
    Refusing,
    /// It reads requests and neither records nor answers them.
    Hanging,
    /// It records, and then resets the connection instead of answering.
    Resetting,
}

/// The longest that the destination is well, and the longest that it is not.
const FAIR: Duration = Duration::from_millis(1_500);
const FOUL: Duration = Duration::from_millis(600);

/// Changes the weather, for ever. Each change breaks all connections.
pub(super) async fn change(sky: watch::Sender<Weather>) {
    loop {
        sleep(up_to(FAIR)).await;
        sky.send_replace([Weather::Refusing, Weather::Hanging, Weather::Resetting][below(3) as usize]);
        sleep(up_to(FOUL)).await;
        sky.send_replace(Weather::Fair);
    }
}
