//! The LogHub client and its destination at a service that misbehaves.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::time::Duration;

use lodger_core::destination::{Answer, Delivery, Destination, LogHubDestination, LookUp};
use lodger_core::event::{Actor, Event, Timestamp};
use lodger_core::service::loghub::{
    EventActor, EventCall, ExternalId, Limit, ListCall, LogHubApi, LogHubApiBuilder, LogHubError, Order,
};
use lodger_core::service::{Pages, Retries};
use serde_json::{Value, json};

use loopback::{Loopback, Recorded, Reply, Step};

const CANARY: &str = "secret_canary_5d41402abc4b2a76";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn builder(server: &Loopback) -> LogHubApiBuilder {
    LogHubApi::builder("a924324e-299a-46d4-89cd-731a3f3cc444").token(CANARY).api_base(server.base())
}

fn once(server: &Loopback) -> LogHubApi {
    builder(server).retries(Retries::none()).build().unwrap()
}

fn call() -> EventCall {
    EventCall::new(EventActor::user("1"), "settings.updated", "workspace-7")
}

fn ok(data: &Value) -> Value {
    json!({"code": "OK", "status": "ok", "data": data})
}

fn created() -> Reply {
    Reply::json(200, &ok(&json!({"id": "d71331b8", "timestamp": 1_713_035_172_197_u64})))
}

/// A page of bare events of these ids, as the documentation shows it.
fn page(ids: impl IntoIterator<Item = u32>) -> Step {
    let events = ids.into_iter().map(|id| ok(&json!({"id": id.to_string(), "action": "a"})));
    Step::Reply(Reply::json(200, &events.collect()))
}

/// The ids that are read, and how it ended.
async fn read<T>(
    mut pages: Pages<T, LogHubError>,
    id: impl Fn(T) -> String,
) -> (Vec<String>, Option<LogHubError>) {
    let mut ids = Vec::new();
    loop {
        assert!(ids.len() < 100, "it comes to an end");
        match tokio::time::timeout(LONG, pages.next()).await.expect("it comes to an end") {
            None => return (ids, None),
            Some(Ok(event)) => ids.push(id(event)),
            Some(Err(error)) => return (ids, Some(error)),
        }
    }
}

async fn ids(api: &LogHubApi, list: ListCall) -> (Vec<String>, Option<LogHubError>) {
    read(api.events(list), |event| event.id).await
}

#[tokio::test]
async fn what_is_required_is_sent_also_when_it_is_empty() {
    let server = Loopback::replying(created()).await;
    let api = once(&server);
    api.create(call()).await.unwrap();
    let job = EventActor::system("nightly run");
    api.create(EventCall::new(job, "a", 9_007_199_254_740_993_u64).tags(Vec::<String>::new())).await.unwrap();
    let requests = server.requests();
    assert_eq!(
        requests[0].json(),
        json!({"actor": {"type": "user", "data": {"internal_id": "1"}}, "action": "settings.updated", "metadata": {},
            "external_id": "workspace-7", "context": {}})
    );
    let body = String::from_utf8(requests[1].body.clone()).unwrap();
    for part in [
        r#"{"type":"system","data":{"description":"nightly run"}}"#,
        r#""external_id":9007199254740993,"#,
        r#""tags":[]"#,
    ] {
        assert!(body.contains(part), "{body}");
    }
}

