//! The event with every member that there is, as far as the golden tests of all services share it. Each has changes and metadata
//! of its own before it.

/// Everything behind the metadata.
macro_rules! rest_of_event {
    () => {
        r#"    "personal": ["amount"],
    "origin": {"service": "members", "version": "1.4.0", "environment": "production", "host": "web-3"},
    "source": "mobile",
    "occurredAt": "2026-05-15T12:00:00.123456Z",
    "request": {"id": "req-1", "clientRequestId": "c-1", "session": "hmac-sha256:ab", "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "method": "DELETE", "route": "/members/{id}", "status": 500, "ip": "203.0.113.7", "ipSource": "socket",
        "userAgent": "curl/8", "durationMicros": 1500},
    "writer": "0199b1c0-0000-7000-8000-000000000002",
    "sequence": 3,
    "previous": {"writer": "0199b1c0-0000-7000-8000-000000000003", "sequence": 9},
    "operation": {"id": "op_1", "index": 0, "of": 2},
    "idempotencyKey": "billing_evt_webhook_1",
    "trimmed": [{"name": "description", "bytes": 2000}],
    "future": {"a": [1]}
}"#
    };
}

pub(super) use rest_of_event;
