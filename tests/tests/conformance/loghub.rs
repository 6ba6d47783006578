//! LogHub, which stores what it is given twice.

use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use lodger_examples::stand_in::loghub::LogHubService;

use crate::line::Line;
use crate::subject::{OverHttp, Place, Subject, TooMany, ids_at};

pub(crate) struct LogHub(Line);

/// The organization, as the service names it.
const ORGANIZATION: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

impl Subject for LogHub {
    const REPEATS: Repeats = Repeats::Stored;
    const IN_ORDER: bool = false;

    async fn open() -> Self {
        Self(Line::to(LogHubService::new(ORGANIZATION, Self::KEY)).await)
    }

    fn place(&self) -> Option<Place> {
        let place = Place::new("loghub").setting("LOGHUB_TOKEN", Self::KEY);
        let place = place.setting("LOGHUB_ORGANIZATION_ID", ORGANIZATION);
        Some(place.setting("LOGHUB_EXTERNAL_ID", "none").setting("LOGHUB_API_BASE", self.0.base()))
    }

    fn stored(&self) -> Vec<EventId> {
        ids_at("/metadata/_audit/event_id", &self.0.stored())
    }

    fn service(&self) -> Option<&Line> {
        Some(&self.0)
    }
}

impl OverHttp for LogHub {
    const TOO_MANY: TooMany = TooMany::Waits;
    const KEY: &str = "secret_conformance_1";
    const NEXT_KEY: &str = "secret_conformance_2";

    fn line(&self) -> &Line {
        &self.0
    }
}

conforms!(LogHub: everywhere, killed, over_http, says_what_it_took, looked_up);
