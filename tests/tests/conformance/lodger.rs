//! The Lodger API.

use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use lodger_examples::stand_in::lodger::LodgerService;

use crate::line::Line;
use crate::subject::{OverHttp, Place, Subject, TooMany, ids_at};

pub(crate) struct Lodger(Line);

impl Subject for Lodger {
    const REPEATS: Repeats = Repeats::Recognised;
    const IN_ORDER: bool = false;

    async fn open() -> Self {
        Self(Line::to(LodgerService::new("org_1", "core", Self::KEY)).await)
    }

    fn place(&self) -> Option<Place> {
        let place = Place::new("lodger").setting("LODGER_API_KEY", Self::KEY);
        let place = place.setting("LODGER_WORKSPACE_ID", "org_1").setting("LODGER_PROJECT_ID", "core");
        Some(place.setting("LODGER_API_BASE", self.0.base()))
    }

    fn stored(&self) -> Vec<EventId> {
        ids_at("/metadata/_audit/eventId", &self.0.stored())
    }

    fn service(&self) -> Option<&Line> {
        Some(&self.0)
    }
}

impl OverHttp for Lodger {
    const TOO_MANY: TooMany = TooMany::Waits;
    const KEY: &str = "lodger_sk_conformance_1";
    const NEXT_KEY: &str = "lodger_sk_conformance_2";

    fn line(&self) -> &Line {
        &self.0
    }
}

conforms!(Lodger: everywhere, killed, over_http, says_what_it_took);
