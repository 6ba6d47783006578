//! The export: read while it arrives, whole or with an error at its end.

use std::time::Duration;

use lodger_core::service::auditledge::{AuditledgeApi, AuditledgeError, Filter};
use serde_json::json;

use super::loopback::{Loopback, Reply, Step};
use super::{CANARY, api, numbers, paths, read, stored};

/// An answer in chunks that ends in its own way.
fn chunked(content_type: &str, chunks: &[&str], end: &str) -> Vec<u8> {
    let mut raw =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n");
    for chunk in chunks {
        raw.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    (raw + end).into_bytes()
}

const END: &str = "0\r\n\r\n";
const JSON: &str = "application/json; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";

async fn exported(step: Step) -> (Vec<u64>, Option<AuditledgeError>) {
    let server = Loopback::start(step).await;
    numbers(api(&server).export_json(Filter::new())).await
}

async fn exported_csv(step: Step) -> (String, Option<AuditledgeError>) {
    let server = Loopback::start(step).await;
    let (parts, error) = read(api(&server).export_csv(Filter::new())).await;
    (String::from_utf8(parts.concat()).unwrap(), error)
}

#[tokio::test]
async fn an_export_comes_event_by_event_wherever_its_parts_end() {
    let text = json!([stored(1), stored(2), stored(3)]).to_string();
    for length in [1, 7, 64] {
        let chunks: Vec<&str> =
            text.as_bytes().chunks(length).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let (read, error) = exported(Step::Raw(chunked(JSON, &chunks, END))).await;
        assert_eq!((read, error.is_none()), (vec![1, 2, 3], true), "{length}");
    }
}

#[tokio::test]
async fn an_export_says_its_format_and_its_filters() {
    let server = Loopback::replying(Reply::json(200, &json!([]))).await;
    let filter = Filter::new().search("a b").end_date("2026-05-31");
    assert!(read(api(&server).export_json(filter.clone())).await.1.is_none());
    assert!(read(api(&server).export_csv(filter)).await.1.is_some(), "JSON is no CSV");
    assert_eq!(
        paths(&server),
        [
            "/events/export?format=json&search=a+b&end_date=2026-05-31",
            "/events/export?format=csv&search=a+b&end_date=2026-05-31"
        ]
    );
}

#[tokio::test]
async fn an_export_that_never_ends_is_read_as_far_as_somebody_wants() {
    let event = stored(1).to_string() + ",";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\n\r\n[");
    let server = Loopback::start(Step::Flood(head.into_bytes(), event.into_bytes())).await;
    let mut events = api(&server).export_json(Filter::new());
    for _ in 0..10_000 {
        assert_eq!(events.next().await.unwrap().unwrap().resource_id, "1");
    }
}

#[tokio::test]
async fn an_event_that_never_ends_is_given_up() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\n\r\n[{},{{\"id\":\"", stored(1));
    let (read, error) = exported(Step::Flood(head.into_bytes(), vec![b'x'; 64 * 1024])).await;
    assert_eq!(read, [1]);
    assert!(error.unwrap().to_string().ends_with("an element is longer than 8388608 bytes"));
}

#[tokio::test]
async fn an_export_that_breaks_off_is_an_error_and_what_came_before_is_not_lost() {
    let part = format!("[{},{}", stored(1), stored(2));
    for step in [
        Step::Truncated(Reply::text(200, &part).header("content-type", JSON)),
        Step::Raw(chunked(JSON, &[&part], "")),
        Step::Raw(chunked(JSON, &[&part], END)),
        Step::Raw(format!("HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\n\r\n{part}").into_bytes()),
        Step::Reply(Reply::text(200, &part).header("content-type", JSON)),
    ] {
        let (read, error) = exported(step).await;
        assert_eq!(read, [1]);
        let error = error.unwrap();
        assert!(
            matches!(error, AuditledgeError::Transport(_) | AuditledgeError::Unreadable { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn an_export_that_is_something_else_is_an_error() {
    let good = stored(1);
    for (body, before, reason) in [
        (r#"{"error":"canary"}"#.to_owned(), 0, "it is no JSON array"),
        ("<html>".to_owned(), 0, "it is no JSON array"),
        (String::new(), 0, "it ends before the JSON array does"),
        (format!("[{good},{{\"id\":\"x\"}}]"), 1, "its event number 2: it lacks documented members"),
        (format!("[{good},]"), 1, "its event number 2: it breaks off"),
        (format!("[{good} {good}]"), 0, "its event number 1: it is no JSON"),
        (format!("[{good}]]"), 1, "something stands behind the JSON array"),
    ] {
        let (read, error) = exported(Step::Reply(Reply::text(200, &body).header("content-type", JSON))).await;
        assert_eq!(read.len(), before, "{body}");
        let text = error.unwrap().to_string();
        assert!(text.starts_with("Auditledge answered 200 ") && text.contains(reason), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn the_content_type_says_what_an_export_is() {
    let csv = Step::Reply(Reply::text(200, "id\n1\n").header("content-type", "Text/CSV; header=present"));
    let error = exported(csv.clone()).await.1.unwrap();
    assert!(error.to_string().ends_with("json was asked for, and something else came"), "{error}");
    assert_eq!(exported_csv(csv).await.0, "id\n1\n");
    let json = Step::Reply(Reply::json(200, &json!([])));
    assert!(
        exported_csv(json)
            .await
            .1
            .unwrap()
            .to_string()
            .ends_with("csv was asked for, and something else came")
    );
    let refused =
        Step::Reply(Reply::text(404, r#"{"error":"no such organization"}"#).header("content-type", CSV));
    let error = exported_csv(refused).await.1.unwrap();
    assert_eq!(
        (error.message(), matches!(error, AuditledgeError::NotFound(_))),
        (Some("no such organization"), true)
    );
    let packed = Reply::text(200, "\u{1f}").header("content-type", CSV).header("content-encoding", "gzip");
    let error = exported_csv(Step::Reply(packed)).await.1.unwrap();
    assert!(error.to_string().ends_with("it is compressed, which nobody asked for"), "{error}");
    assert!(exported_csv(Step::Endless(500)).await.1.unwrap().is_retryable());
}

#[tokio::test]
async fn a_csv_file_comes_whole_or_ends_in_an_error() {
    let file = "id,actor_name\n1,\"Ü, \"\"x\"\"\n\"\n2,b";
    for whole in [
        Step::Reply(Reply::text(200, file).header("content-type", CSV)),
        Step::Raw(chunked(CSV, &[&file[..17], &file[17..]], END)),
    ] {
        let (read, error) = exported_csv(whole).await;
        assert_eq!((&*read, error.is_none()), (file, true));
    }
    for broken in [
        Step::Truncated(Reply::text(200, file).header("content-type", CSV)),
        Step::Raw(chunked(CSV, &[file], "")),
        Step::Raw(chunked(CSV, &[file], "5\r\n3,")),
    ] {
        assert!(matches!(exported_csv(broken).await.1, Some(AuditledgeError::Transport(_))));
    }
    // Its end is that of the connection: only a line that is not whole shows that it broke.
    let unframed =
        |body: &str| Step::Raw(format!("HTTP/1.0 200 OK\r\ncontent-type: {CSV}\r\n\r\n{body}").into_bytes());
    assert!(exported_csv(unframed("id\n1\n")).await.1.is_none());
    for broken in ["", "id\n1", "id\n\"1\n"] {
        let error = exported_csv(unframed(broken)).await.1.unwrap();
        assert!(error.to_string().ends_with("it breaks off within a line"), "{error}");
    }
}

#[tokio::test]
async fn an_export_that_falls_silent_is_an_error() {
    let server = Loopback::start(Step::RawKept(chunked(JSON, &["[", &stored(1).to_string(), ","], ""))).await;
    let api =
        AuditledgeApi::builder().api_key(CANARY).api_base(server.base()).timeout(Duration::from_millis(200));
    let (read, error) = numbers(api.build().unwrap().export_json(Filter::new())).await;
    assert_eq!(read, [1]);
    let error = error.unwrap();
    assert!(matches!(error, AuditledgeError::Transport(_)), "{error:?}");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("fell silent"), "{error:?}");
}

#[tokio::test]
async fn an_export_may_take_as_long_as_it_takes() {
    let chunks = ["[", &stored(1).to_string(), ",", &stored(2).to_string(), "]"];
    let server = Loopback::start(Step::Raw(chunked(JSON, &chunks, END))).await;
    let mut events = api(&server).export_json(Filter::new());
    assert_eq!(events.next().await.unwrap().unwrap().resource_id, "1");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(86_400)).await;
    tokio::time::resume();
    assert_eq!(events.next().await.unwrap().unwrap().resource_id, "2");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_key_in_an_export_is_masked_wherever_its_parts_end() {
    let file = format!("id\n{CANARY},al_{CANARY}al_canary\n");
    for length in [1, 5, 26, 100] {
        let chunks: Vec<&str> =
            file.as_bytes().chunks(length).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let (read, error) = exported_csv(Step::Raw(chunked(CSV, &chunks, END))).await;
        assert_eq!((&*read, error.is_none()), ("id\n[key],al_[key]al_canary\n", true), "{length}");
    }
}
