//! Walks over all pages, at services that know where they end and at those that don't.

use lodger_core::service::Pages;
use lodger_core::service::lodger::{ActivityCall, Entry, LodgerApi, LodgerError, QueryCall};
use reqwest::Url;
use serde_json::{Value, json};

use crate::loopback::{Loopback, Recorded, Reply, Step};
use crate::operations::{activity_page, page};
use crate::{CANARY, api};

/// The cursor that was asked for.
fn cursor(request: &Recorded) -> Option<i64> {
    let url = Url::parse(&format!("http://loopback{}", request.path)).unwrap();
    let cursor = url.query_pairs().find(|(name, _)| name == "cursor")?.1.parse().unwrap();
    Some(cursor)
}

async fn all(mut pages: Pages<Entry, LodgerError>) -> (Vec<u64>, Option<LodgerError>) {
    let mut sequences = Vec::new();
    while let Some(entry) = pages.next().await {
        match entry {
            Ok(entry) => sequences.push(entry.sequence),
            Err(error) => {
                assert!(pages.next().await.is_none(), "an error ends it");
                return (sequences, Some(error));
            }
        }
    }
    assert!(pages.next().await.is_none(), "the end stays");
    (sequences, None)
}

/// What a walk over both kinds of pages reads, and which cursors it asks for.
async fn walked(
    answer: impl Fn(Option<i64>) -> (Vec<u64>, Value) + Send + Copy + 'static,
) -> (Vec<u64>, Vec<Option<i64>>) {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(move |request| {
        let (sequences, next) = answer(cursor(request));
        let activity = request.path.contains("/activity?");
        let body = if activity { activity_page(sequences, next) } else { page(sequences, next) };
        Step::Reply(Reply::json(200, &body))
    });
    let api = api(&server.base());
    let (entries, error) = all(api.entries(QueryCall::new())).await;
    assert!(error.is_none(), "{error:?}");
    let asked: Vec<_> = server.requests().iter().map(cursor).collect();
    let (activity, error) = all(api.activity_entries(ActivityCall::new("act_1"))).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(activity, entries);
    let asked_again: Vec<_> = server.requests().iter().skip(asked.len()).map(cursor).collect();
    assert_eq!(asked_again, asked);
    (entries, asked)
}

/// Two at a time of these, from the cursor on.
fn two(sequences: &[u64], cursor: Option<i64>, up: bool) -> Vec<u64> {
    let beyond = |sequence: u64| match cursor {
        None => true,
        Some(cursor) => (sequence as i64 > cursor) == up && sequence as i64 != cursor,
    };
    sequences.iter().copied().filter(|sequence| beyond(*sequence)).take(2).collect()
}

#[tokio::test]
async fn every_entry_comes_once_whichever_way_the_cursors_go() {
    let rising = |cursor| {
        let page = two(&[1, 2, 3, 4, 5], cursor, true);
        let next = page.last().copied().map_or(json!(0), Value::from);
        (page, next)
    };
    let asked = vec![None, Some(2), Some(4), Some(5)];
    assert_eq!(walked(rising).await, (vec![1, 2, 3, 4, 5], asked));
    let falling = |cursor| {
        let page = two(&[5, 4, 3, 2, 1], cursor, false);
        let next = page.last().copied().map_or(json!(0), Value::from);
        (page, next)
    };
    let asked = vec![None, Some(4), Some(2), Some(1)];
    assert_eq!(walked(falling).await, (vec![5, 4, 3, 2, 1], asked));
}

#[tokio::test]
async fn whatever_the_last_page_says_is_the_end() {
    for last in [json!(0), json!(-1), json!(null), json!(2), json!(i64::MIN)] {
        let server = Loopback::start(Step::Close).await;
        let said = last.clone();
        server.answer_by(move |request| {
            let body = match cursor(request) {
                None => page([1, 2], 2),
                Some(2) => page([3], said.clone()),
                Some(_) => page([1, 2], 2),
            };
            Step::Reply(Reply::json(200, &body))
        });
        let (entries, error) = all(api(&server.base()).entries(QueryCall::new())).await;
        assert!(error.is_none(), "{last}: {error:?}");
        assert_eq!((entries, server.requests().len()), (vec![1, 2, 3], 2), "{last}");
    }
}

