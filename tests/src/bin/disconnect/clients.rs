//! Clients that leave.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::PATIENCE;
use crate::servers::Server;

/// So many at a time.
const AT_ONCE: usize = 16;

/// Clients stay from a microsecond to 65 milliseconds, each doubling as likely as the others: the steps of a request
/// take microseconds, and a sync of a busy disk a thousand times as long.
const DOUBLINGS: u64 = 16;

/// Makes so many requests, each of which is left at a moment of its own. The ids of the orders that were answered while
/// somebody listened.
pub(crate) fn leave_at_any_moment(server: Server, address: SocketAddr, requests: usize) -> BTreeSet<String> {
    let heard = Arc::new(Mutex::new(BTreeSet::new()));
    let each = |number: usize| {
        let heard = Arc::clone(&heard);
        async move {
            let id = format!("o{number}");
            if request_and_leave(server, address, &format!("orders/{id}"), number).await == Some(201) {
                heard.lock().unwrap().insert(id);
            }
        }
    };
    side_by_side(requests, each);
    std::mem::take(&mut *heard.lock().unwrap())
}

/// Makes so many requests that end in a panic, and waits for each to end.
pub(crate) fn make_it_panic(server: Server, address: SocketAddr, panics: usize) {
    side_by_side(panics, |number| async move {
        let answer = within(ask(server, address, &format!("panics/p{number}"))).await;
        assert_eq!(answer, None, "a panic has no answer");
    });
}

/// Makes one request, which has to be answered.
pub(crate) fn ask_and_hear(server: Server, address: SocketAddr, path: &str) {
    let answer = runtime().block_on(within(ask(server, address, path)));
    assert_eq!(answer, Some(201), "the server doesn't go on");
}

fn side_by_side<F: Future<Output = ()> + Send + 'static>(number: usize, each: impl Fn(usize) -> F) {
    runtime().block_on(async {
        let mut under_way = tokio::task::JoinSet::new();
        for next in 0..number {
            if under_way.len() == AT_ONCE {
                under_way.join_next().await.unwrap().unwrap();
            }
            under_way.spawn(each(next));
        }
        while let Some(ended) = under_way.join_next().await {
            ended.unwrap();
        }
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("the server hangs")
}

async fn ask(server: Server, address: SocketAddr, path: &str) -> Option<u16> {
    if server.speaks_http2() {
        http2(address, path, Duration::MAX, Leave::Abruptly).await
    } else {
        http1(address, path, Duration::MAX, Leave::Abruptly).await
    }
}

/// How a client leaves.
#[derive(Debug, Clone, Copy)]
enum Leave {
    /// Closes the connection.
    Politely,
    /// Resets it; with HTTP/2 the stream.
    Abruptly,
    /// Closes its writing side, and reads on for a moment. With HTTP/2 as politely.
    HalfWay,
}

async fn request_and_leave(server: Server, address: SocketAddr, path: &str, number: usize) -> Option<u16> {
    let moment = Duration::from_micros(chance() % (1 << (1 + chance() % DOUBLINGS)));
    let how = [Leave::Politely, Leave::Abruptly, Leave::HalfWay][number % 3];
    if server.speaks_http2() {
        http2(address, path, moment, how).await
    } else {
        http1(address, path, moment, how).await
    }
}

/// Chance, from the keys of the standard library's hash maps.
fn chance() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// The status, if it came before the client left.
async fn http1(address: SocketAddr, path: &str, moment: Duration, how: Leave) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("POST /{path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    if let Some(answer) = before(moment, status(&mut stream)).await {
        return answer;
    }
    match how {
        Leave::Politely => None,
        Leave::Abruptly => {
            stream.set_zero_linger().unwrap();
            None
        }
        Leave::HalfWay => {
            // The server may have closed already.
            drop(stream.shutdown().await);
            before(moment, status(&mut stream)).await.flatten()
        }
    }
}

/// The status of the answer. `None` when the connection ends without one.
async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(head).unwrap().split(' ').nth(1)?.parse().ok()
}

async fn http2(address: SocketAddr, path: &str, moment: Duration, how: Leave) -> Option<u16> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    let frames = tokio::spawn(async move { drop(connection.await) });
    let mut sender = sender.ready().await.unwrap();
    let request = axum::http::Request::post(format!("http://localhost/{path}")).body(()).unwrap();
    let (response, mut body) = sender.send_request(request, true).unwrap();
    let answer = before(moment, response).await;
    if answer.is_none() && matches!(how, Leave::Abruptly) {
        body.send_reset(h2::Reason::CANCEL);
        // So that the frame goes out before the connection ends.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    frames.abort();
    Some(answer?.ok()?.status().as_u16())
}

/// What is there before that moment.
async fn before<T>(moment: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(moment, work).await.ok()
}
