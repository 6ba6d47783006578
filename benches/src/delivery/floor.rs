//! What it costs to post ready bytes with reqwest, and nothing else.

use std::sync::Once;

use bytes::Bytes;
use reqwest::Client;

use super::client::{Cost, Meter, WARM_UP, abreast};
use super::server::{Answers, Server};
use super::{ABREAST, BATCH, BATCHES_ABREAST, event};

/// The body and the headers that ours sends, with the same number of requests at once.
pub(super) fn one_a_request(events: usize) -> Result<Cost, String> {
    let server = Server::start(Answers::Receipts)?;
    let url = format!("{}/v1/events", server.address());
    let body = Bytes::from(event::body());
    let client = client()?;
    let post = || {
        let request = client
            .post(&url)
            .header("idempotency-key", "event_0199b1c0-0000-7000-8000-000000000001")
            .header("authorization", "Bearer lodger_sk_bench")
            .header("content-type", "application/json");
        request.body(body.clone())
    };
    measured(events, WARM_UP, ABREAST, 1, post)
}

/// Batches of as many bytes as ours, with as many under way at once.
pub(super) fn batches(events: usize) -> Result<Cost, String> {
    let server = Server::start(Answers::Acknowledges)?;
    let batch = Bytes::from(batch()?);
    let client = client()?;
    let post =
        || client.post(server.address()).header("content-type", "application/x-ndjson").body(batch.clone());
    measured(events, WARM_UP, BATCHES_ABREAST, BATCH, post)
}

/// As many events as ours puts into a request, as they stand in the journal.
pub(super) fn batch() -> Result<Vec<u8>, String> {
    let mut event = event::ours()?;
    event.origin.service = Some("bench".to_owned());
    event.position = Some(lodger_core::event::Position {
        writer: lodger_core::event::WriterId::mint(),
        sequence: 1_234_567,
    });
    let mut line = event.to_canonical_json().map_err(|error| error.to_string())?;
    line.push(b'\n');
    Ok(line.repeat(BATCH))
}

fn measured(
    events: usize,
    warm_up: usize,
    at_once: usize,
    batch: usize,
    post: impl Fn() -> reqwest::RequestBuilder,
) -> Result<Cost, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let all = |events: usize| {
        let posts = |times| {
            let first = post();
            async move {
                for _ in 0..times {
                    let request = first.try_clone().ok_or("the request can't be repeated")?;
                    send(request).await?;
                }
                Ok(())
            }
        };
        runtime.block_on(abreast(at_once, events.div_ceil(batch), posts))
    };
    all(warm_up)?;
    let meter = Meter::start();
    all(events)?;
    Ok(meter.stop(events))
}

async fn send(request: reqwest::RequestBuilder) -> Result<(), String> {
    let answer = request.send().await.map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("answered {}", answer.status()));
    }
    answer.bytes().await.map(drop).map_err(|error| error.to_string())
}

/// A client that speaks plain HTTP/1.1 to this machine.
pub(super) fn client() -> Result<Client, String> {
    static PROVIDER: Once = Once::new();
    // Asked for at the start, though nothing is encrypted.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let roots = rustls::RootCertStore::empty();
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).no_proxy().build();
    client.map_err(|error| error.to_string())
}
