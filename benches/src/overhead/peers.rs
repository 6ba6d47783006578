//! What stands behind the peers' layers: each does its whole work, and what it would send or print is thrown away.

use std::sync::Arc;

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
}

impl Traced {
    /// Sets the global provider, from which the layers take their tracer when they are made.
    pub(super) fn boxed(
        start: impl FnOnce() -> Result<Box<dyn Subject>, String>,
    ) -> Result<Box<dyn Subject>, String> {
        let provider = SdkTracerProvider::builder().with_batch_exporter(ExportsNothing).build();
        global::set_tracer_provider(provider.clone());
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Box::new(Self { subject: start()?, provider }))
    }
}

impl Subject for Traced {
    fn run(&mut self, requests: usize) -> Result<(), String> {
        self.subject.run(requests)
    }

    fn settle(&mut self) -> Result<(), String> {
        self.provider.force_flush().map_err(|error| error.to_string())?;
        self.subject.settle()
    }
}

#[derive(Debug)]
struct ExportsNothing;

impl SpanExporter for ExportsNothing {
    async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}
