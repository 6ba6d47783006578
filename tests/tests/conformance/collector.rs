//! A collector that keeps every line that it is sent.

use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use lodger_examples::stand_in::{Reply, Request, Service};
use serde_json::{Value, json};

use crate::line::Line;
use crate::subject::{OverHttp, Place, Subject, TooMany, ids_at};

/// What it was sent, line by line.
#[derive(Debug, Default)]
struct Lines(Vec<Value>);

impl Service for Lines {
    fn answer(&mut self, request: &Request) -> Reply {
        if !request.header("authorization").is_some_and(|value| value.contains(Collector::KEY)) {
            return Reply::json(401, &json!("no"));
        }
        let lines = request.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        self.0.extend(lines.map(|line| serde_json::from_slice::<Value>(line).unwrap()));
        Reply::json(200, &json!({}))
    }

    fn stored(&self) -> Vec<Value> {
        self.0.clone()
    }
}

pub(crate) struct Collector(Line);

impl Subject for Collector {
    const REPEATS: Repeats = Repeats::Unasked;
    const IN_ORDER: bool = false;

    async fn open() -> Self {
        Self(Line::to(Lines::default()).await)
    }

    fn place(&self) -> Option<Place> {
        let place = Place::new(format!("{}/audit", self.0.base()));
        Some(place.setting("LODGER_HTTP_TOKEN", Self::KEY))
    }

    fn stored(&self) -> Vec<EventId> {
        ids_at("/id", &self.0.stored())
    }

    fn service(&self) -> Option<&Line> {
        Some(&self.0)
    }
}

impl OverHttp for Collector {
    const TOO_MANY: TooMany = TooMany::Waits;
    const KEY: &str = "token_conformance_1";
    const NEXT_KEY: &str = "token_conformance_2";

    fn line(&self) -> &Line {
        &self.0
    }
}

conforms!(Collector: everywhere, killed, over_http);
