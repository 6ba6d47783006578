use std::thread;

use lodger_core::event::{Event, Target};

use super::*;
use crate::Query;
use crate::testing::{append, append_bytes, event, store};

#[test]
fn sequences_are_gapless_from_one_and_every_entry_holds_the_hash_before() {
    let (_dir, store) = store();
    let receipts: Vec<Receipt> = (0..3).map(|_| append(&store, &event("invoice.update"))).collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(receipts[0].previous_hash, Digest::ZERO);
    assert_eq!(receipts[1].previous_hash, receipts[0].hash);
    assert_eq!(receipts[2].previous_hash, receipts[1].hash);
    assert_eq!(store.head().unwrap().unwrap().hash, receipts[2].hash);
}

#[test]
fn the_bytes_are_kept_as_they_were_given_also_members_of_another_version() {
    let (_dir, store) = store();
    // No userVisible, an unknown member, a double with 17 significant digits.
    let bytes = concat!(
        r#"{"action":"a.b","actor":{"id":"ada","kind":"user"},"future":[0.30000000000000004,1e+21],"#,
        r#""id":"0199b1c0-0000-7000-8000-000000000001","idempotencyKey":"event_0199b1c0","#,
        r#""occurredAt":"2026-05-15T12:00:00Z","outcome":"success","target":{"id":"7","kind":"b"}}"#
    );
    let receipt = append_bytes(&store, bytes.as_bytes());
    let entry = store.receipt(&receipt.id).unwrap().unwrap();
    assert_eq!(&*entry.bytes, bytes.as_bytes());
    assert_eq!(entry.receipt, receipt);
    assert!(store.verify().unwrap().is_intact());
}

#[test]
fn a_repeat_gets_the_original_receipt_and_no_second_entry() {
    let (_dir, store) = store();
    let event = event("invoice.update");
    let receipt = append(&store, &event);
    let again = store.append(&[event.to_canonical_json().unwrap()]).unwrap().remove(0).unwrap();
    assert_eq!(again, Appended { receipt, repeated: true });
    assert_eq!(store.head().unwrap().unwrap().sequence, 1);
}

#[test]
fn a_repeat_within_one_batch_is_recognised() {
    let (_dir, store) = store();
    let bytes = event("invoice.update").to_canonical_json().unwrap();
    let answers = store.append(&[&bytes, &bytes]).unwrap();
    let [Ok(first), Ok(second)] = &answers[..] else { panic!("{answers:?}") };
    assert!(!first.repeated && second.repeated);
    assert_eq!(first.receipt, second.receipt);
}

#[test]
fn the_same_id_with_other_bytes_is_refused_and_the_rest_of_the_batch_is_taken() {
    let (_dir, store) = store();
    let mut event = event("invoice.update");
    let receipt = append(&store, &event);
    event.target = Target::new("invoice", 8);
    let other = Event::builder("invoice.delete").build().unwrap();
    let batch = [event.to_canonical_json().unwrap(), other.to_canonical_json().unwrap()];
    let answers = store.append(&batch).unwrap();
    assert!(matches!(&answers[0], Err(Rejected::Conflict { event: id, receipt: first })
        if *id == event.id && *first == receipt.id));
    assert_eq!(answers[1].as_ref().unwrap().receipt.sequence, 2);
    assert_eq!(store.event(event.id).unwrap().unwrap().event.target.id, "7");
}

