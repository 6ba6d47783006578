use serde_json::json;

use super::*;

fn read(body: &Value) -> Result<EventPage, &'static str> {
    let body = body.to_string().into_bytes();
    EventPage::read(&Response { status: 200, retry_after: None, content_type: None, whole: true, body })
}

#[test]
fn a_list_is_found_under_its_usual_names() {
    for name in ["events", "items", "data"] {
        let page = read(&json!({name: [{"eventId": "evt_1"}], "nextCursor": "c", "total": 1})).unwrap();
        assert_eq!(page.events[0].event_id(), Some("evt_1"), "{name}");
        assert_eq!(page.next_cursor.as_deref(), Some("c"), "{name}");
        assert_eq!(page.extra, json!({"total": 1}).as_object().unwrap().clone(), "{name}");
    }
    assert_eq!(read(&json!([{"id": "evt_1"}])).unwrap().events[0].event_id(), Some("evt_1"));
    assert_eq!(read(&json!({"events": [], "nextCursor": 7})).unwrap().next_cursor.as_deref(), Some("7"));
}

#[test]
fn what_is_no_list_is_an_error_and_no_empty_page() {
    for body in [
        json!({}),
        json!(null),
        json!("events"),
        json!({"events": {}}),
        json!({"events": null, "nextCursor": null}),
        json!({"records": []}),
        json!({"error": "no"}),
        json!([1]),
        json!({"events": ["evt_1"]}),
    ] {
        assert_eq!(read(&body), Err("is no list of events"), "{body}");
    }
    assert_eq!(
        read(&json!({"events": [], "nextCursor": {"page": 2}})),
        Err("names the next page in a way that nobody knows")
    );
    assert_eq!(read(&json!({"events": [], "hasMore": true})), Err("has more pages and doesn't say where"));
}

#[test]
fn an_entry_of_any_shape_is_held() {
    let strange =
        json!({"events": [{"entityId": 7, "context": "none", "action": "a.b", "occurredAt": null}]});
    let page = read(&strange).unwrap();
    let entry = &page.events[0];
    assert_eq!((entry.entity_id(), entry.context(), entry.occurred_at()), (None, None, None));
    assert_eq!((entry.action_key(), entry.members()["entityId"].as_u64()), (Some("a.b"), Some(7)));
}

fn entries(ids: &[u32]) -> Vec<Entry> {
    ids.iter().map(|id| Entry::of(json!({"eventId": id})).unwrap()).collect()
}

#[test]
fn pages_go_on_as_long_as_they_bring_news() {
    let mut seen = Seen::default();
    assert!(seen.is_progress(None, "b", &entries(&[1, 2])));
    assert!(seen.is_progress(Some("b"), "c", &entries(&[2, 3])), "one of them is new");
    assert!(!seen.is_progress(Some("c"), "d", &entries(&[3, 1])), "none is new");
    let mut seen = Seen::default();
    assert!(!seen.is_progress(Some("a"), "a", &entries(&[1])), "the cursor doesn't move");
    let mut seen = Seen::default();
    assert!(seen.is_progress(Some("a"), "b", &entries(&[1])));
    assert!(!seen.is_progress(Some("b"), "a", &entries(&[2])), "the cursor goes back");
}

#[test]
fn a_hundred_empty_pages_are_enough() {
    let mut seen = Seen::default();
    for page in 0..100 {
        assert!(seen.is_progress(None, &page.to_string(), &[]), "{page}");
    }
    assert!(!seen.is_progress(None, "100", &[]));
}
