use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// What a client waits for an answer at most.
const LIMIT: Duration = Duration::from_secs(30);

async fn turn(pace: &Arc<Pace>, line: Line) -> Result<Turn, Shut> {
    pace.turn(line, LIMIT).await
}

/// One request that takes so long; when the service may have counted it: its beginning and its end.
async fn exchange(pace: &Arc<Pace>, line: Line, takes: Duration) -> (Instant, Instant) {
    let mut turn = turn(pace, line).await.unwrap();
    turn.begin();
    let begin = Instant::now();
    tokio::time::sleep(takes).await;
    turn.answered();
    (begin, Instant::now())
}

/// The most that the service can have counted in any 60 s, both ends included, each request at its worst moment.
fn most_in_a_minute(counted: &mut [Instant]) -> usize {
    counted.sort();
    let from = |start: &Instant| counted.iter().filter(|at| *at >= start && **at - *start <= MINUTE).count();
    counted.iter().map(from).max().unwrap_or(0)
}

#[test]
fn a_seventh_may_go_at_once_and_six_sevenths_in_a_minute() {
    let rate = |most| {
        let Rate { places, rest } = Rate::per_minute(most);
        (places, rest.as_millis())
    };
    assert_eq!(rate(99), (14, 10_100));
    assert_eq!(rate(70), (10, 10_100));
    assert_eq!(rate(7), (1, 10_100));
    assert_eq!(rate(4), (1, 20_100));
    assert_eq!(rate(2), (1, 60_100));
    // Not to be had from the builder; never nothing, never for ever.
    assert_eq!(rate(0), (1, 60_100));
}

#[tokio::test(start_paused = true)]
async fn no_minute_holds_more_however_long_the_answers_take() {
    let pace = Pace::new(99);
    let calls = (0..400_u32).map(|number| {
        let pace = Arc::clone(&pace);
        // From 0 to 3 s, in no order.
        let takes = Duration::from_millis(u64::from(number) * 7_919 % 3_000);
        let line = if number % 3 == 0 { Line::Events } else { Line::Calls };
        tokio::spawn(async move { exchange(&pace, line, takes).await })
    });
    let start = Instant::now();
    let mut counted = Vec::new();
    for (number, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        let (begin, end) = call.await.unwrap();
        counted.push(if number % 2 == 0 { begin } else { end });
    }
    assert_eq!(counted.iter().filter(|at| **at - start < SECOND).count().max(14), 14);
    let most = most_in_a_minute(&mut counted);
    assert!((70..=84).contains(&most), "{most}");
}

