//! Looking for an event that may be there already.

use std::time::Duration;

use super::LogHubDestination;
use super::encode::encode;
use super::listing::Listing;
use crate::destination::{Delivery, LookUp};
use crate::event::{EventId, Timestamp};

/// By how much the clocks of the service and of this machine may differ before a look into the past ends too early.
const MARGIN: Duration = Duration::from_secs(60 * 60);

impl LogHubDestination {
    /// Reads what was recorded under the event's external id, the newest first, until it is there, or can't come any more.
    pub(super) async fn find(&self, delivery: &Delivery) -> LookUp {
        let Some(call) = encode(&delivery.bytes, &self.external_id) else { return LookUp::Unknown };
        let (id, earliest) = (delivery.id(), earliest(delivery));
        let told = if delivery.is_left_behind() {
            let listing = self.left_behind.listing(&self.api, &call.external_id).await;
            listing.map(|listing| listing.get()?.tells(id, earliest))
        } else {
            let enough = |listing: &Listing| listing.tells(id, earliest).is_some();
            let listing = Listing::read(&self.api, &call.external_id, enough).await;
            listing.map(|listing| listing.tells(id, earliest))
        };
        told.map_or_else(|otherwise| otherwise, |told| told.unwrap_or(LookUp::Unknown))
    }
}

/// Since when the event can have been recorded: not before it was captured, which its id tells, nor before it happened. The
/// earlier of the two, since either may have been given by the application.
fn earliest(delivery: &Delivery) -> Option<Timestamp> {
    let captured = captured(delivery.id());
    let since = captured.into_iter().chain(delivery.occurred_at()).min()?;
    Timestamp::from_micros(since.as_micros().checked_sub(i64::try_from(MARGIN.as_micros()).ok()?)?)
}

/// The time in a UUIDv7 (RFC 9562 section 5.7): its first 48 bits are Unix milliseconds.
pub(super) fn captured(id: EventId) -> Option<Timestamp> {
    let (time, rest) = id.as_bytes().split_first_chunk::<6>()?;
    if rest.first()? >> 4 != 7 {
        return None;
    }
    let millis = time.iter().fold(0_i64, |millis, byte| millis << 8 | i64::from(*byte));
    Timestamp::from_micros(millis.checked_mul(1_000)?)
}
