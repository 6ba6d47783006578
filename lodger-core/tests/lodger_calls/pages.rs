//! Walks over all pages, at services that know where they end and at those that don't.

use lodger_core::service::Pages;
use lodger_core::service::lodger::{ActivityCall, Entry, LodgerApi, LodgerError, QueryCall, WalkError};
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

async fn all(mut pages: Pages<Entry, WalkError>) -> (Vec<u64>, Option<WalkError>) {
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

/// What a walk over both kinds of pages of 9 events reads, and which cursors it asks for.
async fn walked(
    answer: impl Fn(Option<i64>) -> (Vec<u64>, Value) + Send + Copy + 'static,
) -> (Vec<u64>, Vec<Option<i64>>) {
    let (entries, asked, error) = walked_over(9, answer).await;
    assert_eq!(error, None);
    (entries, asked)
}

/// The same over so many events, and where and why it ended early.
async fn walked_over(
    total: u64,
    answer: impl Fn(Option<i64>) -> (Vec<u64>, Value) + Send + Copy + 'static,
) -> (Vec<u64>, Vec<Option<i64>>, Option<(Option<i64>, String)>) {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(move |request| {
        let (sequences, next) = answer(cursor(request));
        let activity = request.path.contains("/activity?");
        let mut body = if activity { activity_page(sequences, next) } else { page(sequences, next) };
        body["total"] = total.into();
        Step::Reply(Reply::json(200, &body))
    });
    let api = api(&server.base());
    let why = |error: Option<WalkError>| {
        error.map(|lost| {
            assert!(matches!(lost.error, LodgerError::Paging(_)), "{lost:?}");
            (lost.cursor, lost.error.to_string())
        })
    };
    let (entries, error) = all(api.entries(QueryCall::new())).await;
    let error = why(error);
    let asked: Vec<_> = server.requests().iter().map(cursor).collect();
    let (activity, error_again) = all(api.activity_entries(ActivityCall::new("act_1"))).await;
    assert_eq!((activity, why(error_again)), (entries.clone(), error.clone()));
    let asked_again: Vec<_> = server.requests().iter().skip(asked.len()).map(cursor).collect();
    assert_eq!(asked_again, asked);
    (entries, asked, error)
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
    // A cursor that was not followed before is followed, and leads to what is known.
    for (last, requests) in
        [(json!(0), 3), (json!(-1), 3), (json!(null), 2), (json!(2), 2), (json!(i64::MIN), 3)]
    {
        let server = Loopback::start(Step::Close).await;
        let said = last.clone();
        server.answer_by(move |request| {
            let mut body = match cursor(request) {
                None => page([1, 2], 2),
                Some(2) => page([3], said.clone()),
                Some(_) => page([1, 2], 2),
            };
            body["total"] = 3.into();
            Step::Reply(Reply::json(200, &body))
        });
        let (entries, error) = all(api(&server.base()).entries(QueryCall::new())).await;
        assert!(error.is_none(), "{last}: {error:?}");
        assert_eq!((entries, server.requests().len()), (vec![1, 2, 3], requests), "{last}");
    }
}

#[tokio::test]
async fn a_service_that_repeats_itself_is_not_followed() {
    // Deaf to the cursor.
    assert_eq!(walked(|_| (vec![1, 2], json!(2))).await, (vec![1, 2], vec![None, Some(2)]));
    assert_eq!(walked(|_| (vec![1, 2], json!(0))).await, (vec![1, 2], vec![None, Some(0)]));
    let lost = |cursor, why: &str, given, total| {
        let why = format!(
            "the pages that Lodger answers make no whole: {why}, with {given} of {total} events given"
        );
        Some((Some(cursor), why))
    };
    let stale = |cursor, given, total| lost(cursor, "several in a row have nothing new", given, total);
    // The same page for ever, under cursors that move.
    let moving = |cursor: Option<i64>| (vec![1, 2], json!(cursor.unwrap_or(1) + 1));
    let asked = vec![None, Some(2), Some(3), Some(4)];
    assert_eq!(walked_over(9, moving).await, (vec![1, 2], asked.clone(), stale(5, 2, 9)));
    assert_eq!(walked_over(2, moving).await, (vec![1, 2], vec![None, Some(2)], None));
    // The same page turned round.
    let turned = |cursor: Option<i64>| match cursor {
        None => (vec![1, 2], json!(2)),
        Some(cursor) => (vec![2, 1], json!(cursor + 1)),
    };
    assert_eq!(walked_over(9, turned).await, (vec![1, 2], asked, stale(5, 2, 9)));
    // A, then B and C for ever, under ever new cursors.
    let round = |cursor: Option<i64>| match cursor {
        None => (vec![1, 2], json!(1)),
        Some(cursor) if cursor % 2 == 1 => (vec![3, 4], json!(cursor + 1)),
        Some(cursor) => (vec![5, 6], json!(cursor + 1)),
    };
    let asked: Vec<_> = std::iter::once(None).chain((1..=5).map(Some)).collect();
    assert_eq!(walked_over(9, round).await, (vec![1, 2, 3, 4, 5, 6], asked, stale(6, 6, 9)));
    // In a circle of three.
    let circle = |cursor: Option<i64>| match cursor {
        None | Some(30) => (vec![1, 2], json!(10)),
        Some(10) => (vec![3, 4], json!(20)),
        _ => (vec![5, 6], json!(30)),
    };
    let (once, asked) = (vec![1, 2, 3, 4, 5, 6], vec![None, Some(10), Some(20), Some(30)]);
    let back = lost(10, "a cursor came back", 6, 7);
    assert_eq!(walked_over(7, circle).await, (once.clone(), asked.clone(), back));
    assert_eq!(walked_over(6, circle).await, (once, asked, None));
    // Nothing, for ever.
    let nothing = |cursor: Option<i64>| (vec![], json!(cursor.unwrap_or(0) + 1));
    assert_eq!(walked(nothing).await, (vec![], vec![None]));
}

#[tokio::test]
async fn a_cursor_that_turns_round_or_falls_to_nothing_loses_no_entry() {
    let zigzag = |cursor: Option<i64>| match cursor {
        None => (vec![1], json!(10)),
        Some(10) => (vec![2], json!(30)),
        Some(30) => (vec![3], json!(20)),
        Some(20) => (vec![4], json!(0)),
        Some(0) => (vec![5], json!(-7)),
        _ => (vec![], json!(0)),
    };
    let asked = [10, 30, 20, 0, -7].map(Some);
    let asked: Vec<_> = std::iter::once(None).chain(asked).collect();
    assert_eq!(walked(zigzag).await, (vec![1, 2, 3, 4, 5], asked));
}

#[tokio::test]
async fn who_was_left_on_the_way_goes_on_from_there() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(|request| match cursor(request) {
        None => Step::Reply(Reply::json(200, &page([1, 2], 2))),
        Some(2) => Step::Reply(Reply::text(403, "")),
        Some(_) => Step::Close,
    });
    let (entries, error) = all(api(&server.base()).entries(QueryCall::new())).await;
    let lost = error.unwrap();
    assert_eq!((entries, lost.cursor, lost.error.status()), (vec![1, 2], Some(2), Some(403)));
    assert_eq!(lost.to_string(), "the events from cursor 2 on could not be read");
    server.answer_by(|request| match cursor(request) {
        Some(2) => Step::Reply(Reply::json(200, &page([3], 3))),
        _ => Step::Reply(Reply::json(200, &page([], 3))),
    });
    let rest = all(api(&server.base()).entries(QueryCall::new().cursor(lost.cursor.unwrap()))).await;
    assert_eq!(rest.0, [3]);
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
    assert_eq!((entries, error.unwrap().error.status()), (vec![1, 2, 3], Some(403)));
    assert_eq!(server.requests().len(), 5);

    // Without a cursor nobody can know whether there is more.
    let mut endless = page([1, 2], 2);
    endless.as_object_mut().unwrap().remove("nextCursor");
    let server = Loopback::replying(Reply::json(200, &endless)).await;
    let (entries, error) = all(api(&server.base()).entries(QueryCall::new())).await;
    assert_eq!(entries, Vec::<u64>::new());
    assert!(matches!(error, Some(WalkError { error: LodgerError::Unreadable(_), .. })), "{error:?}");
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
    assert_eq!(all(pages).await.1.unwrap().error.status(), Some(200), "a page of events is none of activity");
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths[0],
        "/v1/workspaces/org_1/events?projectId=p&limit=2&query=a+b&userVisible=false&cursor=7"
    );
    assert_eq!(paths[1], "/v1/workspaces/org_1/activity?limit=2&query=a+b&cursor=0");
}
