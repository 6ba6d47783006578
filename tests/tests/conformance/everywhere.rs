//! What holds for every destination.

use std::sync::Arc;

use lodger_core::destination::{Answer, Delivery, Destination, Effect, Repeats, Route};
use lodger_core::event::{Event, EventBuilder};

use crate::client::{Client, event};
use crate::subject::Subject;

pub(crate) fn delivery(event: &Event) -> Delivery {
    Delivery::new(Arc::new(event.clone()), event.to_canonical_json().unwrap().into())
}

pub(crate) async fn it_is_what_it_says<S: Subject>() {
    let subject = S::open().await;
    let destination = subject.destination();
    assert_eq!(destination.repeats(), S::REPEATS);
    let fitting = event("invoice.update").build().unwrap();
    assert_eq!(destination.check(&fitting), []);
}

pub(crate) async fn events_arrive_once_each<S: Subject>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    client.record_many(20).await;
    client.delivered().await;
    client.everything_is_there(&subject);
    assert_eq!(client.stats().possible_duplicates, 0);
    if S::IN_ORDER {
        assert_eq!(subject.stored(), client.recorded);
    }
}

pub(crate) async fn a_route_in_order_keeps_the_order<S: Subject>() {
    let subject = S::open().await;
    let mut client = Client::on(Route::to(subject.destination()).ordered());
    client.record_many(20).await;
    client.delivered().await;
    assert_eq!(subject.stored(), client.recorded);
}

pub(crate) async fn an_event_that_is_given_twice<S: Subject>() {
    let subject = S::open().await;
    let destination = subject.destination();
    let batch = [delivery(&event("invoice.update").build().unwrap())];
    let first = destination.deliver(&batch).await;
    let again = destination.deliver(&batch).await;
    for answers in [&first, &again] {
        assert!(matches!(**answers, [Answer::Settled(_) | Answer::Taken]), "{answers:?}");
    }
    let copies = if S::REPEATS == Repeats::Recognised { 1 } else { 2 };
    assert_eq!(subject.stored(), vec![batch[0].id(); copies]);
    if let Answer::Settled(receipt) = &again[0] {
        assert!(copies == 1 || !receipt.repeated, "there was nothing to recognise it by");
    }
}

/// A destination either carries an event whole or says beforehand that it doesn't: nothing is trimmed.
pub(crate) async fn an_event_that_fits_nowhere_else_arrives_whole_or_is_a_dead_letter<S: Subject>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let large = |bytes: usize| event("invoice.update").metadata("text", "x ".repeat(bytes / 2));
    let actor = event("invoice.update").metadata("_audit", "ours").metadata("", "no name");
    let long: EventBuilder =
        event("invoice.update_of_everything_that_there_is_in_the_accounts_of_a_whole_year");
    for builder in [large(9 << 10), large(11 << 10), large(60 << 10), actor, long] {
        let event = builder.build().unwrap();
        let misfits = client.lodger.check(&event).unwrap();
        let refused = misfits.iter().find(|one| one.misfit.effect == Effect::Refused);
        let before = subject.service().map(crate::line::Line::heard);
        let answered = client.lodger.event(event.clone()).await;
        match refused {
            None => {
                answered.unwrap_or_else(|error| panic!("{error} {misfits:?}"));
                client.recorded.push(event.id);
            }
            Some(refused) => {
                assert_eq!(answered.unwrap_err().kind(), "dead_letter");
                let letter = client.letters().into_iter().find(|letter| letter.id == event.id).unwrap();
                // The rest of the reason may hold numbers that the event's place in the journal makes others.
                let named = format!("`{}`", refused.misfit.field);
                assert!(letter.reason.contains(&named), "{} {refused}", letter.reason);
                assert_eq!(letter.status, None, "nobody was asked");
                assert_eq!(letter.to_event().unwrap().metadata, event.metadata);
                assert_eq!(subject.service().map(crate::line::Line::heard), before, "something was sent");
            }
        }
    }
    let mut stored = subject.stored();
    stored.sort();
    client.recorded.sort();
    assert_eq!(stored, client.recorded);
}
