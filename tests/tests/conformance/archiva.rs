//! Archiva, which recognises repeats by their keys and takes no more than a hundred requests a minute.

use std::time::Duration;

use lodger_core::client::DeliveryState;
use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use lodger_examples::stand_in::archiva::Archiva as Service;

use crate::PATIENCE;
use crate::client::Client;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_pauses_nothing_and_reopens_nothing() {
    let subject = Archiva::open().await;
    let mut client = Client::of(&subject);
    let unfit = "invoice.update_of_everything_that_there_is_in_the_accounts_of_a_whole_year";
    for _ in 0..30 {
        client.record(unfit).await;
        client.recorded.pop();
    }
    client.record("invoice.update").await;
    client.delivered().await;
    assert_eq!((client.stats().dead, client.stats().state), (30, DeliveryState::Running));
    subject.line().replace_key(Archiva::KEY, Archiva::NEXT_KEY);
    client.record("invoice.update").await;
    client.paused().await;
    client.record(unfit).await;
    client.recorded.pop();
    let destination = client.stats().destination;
    let buried = async {
        while client.stats().dead < 31 {
            client.lodger.resume(&destination).unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, buried).await.unwrap();
    client.paused().await;
    assert_eq!(client.stats().pending, 1, "it is no probe");
    client.lodger.replace_api_key(&destination, Archiva::NEXT_KEY).unwrap();
    client.delivered().await;
    let mut stored = subject.stored();
    stored.sort();
    assert_eq!(stored, client.recorded);
    assert_eq!(client.letters().len(), 31);
}
