//! Answers without end: memory stays flat, the event is asked for again and arrives.

use crate::loopback::Step;
use crate::{Line, accepted, peak_memory};

/// A loopback connection carries gigabytes in the second that an exchange may take: what is kept of them shows.
const FLAT: u64 = 48 * 1024;

async fn an_endless_answer_is_bounded(first: &'static [u8], again: Vec<u8>) {
    so_many_are_bounded(8, first, again).await;
}

async fn so_many_are_bounded(events: usize, first: &'static [u8], again: Vec<u8>) {
    let before = peak_memory();
    let flood = Step::Flood(first.to_vec(), again);
    let mut line = Line::direct().await.answering(move |_, new| if new { flood.clone() } else { accepted() });
    for _ in 0..events {
        line.record().await;
    }
    line.everything_is_there_once().await;
    // The system counts in batches: a peak may be told a little lower than before.
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < FLAT, "{grown} KiB");
}

#[tokio::test]
async fn a_body_without_end() {
    an_endless_answer_is_bounded(b"HTTP/1.1 202 OK\r\n\r\n", vec![b' '; 64 * 1024]).await;
}

#[tokio::test]
async fn a_body_in_chunks_without_end() {
    let chunks = b"1\r\n \r\n".repeat(8 * 1024);
    an_endless_answer_is_bounded(b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunks).await;
}

#[tokio::test]
async fn a_chunk_extension_without_end() {
    let first = b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\n1;";
    an_endless_answer_is_bounded(first, vec![b'x'; 64 * 1024]).await;
}

#[tokio::test]
async fn trailers_without_end() {
    let first = b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
    an_endless_answer_is_bounded(first, b"x-junk: j\r\n".repeat(4 * 1024)).await;
}

#[tokio::test]
async fn headers_without_end() {
    an_endless_answer_is_bounded(b"HTTP/1.1 202 OK\r\n", b"x-junk: j\r\n".repeat(4 * 1024)).await;
}

#[tokio::test]
async fn a_header_without_end() {
    an_endless_answer_is_bounded(b"HTTP/1.1 202 OK\r\nx-junk: ", vec![b'j'; 64 * 1024]).await;
}

#[tokio::test]
async fn a_reason_phrase_without_end() {
    an_endless_answer_is_bounded(b"HTTP/1.1 202 ", vec![b'O'; 64 * 1024]).await;
}

/// Each is read and thrown away, which keeps a debug build busy: long ones are fewer.
fn interim(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nlink: </{}>\r\n\r\n", "a".repeat(4_000)).repeat(16).into_bytes()
}

#[tokio::test]
async fn interim_answers_without_end() {
    so_many_are_bounded(1, b"", interim("100 Continue")).await;
}

#[tokio::test]
async fn early_hints_without_end() {
    so_many_are_bounded(1, b"", interim("103 Early Hints")).await;
}