#[tokio::test]
async fn the_token_and_the_organization_are_two_headers_and_no_answer_gives_the_token_away() {
    let echo = format!(r#"{{"code":"{CANARY}","status":"error","data":"token {CANARY} is wrong"}}"#);
    let server = Loopback::replying(Reply::text(403, &echo)).await;
    let api = once(&server);
    let error = api.create(call()).await.unwrap_err();
    assert_eq!(
        error.raw_body().unwrap(),
        r#"{"code":"[key]","status":"error","data":"token [key] is wrong"}"#
    );
    assert!(!format!("{error} {error:?} {api:?}").contains("canary"), "{error:?}");
    let headers = server.requests()[0].protocol_headers();
    let expected = [
        ("content-type", "application/json"),
        ("organization", "a924324e-299a-46d4-89cd-731a3f3cc444"),
        ("token", CANARY),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    api.replace_token("secret_2").unwrap();
    assert!(api.replace_token("a\r\nb").is_err());
    api.list(ListCall::new("a")).await.unwrap_err();
    assert_eq!(server.requests()[1].headers["token"], "secret_2");
    assert!(!server.requests()[1].headers.contains_key("content-type"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Loopback::replying(created()).await;
    let server = Loopback::replying(Reply::text(301, "").header("location", &other.base())).await;
    let api = once(&server);
    assert_eq!(api.create(call()).await.unwrap_err().status(), Some(301));
    assert_eq!(api.list(ListCall::new("a")).await.unwrap_err().status(), Some(301));
    let answers = destination(&server).deliver(&[delivery()]).await;
    assert!(matches!(&answers[..], [Answer::Pause(_)]), "{answers:?}");
    assert_eq!(other.requests(), []);
}

#[tokio::test]
async fn an_event_is_made_again_only_where_it_can_not_be_there_twice() {
    let limited = || Step::Reply(Reply::text(429, "slow down").header("retry-after", "0"));
    let server = Loopback::start(limited()).await;
    server.script([limited(), limited(), Step::Reply(created())]);
    let api = builder(&server).build().unwrap();
    assert_eq!(api.create(call()).await.unwrap().id, "d71331b8");
    assert_eq!(server.requests().len(), 3);

    for step in
        [Step::Close, Step::Reset, Step::Reply(Reply::text(500, "")), Step::Reply(Reply::text(503, ""))]
    {
        let server = Loopback::start(step.clone()).await;
        let error = builder(&server).build().unwrap().create(call()).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        assert_eq!(server.requests().len(), 1, "{step:?}");
    }

    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let api = LogHubApi::builder("o").token("t").api_base(format!("http://{nobody}")).build().unwrap();
    let error = api.create(call()).await.unwrap_err();
    assert!(matches!(&error, LogHubError::Transport(error) if !error.may_have_been_sent()), "{error:?}");
}

#[tokio::test]
async fn a_list_is_read_again_where_that_may_help() {
    let server = Loopback::start(Step::Close).await;
    server.script([Step::Close, Step::Reply(Reply::text(503, "")), page([1])]);
    let (ids, error) = ids(&builder(&server).build().unwrap(), ListCall::new("a")).await;
    assert_eq!((ids.as_slice(), error.is_none()), (["1".to_owned()].as_slice(), true));
}

#[tokio::test]
async fn an_answer_that_can_not_be_read_is_an_error_that_is_not_made_again() {
    let truncated = Reply::text(200, r#"{"status":"ok","data":{"id":"1""#);
    for step in [
        Step::Reply(Reply::text(200, "")),
        Step::Reply(Reply::text(204, "")),
        Step::Reply(Reply::text(200, "<html>")),
        Step::Reply(Reply::json(200, &json!({"data": {"id": "1"}}))),
        Step::Reply(Reply::json(200, &ok(&json!({"id": true})))),
        Step::Reply(Reply::json(200, &ok(&Value::Null))),
        Step::Reply(Reply::text(200, &"[".repeat(50_000))),
        Step::Truncated(truncated),
        // What could be read of it says `ok`; what could not is not known.
        Step::Truncated(created()),
        Step::Endless(200),
    ] {
        let server = Loopback::start(step).await;
        let error = builder(&server).build().unwrap().create(call()).await.unwrap_err();
        assert!(matches!(error, LogHubError::Unreadable(_)) && !error.is_retryable(), "{error:?}");
        assert!(error.raw_body().unwrap().len() <= 65_536);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_stream_asks_page_by_page_and_ends_with_a_short_one() {
    let server = Loopback::start(page([6, 7])).await;
    server.script([page(1..=5), page([6, 7])]);
    let list = ListCall::new(42).limit(Limit::Five).order(Order::OldestFirst);
    let (read, error) = ids(&once(&server), list).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read, ["1", "2", "3", "4", "5", "6", "7"]);
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        [
            "/v1/events/?page=0&limit=5&order=asc&external_id=42",
            "/v1/events/?page=1&limit=5&order=asc&external_id=42",
        ]
    );
}

#[tokio::test]
async fn a_service_that_repeats_its_pages_is_not_read_for_ever_nor_taken_to_have_no_more() {
    let same = Loopback::start(page(1..=5)).await;
    let list = || ListCall::new("a b&c").limit(Limit::Five);
    let (read, error) = ids(&once(&same), list()).await;
    assert!(matches!(error, Some(LogHubError::Repeating { page: 2 })), "{error:?}");
    assert_eq!((read.len(), same.requests().len()), (5, 3));
    assert!(same.requests()[0].path.ends_with("external_id=a+b%26c"), "{:?}", same.requests()[0].path);

    // Two pages in turn.
    let turns = Loopback::start(Step::Close).await;
    turns.answer_by(|request| page(if request.path.contains("page=0") { 1..=5 } else { 6..=10 }));
    let (read, error) = ids(&once(&turns), list()).await;
    assert!(matches!(error, Some(LogHubError::Repeating { page: 2 })), "{error:?}");
    assert_eq!((read.len(), turns.requests().len()), (10, 3));

    // Whoever begins behind the first page has read it elsewhere.
    let error = ids(&once(&same), list().page(1)).await.1;
    assert!(matches!(error, Some(LogHubError::Repeating { page: 2 })), "{error:?}");
}

/// A service that counts its pages from 1, and takes 0 for that: twelve events, five a page.
fn from_one(request: &Recorded) -> Step {
    let number = request.path.split(['=', '&']).nth(1).unwrap().parse::<u32>().unwrap().max(1);
    page((number * 5 - 4)..=(number * 5).min(12))
}

#[tokio::test]
async fn a_service_that_counts_its_pages_from_one_is_read_whole() {
    let server = Loopback::start(Step::Close).await;
    server.answer_by(from_one);
    let (read, error) = ids(&once(&server), ListCall::new("a").limit(Limit::Five)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read, (1..=12).map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn one_odd_member_makes_no_page_unreadable_and_no_event_unrecorded() {
    let odd = json!([
        ok(&json!({"id": 1, "action": null, "createdAt": 7, "actor": {"type": "user", "data": null}})),
        ok(&json!({"id": "2", "action": "a", "extra": "text", "tags": "t"}))
    ]);
    let server = Loopback::replying(Reply::json(200, &odd)).await;
    let read = once(&server).list(ListCall::new("a")).await.unwrap();
    assert_eq!((read[0].id.as_str(), &read[0].action, &read[0].created_at), ("1", &None, &None));
    assert_eq!((&read[0].more["createdAt"], &read[1].more["extra"]), (&json!(7), &json!("text")));

    for timestamp in [json!("1713035172197"), json!(1.7e12), json!({"ms": 1})] {
        let body = ok(&json!({"id": 7, "timestamp": timestamp}));
        let server = Loopback::replying(Reply::json(200, &body)).await;
        let created = once(&server).create(call()).await.unwrap();
        assert_eq!((created.id.as_str(), created.timestamp), ("7", None));
        assert_eq!(created.extra["timestamp"], timestamp);
    }
}

#[tokio::test]
async fn a_page_of_the_largest_events_is_read_whole_and_an_endless_one_is_not() {
    let note = "x".repeat(64 * 1024);
    let events = (0..20).map(|id| ok(&json!({"id": id, "action": "a", "metadata": {"note": note}})));
    let server = Loopback::replying(Reply::json(200, &events.collect())).await;
    let read = once(&server).list(ListCall::new("a")).await.unwrap();
    assert_eq!((read.len(), read[19].metadata.as_ref().unwrap()["note"].as_str()), (20, Some(note.as_str())));

    let endless = Loopback::start(Step::Endless(200)).await;
    let error = once(&endless).list(ListCall::new("a").limit(Limit::Five)).await.unwrap_err();
    assert!(matches!(error, LogHubError::Unreadable(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_on_two_pages_is_read_twice_and_ends_nothing() {
    let server = Loopback::start(page([9])).await;
    server.script([page(1..=5), page(5..=9), page([9])]);
    let (read, error) = ids(&once(&server), ListCall::new("a").limit(Limit::Five)).await;
    assert_eq!((read.len(), error.is_none()), (11, true));
}

#[tokio::test]
async fn a_page_that_fails_ends_the_stream() {
    let server = Loopback::start(page([])).await;
    server.script([page(1..=5), Step::Reply(Reply::json(200, &json!({"code": "GONE", "status": "error"})))]);
    let (read, error) = ids(&once(&server), ListCall::new("a").limit(Limit::Five)).await;
    assert_eq!(read.len(), 5);
    assert_eq!(error.unwrap().code(), Some("GONE"));
}

#[tokio::test]
async fn what_is_blank_is_not_sent() {
    let server = Loopback::replying(created()).await;
    let api = once(&server);
    let blank = EventCall::new(EventActor::user("1"), " ", "a");
    assert_eq!(api.create(blank).await.unwrap_err().to_string(), "action is required");
    let (read, error) = ids(&api, ListCall::new(ExternalId::from(" "))).await;
    assert_eq!((read.len(), error.unwrap().to_string()), (0, "external_id is required".to_owned()));
    assert_eq!(server.requests(), []);
}

fn destination(server: &Loopback) -> LogHubDestination {
    LogHubDestination::new(once(server), "no-tenant").unwrap()
}

fn delivery() -> Delivery {
    let event = Event::builder("invoice.update").actor(Actor::user("ada")).build().unwrap();
    let bytes = event.to_canonical_json().unwrap();
    Delivery::new(event.into(), bytes.into())
}

/// An event as it is listed, recorded so many seconds from now.
fn listed(event_id: &str, seconds: i64) -> Value {
    let at = Timestamp::from_micros(Timestamp::now().as_micros() + seconds * 1_000_000).unwrap();
    json!({"id": format!("loghub-{event_id}"), "action": "a", "metadata": {"_audit": {"event_id": event_id}},
        "createdAt": at.to_string()})
}

/// So many events of others, from now into the past, a second each.
fn others(count: i64, from: i64) -> Vec<Value> {
    (0..count).map(|number| listed("0199b1c0-0000-7000-8000-000000000001", from - number)).collect()
}

fn envelopes(events: Vec<Value>) -> Step {
    Step::Reply(Reply::json(200, &events.iter().map(ok).collect()))
}

async fn look_up(steps: impl IntoIterator<Item = Step>) -> (LookUp, Vec<Recorded>) {
    let server = Loopback::start(Step::Close).await;
    server.script(steps);
    look_up_at(&server, &delivery()).await
}

async fn look_up_at(server: &Loopback, delivery: &Delivery) -> (LookUp, Vec<Recorded>) {
    let found = tokio::time::timeout(LONG, destination(server).look_up(delivery)).await.unwrap();
    (found, server.requests())
}

#[tokio::test]
async fn an_event_is_found_on_whichever_page_it_stands() {
    let delivery = delivery();
    let server = Loopback::start(Step::Close).await;
    let mut second = others(3, 40);
    second.insert(1, listed(&delivery.id().to_string(), 39));
    server.script([envelopes(others(20, 60)), envelopes(second)]);
    let (found, requests) = look_up_at(&server, &delivery).await;
    let LookUp::Found(receipt) = found else { panic!("{found:?}") };
    assert_eq!((receipt.event, receipt.destination.as_str()), (delivery.id(), "loghub"));
    assert_eq!(receipt.id, Some(format!("loghub-{}", delivery.id())));
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/v1/events/?page=0&limit=20&order=desc&external_id=no-tenant",
            "/v1/events/?page=1&limit=20&order=desc&external_id=no-tenant",
        ]
    );
}

#[tokio::test]
async fn the_good_of_a_page_are_looked_at_before_a_bad_one_leaves_doubt() {
    let failed = json!({"code": "GONE", "status": "error"});
    let delivery = delivery();
    let ours = ok(&listed(&delivery.id().to_string(), -10));
    for (page, found) in [(json!([failed, ours]), true), (json!([failed, ok(&others(1, 0)[0])]), false)] {
        let server = Loopback::replying(Reply::json(200, &page)).await;
        let (told, _) = look_up_at(&server, &delivery).await;
        assert_eq!(matches!(told, LookUp::Found(_)), found, "{told:?}");
        assert_ne!(told, LookUp::Absent, "the bad one may be it");
    }
}

#[tokio::test]
async fn an_event_is_found_by_a_number_and_behind_a_page_that_is_there_twice() {
    let delivery = delivery();
    let mut ours = listed(&delivery.id().to_string(), 30);
    ours["id"] = json!(42);
    let first = envelopes(others(20, 60));
    let server = Loopback::start(Step::Close).await;
    server.script([first.clone(), first, envelopes(vec![ours])]);
    let (found, requests) = look_up_at(&server, &delivery).await;
    let LookUp::Found(receipt) = found else { panic!("{found:?}") };
    assert_eq!((receipt.id.as_deref(), requests.len()), (Some("42"), 3));
}

/// The clock stands still while nobody waits: of all limits here that of the look-up is the shortest.
#[tokio::test(start_paused = true)]
async fn a_look_up_that_takes_too_long_is_given_up_and_the_event_is_sent() {
    let server = Loopback::start(Step::Hang).await;
    let hour = Duration::from_secs(60 * 60);
    let api = builder(&server).connect_timeout(hour).timeout(hour).build().unwrap();
    let destination = LogHubDestination::new(api, "no-tenant").unwrap();
    let start = tokio::time::Instant::now();
    assert_eq!(destination.look_up(&delivery()).await, LookUp::Unknown);
    assert_eq!(start.elapsed().as_secs(), 50);
}

#[tokio::test]
async fn an_event_is_absent_where_all_others_are_known() {
    assert_eq!(look_up([envelopes(vec![])]).await.0, LookUp::Absent);
    let foreign = json!({"id": "1", "action": "a", "metadata": {"theirs": 1}});
    assert_eq!(look_up([envelopes(vec![foreign])]).await.0, LookUp::Absent);
    // A day ago nobody knew of the event: what comes behind is older still.
    let (found, requests) = look_up([envelopes(others(20, -86_400))]).await;
    assert_eq!((found, requests.len()), (LookUp::Absent, 1));
}

#[tokio::test]
async fn an_unsure_look_is_never_taken_for_absence() {
    let old = || others(20, -86_400);
    let mut unsorted = old();
    unsorted.reverse();
    let mut undated = old();
    undated[19].as_object_mut().unwrap().remove("createdAt");
    let just_now = || others(20, -60);
    for (what, page) in
        [("oldest first", unsorted), ("without a time", undated), ("within the margin", just_now())]
    {
        let (found, requests) = look_up([envelopes(page)]).await;
        assert_eq!((found, requests.len()), (LookUp::Unknown, 3), "{what}: the same page again and again");
    }
    for doubtful in [
        json!({"id": "1", "action": "a"}),
        json!({"id": "1", "metadata": "text"}),
        json!({"id": "1", "metadata": {"_audit": {}}}),
        json!({"id": "1", "metadata": {"_audit": {"event_id": 7}}}),
        json!(7),
    ] {
        assert_eq!(look_up([envelopes(vec![doubtful.clone()])]).await.0, LookUp::Unknown, "{doubtful}");
    }
}

#[tokio::test]
async fn a_look_up_ends_however_many_pages_there_are() {
    let server = Loopback::start(Step::Close).await;
    let mut page = 0;
    server.answer_by(move |_| {
        page += 1;
        envelopes(others(20, 86_400 - page))
    });
    let (found, requests) = look_up_at(&server, &delivery()).await;
    assert_eq!((found, requests.len()), (LookUp::Unknown, 25));
}

#[tokio::test]
async fn a_list_that_is_refused_tells_nothing() {
    let failed = json!({"code": "FORBIDDEN", "status": "error"});
    for reply in [
        Reply::text(401, ""),
        Reply::text(403, ""),
        Reply::text(404, ""),
        Reply::text(301, "").header("location", "/v1/events"),
        Reply::json(200, &failed),
        Reply::json(200, &json!([failed])),
        Reply::json(200, &ok(&Value::Null)),
        Reply::json(200, &json!({"events": []})),
    ] {
        let what = format!("{reply:?}");
        assert_eq!(look_up([Step::Reply(reply)]).await.0, LookUp::Unknown, "{what}");
    }
}

#[tokio::test]
async fn a_list_that_can_not_be_had_for_now_is_asked_for_later() {
    let busy = Reply::text(429, "").header("retry-after", "7");
    let (found, _) = look_up([Step::Reply(busy)]).await;
    assert!(
        matches!(found, LookUp::Failed(Answer::Retry { after: Some(after), .. }) if after.as_secs() == 7)
    );
    for step in [
        Step::Close,
        Step::Reset,
        Step::Reply(Reply::text(500, "")),
        Step::Reply(Reply::text(504, "")),
        Step::Reply(Reply::text(200, "<html>maintenance</html>")),
        Step::Reply(Reply::text(204, "")),
        Step::Truncated(Reply::text(200, "[]")),
        Step::Endless(200),
    ] {
        let (found, requests) = look_up([step]).await;
        assert!(matches!(found, LookUp::Failed(_)), "{found:?}");
        assert_eq!(requests.len(), 1, "the pipeline decides when to ask again");
    }
}

#[tokio::test]
async fn a_delivery_is_one_request_whatever_comes_back() {
    for (step, is_expected) in [
        (Step::Reply(created()), (|answer| matches!(answer, Answer::Settled(_))) as fn(&Answer) -> bool),
        (Step::Reply(Reply::text(200, "garbage")), |answer| matches!(answer, Answer::Ambiguous(_))),
        (Step::Reply(Reply::text(204, "")), |answer| matches!(answer, Answer::Ambiguous(_))),
        (Step::Truncated(created()), |answer| matches!(answer, Answer::Ambiguous(_))),
        (Step::Endless(200), |answer| matches!(answer, Answer::Ambiguous(_))),
        (Step::Close, |answer| matches!(answer, Answer::Ambiguous(_))),
        (Step::Reset, |answer| matches!(answer, Answer::Ambiguous(_))),
        (Step::Reply(Reply::text(429, "")), |answer| matches!(answer, Answer::Retry { .. })),
        (Step::Raw(b"HTTP/1.1 2".to_vec()), |answer| matches!(answer, Answer::Ambiguous(_))),
    ] {
        let server = Loopback::start(step.clone()).await;
        let answers = destination(&server).deliver(&[delivery()]).await;
        assert!(answers.len() == 1 && is_expected(&answers[0]), "{step:?}: {answers:?}");
        assert_eq!(server.requests().len(), 1, "{step:?}");
    }
}

#[tokio::test]
async fn a_key_in_an_answer_is_in_no_refusal() {
    for status in [200, 401, 403, 400, 500] {
        let echo = json!({"code": CANARY, "status": "error", "data": {"token": CANARY}});
        let server = Loopback::replying(Reply::json(status, &echo)).await;
        let answers = destination(&server).deliver(&[delivery()]).await;
        assert!(!format!("{answers:?}").contains("canary"), "{answers:?}");
        assert!(format!("{answers:?}").contains("[key]"), "{answers:?}");
    }
}
