//! The OpenTelemetry SDK's batch log processor, with a queue that holds all of it.

use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LogBatch, LogExporter, SdkLogger, SdkLoggerProvider,
};

use super::{event, held_by};
use crate::allocations::InUse;

/// What so many records hold in the queue.
pub(super) fn queued(events: usize) -> Result<InUse, String> {
    // It sends when its batch is full or the delay is over: neither comes.
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(4 * events)
        .with_max_export_batch_size(4 * events)
        .with_scheduled_delay(Duration::from_secs(3_600))
        .build();
    let processor = BatchLogProcessor::builder(Nowhere).with_batch_config(config).build();
    let provider = SdkLoggerProvider::builder().with_log_processor(processor).build();
    let logger = provider.logger("bench");
    let description = event::description()?;
    let emit = |events: usize| (0..events).for_each(|_| emit(&logger, &description));
    emit(events);
    provider.force_flush().map_err(|error| error.to_string())?;
    let held = held_by(|| {
        emit(events);
        Ok(())
    })?;
    provider.shutdown().map_err(|error| error.to_string())?;
    Ok(held)
}

/// The same content as ours. What a program knows beforehand costs nothing here; what it is told by a request is owned, as in
/// ours.
fn emit(logger: &SdkLogger, description: &str) {
    let mut record = logger.create_log_record();
    record.set_event_name(event::ACTION);
    record.set_severity_number(Severity::Info);
    record.set_timestamp(SystemTime::now());
    record.set_body(AnyValue::from(description.to_owned()));
    let id = lodger_core::event::EventId::mint();
    record.add_attribute("id", id.to_string());
    record.add_attribute("idempotencyKey", format!("event_{id}"));
    record.add_attribute("actor.kind", "user");
    record.add_attribute("actor.id", event::USER.to_owned());
    record.add_attribute("actor.name", "Ada Lovelace".to_owned());
    record.add_attribute("target.kind", "organization_member");
    record.add_attribute("target.id", event::MEMBER.to_owned());
    record.add_attribute("target.name", "Bob Smith".to_owned());
    record.add_attribute("tenant", "org_acme".to_owned());
    record.add_attribute("outcome", "success");
    record.add_attribute("userVisible", false);
    record.add_attribute("metadata.reason", event::REASON.to_owned());
    record.add_attribute("metadata.seats", 12);
    record.add_attribute("metadata.ticket", event::TICKET.to_owned());
    logger.emit(record);
}

#[derive(Debug)]
struct Nowhere;

impl LogExporter for Nowhere {
    async fn export(&self, _batch: LogBatch<'_>) -> OTelSdkResult {
        Ok(())
    }
}
