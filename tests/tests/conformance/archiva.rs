//! Archiva, which recognises repeats by their keys and takes no more than a hundred requests a minute.

use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use lodger_examples::stand_in::archiva::Archiva as Service;

use crate::line::Line;
use crate::subject::{OverHttp, Place, Subject, TooMany, ids_at};

pub(crate) struct Archiva(Line);

impl Subject for Archiva {
    const REPEATS: Repeats = Repeats::Recognised;
    const IN_ORDER: bool = false;

    async fn open() -> Self {
        Self(Line::to(Service::new(Self::KEY)).await)
    }

    fn place(&self) -> Option<Place> {
        let place = Place::new("archiva").setting("ARCHIVA_SECRET_KEY", Self::KEY);
        Some(place.setting("ARCHIVA_API_BASE", self.0.base()))
    }

    fn stored(&self) -> Vec<EventId> {
        ids_at("/context/_audit/eventId", &self.0.stored())
    }

    fn service(&self) -> Option<&Line> {
        Some(&self.0)
    }
}

impl OverHttp for Archiva {
    const TOO_MANY: TooMany = TooMany::Waits;
    const KEY: &str = "pk_test_conformance_1";
    const NEXT_KEY: &str = "pk_test_conformance_2";

    fn line(&self) -> &Line {
        &self.0
    }
}

conforms!(Archiva: everywhere, killed, over_http, says_what_it_took);
