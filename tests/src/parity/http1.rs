//! HTTP/1.1, written by hand: what a client library would refuse to send is what the hostile cases are about.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Request;
use super::driver::Response;

/// One connection with one request under way.
#[derive(Debug)]
pub(super) struct Http1 {
    stream: TcpStream,
    is_head: bool,
    /// What came behind the head of a response without a length.
    rest: Vec<u8>,
}

impl Http1 {
    pub(super) async fn open(to: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(to).await.unwrap(), is_head: false, rest: Vec::new() }
    }

    pub(super) async fn send(&mut self, request: &Request) {
        self.is_head = request.method == "HEAD";
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", request.method, request.path).into_bytes();
        for (name, value) in &request.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !request.body.is_empty() {
            bytes.extend_from_slice(format!("content-length: {}\r\n", request.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(request.body.as_bytes());
        self.push(&bytes).await;
    }

    /// Sends these bytes. A server that doesn't want to read them all may close before.
    pub(super) async fn push(&mut self, bytes: &[u8]) {
        match self.stream.write_all(bytes).await {
            Err(error) if is_closed(&error) => {}
            written => written.unwrap(),
        }
    }

    /// Closes the writing side.
    pub(super) async fn half_close(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads on until this text has come.
    pub(super) async fn read_until(&mut self, text: &str) {
        let mut bytes = std::mem::take(&mut self.rest);
        let found = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        while !found(&bytes) {
            let more = self.read_more(&mut bytes).await;
            assert!(more, "the response ended without {text:?}: {:?}", String::from_utf8_lossy(&bytes));
        }
    }

    /// Reads the response to its end, as its length says; without a length its head alone. `None` when the connection ends before one.
    pub(super) async fn hear(&mut self) -> Option<Response> {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if !self.read_more(&mut bytes).await {
                assert!(bytes.is_empty(), "half a response: {:?}", String::from_utf8_lossy(&bytes));
                return None;
            }
        };
        let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut response = Response { status, headers, body: String::new() };
        let has_body = !self.is_head && status != 204 && status != 304;
        let length = response.header("content-length").map_or(0, |length| length.parse::<usize>().unwrap());
        let body_start = head_end + 4;
        while has_body && bytes.len() < body_start + length && self.read_more(&mut bytes).await {}
        response.body = String::from_utf8_lossy(&bytes[body_start..]).into_owned();
        self.rest = bytes.split_off(body_start);
        Some(response)
    }

    async fn read_more(&mut self, bytes: &mut Vec<u8>) -> bool {
        match self.stream.read_buf(bytes).await {
            Ok(read) => read > 0,
            Err(error) if is_closed(&error) => false,
            Err(error) => panic!("can't read the response: {error}"),
        }
    }

    /// Whether not a byte of a response has come.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

fn is_closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
