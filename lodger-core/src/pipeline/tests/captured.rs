//! What comes from capture: not made an event yet.

use std::borrow::Cow;

use super::*;
use crate::pipeline::{Content, Raw, Unfit};

/// What was captured: so heavy, and an event is made of it, or a panic.
#[derive(Debug)]
struct Left {
    weight: usize,
    event: Option<Box<Event>>,
}

impl Raw for Left {
    fn weight(&self) -> usize {
        self.weight
    }

    fn occurred_at(&self) -> Timestamp {
        Timestamp::now()
    }

    fn action(&self) -> Cow<'static, str> {
        "invoice.update".into()
    }

    fn finish(self: Box<Self>) -> Result<Box<Event>, Unfit> {
        Ok(self.event.expect("a mistake"))
    }
}

#[test]
fn what_is_heavy_before_it_is_trimmed_takes_no_more_room_than_its_event() {
    let pipeline = stuck(Limits { events: 100, bytes: 1 << 20 });
    for _ in 0..50 {
        let heavy = Content::Raw(Box::new(Left { weight: 1 << 20, event: Some(event()) }));
        assert!(pipeline.offer_in(None, heavy, Lane::Trusted, Goal::Queued).is_ok());
    }
    assert!(pipeline.offer(event(), Lane::Trusted, Goal::Queued).is_ok());
}

#[tokio::test]
async fn a_mistake_in_making_an_event_costs_that_event_and_is_told() {
    let pipeline = Pipeline::start(Config {
        journal: JournalConfig::in_memory(),
        routes: vec![Scripted::new("d", |_| Act::Take).into()],
        limits: Limits::default(),
        clock: Arc::new(FixedClock::with_jitter(1.0)),
    })
    .unwrap();
    let mistake = Content::Raw(Box::new(Left { weight: 1, event: None }));
    let ticket = pipeline.offer_in(None, mistake, Lane::Trusted, Goal::Durable).unwrap();
    assert_eq!(ticket.await.unwrap_err().kind(), "invalid");
    let counts = pipeline.counters().read();
    assert_eq!((counts.invalid, counts.last_resort), (1, 1));
    pipeline.offer(event(), Lane::Trusted, Goal::Durable).unwrap().await.unwrap();
}
