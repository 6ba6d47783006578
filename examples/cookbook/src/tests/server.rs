//! A recipe behind a real server, and a client that speaks HTTP/1.1 to it.

use std::net::SocketAddr;
use std::net::TcpListener;

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    /// The cookies that were set, as the client sends them back.
    pub(super) cookies: String,
}

/// A server that listens until the test is over.
#[derive(Clone, Copy)]
pub(super) struct Server(SocketAddr);

impl Server {
    pub(super) async fn axum(app: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self(listener.local_addr().unwrap());
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        server
    }

    /// actix wants a thread of its own. `serve` is given the socket to listen on.
    pub(super) fn actix<F>(serve: impl FnOnce(TcpListener) -> F + Send + 'static) -> Self
    where
        F: Future<Output = std::io::Result<()>>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self(listener.local_addr().unwrap());
        std::thread::spawn(move || actix_web::rt::System::new().block_on(serve(listener)));
        server
    }

    /// Sends a request, and waits for the answer.
    pub(super) async fn ask(self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut connection = self.send(line, headers, body).await;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let head = answer.split("\r\n\r\n").next().unwrap();
        let cookies = head.lines().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap())
        });
        Answer { status, cookies: cookies.collect::<Vec<_>>().join("; ") }
    }

    /// Sends a request: `"PUT /invoices/7"`. Dropping the connection leaves before the answer.
    pub(super) async fn send(self, line: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut request = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let form = if body.starts_with(['{', '[']) { "json" } else { "x-www-form-urlencoded" };
            request += &format!("content-type: application/{form}\r\ncontent-length: {}\r\n", body.len());
        }
        request += &format!("\r\n{body}");
        let mut connection = TcpStream::connect(self.0).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        connection
    }
}
