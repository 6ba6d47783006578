//! What of the events the destinations can't carry, said before anything is sent.

use std::collections::BTreeSet;
use std::fmt;

use super::handle::Lodger;
use crate::capture;
use crate::destination::{Destination, Effect, Identity, Misfit, Route};
use crate::event::{Event, InvalidEvent, Position, WriterId};

/// The largest number that canonical JSON keeps exactly (RFC 8785, I-JSON).
const LAST_SEQUENCE: u64 = (1 << 53) - 1;

/// A field of an event that one of the client's destinations can't carry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DestinationMisfit {
    /// Which destination.
    pub destination: Identity,
    /// What the event is about.
    pub action: String,
    /// Which field, and what becomes of it.
    pub misfit: Misfit,
}

impl fmt::Display for DestinationMisfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}: {}", self.action, self.destination, self.misfit)
    }
}

impl Lodger {
    /// What of this event the destinations can't carry that would get it: nothing where it fits all of them. Nothing is
    /// recorded and nothing is sent.
    ///
    /// The event is looked at as it would be recorded: completed, redacted, and with a place in the journal. A destination with
    /// a misfit of the effect [`Refused`](Effect::Refused) would keep the event as a dead letter with that reason; nothing is
    /// ever trimmed to fit. A forked child and a client that was shut down have no destinations.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use lodger_core::destination::MemoryDestination;
    /// use lodger_core::{Lodger, event::Event};
    ///
    /// let lodger = Lodger::builder().destination(MemoryDestination::new()).in_memory_journal().build()?;
    /// assert!(lodger.check(&Event::builder("invoice.update").build()?)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the event breaks a limit that holds for every destination, as [`record`](Self::record) would say.
    pub fn check(&self, event: &Event) -> Result<Vec<DestinationMisfit>, InvalidEvent> {
        let mut event = event.clone();
        self.inner.preparation.check(&mut event)?;
        // Its place in the journal is not known yet. With the longest one there can be, what fits here fits there.
        let place = Position { writer: WriterId::mint(), sequence: LAST_SEQUENCE };
        (event.position, event.previous) = (Some(place), Some(place));
        let destinations = self.inner.pipeline.taking(&event);
        Ok(destinations.iter().flat_map(|destination| misfits_of(&**destination, &event)).collect())
    }

    /// The actions of `#[audited]` functions of this program that a destination never takes, whatever else is in their
    /// events: found when the client was built, and said in the log then. In the order of the destinations and the actions.
    ///
    /// So a test can see to it that there are none:
    ///
    /// ```
    /// # fn main() -> Result<(), lodger_core::BuildError> {
    /// # use lodger_core::{Lodger, destination::MemoryDestination};
    /// let lodger = Lodger::builder().destination(MemoryDestination::new()).in_memory_journal().build()?;
    /// assert_eq!(lodger.misfits(), []);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn misfits(&self) -> &[DestinationMisfit] {
        &self.inner.misfits
    }
}

fn misfits_of(destination: &dyn Destination, event: &Event) -> Vec<DestinationMisfit> {
    let at = |misfit| DestinationMisfit {
        destination: destination.identity(),
        action: event.action.to_string(),
        misfit,
    };
    destination.check(event).into_iter().map(at).collect()
}

/// The actions of annotated functions that these destinations never take; one line in the log for each destination that has
/// some.
pub(super) fn of_annotated(routes: &[Route]) -> Vec<DestinationMisfit> {
    let actions: BTreeSet<&'static str> = capture::catalog().map(|site| site.action).collect();
    let found = routes.iter().flat_map(|route| {
        let found = of_actions(route, actions.iter().copied());
        if let Some(first) = found.first() {
            let actions: Vec<&str> = found.iter().map(|one| one.action.as_str()).collect();
            tracing::error!(destination = %first.destination, ?actions, reason = first.misfit.reason,
                "this destination never takes events of these actions: each will be a dead letter");
        }
        found
    });
    found.collect()
}

fn of_actions(route: &Route, actions: impl Iterator<Item = &'static str>) -> Vec<DestinationMisfit> {
    // An event of which nothing else is known; an action that is no action at all is for others to complain of.
    let bare = |action| Event::builder(action).build().ok();
    let events = actions.filter(|action| route.filter.may_take(action)).filter_map(bare);
    let by_its_action =
        |found: &DestinationMisfit| found.misfit.effect == Effect::Refused && found.misfit.field == "action";
    events.flat_map(|event| misfits_of(&*route.destination, &event)).filter(by_its_action).collect()
}
