//! The parts of an event, their members in canonical order.

use std::net::IpAddr;

use serde_json::Error;

use super::Gap;
use super::object::{Object, key};
use super::value;
use crate::event::{
    Actor, Change, Event, Operation, Origin, Position, RequestInfo, Target, Timestamp, Trimmed,
};

/// The event; `journal` writes the members that the journal adds.
pub(super) fn event(
    out: &mut Vec<u8>,
    event: &Event,
    mut journal: impl FnMut(&mut Object<'_>, Gap) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut object = Object::begin(out, &event.extra);
    object.text(key!("action"), &event.action)?;
    actor(object.value(key!("actor"))?, &event.actor)?;
    object.list(key!("changes"), &event.changes, change)?;
    object.optional(key!("description"), event.description.as_ref())?;
    object.word(key!("id"), event.id.encode(&mut [0; 36]))?;
    object.text(key!("idempotencyKey"), &event.idempotency_key)?;
    if !event.metadata.is_empty() {
        value::object(object.value(key!("metadata"))?, &event.metadata)?;
    }
    time(object.value(key!("occurredAt"))?, event.occurred_at)?;
    if let Some(bulk) = &event.operation {
        operation(object.value(key!("operation"))?, bulk);
    }
    if !event.origin.is_empty() {
        origin(object.value(key!("origin"))?, &event.origin)?;
    }
    object.word(key!("outcome"), event.outcome.as_str())?;
    object.texts(key!("personal"), &event.personal)?;
    journal(&mut object, Gap::Previous)?;
    object.optional(key!("reason"), event.reason.as_ref())?;
    object.list(key!("related"), &event.related, target)?;
    if let Some(info) = &event.request {
        request(object.value(key!("request"))?, info)?;
    }
    if let Some(retention) = event.retention {
        object.word(key!("retention"), retention.as_str())?;
    }
    journal(&mut object, Gap::Sequence)?;
    object.optional(key!("source"), event.source.as_ref())?;
    object.texts(key!("tags"), &event.tags)?;
    target(object.value(key!("target"))?, &event.target)?;
    object.optional(key!("tenant"), event.tenant.as_ref())?;
    object.list(key!("trimmed"), &event.trimmed, trimmed)?;
    let visible = if event.user_visible { "true" } else { "false" };
    object.value(key!("userVisible"))?.extend_from_slice(visible.as_bytes());
    journal(&mut object, Gap::Writer)?;
    object.end()
}

fn actor(out: &mut Vec<u8>, one: &Actor) -> Result<(), Error> {
    let mut object = Object::begin(out, &one.extra);
    object.optional(key!("email"), one.email.as_ref())?;
    object.text(key!("id"), &one.id)?;
    object.word(key!("kind"), one.kind.as_str())?;
    object.optional(key!("name"), one.name.as_ref())?;
    object.list(key!("onBehalfOf"), &one.on_behalf_of, actor)?;
    object.optional(key!("tenant"), one.tenant.as_ref())?;
    object.end()
}

fn target(out: &mut Vec<u8>, target: &Target) -> Result<(), Error> {
    let mut object = Object::begin(out, &target.extra);
    object.text(key!("id"), &target.id)?;
    object.text(key!("kind"), &target.kind)?;
    object.optional(key!("name"), target.name.as_ref())?;
    object.end()
}

fn change(out: &mut Vec<u8>, change: &Change) -> Result<(), Error> {
    let mut object = Object::begin(out, &change.extra);
    if let Some(after) = &change.after {
        value::value(object.value(key!("after"))?, after)?;
    }
    if let Some(before) = &change.before {
        value::value(object.value(key!("before"))?, before)?;
    }
    object.word(key!("op"), change.op.as_str())?;
    object.text(key!("path"), &change.path)?;
    object.end()
}

fn origin(out: &mut Vec<u8>, origin: &Origin) -> Result<(), Error> {
    let mut object = Object::begin(out, &origin.extra);
    object.optional(key!("environment"), origin.environment.as_ref())?;
    object.optional(key!("host"), origin.host.as_ref())?;
    object.optional(key!("service"), origin.service.as_ref())?;
    object.optional(key!("version"), origin.version.as_ref())?;
    object.end()
}

fn request(out: &mut Vec<u8>, request: &RequestInfo) -> Result<(), Error> {
    let mut object = Object::begin(out, &request.extra);
    object.optional(key!("clientRequestId"), request.client_request_id.as_ref())?;
    object.integer(key!("durationMicros"), request.duration_micros)?;
    object.optional(key!("id"), request.id.as_ref())?;
    if let Some(address) = request.ip {
        ip(object.value(key!("ip"))?, address)?;
    }
    if let Some(source) = request.ip_source {
        object.word(key!("ipSource"), source.as_str())?;
    }
    object.optional(key!("method"), request.method.as_ref())?;
    object.optional(key!("route"), request.route.as_ref())?;
    object.optional(key!("session"), request.session.as_ref())?;
    object.optional(key!("spanId"), request.span_id.as_ref())?;
    object.integer(key!("status"), request.status.map(u64::from))?;
    object.optional(key!("traceId"), request.trace_id.as_ref())?;
    object.optional(key!("traceparent"), request.traceparent.as_ref())?;
    object.optional(key!("userAgent"), request.user_agent.as_ref())?;
    object.end()
}

fn operation(out: &mut Vec<u8>, operation: &Operation) {
    out.extend_from_slice(br#"{"id":"#);
    value::text(out, &operation.id);
    out.extend_from_slice(br#","index":"#);
    value::integer(out, operation.index.into());
    out.extend_from_slice(br#","of":"#);
    value::integer(out, operation.of.into());
    out.push(b'}');
}

pub(super) fn position(out: &mut Vec<u8>, position: Position) {
    out.extend_from_slice(br#"{"sequence":"#);
    value::integer(out, position.sequence);
    out.extend_from_slice(br#","writer":"#);
    value::word(out, position.writer.encode(&mut [0; 36]));
    out.push(b'}');
}

fn trimmed(out: &mut Vec<u8>, mark: &Trimmed) -> Result<(), Error> {
    out.extend_from_slice(br#"{"bytes":"#);
    value::integer(out, mark.bytes);
    out.extend_from_slice(br#","name":"#);
    value::text(out, &mark.name);
    out.push(b'}');
    Ok(())
}

fn ip(out: &mut Vec<u8>, ip: IpAddr) -> Result<(), Error> {
    match ip {
        IpAddr::V4(ip) => {
            out.push(b'"');
            for (index, octet) in ip.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                value::integer(out, octet.into());
            }
            out.push(b'"');
            Ok(())
        }
        IpAddr::V6(ip) => value::shown(out, &ip),
    }
}

fn time(out: &mut Vec<u8>, time: Timestamp) -> Result<(), Error> {
    match time.encode(&mut [0; Timestamp::LENGTH]) {
        Some(text) => value::word(out, text),
        None => return value::shown(out, &time),
    }
    Ok(())
}
