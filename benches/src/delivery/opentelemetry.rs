//! The OpenTelemetry SDK's batch log processor with its own defaults, but for the size of a batch.
//!
//! Its queue is in memory. What comes while that is full is dropped, so it is as fast as one wants: the share that got
//! through tells more than its speed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LogBatch, LogExporter, SdkLogger, SdkLoggerProvider,
};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use super::client::{Cost, Meter, WARM_UP};
use super::server::{Answers, Server};
use super::{BATCH, event, floor};

/// Offers so many events; the cost is that of those that got through.
pub(super) fn run(events: usize) -> Result<Cost, String> {
    let server = Server::start(Answers::Acknowledges)?;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let exporter = Collector::new(server.address(), Arc::clone(&acknowledged))?;
    let config = BatchConfigBuilder::default().with_max_export_batch_size(BATCH).build();
    let processor = BatchLogProcessor::builder(exporter).with_batch_config(config).build();
    let provider = SdkLoggerProvider::builder().with_log_processor(processor).build();
    let logger = provider.logger("bench");
    let deliver = |events: usize| {
        (0..events).for_each(|_| emit(&logger));
        provider.force_flush().map_err(|error| error.to_string())
    };
    deliver(WARM_UP.min(BATCH))?;
    let before = acknowledged.load(Ordering::Relaxed);
    let meter = Meter::start();
    deliver(events)?;
    let through = acknowledged.load(Ordering::Relaxed) - before;
    let cost = meter.stop(events);
    provider.shutdown().map_err(|error| error.to_string())?;
    Ok(Cost { events: through, dropped: events as u64 - through, ..cost })
}

/// The same content as ours.
fn emit(logger: &SdkLogger) {
    let mut record = logger.create_log_record();
    record.set_event_name(event::ACTION);
    record.set_severity_number(Severity::Info);
    record.set_timestamp(std::time::SystemTime::now());
    record.set_body(AnyValue::from("Removed Bob Smith from Acme"));
    record.add_attribute("event.id", lodger_core::event::EventId::mint().to_string());
    for (name, value) in [
        ("actor.id", "user_01JZ2M9E7G6D8R5K3D"),
        ("actor.kind", "user"),
        ("actor.name", "Ada Lovelace"),
        ("actor.email", "ada@example.com"),
        ("target.kind", "organization_member"),
        ("target.id", "mem_01JZ2M9E7G6D8R5K3E"),
        ("target.name", "Bob Smith"),
        ("tenant", "org_acme"),
        ("outcome", "success"),
        ("origin.service", "bench"),
        ("metadata.reason", "Inactive contractor"),
        ("metadata.seats", "12"),
        ("metadata.ticket", "OPS-4711"),
    ] {
        record.add_attribute(name, value);
    }
    logger.emit(record);
}

/// Posts batches as a JSON array.
#[derive(Debug)]
struct Collector {
    runtime: Runtime,
    client: reqwest::Client,
    url: String,
    acknowledged: Arc<AtomicU64>,
}

impl Collector {
    fn new(url: &str, acknowledged: Arc<AtomicU64>) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(Self { runtime, client: floor::client()?, url: url.to_owned(), acknowledged })
    }
}

impl LogExporter for Collector {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let events: Vec<Value> = batch
            .iter()
            .map(|(record, _)| {
                let attributes = record.attributes_iter();
                let mut members: Map<String, Value> =
                    attributes.map(|(name, value)| (name.to_string(), text(value))).collect();
                members.insert("name".to_owned(), record.event_name().into());
                members.insert("body".to_owned(), record.body().map(text).into());
                members.into()
            })
            .collect();
        let number = events.len() as u64;
        let request = self.client.post(&self.url).header("content-type", "application/json");
        let sent = async { request.body(Value::from(events).to_string()).send().await?.error_for_status() };
        match self.runtime.block_on(sent) {
            Ok(_) => {
                self.acknowledged.fetch_add(number, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Err(OTelSdkError::InternalFailure(error.to_string())),
        }
    }
}

fn text(value: &AnyValue) -> Value {
    match value {
        AnyValue::String(text) => text.as_str().into(),
        other => format!("{other:?}").into(),
    }
}
