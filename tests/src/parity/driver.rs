//! A client that sends exactly what it is told to, and leaves when it is told to.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Request;

/// What came back.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// One connection with one request under way.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    is_head: bool,
}

impl Connection {
    pub(super) async fn send(to: SocketAddr, request: &Request) -> Self {
        let mut stream = TcpStream::connect(to).await.unwrap();
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
        stream.write_all(&bytes).await.unwrap();
        Self { stream, is_head: request.method == "HEAD" }
    }

    /// Reads the response to its end, as its length says. `None` when the connection ends before one.
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
        Some(response)
    }

    async fn read_more(&mut self, bytes: &mut Vec<u8>) -> bool {
        match self.stream.read_buf(bytes).await {
            Ok(read) => read > 0,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("can't read the response: {error}"),
        }
    }

    /// Whether not a byte of a response has come.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}
