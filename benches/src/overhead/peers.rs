//! What stands behind the peers' layers: each does its whole work, and what it would send or print is thrown away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use opentelemetry::global;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use sentry_core::protocol::Envelope;
use sentry_core::{Client, ClientOptions, Hub, Transport};
use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::format::FmtSpan;

use super::subject::Subject;

/// An app with a subscriber that writes a line of JSON for each request at INFO, into nothing.
pub(super) struct Logged {
    subject: Box<dyn Subject>,
    subscriber: Dispatch,
}

impl Logged {
    /// `spans`: which events a span itself makes. tower-http's layer has an event for the response, so none;
    /// tracing-actix-web's has none, so one when the span ends.
    pub(super) fn boxed(subject: Box<dyn Subject>, spans: FmtSpan) -> Box<dyn Subject> {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(Level::INFO)
            .with_span_events(spans)
            .with_writer(std::io::sink)
            .finish();
        Box::new(Self { subject, subscriber: subscriber.into() })
    }
}

impl Subject for Logged {
    fn run(&mut self, requests: usize) -> Result<(), String> {
        tracing::dispatcher::with_default(&self.subscriber, || self.subject.run(requests))
    }

    fn settle(&mut self) -> Result<(), String> {
        self.subject.settle()
    }
}

/// Binds a client to the hub of this thread, from which the layers make one for each request. Every request is a
/// transaction, and all of them are sampled.
pub(super) fn sentry() {
    let options = ClientOptions::new()
        .dsn("https://public@sentry.example.com/1")
        .traces_sample_rate(1.0)
        .transport(Arc::new(SendsNothing));
    Hub::current().bind_client(Some(Arc::new(Client::from(options))));
}

struct SendsNothing;

impl Transport for SendsNothing {
    fn send_envelope(&self, _envelope: Envelope) {}
}

/// An app whose spans go through the SDK's batch processor to an exporter that drops them. All are sampled; the W3C
/// propagator reads the caller's.
pub(super) struct Traced {
    subject: Box<dyn Subject>,
    provider: SdkTracerProvider,
    expected: usize,
    exported: Arc<AtomicUsize>,
}

impl Traced {
    /// Sets the global provider, from which the layers take their tracer when they are made.
    pub(super) fn boxed(
        start: impl FnOnce() -> Result<Box<dyn Subject>, String>,
    ) -> Result<Box<dyn Subject>, String> {
        let exported = Arc::default();
        let exporter = OnlyCounts(Arc::clone(&exported));
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        global::set_tracer_provider(provider.clone());
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Box::new(Self { subject: start()?, provider, expected: 0, exported }))
    }
}

impl Subject for Traced {
    fn run(&mut self, requests: usize) -> Result<(), String> {
        self.expected += requests;
        self.subject.run(requests)
    }

    /// Spans that were dropped would have cost less, so none may be missing.
    fn settle(&mut self) -> Result<(), String> {
        self.provider.force_flush().map_err(|error| error.to_string())?;
        match self.exported.load(Ordering::Relaxed) {
            exported if exported == self.expected => self.subject.settle(),
            exported => Err(format!("{exported} spans were exported, not {}", self.expected)),
        }
    }
}

#[derive(Debug)]
struct OnlyCounts(Arc<AtomicUsize>);

impl SpanExporter for OnlyCounts {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.fetch_add(batch.len(), Ordering::Relaxed);
        Ok(())
    }
}
