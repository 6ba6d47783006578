//! Auditledge, which stores what it is given twice, and whose 429 is the end of a month's quota.

use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use lodger_examples::stand_in::auditledge::Auditledge as Service;

use crate::line::Line;
use crate::subject::{OverHttp, Place, Subject, TooMany, ids_at};

pub(crate) struct Auditledge(Line);

impl Subject for Auditledge {
    const REPEATS: Repeats = Repeats::Stored;
    const IN_ORDER: bool = false;

    async fn open() -> Self {
        Self(Line::to(Service::new(Self::KEY)).await)
    }

    fn place(&self) -> Option<Place> {
        let place = Place::new("auditledge").setting("AUDITLEDGE_API_KEY", Self::KEY);
        Some(place.setting("AUDITLEDGE_API_BASE", format!("{}/v1", self.0.base())))
    }

    fn stored(&self) -> Vec<EventId> {
        ids_at("/metadata/_audit/event_id", &self.0.stored())
    }

    fn service(&self) -> Option<&Line> {
        Some(&self.0)
    }
}

impl OverHttp for Auditledge {
    const TOO_MANY: TooMany = TooMany::Pauses;
    const KEY: &str = "al_conformance_1";
    const NEXT_KEY: &str = "al_conformance_2";

    fn line(&self) -> &Line {
        &self.0
    }
}

conforms!(Auditledge: everywhere, killed, over_http, says_what_it_took, looked_up);