#[test]
fn what_is_not_a_canonical_event_is_refused_by_itself() {
    let (_dir, store) = store();
    let good = String::from_utf8(event("invoice.update").to_canonical_json().unwrap()).unwrap();
    let id = event("x").id.to_string();
    let loud = good.replacen(&good[good.find("\"id\":\"0").unwrap() + 6..][..36], &id.to_uppercase(), 1);
    let doubled = good.replacen('{', "{\"action\":\"a\",", 1);
    let batch = ["", "{}", "null", "\u{0}", &good.replacen(':', ": ", 1), &loud, &doubled, &good];
    let answers = store.append(&batch).unwrap();
    for (text, answer) in batch.iter().zip(&answers).take(4) {
        assert!(matches!(answer, Err(Rejected::NotAnEvent(_))), "{text}");
    }
    assert!(matches!(answers[4], Err(Rejected::NotCanonical)));
    assert!(matches!(answers[5], Err(Rejected::NotCanonical)), "{:?}", answers[5]);
    assert!(answers[6].is_err());
    assert_eq!(answers[7].as_ref().unwrap().receipt.sequence, 1);
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    let (_dir, store) = store();
    let mut bytes = event("invoice.update").to_canonical_json().unwrap();
    let at = bytes.windows(3).position(|window| window == b"ada").unwrap();
    bytes[at] = 0xff;
    assert!(store.append(&[bytes]).unwrap()[0].is_err());
}

#[test]
fn workspaces_have_chains_of_their_own_and_projects_share_one() {
    let dir = tempfile::tempdir().unwrap();
    let open = |workspace, project| {
        Store::options().workspace(workspace).project(project).open(dir.path().join("audit")).unwrap()
    };
    let (core, shop, other) = (open("acme", "core"), open("acme", "shop"), open("zeta", "core"));
    let event = event("invoice.update");
    assert_eq!(append(&core, &event).sequence, 1);
    // The same event in another project is another entry: each project has its own view.
    assert_eq!(append(&shop, &event).sequence, 2);
    assert_eq!(append(&other, &event).sequence, 1);

    let receipt = core.event(event.id).unwrap().unwrap().receipt;
    assert_eq!((receipt.workspace.as_str(), receipt.project.as_str()), ("acme", "core"));
    assert_eq!(shop.receipt(&receipt.id).unwrap(), None);
    assert_eq!(other.receipt(&receipt.id).unwrap(), None);
    assert_eq!(core.query(&Query::new()).unwrap().entries.len(), 1);
    let report = core.verify().unwrap();
    assert!(report.is_intact(), "{:?}", report.problems);
    assert_eq!(report.heads, [core.head().unwrap().unwrap(), other.head().unwrap().unwrap()]);
}

#[test]
fn two_writers_do_not_fork_the_chain() {
    let (_dir, store) = store();
    thread::scope(|scope| {
        for _ in 0..2 {
            // A connection of its own, as in another process.
            let store = Store::open(store.dir()).unwrap();
            scope.spawn(move || (0..20).for_each(|_| drop(append(&store, &event("invoice.update")))));
        }
        for _ in 0..10 {
            let report = store.verify().unwrap();
            assert!(report.is_intact(), "{:?}", report.problems);
        }
    });
    assert_eq!(store.head().unwrap().unwrap().sequence, 40);
    assert!(store.verify().unwrap().is_intact());
}

#[test]
fn a_transaction_that_a_failing_disk_left_open_is_rolled_back() {
    let (_dir, store) = store();
    store.writer().execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(append(&store, &event("invoice.update")).sequence, 1);
}

#[test]
fn a_receipt_carries_128_random_bits() {
    let (_dir, store) = store();
    let receipts: Vec<String> = (0..4).map(|_| append(&store, &event("invoice.update")).id).collect();
    for id in &receipts {
        let digits = id.strip_prefix("rcpt_").unwrap();
        assert!(digits.len() == 32 && digits.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{id}");
    }
    // Eight positions that never differ would be a constant, not chance.
    let fixed =
        (5..37).filter(|&at| receipts.iter().all(|id| id.as_bytes()[at] == receipts[0].as_bytes()[at]));
    assert!(fixed.count() < 8, "{receipts:?}");
}

#[test]
fn an_empty_batch_is_no_mistake() {
    let (_dir, store) = store();
    assert!(store.append::<&[u8]>(&[]).unwrap().is_empty());
    assert_eq!(store.head().unwrap(), None);
}
