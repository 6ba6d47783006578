//! The server in another process: reads every request to its end and answers it.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::{GROUP, SERVER, event};

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// 202 and a receipt, as the Lodger API.
    Receipts,
    /// 200 and nothing, as a collector of batches.
    Acknowledges,
}

impl Answers {
    fn name(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Acknowledges => "acknowledges",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self, String> {
        let found = [Self::Receipts, Self::Acknowledges].into_iter().find(|answers| answers.name() == name);
        found.ok_or_else(|| format!("no server is called {name}"))
    }
}

/// A server that runs as long as this is there.
pub(super) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts this program as a server.
    pub(super) fn start(answers: Answers) -> Result<Self, String> {
        let failed = |error| format!("the server doesn't start: {error}");
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .args([GROUP, "--counted", &format!("{SERVER}{}", answers.name()), "--times", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut address = String::new();
        let said = child.stdout.take().ok_or("the server has no output")?;
        BufReader::new(said).read_line(&mut address).map_err(failed)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    /// `http://` and where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when its input does.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

/// Serves until the input ends: whoever started this process is gone then, however it ended.
#[expect(clippy::print_stdout, reason = "what the starting process reads")]
pub(super) fn run(answers: Answers) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(|error| error.to_string())?;
    println!("http://{}", listener.local_addr().map_err(|error| error.to_string())?);
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    let input_ends = runtime.spawn_blocking(|| drop(std::io::stdin().read(&mut [0])));
    runtime.block_on(async {
        tokio::select! {
            () = serve(listener, answers) => {}
            _ = input_ends => {}
        }
    });
    Ok(())
}

async fn serve(listener: TcpListener, answers: Answers) {
    let receipt = Bytes::from(event::receipt().to_string());
    while let Ok((stream, _)) = listener.accept().await {
        let receipt = receipt.clone();
        // An answer must not wait for more of it.
        drop(stream.set_nodelay(true));
        let service = service_fn(move |request| answer(request, answers, receipt.clone()));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Answers,
    receipt: Bytes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let mut response = Response::new(Full::default());
    if answers == Answers::Receipts {
        *response.status_mut() = StatusCode::ACCEPTED;
        *response.body_mut() = Full::new(receipt);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}
