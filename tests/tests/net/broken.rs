//! Connections and answers that break.

use std::sync::atomic::{AtomicUsize, Ordering};

use lodger_tests::proxy::{Behaviour, Proxy};

use crate::loopback::{Loopback, Reply, Step};
use crate::{Line, PATIENCE, accepted, receipt};

/// The client's way through a proxy.
async fn through_a_proxy() -> (Line, Proxy) {
    let server = Loopback::start(accepted()).await;
    let proxy = Proxy::to(server.address()).await;
    let line = Line::to(server, proxy.address()).await.accepting();
    (line, proxy)
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_commit_stores_the_event_once() {
    // Three times stored and reset, and then a repeat that is answered.
    let asked = AtomicUsize::new(0);
    let mut line = Line::direct().await.answering(move |_, _| {
        if asked.fetch_add(1, Ordering::Relaxed) % 4 == 3 { accepted() } else { Step::Reset }
    });
    for _ in 0..10 {
        line.record().await;
        line.lodger.flush(PATIENCE).await.unwrap();
    }
    line.everything_is_there_once().await;
    assert_eq!(line.server.requests().len(), 40);
}

/// As the server writes it.
fn answer_length() -> usize {
    let body = receipt().body.len();
    "HTTP/1.1 202 Scripted\r\ncontent-length: \r\ncontent-type: application/json\r\n\r\n".len()
        + body.to_string().len()
        + body
}

#[tokio::test]
async fn an_answer_that_is_cut_at_any_byte_is_asked_for_again() {
    let (mut line, proxy) = through_a_proxy().await;
    for cut in 0..answer_length() {
        let behaviour =
            if cut % 2 == 0 { Behaviour::CloseAnswer(cut.max(1)) } else { Behaviour::ResetAnswer(cut) };
        proxy.behave(behaviour);
        let before = line.server.requests().len();
        line.record().await;
        // Twice: the first answer was not enough.
        line.asked_beyond(before + 1).await;
        proxy.behave(Behaviour::Pass);
        line.lodger.flush(PATIENCE).await.unwrap();
    }
    line.everything_is_there_once().await;
}

#[tokio::test]
async fn a_request_that_is_cut_anywhere_arrives_in_the_end() {
    let (mut line, proxy) = through_a_proxy().await;
    line.record().await;
    line.lodger.flush(PATIENCE).await.unwrap();
    // The head and a body of a few hundred bytes.
    for cut in (1..1_000).step_by(37) {
        proxy.behave(Behaviour::ResetRequest(cut));
        line.record().await;
        let failing = async {
            while line.lodger.stats().destinations[0].last_error.is_none() && !line.stored_all() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, failing).await.unwrap();
        proxy.behave(Behaviour::Pass);
        line.lodger.flush(PATIENCE).await.unwrap();
    }
    line.everything_is_there_once().await;
}

#[tokio::test]
async fn a_connection_that_is_closed_between_requests_loses_nothing() {
    let line = Line::direct().await;
    let mut answer =
        format!("HTTP/1.1 202 OK\r\ncontent-length: {}\r\n\r\n", receipt().body.len()).into_bytes();
    answer.extend(receipt().body);
    let mut line = line.answering(move |_, _| Step::Raw(answer.clone()));
    for _ in 0..200 {
        line.record().await;
    }
    line.everything_is_there_once().await;
    assert!(line.server.connections() >= 200);
}

#[tokio::test]
async fn an_http_1_0_answer_that_ends_with_its_connection_is_read() {
    let answer = [b"HTTP/1.0 202 OK\r\n\r\n".to_vec(), receipt().body].concat();
    let mut line = Line::direct().await.answering(move |_, _| Step::Raw(answer.clone()));
    line.record().await;
    line.everything_is_there_once().await;
    assert_eq!(line.server.requests().len(), 1);
}

#[tokio::test]
async fn a_length_that_promises_too_much_is_no_receipt() {
    let mut line = Line::direct().await.answering(|_, new| {
        if new { Step::Truncated(Reply::text(202, r#"{"accepted":true,"receipt":"rc"#)) } else { accepted() }
    });
    line.record().await;
    line.everything_is_there_once().await;
    assert_eq!(line.server.requests().len(), 2);
}

/// A service, or somebody in between, that sends an answer too many: it would settle the next event unseen.
#[tokio::test]
async fn an_answer_that_nobody_asked_for_settles_nothing() {
    let body = receipt().body;
    let mut two = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_vec();
    two.extend(format!("HTTP/1.1 202 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes());
    two.extend(&body);
    let mut line = Line::direct()
        .await
        .answering(move |_, new| if new { Step::RawKept(two.clone()) } else { accepted() });
    for _ in 0..20 {
        line.record().await;
        line.lodger.flush(PATIENCE).await.unwrap();
    }
    line.everything_is_there_once().await;
    assert_eq!(line.server.requests().len(), 40, "each was asked for twice");
}

/// A receipt that is compressed, though nobody said that we can read that: with decompression a small answer could
/// become a large one.
#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    // `{"accepted":true,"receipt":"rcpt_1"}`, gzipped without a name or time (RFC 1952).
    const GZIPPED: &str = "1f8b08000000000002ffab564a4c4e4e2d28494d51b22a292a4dd5512a4a4d4ecd2c2851b2522a4a2e28893754aa\
        0500ebddeddf24000000";
    let bytes: Vec<u8> = (0..GZIPPED.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&GZIPPED[at..at + 2], 16).unwrap())
        .collect();
    let gzipped = Reply { status: 202, headers: Vec::new(), body: bytes }.header("content-encoding", "gzip");
    let mut line = Line::direct()
        .await
        .answering(move |_, new| if new { Step::Reply(gzipped.clone()) } else { accepted() });
    line.record().await;
    line.everything_is_there_once().await;
    let requests = line.server.requests();
    assert_eq!(requests.len(), 2, "the first answer was no receipt");
    assert_eq!(requests[0].headers.get("accept-encoding"), None);
}

/// One network that does everything, in an order that nobody chose.
#[tokio::test]
async fn a_network_that_changes_all_the_time_loses_and_doubles_nothing() {
    use std::time::Duration;

    let (mut line, proxy) = through_a_proxy().await;
    let mut dice: u32 = 4;
    for _ in 0..150 {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let some = (dice >> 8) as usize;
        proxy.behave(match (dice >> 28) % 7 {
            0 => Behaviour::Pass,
            1 => Behaviour::Latency(Duration::from_millis(5)),
            2 => Behaviour::Drip(Duration::from_millis(1)),
            3 => Behaviour::CloseAnswer(1 + some % 120),
            4 => Behaviour::ResetAnswer(some % 120),
            5 => Behaviour::ResetRequest(1 + some % 900),
            _ => Behaviour::BlackHole,
        });
        for _ in 0..=some % 4 {
            line.record().await;
        }
    }
    proxy.behave(Behaviour::Pass);
    line.everything_is_there_once().await;
}

impl Line {
    /// Whether everything that was recorded has come, be it that nobody was told.
    fn stored_all(&self) -> bool {
        self.stored.keys().len() == self.recorded.len()
    }
}
