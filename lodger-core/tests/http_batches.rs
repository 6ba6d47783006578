//! Batches over real HTTP: what a collector gets, and what its answers become.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod collector;
mod loopback;

use std::time::Duration;

use lodger_core::destination::{
    Answer, ApiKeyError, Delivery, Destination, Format, HttpDestination, registry,
};

use collector::{batch, events, json, ndjson};
use loopback::{Loopback, Reply, Step};

fn destination(server: &Loopback) -> HttpDestination {
    HttpDestination::builder(format!("{}/audit", server.base())).build().unwrap()
}

fn reply(status: u16) -> Step {
    Step::Reply(Reply::text(status, ""))
}

fn refusing(word: &'static str, status: u16) -> impl FnMut(&loopback::Recorded) -> Step + Send {
    move |request| reply(if events(request).iter().any(|event| event.contains(word)) { status } else { 200 })
}

/// How often each of these events was accepted, where each request of `status` 200 was.
fn accepted(server: &Loopback, batch: &[Delivery], refused: &'static str) -> Vec<usize> {
    let taken: Vec<String> = server
        .requests()
        .iter()
        .map(events)
        .filter(|events| !events.iter().any(|event| event.contains(refused)))
        .flatten()
        .collect();
    let times = |event: &Delivery| {
        let bytes = std::str::from_utf8(&event.bytes).unwrap();
        taken.iter().filter(|taken| *taken == bytes).count()
    };
    batch.iter().map(times).collect()
}

fn is_settled(answer: &Answer) -> bool {
    matches!(answer, Answer::Taken)
}

#[tokio::test]
async fn ndjson_is_the_journals_bytes_one_event_a_line() {
    let server = Loopback::start(reply(200)).await;
    let batch = batch(["a", "b", "c"]);
    let answers = destination(&server).deliver(&batch).await;
    assert!(answers.iter().all(is_settled) && answers.len() == 3, "{answers:?}");
    let request = server.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/audit"));
    assert_eq!(request.headers["content-type"], "application/x-ndjson");
    assert_eq!(request.headers["content-length"], request.body.len().to_string());
    assert_eq!(request.headers.get("content-encoding"), None);
    assert_eq!(request.headers.get("authorization"), None);
    assert_eq!(request.headers.get("idempotency-key"), None);
    assert_eq!(request.body, ndjson(&batch));
    assert_eq!(events(&request).len(), 3);
}

#[tokio::test]
async fn a_json_array_is_the_journals_bytes_with_commas_between() {
    let server = Loopback::start(reply(201)).await;
    let destination = HttpDestination::builder(server.base()).format(Format::JsonArray).build().unwrap();
    for words in [&["a"][..], &["a", "b", "c"]] {
        let batch = batch(words.iter().copied());
        assert!(destination.deliver(&batch).await.iter().all(is_settled));
        let request = server.requests().pop().unwrap();
        assert_eq!(request.path, "/");
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(request.body, json(&batch));
        assert_eq!(events(&request).len(), words.len());
    }
}

