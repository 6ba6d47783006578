//! What is said of events that a destination can't carry, before they are sent.

use super::*;
use crate::capture::{Registered, Site};
use crate::destination::{
    Answer, BoxFuture, Delivery, Destination, Effect, Filter, Identity, MemoryDestination, Misfit, Refusal,
    Route,
};
use crate::event::{Actor, Event};

static LONG: Site =
    Site::new("import.everything.of.the.year", "import", "fitness.rs", 1, "lodger_core::tests");
static LONG_TOO: Site =
    Site::new("import.everything.of.the.month", "import_month", "fitness.rs", 2, "lodger_core::tests");
static SAME: Site =
    Site::new("import.everything.of.the.year", "again", "fitness.rs", 3, "lodger_core::tests");
static SHORT: Site = Site::new("short", "short", "fitness.rs", 4, "lodger_core::tests");

inventory::submit!(Registered(&LONG));
inventory::submit!(Registered(&LONG_TOO));
inventory::submit!(Registered(&SAME));
inventory::submit!(Registered(&SHORT));

/// Takes actions of at most so many characters, wants a description, and has no place for a tenant.
#[derive(Debug)]
struct Narrow(&'static str, usize);

impl Destination for Narrow {
    fn identity(&self) -> Identity {
        Identity::new("narrow", self.0)
    }

    fn check(&self, event: &Event) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        if event.action.len() > self.1 {
            misfits.push(Misfit::refused("action", "too long"));
        }
        if event.description.is_none() {
            misfits.push(Misfit::refused("description", "is required"));
        }
        if event.tenant.is_some() {
            misfits.push(Misfit::left_out("tenant", "there are none"));
        }
        misfits
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move { batch.iter().map(|_| Answer::Taken).collect() })
    }
}

fn of(lodger: &Lodger, event: &Event) -> Vec<(String, String, Effect)> {
    let misfits = lodger.check(event).unwrap();
    let told = misfits.iter().map(|one| {
        assert_eq!(one.action, event.action);
        (one.destination.address.clone(), one.misfit.field.to_string(), one.misfit.effect)
    });
    told.collect()
}

#[test]
fn an_event_is_checked_by_each_destination_that_would_get_it_as_it_would_be_recorded() {
    let lodger = builder()
        .destination(Narrow("all", 4))
        .destination(Route::to(Narrow("some", 100)).only(Filter::any().action_prefix("a")))
        .destination(MemoryDestination::new())
        .in_memory_journal()
        .build()
        .unwrap();
    // The tenant is the actor's: it is there only when the event is complete.
    let event = Event::builder("a.b").actor(Actor::user("ada").tenant("acme")).description("d").build();
    let left_out = |place: &str| (place.to_owned(), "tenant".to_owned(), Effect::LeftOut);
    assert_eq!(of(&lodger, &event.unwrap()), [left_out("all"), left_out("some")]);
    let refused = |place: &str, field: &str| (place.to_owned(), field.to_owned(), Effect::Refused);
    let event = Event::builder("b.long").build().unwrap();
    assert_eq!(of(&lodger, &event), [refused("all", "action"), refused("all", "description")]);
    assert_eq!(lodger.stats().counts.offered, 0);
}

#[test]
fn a_check_names_a_limit_that_holds_everywhere_and_nobody_who_is_gone() {
    let lodger = builder().destination(Narrow("all", 4)).in_memory_journal().build().unwrap();
    let mut event = event("a.b");
    event.action = String::new().into();
    assert!(lodger.check(&event).is_err());
    event.action = "a.bcd".into();
    assert_eq!(lodger.check(&event).unwrap().len(), 2);
    block_on(lodger.shutdown(Duration::from_secs(5)));
    assert_eq!(lodger.check(&event).unwrap(), []);
}

#[test]
fn the_start_names_actions_that_are_never_taken_once_for_each_destination() {
    let lodger = builder()
        .destination(Narrow("all", 20))
        .destination(
            Route::to(Narrow("some", 20)).only(Filter::any().action_prefix("import.everything.of.the.y")),
        )
        .destination(Route::to(Narrow("none", 20)).only(Filter::any().action_prefix("short")))
        .destination(Narrow("wide", 30))
        .in_memory_journal()
        .build()
        .unwrap();
    // Other tests have annotated functions, too.
    let ours: Vec<_> = lodger.misfits().iter().filter(|one| one.action.starts_with("import.")).collect();
    let told: Vec<_> =
        ours.iter().map(|one| (&*one.destination.address, &*one.action, &*one.misfit.field)).collect();
    assert_eq!(
        told,
        [
            ("all", "import.everything.of.the.month", "action"),
            ("all", "import.everything.of.the.year", "action"),
            ("some", "import.everything.of.the.year", "action"),
        ]
    );
    assert_eq!(
        ours[0].to_string(),
        r#""import.everything.of.the.month" at narrow:all: `action` makes the event a dead letter: too long"#
    );
}

/// Takes events of at most so many bytes.
#[derive(Debug)]
struct Small(usize);

impl Destination for Small {
    fn identity(&self) -> Identity {
        Identity::new("small", "")
    }

    fn check(&self, event: &Event) -> Vec<Misfit> {
        let fits = event.to_canonical_json().unwrap().len() <= self.0;
        if fits { Vec::new() } else { vec![Misfit::refused("metadata", "too large")] }
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        let answer = |delivery: &Delivery| match self.check(delivery.event()).pop() {
            None => Answer::Taken,
            Some(misfit) => Answer::Unfit(Refusal::new(misfit.reason)),
        };
        Box::pin(std::future::ready(batch.iter().map(answer).collect()))
    }
}

#[test]
fn what_is_said_to_fit_fits_with_its_place_in_the_journal() {
    let lodger = builder().destination(Small(1_000)).in_memory_journal().build().unwrap();
    let sized = |bytes: usize| Event::builder("a.b").metadata("text", "x".repeat(bytes)).build().unwrap();
    let fitting = (0..1_000).rev().map(sized).find(|event| lodger.check(event).unwrap().is_empty());
    let fitting = fitting.unwrap();
    assert!(fitting.to_canonical_json().unwrap().len() > 700, "it takes what fits");
    block_on(lodger.event(fitting)).unwrap();
}