#[tokio::test(start_paused = true)]
async fn neither_a_minute_with_a_restart() {
    for dies_after in [0, 1, 9, 10, 11, 25, 30, 45, 59, 60, 61] {
        let start = Instant::now();
        let mut counted = Vec::new();
        for lifetime in [Duration::from_secs(dies_after), MINUTE * 2] {
            let pace = Pace::new(99);
            let end = Instant::now() + lifetime;
            while Instant::now() <= end {
                counted.push(exchange(&pace, Line::Events, Duration::ZERO).await.0);
            }
        }
        let most = most_in_a_minute(&mut counted);
        assert!(most <= 98, "{most} with a restart {dies_after} s after {start:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_given_back_unless_it_was_used() {
    let pace = Pace::new(7);
    let start = Instant::now();
    drop(turn(&pace, Line::Calls).await.unwrap());
    let mut place = turn(&pace, Line::Calls).await.unwrap();
    place.begin();
    place.never_left();
    drop(place);
    let waiting = turn(&pace, Line::Calls);
    assert_eq!(start.elapsed(), Duration::ZERO, "both were given back");
    waiting.await.unwrap().begin();
    // Dropped in the middle of its exchange: the service may have counted it, or may still do so.
    drop(turn(&pace, Line::Calls).await.unwrap());
    assert_eq!(start.elapsed(), Duration::from_millis(60_100));
    exchange(&pace, Line::Calls, SECOND).await;
    drop(turn(&pace, Line::Calls).await.unwrap());
    assert_eq!(start.elapsed(), Duration::from_millis(60_100 + 1_000 + 10_100), "an answer is an end");
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_holds_up_nobody() {
    let pace = Pace::new(7);
    let start = Instant::now();
    exchange(&pace, Line::Calls, Duration::ZERO).await;
    let gone = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move { exchange(&pace, Line::Calls, SECOND).await }
    });
    tokio::time::sleep(SECOND).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    exchange(&pace, Line::Calls, Duration::ZERO).await;
    assert_eq!(start.elapsed(), Duration::from_millis(10_100));
}

/// As it stands in a `buffered` stream while its reader does something else: polled once, and no more.
fn polled_once<T>(future: impl Future<Output = T>) -> std::pin::Pin<Box<impl Future<Output = T>>> {
    let mut future = Box::pin(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    future
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_without_being_polled_holds_up_nobody() {
    let pace = Pace::new(7);
    let start = Instant::now();
    exchange(&pace, Line::Calls, Duration::ZERO).await;
    let mut sleepers: Vec<_> = (0..3).map(|_| polled_once(turn(&pace, Line::Calls))).collect();
    sleepers.push(polled_once(turn(&pace, Line::Events)));
    exchange(&pace, Line::Calls, Duration::ZERO).await;
    exchange(&pace, Line::Events, Duration::ZERO).await;
    let patience = PATIENCE * 20;
    assert!(start.elapsed() <= Duration::from_millis(20_200) + patience, "{:?}", start.elapsed());
    // Out of the line until polled again, and then where it was.
    let behind = polled_once(turn(&pace, Line::Calls));
    drop(sleepers.remove(0).await.unwrap());
    assert!(start.elapsed() <= Duration::from_millis(30_300) + patience, "{:?}", start.elapsed());
    drop((behind, sleepers));
    assert!(pace.state().calls.is_empty() && pace.state().events.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_polls_gives_its_place_back_by_itself() {
    let pace = Pace::new(99);
    let start = Instant::now();
    let mut sleepers = Vec::new();
    for _ in 0..14 {
        let mut place = turn(&pace, Line::Calls).await.unwrap();
        place.begin();
        sleepers.push(place);
    }
    exchange(&pace, Line::Events, Duration::ZERO).await;
    assert_eq!(start.elapsed(), LIMIT + Duration::from_millis(60_100));
    drop(sleepers);
    let crowd: Vec<_> = (0..13).map(|_| exchange(&pace, Line::Calls, Duration::ZERO)).collect();
    for call in crowd {
        call.await;
    }
    assert_eq!(start.elapsed(), LIMIT + Duration::from_millis(60_100), "what has ended rests no longer");
}

#[tokio::test(start_paused = true)]
async fn requests_that_arrive_late_are_no_more_in_a_minute() {
    let pace = Pace::new(99);
    let start = Instant::now();
    let mut counted = Vec::new();
    while start.elapsed() < MINUTE * 6 {
        let mut place = turn(&pace, Line::Calls).await.unwrap();
        place.begin();
        let gone = start.elapsed() < SECOND * 15;
        // Given up at once, and counted 50 s later.
        counted.push(Instant::now() + if gone { SECOND * 50 } else { Duration::ZERO });
        if !gone {
            place.answered();
        }
        drop(place);
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    let most = most_in_a_minute(&mut counted);
    assert!(most <= 84, "{most}");
}

#[tokio::test(start_paused = true)]
async fn neither_line_waits_for_the_others_end() {
    let pace = Pace::new(99);
    let crowd: Vec<_> = (0..500)
        .map(|_| {
            let pace = Arc::clone(&pace);
            tokio::spawn(async move { exchange(&pace, Line::Calls, Duration::ZERO).await })
        })
        .collect();
    // All of them are in line.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    exchange(&pace, Line::Events, Duration::ZERO).await;
    assert!(start.elapsed() < MINUTE, "{:?}", start.elapsed());
    drop(crowd);
}

#[tokio::test(start_paused = true)]
async fn what_the_service_asks_for_holds_for_everybody() {
    let pace = Pace::new(99);
    let start = Instant::now();
    pace.shut(Duration::from_secs(45));
    pace.shut(SECOND);
    let waiting = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move { exchange(&pace, Line::Events, Duration::ZERO).await }
    });
    exchange(&pace, Line::Calls, Duration::ZERO).await;
    waiting.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(45));
}

#[tokio::test(start_paused = true)]
async fn what_is_longer_than_the_window_is_not_waited_for() {
    let pace = Pace::new(99);
    let waiting = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move {
            let _held: Vec<_> = [turn(&pace, Line::Calls).await, turn(&pace, Line::Calls).await].into();
            turn(&pace, Line::Calls).await.map(drop)
        }
    });
    waiting.await.unwrap().unwrap();
    pace.shut(Duration::from_secs(61));
    let start = Instant::now();
    assert_eq!(turn(&pace, Line::Calls).await.unwrap_err(), Shut(Duration::from_secs(61)));
    assert_eq!(start.elapsed(), Duration::ZERO);
    pace.shut(Duration::from_secs(u64::MAX));
    assert_eq!(turn(&pace, Line::Events).await.unwrap_err(), Shut(LONGEST_SHUT));
    tokio::time::sleep(LONGEST_SHUT).await;
    assert!(turn(&pace, Line::Events).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_waits_already_hears_that_the_service_shut() {
    let pace = Pace::new(7);
    exchange(&pace, Line::Calls, Duration::ZERO).await;
    let waiting = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move { turn(&pace, Line::Calls).await.map(drop) }
    });
    tokio::time::sleep(SECOND).await;
    pace.shut(MINUTE * 2);
    let start = Instant::now();
    assert_eq!(waiting.await.unwrap(), Err(Shut(MINUTE * 2)));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn one_key_has_one_pace_and_the_slowest_sets_it() {
    let of = |base: &str, key: &str, most| Pace::of(base, &SecretString::from(key), most);
    let one = of("https://a.example", "pk_1", 99);
    assert!(Arc::ptr_eq(&one, &of("https://a.example", "pk_1", 70)));
    assert_eq!(one.state().rate.places, 10);
    assert!(Arc::ptr_eq(&one, &of("https://a.example", "pk_1", 99)));
    assert_eq!(one.state().rate.places, 10);
    assert!(!Arc::ptr_eq(&one, &of("https://b.example", "pk_1", 99)));
    assert!(!Arc::ptr_eq(&one, &of("https://a.example", "pk_2", 99)));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_nobody_has_any_more_is_known_until_its_places_have_rested() {
    let of = || Pace::of("https://c.example", &SecretString::from("pk_1"), 99);
    let first = of();
    exchange(&first, Line::Calls, Duration::ZERO).await;
    let name = Arc::downgrade(&first);
    drop(first);
    drop(Pace::of("https://c.example", &SecretString::from("pk_2"), 99));
    assert!(name.upgrade().is_some());
    tokio::time::sleep(MINUTE).await;
    drop(Pace::of("https://c.example", &SecretString::from("pk_2"), 99));
    assert!(name.upgrade().is_none());
    drop(of());
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_gives_its_place_back_also_when_the_rate_has_become_slower() {
    let pace = Pace::new(7);
    let start = Instant::now();
    let mut place = turn(&pace, Line::Calls).await.unwrap();
    place.begin();
    pace.state().slow_down(Rate::per_minute(2));
    place.answered();
    drop(place);
    drop(turn(&pace, Line::Calls).await.unwrap());
    assert_eq!(start.elapsed(), Duration::from_millis(60_100), "the rest of the slower rate, and no longer");
}
