use std::sync::Arc;

use lodger_core::event::Event;

use super::*;
use crate::Digest;
use crate::testing::{event, store, vandal};

fn delivery(event: &Event) -> Delivery {
    Delivery::new(Arc::new(event.clone()), event.to_canonical_json().unwrap().into())
}

async fn deliver(destination: &StoreDestination, event: &Event) -> Answer {
    destination.deliver(&[delivery(event)]).await.remove(0)
}

#[tokio::test]
async fn a_batch_is_settled_with_receipt_and_place_in_the_chain() {
    let (_dir, store) = store();
    let destination = StoreDestination::from(store.clone());
    let events = [event("invoice.update"), event("invoice.delete")];
    let answers = destination.deliver(&events.each_ref().map(delivery)).await;
    assert_eq!(answers.len(), 2);
    for (event, answer) in events.iter().zip(&answers) {
        let Answer::Settled(receipt) = answer else { panic!("{answer:?}") };
        let entry = store.event(event.id).unwrap().unwrap();
        assert_eq!(
            (receipt.event, receipt.destination.as_str(), receipt.repeated),
            (event.id, "store", false)
        );
        assert_eq!(receipt.id.as_ref(), Some(&entry.receipt.id));
        let detail = json!({
            "sequence": entry.receipt.sequence,
            "eventHash": entry.receipt.event_hash.to_string(),
            "hash": entry.receipt.hash.to_string(),
            "previousHash": entry.receipt.previous_hash.to_string(),
        });
        assert_eq!(receipt.detail, detail);
    }
    let Answer::Settled(first) = &answers[0] else { panic!() };
    assert_eq!(first.detail["previousHash"], Digest::ZERO.to_string());
}

#[tokio::test]
async fn a_redelivery_gets_the_same_receipt_as_a_repeat() {
    let (_dir, store) = store();
    let destination = StoreDestination::new(store);
    let event = event("invoice.update");
    let Answer::Settled(first) = deliver(&destination, &event).await else { panic!() };
    let again = deliver(&destination, &event).await;
    assert_eq!(again, Answer::Settled(first.as_repeat()));
}

#[tokio::test]
async fn other_bytes_under_the_same_id_are_refused_with_the_receipt_that_is_there() {
    let (_dir, store) = store();
    let destination = StoreDestination::new(store);
    let mut event = event("invoice.update");
    let Answer::Settled(first) = deliver(&destination, &event).await else { panic!() };
    event.reason = Some("another".into());
    let Answer::Refused(refusal) = deliver(&destination, &event).await else { panic!() };
    assert!(refusal.reason.contains(&first.id.unwrap()), "{}", refusal.reason);
}

#[tokio::test]
async fn a_locked_store_is_tried_again() {
    let (_dir, store) = store();
    let waiting = Store::options().busy_timeout(std::time::Duration::ZERO).open(store.dir()).unwrap();
    let other = vandal(&store);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let destination = StoreDestination::new(waiting);
    let event = event("invoice.update");
    let answer = deliver(&destination, &event).await;
    let Answer::Retry { refusal, after: None } = &answer else { panic!("{answer:?}") };
    assert!(refusal.reason.contains("locked"), "{}", refusal.reason);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(deliver(&destination, &event).await, Answer::Settled(_)));
}

#[tokio::test]
async fn a_full_disk_is_tried_again_and_leaves_nothing_behind() {
    let (_dir, store) = store();
    let destination = StoreDestination::new(store.clone());
    store.writer().pragma_update(None, "max_page_count", 1).unwrap();
    let mut event = event("invoice.update");
    event.description = Some("x".repeat(1_000));
    let batch: Vec<Delivery> = (0..100)
        .map(|_| {
            event.id = lodger_core::event::EventId::mint();
            delivery(&event)
        })
        .collect();
    let answers = destination.deliver(&batch).await;
    assert_eq!(answers.len(), 100);
    for answer in &answers {
        let Answer::Retry { refusal, .. } = answer else { panic!("{answer:?}") };
        assert!(refusal.reason.contains("full"), "{}", refusal.reason);
    }
    assert_eq!(store.head().unwrap(), None);
    store.writer().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert!(destination.deliver(&batch).await.iter().all(|answer| matches!(answer, Answer::Settled(_))));
    assert_eq!(store.head().unwrap().unwrap().sequence, 100);
}

#[tokio::test]
async fn a_store_without_its_table_pauses() {
    let (_dir, store) = store();
    vandal(&store).execute_batch("DROP TABLE entries").unwrap();
    let answer = deliver(&StoreDestination::new(store), &event("invoice.update")).await;
    assert!(matches!(answer, Answer::Pause(_)), "{answer:?}");
}

#[test]
fn the_address_is_the_absolute_directory() {
    let dir = tempfile::tempdir().unwrap();
    let above = dir.path().canonicalize().unwrap();
    let store =
        Store::options().workspace("acme").project("shop").open(dir.path().join("x/../audit")).unwrap();
    let destination = StoreDestination::new(store);
    let address = above.join("audit").display().to_string();
    assert_eq!(destination.identity(), Identity::new("store", address).in_project("acme", "shop"));
    assert_eq!((destination.max_batch(), destination.max_in_flight()), (512, 1));
}
