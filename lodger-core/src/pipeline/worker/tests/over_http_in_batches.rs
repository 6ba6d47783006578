//! The real destination for batches over real HTTP, on the paused clock.

use super::over_http::OnPausedClock;
use super::over_http::loopback::{Loopback, Recorded, Reply, Step};
use super::*;
use crate::destination::{HttpDestination, HttpDestinationBuilder};

fn reply(status: u16) -> Step {
    Step::Reply(Reply::text(status, ""))
}

fn route(server: &Loopback, setting: impl FnOnce(HttpDestinationBuilder) -> HttpDestinationBuilder) -> Route {
    Route::to(OnPausedClock(setting(HttpDestination::builder(server.base())).build().unwrap()))
}

fn rig(route: Route) -> Rig {
    Rig::on(route, DeadLetters::in_memory(), true)
}

/// Commits an event of so many bytes.
fn add_of(rig: &mut Rig, bytes: usize) -> String {
    let bare = format!(r#"{{"action":"a.b","id":"{}","z":""}}"#, EventId::mint());
    let json = bare.replace(r#""z":"""#, &format!(r#""z":"{}""#, "x".repeat(bytes - bare.len())));
    rig.commit(json.as_bytes());
    json
}

fn lines(request: &Recorded) -> Vec<String> {
    std::str::from_utf8(&request.body).unwrap().lines().map(str::to_owned).collect()
}

fn sizes(server: &Loopback) -> Vec<Vec<usize>> {
    server.requests().iter().map(|request| lines(request).iter().map(String::len).collect()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_holds_no_more_events_than_may_be() {
    let server = Loopback::start(reply(200)).await;
    let mut rig = rig(route(&server, |builder| builder.max_events(3).max_in_flight(1)));
    (0..7).for_each(|_| drop(add_of(&mut rig, 100)));
    pass(1.0).await;
    assert_eq!(sizes(&server), [vec![100; 3], vec![100; 3], vec![100]]);
    assert_eq!(rig.counts(), [0, 0, 7, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_request_holds_no_more_bytes_of_events_than_may_be() {
    let server = Loopback::start(reply(200)).await;
    let mut rig = rig(route(&server, |builder| builder.max_bytes(1_000).max_in_flight(1)));
    for bytes in [400, 400, 200, 100, 901, 2_000, 100, 100] {
        add_of(&mut rig, bytes);
    }
    pass(1.0).await;
    let expected = [vec![400, 400, 200], vec![100], vec![901], vec![2_000], vec![100, 100]];
    assert_eq!(sizes(&server), expected, "a larger one goes alone");
    // With a line's end each.
    let lengths: Vec<usize> = server.requests().iter().map(|request| request.body.len()).collect();
    assert_eq!(lengths, [1_003, 101, 902, 2_001, 202]);
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_every_event_is_taken_once_with_the_bytes_of_the_first_try() {
    for ordered in [false, true] {
        let server = Loopback::start(reply(200)).await;
        server.script([reply(503), Step::Close, reply(429), reply(500), Step::Reset, reply(200)]);
        let route = route(&server, |builder| builder.max_events(3).max_in_flight(1));
        let mut rig = rig(if ordered { route.ordered() } else { route });
        let added: Vec<String> = (0..8).map(|_| add_of(&mut rig, 100)).collect();
        pass(200.0).await;
        assert_eq!(rig.counts(), [0, 0, 8, 0]);
        let requests = server.requests();
        let failed: Vec<String> = requests[..5].iter().flat_map(lines).collect();
        assert!(failed.iter().all(|line| added.contains(line)), "{failed:?}");
        let mut taken: Vec<String> = requests[5..].iter().flat_map(lines).collect();
        if !ordered {
            taken.sort_by_key(|line| added.iter().position(|event| event == line));
        }
        assert_eq!(taken, added, "ordered: {ordered}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_event_among_five_hundred_is_the_only_dead_letter() {
    let server = Loopback::start(reply(200)).await;
    let refuses = |request: &Recorded| {
        let is_bad = lines(request).iter().any(|line| line.contains("bad.event"));
        reply(if is_bad { 400 } else { 200 })
    };
    let mut rig = rig(route(&server, |builder| builder.max_in_flight(1)));
    server.answer_by(refuses);
    rig.add_many(250);
    let bad = rig.add("bad.event");
    rig.add_many(249);
    pass(60.0).await;
    assert_eq!(rig.counts(), [0, 0, 499, 1]);
    assert_eq!(rig.dead(), [bad]);
    let mut taken: Vec<String> = server
        .requests()
        .iter()
        .map(lines)
        .filter(|lines| !lines.iter().any(|line| line.contains("bad.event")))
        .flatten()
        .collect();
    let all = taken.len();
    taken.sort();
    taken.dedup();
    assert_eq!((all, taken.len()), (499, 499), "each was taken once");
}

#[tokio::test(start_paused = true)]
async fn an_event_behind_twelve_bad_ones_is_taken_at_once_and_was_not_tried_before() {
    let server = Loopback::start(reply(200)).await;
    let mut rig = rig(route(&server, |builder| builder.max_in_flight(1)));
    server.answer_by(|request| {
        let is_bad = lines(request).iter().any(|line| line.contains("bad.event"));
        reply(if is_bad { 400 } else { 200 })
    });
    rig.add_many(100);
    for _ in 0..12 {
        rig.add("bad.event");
    }
    rig.add("last.event");
    // No backoff is so short: the first is half a second.
    pass(0.1).await;
    let alone = |request: &Recorded| {
        let lines = lines(request);
        !lines.iter().any(|line| line.contains("bad.event"))
            && lines.iter().any(|line| line.contains("last.event"))
    };
    assert_eq!(server.requests().iter().filter(|request| alone(request)).count(), 1);
    // Ten of the last fifty are no reason for a pause, an eleventh is.
    assert_eq!(rig.counts(), [2, 0, 101, 10]);
    assert_eq!(rig.lane().state, DeliveryState::Paused);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_refuses_everything_is_paused_before_it_costs_ten_events() {
    let server = Loopback::start(reply(400)).await;
    let mut rig = rig(route(&server, |builder| builder.max_in_flight(1)));
    rig.add_many(500);
    pass(30.0).await;
    assert_eq!(rig.lane().state, DeliveryState::Paused);
    assert_eq!(rig.counts(), [491, 0, 0, 9]);
    server.answer_by(|_| reply(200));
    pass(61.0).await;
    assert_eq!(rig.counts(), [0, 0, 491, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_path_costs_no_event_and_pauses() {
    let server = Loopback::start(reply(404)).await;
    let mut rig = rig(route(&server, |builder| builder.max_in_flight(1)));
    rig.add_many(500);
    pass(30.0).await;
    assert_eq!(rig.lane().state, DeliveryState::Paused);
    assert_eq!(rig.counts(), [500, 0, 0, 0]);
    server.answer_by(|_| reply(200));
    pass(121.0).await;
    assert_eq!(rig.counts(), [0, 0, 500, 0]);
}

#[tokio::test(start_paused = true)]
async fn after_a_413_batches_are_half_as_large() {
    let server = Loopback::start(reply(200)).await;
    server.answer_by(|request| reply(if request.body.len() > 1_000 { 413 } else { 200 }));
    let mut rig = rig(route(&server, |builder| builder.max_events(16).max_in_flight(1)));
    (0..32).for_each(|_| drop(add_of(&mut rig, 100)));
    pass(1.0).await;
    assert_eq!(rig.counts(), [0, 0, 32, 0]);
    let sizes: Vec<usize> = sizes(&server).iter().map(Vec::len).collect();
    assert_eq!(sizes, [16, 8, 8, 8, 8]);
}