#[tokio::test]
async fn an_address_with_a_slash_at_its_end_is_asked_with_it() {
    let server = Loopback::start(reply(200)).await;
    let destination = HttpDestination::builder(format!("{}/audit/", server.base())).build().unwrap();
    destination.deliver(&batch(["a"])).await;
    assert_eq!(server.requests()[0].path, "/audit/");
    assert_eq!(destination.identity().to_string(), format!("http:{}/audit", server.base()));
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn gzip_is_undone_by_another_implementation() {
    let server = Loopback::start(reply(200)).await;
    let builder = HttpDestination::builder(server.base());
    let destination = builder.compression(lodger_core::destination::Compression::Gzip).build().unwrap();
    let batch = batch(["word"; 500]);
    assert!(destination.deliver(&batch).await.iter().all(is_settled));
    assert!(destination.deliver(&batch).await.iter().all(is_settled));
    let [first, second] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!(first.headers["content-encoding"], "gzip");
    assert_eq!(first.headers["content-length"], first.body.len().to_string());
    assert!(first.body.len() * 3 < ndjson(&batch).len(), "{} bytes", first.body.len());
    assert_eq!(collector::plain(first), ndjson(&batch));
    assert_eq!(first.body, second.body, "the same events, the same bytes");
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn zstd_is_undone_by_another_implementation() {
    let server = Loopback::start(reply(200)).await;
    let builder = HttpDestination::builder(server.base()).format(Format::JsonArray);
    let destination = builder.compression(lodger_core::destination::Compression::Zstd).build().unwrap();
    let batch = batch(["word"; 500]);
    assert!(destination.deliver(&batch).await.iter().all(is_settled));
    let request = server.requests().remove(0);
    assert_eq!(request.headers["content-encoding"], "zstd");
    assert!(request.body.len() * 3 < json(&batch).len(), "{} bytes", request.body.len());
    assert_eq!(collector::plain(&request), json(&batch));
}

#[tokio::test]
async fn any_2xx_settles_all_of_the_batch_whatever_its_body_says() {
    let server = Loopback::start(reply(200)).await;
    let destination = destination(&server);
    let batch = batch(["a", "b"]);
    for status in [200, 201, 202, 204, 299] {
        let body = if status == 204 { "" } else { r#"{"errors":true}"# };
        server.script([Step::Reply(Reply::text(status, body))]);
        let answers = destination.deliver(&batch).await;
        assert!(answers.len() == 2 && answers.iter().all(is_settled), "{status}: {answers:?}");
    }
    server.script([Step::Truncated(Reply::text(202, "half of"))]);
    assert!(destination.deliver(&batch).await.iter().all(is_settled), "the status stands");
}

#[tokio::test]
async fn what_speaks_of_the_receiver_is_said_of_all_events_after_one_request() {
    let server = Loopback::start(reply(200)).await;
    let destination = destination(&server);
    let batch = batch(["a", "b", "c", "d"]);
    for status in [408, 425, 429, 500, 502, 503, 504, 599, 401, 402, 407, 304] {
        let before = server.requests().len();
        server.script([Step::Reply(Reply::text(status, "").header("retry-after", "7"))]);
        let answers = destination.deliver(&batch).await;
        let expected = |answer: &Answer| match answer {
            Answer::Retry { refusal, after } => {
                !matches!(status, 401 | 402 | 407 | 304)
                    && (refusal.status, *after) == (Some(status), Some(Duration::from_secs(7)))
            }
            Answer::Pause(refusal) => {
                matches!(status, 401 | 402 | 407 | 304) && refusal.status == Some(status)
            }
            _ => false,
        };
        assert!(answers.len() == 4 && answers.iter().all(expected), "{status}: {answers:?}");
        assert_eq!(server.requests().len(), before + 1, "{status}");
    }
}

#[tokio::test]
async fn one_bad_event_buries_none_of_the_499_beside_it() {
    for (status, place) in
        [(400, 0), (400, 499), (409, 250), (413, 3), (422, 249), (403, 100), (404, 7), (415, 498)]
    {
        let server = Loopback::start(reply(200)).await;
        server.answer_by(refusing("poison", status));
        let mut words = ["fine"; 500];
        words[place] = "poison";
        let batch = batch(words);
        let answers = destination(&server).deliver(&batch).await;
        assert_eq!(answers.len(), 500);
        for (at, answer) in answers.iter().enumerate() {
            let expected = match answer {
                Answer::Refused(refusal) => {
                    at == place && refusal.status == Some(status) && matches!(status, 400 | 409 | 413 | 422)
                }
                Answer::Suspect(refusal) => {
                    at == place && refusal.status == Some(status) && matches!(status, 403 | 404 | 415)
                }
                other => at != place && is_settled(other),
            };
            assert!(expected, "{status}, event {at}: {answer:?}");
        }
        let mut once = vec![1; 500];
        once[place] = 0;
        assert_eq!(accepted(&server, &batch, "poison"), once, "{status}");
        // The whole, and two halves on each of the nine steps from 500 events to one.
        assert!(server.requests().len() <= 19, "{status}: {} requests", server.requests().len());
    }
}

#[tokio::test]
async fn ten_bad_events_anywhere_are_found_and_what_is_behind_an_eleventh_is_left_for_later() {
    for (bad, found) in [(2, 2), (9, 9), (10, 10), (11, 10), (100, 10)] {
        let server = Loopback::start(reply(200)).await;
        server.answer_by(refusing("poison", 400));
        // Spread over the batch in uneven steps.
        let poisoned: Vec<usize> = (0..bad).map(|number| (number * 211 + 17) % 500).collect();
        let batch = batch((0..500).map(|at| if poisoned.contains(&at) { "poison" } else { "fine" }));
        let answers = destination(&server).deliver(&batch).await;
        let taken = accepted(&server, &batch, "poison");
        let refused = answers.iter().filter(|answer| matches!(answer, Answer::Refused(_))).count();
        assert_eq!((answers.len(), refused), (500, found), "{bad} bad events");
        for (at, answer) in answers.iter().enumerate() {
            match answer {
                Answer::Refused(_) => assert!(poisoned.contains(&at), "{bad} bad events, event {at}"),
                Answer::Undecided(_) => {
                    assert!(bad > found && taken[at] == 0, "{bad} bad events, event {at}");
                }
                other => {
                    assert!(is_settled(other) && taken[at] == 1, "{bad} bad events, event {at}: {other:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_everything_is_asked_27_times_and_blames_ten_events() {
    let server = Loopback::start(reply(400)).await;
    let batch = batch(["a"; 500]);
    let answers = destination(&server).deliver(&batch).await;
    assert_eq!(answers.len(), 500);
    assert!(answers[..10].iter().all(|answer| matches!(answer, Answer::Refused(_))), "{:?}", &answers[..10]);
    assert!(answers[10..].iter().all(|answer| matches!(answer, Answer::Undecided(_))));
    // 500, 250, 125, 63, 32, 16, 8, 4, 2 and two alone: 11. A pair and its two: 3. Four and its pairs: 7. Eight, four, two and two
    // alone: 5. And the pair behind them, which ends it.
    assert_eq!(server.requests().len(), 27);
}

#[tokio::test]
async fn an_outage_in_the_middle_of_the_search_keeps_what_was_not_sent() {
    let server = Loopback::start(reply(503)).await;
    // The whole is refused, the first half of it taken, the second not even read.
    server.script([reply(400), reply(200), Step::Close]);
    let answers = destination(&server).deliver(&batch(["a", "b", "c", "d", "e"])).await;
    let [one, two, three, four, five] = &answers[..] else { panic!("{answers:?}") };
    assert!([one, two, three].into_iter().all(is_settled), "{answers:?}");
    assert!(matches!((four, five), (Answer::Ambiguous(_), Answer::Ambiguous(_))), "{answers:?}");
    assert_eq!(server.requests().iter().map(|request| events(request).len()).collect::<Vec<_>>(), [5, 3, 2]);
    // Here it is the first half that finds nobody.
    server.script([reply(400), Step::Close]);
    let answers = destination(&server).deliver(&batch(["a", "b", "c"])).await;
    let expected = matches!(
        &answers[..],
        [Answer::Ambiguous(_), Answer::Ambiguous(_), Answer::Undecided(refusal)] if refusal.status.is_none()
    );
    assert!(expected, "{answers:?}");
}

#[tokio::test]
async fn what_is_too_large_together_is_taken_in_halves() {
    let server = Loopback::start(reply(200)).await;
    let words: Vec<String> = (0..64).map(|number| format!("word-{number}")).collect();
    let batch = batch(words.iter().map(String::as_str));
    // Room for a quarter of them.
    let room = ndjson(&batch[..16]).len() + 64;
    server.answer_by(move |request| reply(if request.body.len() > room { 413 } else { 200 }));
    let destination = destination(&server);
    let answers = destination.deliver(&batch).await;
    assert!(answers.len() == 64 && answers.iter().all(is_settled), "{answers:?}");
    let sizes: Vec<usize> = server.requests().iter().map(|request| events(request).len()).collect();
    assert_eq!(sizes, [64, 32, 16, 16, 32, 16, 16]);
    let bytes = |events: &[Delivery]| events.iter().map(|event| event.bytes.len()).sum::<usize>();
    assert_eq!(destination.max_batch_bytes(), (bytes(&batch[..32]) / 2).min(bytes(&batch[32..]) / 2));
}

#[tokio::test]
async fn one_event_that_is_too_large_by_itself_makes_no_batch_smaller() {
    let server = Loopback::start(reply(200)).await;
    server.answer_by(refusing("poison", 413));
    let destination = destination(&server);
    let mut words = ["fine"; 64];
    words[20] = "poison";
    let answers = destination.deliver(&batch(words)).await;
    assert_eq!(answers.iter().filter(|answer| is_settled(answer)).count(), 63);
    assert!(matches!(&answers[20], Answer::Refused(refusal) if refusal.status == Some(413)), "{answers:?}");
    assert_eq!(destination.max_batch_bytes(), 512 * 1024);
}

#[tokio::test]
async fn a_search_that_breaks_off_makes_batches_smaller_only_by_what_was_taken() {
    let server = Loopback::start(reply(503)).await;
    // The whole is too large and so is its first half, whose halves are taken; the rest is not even read.
    server.script([reply(413), reply(413), reply(200), reply(200), reply(503)]);
    let destination = destination(&server);
    let batch = batch(["a", "b", "c", "d", "e", "f", "g", "h"]);
    let answers = destination.deliver(&batch).await;
    assert_eq!(answers.iter().filter(|answer| is_settled(answer)).count(), 4);
    let half: usize = batch[..4].iter().map(|event| event.bytes.len()).sum();
    assert_eq!(destination.max_batch_bytes(), half / 2);
}

#[tokio::test]
async fn after_a_lost_answer_the_same_bytes_come_again() {
    let server = Loopback::start(reply(200)).await;
    server.script([Step::Close, Step::Reset, Step::Raw(b"\x16\x03\x01 hello\r\n\r\n".to_vec()), reply(200)]);
    let destination = destination(&server);
    let batch = batch(["a", "b"]);
    for _ in 0..3 {
        let answers = destination.deliver(&batch).await;
        assert!(matches!(&answers[..], [Answer::Ambiguous(_), Answer::Ambiguous(_)]), "{answers:?}");
    }
    assert!(destination.deliver(&batch).await.iter().all(is_settled));
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| *request == requests[0]));
}

#[tokio::test]
async fn silence_is_ambiguous_and_nobody_there_is_not() {
    let server = Loopback::start(Step::Hang).await;
    let builder = HttpDestination::builder(server.base()).timeout(Duration::from_millis(100));
    let answers = builder.build().unwrap().deliver(&batch(["a"])).await;
    assert!(matches!(&answers[..], [Answer::Ambiguous(_)]), "{answers:?}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = HttpDestination::builder(format!("http://{free}")).build().unwrap();
    let answers = nobody.deliver(&batch(["a", "b"])).await;
    assert!(matches!(&answers[..], [Answer::Retry { .. }, Answer::Retry { .. }]), "{answers:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Loopback::start(reply(200)).await;
    let server = Loopback::start(reply(200)).await;
    let destination = destination(&server);
    for status in [301, 302, 303, 307, 308] {
        server.script([Step::Reply(Reply::text(status, "").header("location", &elsewhere.base()))]);
        let answers = destination.deliver(&batch(["a"])).await;
        assert!(matches!(&answers[..], [Answer::Pause(_)]), "{status}: {answers:?}");
    }
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test]
async fn answers_without_an_end_are_read_no_further_than_needed() {
    let server = Loopback::start(Step::Endless(202)).await;
    // So long that only the limit can end it.
    let builder = HttpDestination::builder(server.base()).timeout(Duration::from_secs(120));
    let destination = builder.build().unwrap();
    assert!(destination.deliver(&batch(["a", "b"])).await.iter().all(is_settled));
    let wordy = [b"HTTP/1.1 422 Scripted\r\n\r\n".to_vec(), b"no\n\x1b[31m".repeat(100)];
    let [head, words] = wordy;
    server.script([Step::Flood(head, words)]);
    let answers = destination.deliver(&batch(["a"])).await;
    let [Answer::Refused(refusal)] = &answers[..] else { panic!("{answers:?}") };
    let begin = r"the receiver answered 422: no\n\u{1b}[31mno\n\u{1b}[31m";
    assert!(refusal.reason.starts_with(begin), "{}", refusal.reason);
    assert!(refusal.reason.chars().count() <= 512, "{}", refusal.reason);
}

#[tokio::test]
async fn a_slow_answer_ends_with_the_timeout_and_its_status_stands() {
    let server =
        Loopback::start(Step::RawKept(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec())).await;
    let builder = HttpDestination::builder(server.base()).timeout(Duration::from_millis(200));
    assert!(builder.build().unwrap().deliver(&batch(["a", "b"])).await.iter().all(is_settled));
}

#[tokio::test]
async fn one_connection_is_used_again_and_again() {
    let server = Loopback::start(reply(200)).await;
    let destination = destination(&server);
    for _ in 0..5 {
        destination.deliver(&batch(["a", "b"])).await;
    }
    assert_eq!((server.requests().len(), server.connections()), (5, 1));
}

#[tokio::test]
async fn no_events_are_no_request() {
    let server = Loopback::start(reply(200)).await;
    assert_eq!(destination(&server).deliver(&[]).await, []);
    assert_eq!(server.requests(), []);
}

const CANARY: &str = "canary_5d41402abc4b2a76";

#[tokio::test]
async fn each_kind_of_credential_is_sent_and_replaced() {
    let server = Loopback::start(reply(200)).await;
    let builder = || HttpDestination::builder(server.base()).header("x-team", "billing");
    let sent = async |destination: HttpDestination, header: &str| {
        destination.deliver(&batch(["a"])).await;
        assert!(
            matches!(destination.replace_api_key("a\r\nb"), Err(ApiKeyError::Invalid(_)))
                || header == "basic"
        );
        destination.replace_api_key(" other\n").unwrap();
        destination.deliver(&batch(["a"])).await;
        let requests = server.requests();
        let name = if header == "basic" { "authorization" } else { header };
        let last = requests.iter().rev().take(2).rev();
        assert!(last.clone().all(|request| request.headers["x-team"] == "billing"));
        last.map(|request| request.headers[name].clone()).collect::<Vec<_>>()
    };
    let bearer = builder().bearer_token("first").build().unwrap();
    assert_eq!(sent(bearer, "authorization").await, ["Bearer first", "Bearer other"]);
    // ada:first and ada:other
    let basic = builder().basic_auth("ada", "first").build().unwrap();
    assert_eq!(sent(basic, "basic").await, ["Basic YWRhOmZpcnN0", "Basic YWRhOm90aGVy"]);
    let header = builder().key_header("X-Api-Key", "first").build().unwrap();
    assert_eq!(sent(header, "x-api-key").await, ["first", "other"]);
    assert_eq!(builder().build().unwrap().replace_api_key("k"), Err(ApiKeyError::NoKey));
}

#[tokio::test]
async fn a_secret_stands_in_no_text_even_where_the_receiver_quotes_it() {
    let server = Loopback::start(Step::Reply(Reply::text(401, &format!("{CANARY} is no key")))).await;
    let builder = || HttpDestination::builder(server.base()).header("x-other", CANARY);
    for builder in [
        builder().bearer_token(CANARY),
        builder().basic_auth("ada", CANARY),
        builder().key_header("x-key", CANARY),
    ] {
        let text = format!("{builder:?}");
        assert!(!text.contains(CANARY), "{text}");
        let destination = builder.build().unwrap();
        let answers = destination.deliver(&batch(["a"])).await;
        let text = format!("{answers:?} {destination:?} {}", destination.identity());
        assert!(text.contains("the receiver answered 401: [key] is no key"), "{text}");
        assert!(!text.contains(CANARY), "{text}");
    }
    let proxied = builder().proxy(format!("http://ada:{CANARY}@127.0.0.1:3128"));
    assert!(!format!("{proxied:?}").contains(CANARY), "{proxied:?}");
    let error = builder().bearer_token(format!("{CANARY}\r\n{CANARY}")).build().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
}

#[tokio::test]
async fn the_environment_describes_format_compression_and_credential() {
    let server = Loopback::start(reply(200)).await;
    let open = |settings: &'static [(&'static str, &'static str)]| {
        let setting =
            |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        registry::open(&server.base(), &setting).unwrap()
    };
    let batch = batch(["a", "b"]);
    open(&[]).deliver(&batch).await;
    open(&[("LODGER_HTTP_FORMAT", "json"), ("LODGER_HTTP_TOKEN", " t1\n")]).deliver(&batch).await;
    open(&[("LODGER_HTTP_USER", "ada"), ("LODGER_HTTP_PASSWORD", "first")]).deliver(&batch).await;
    let requests = server.requests();
    let sent = |at: usize| {
        (requests[at].headers.get("authorization").map(String::as_str), requests[at].body.clone())
    };
    assert_eq!(sent(0), (None, ndjson(&batch)));
    assert_eq!(sent(1), (Some("Bearer t1"), json(&batch)));
    assert_eq!(sent(2), (Some("Basic YWRhOmZpcnN0"), ndjson(&batch)));
    for name in ["gzip", "zstd"] {
        let settings = move |key: &str| (key == "LODGER_HTTP_COMPRESSION").then(|| name.to_owned());
        let Ok(destination) = registry::open(&server.base(), &settings) else { continue };
        destination.deliver(&batch).await;
        let request = server.requests().pop().unwrap();
        assert_eq!(request.headers["content-encoding"], name);
        assert_eq!(collector::plain(&request), ndjson(&batch));
    }
}

#[test]
fn every_problem_is_named_at_once() {
    let error = HttpDestination::builder("http://collector.example/audit?key=1")
        .bearer_token(" ")
        .basic_auth("a:b", "c")
        .key_header("x key", "c")
        .header("content-type", "text/plain")
        .header("x-team", "a\r\nb: c")
        .max_events(0)
        .max_bytes(0)
        .max_in_flight(0)
        .timeout(Duration::from_secs(121))
        .build()
        .unwrap_err();
    assert_eq!(
        error.problems(),
        [
            "the token is blank, or holds characters that can't be sent; copy it again",
            "the user has a colon in it, which no server can tell from the password",
            "a header's name may hold letters, digits and hyphens only",
            "the header `content-type` follows from format and compression; leave it out",
            "the header `x-team` may hold visible ASCII and inner spaces only",
            "there may be no events in a request; allow at least 1, or leave the limit out",
            "there may be no bytes in a request; allow at least 1, or leave the limit out",
            "there may be no requests at a time; allow at least 1, or leave the limit out",
            "the timeout is longer than 2 minutes; a receiver that needs longer needs smaller batches",
            "the base address holds a query or fragment; leave them out",
        ]
    );
}

#[test]
fn one_credential_is_enough() {
    let builder =
        HttpDestination::builder("https://collector.example").bearer_token("a").basic_auth("b", "c");
    let error = builder.build().unwrap_err();
    assert_eq!(error.to_string(), "there is more than one credential; give a token, a password or a key");
}

#[test]
fn plain_http_is_for_this_machine_unless_it_is_allowed() {
    let builder = || HttpDestination::builder("http://collector.example");
    assert!(builder().build().unwrap_err().to_string().contains("use https"));
    assert!(builder().allow_plain_http().build().is_ok());
    assert!(HttpDestination::builder("https://collector.example/audit").build().is_ok());
}

#[test]
fn the_limits_are_those_of_the_issue_until_others_are_given() {
    let collector = HttpDestination::builder("https://collector.example/audit").build().unwrap();
    assert_eq!((collector.max_batch(), collector.max_in_flight()), (500, 4));
    let small =
        HttpDestination::builder("https://collector.example").max_events(7).max_in_flight(1).build().unwrap();
    assert_eq!((small.max_batch(), small.max_in_flight()), (7, 1));
}