#[tokio::test]
async fn a_service_that_repeats_itself_is_not_followed() {
    // Deaf to the cursor.
    assert_eq!(walked(|_| (vec![1, 2], json!(2))).await, (vec![1, 2], vec![None, Some(2)]));
    assert_eq!(walked(|_| (vec![1, 2], json!(0))).await, (vec![1, 2], vec![None, Some(0)]));
    // The same page for ever, under cursors that move.
    let moving = |cursor: Option<i64>| (vec![1, 2], json!(cursor.unwrap_or(1) + 1));
    assert_eq!(walked(moving).await, (vec![1, 2], vec![None, Some(2)]));
    // The same page turned round.
    let turned = |cursor: Option<i64>| match cursor {
        None => (vec![1, 2], json!(2)),
        Some(cursor) => (vec![2, 1], json!(cursor + 1)),
    };
    assert_eq!(walked(turned).await, (vec![1, 2], vec![None, Some(2)]));
    // In a circle of three.
    let circle = |cursor: Option<i64>| match cursor {
        None | Some(30) => (vec![1, 2], json!(10)),
        Some(10) => (vec![3, 4], json!(20)),
        _ => (vec![5, 6], json!(30)),
    };
    let once = (vec![1, 2, 3, 4, 5, 6], vec![None, Some(10), Some(20), Some(30)]);
    assert_eq!(walked(circle).await, once);
    // Nothing, for ever.
    let nothing = |cursor: Option<i64>| (vec![], json!(cursor.unwrap_or(0) + 1));
    assert_eq!(walked(nothing).await, (vec![], vec![None]));
}

#[tokio::test]
async fn an_entry_on_two_pages_is_given_once() {
    let sliding = |cursor: Option<i64>| match cursor {
        None => (vec![1, 2, 2], json!(2)),
        Some(2) => (vec![2, 3, 4], json!(4)),
        _ => (vec![], json!(4)),
    };
    assert_eq!(walked(sliding).await, (vec![1, 2, 2, 3, 4], vec![None, Some(2), Some(4)]));
}

#[tokio::test]
async fn a_page_that_fails_is_repeated_and_one_that_can_not_be_read_ends_it_loudly() {
    let server = Loopback::start(Step::Close).await;
    let good = |body: Value| Step::Reply(Reply::json(200, &body));
    server.script([
        good(page([1, 2], 2)),
        Step::Close,
        Step::Reply(Reply::text(429, "")),
        good(page([3], 3)),
        Step::Reply(Reply::json(403, &json!({"error": "forbidden"}))),
    ]);
    let (entries, error) = all(api(&server.base()).entries(QueryCall::new())).await;
    assert_eq!((entries, error.unwrap().status()), (vec![1, 2, 3], Some(403)));
    assert_eq!(server.requests().len(), 5);

    // Without a cursor nobody can know whether there is more.
    let mut endless = page([1, 2], 2);
    endless.as_object_mut().unwrap().remove("nextCursor");
    let server = Loopback::replying(Reply::json(200, &endless)).await;
    let (entries, error) = all(api(&server.base()).entries(QueryCall::new())).await;
    assert_eq!(entries, Vec::<u64>::new());
    assert!(matches!(error, Some(LodgerError::Unreadable(_))), "{error:?}");
}

#[tokio::test]
async fn a_walk_begins_at_its_cursor_and_keeps_its_filters() {
    let server = Loopback::replying(Reply::json(200, &page([], 0))).await;
    let api: LodgerApi = api(&server.base());
    drop(api.entries(QueryCall::new()));
    let pages =
        api.entries(QueryCall::new().cursor(7).query("a b").user_visible(false).limit(2).project("p"));
    assert_eq!(server.requests(), [], "nothing is asked for before it is read");
    assert_eq!(all(pages).await.0, Vec::<u64>::new());
    let pages = api.activity_entries(ActivityCall::new(CANARY).cursor(0).query("a b").limit(2));
    assert_eq!(all(pages).await.1.unwrap().status(), Some(200), "a page of events is none of activity");
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths[0],
        "/v1/workspaces/org_1/events?projectId=p&limit=2&query=a+b&userVisible=false&cursor=7"
    );
    assert_eq!(paths[1], "/v1/workspaces/org_1/activity?limit=2&query=a+b&cursor=0");
}
