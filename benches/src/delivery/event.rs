//! The event that every client sends: somebody took a member out of an organisation.

use lodger_core::event::{Actor, Event, Target};
use serde_json::{Value, json};

pub(super) const ACTION: &str = "organization.member.removed";

/// Ours. In the journal about 700 bytes.
pub(super) fn ours() -> Result<Event, String> {
    let event = Event::builder(ACTION)
        .actor(Actor::user("user_01JZ2M9E7G6D8R5K3D").name("Ada Lovelace").email("ada@example.com"))
        .target(Target::new("organization_member", "mem_01JZ2M9E7G6D8R5K3E").name("Bob Smith"))
        .tenant("org_acme")
        .description("Removed Bob Smith from Acme")
        .metadata("reason", "Inactive contractor")
        .metadata("seats", 12)
        .metadata("ticket", "OPS-4711");
    event.build().map_err(|error| error.to_string())
}

/// The body of a call of the Lodger API with as much in it as ours sends.
pub(super) fn body() -> Vec<u8> {
    json!({
        "action": ACTION,
        "actor": {"email": "ada@example.com", "id": "user_01JZ2M9E7G6D8R5K3D", "type": "user"},
        "metadata": {
            "_audit": {
                "actorName": "Ada Lovelace",
                "description": "Removed Bob Smith from Acme",
                "eventId": "0199b1c0-0000-7000-8000-000000000001",
                "origin": {"service": "bench"},
                "outcome": "success",
                "sequence": 1_234_567,
                "writer": "0199b1c0-0000-7000-8000-000000000002",
            },
            "organizationId": "org_acme",
            "reason": "Inactive contractor",
            "seats": 12,
            "ticket": "OPS-4711",
        },
        "occurredAt": "2026-05-15T12:00:00.123456Z",
        "projectId": "core",
        "retention": "locked",
        "source": "api",
        "target": {"id": "mem_01JZ2M9E7G6D8R5K3E", "name": "Bob Smith", "type": "organization_member"},
        "userVisible": false,
        "workspaceId": "org_1",
    })
    .to_string()
    .into_bytes()
}

/// A receipt with every member that the service documents.
pub(super) fn receipt() -> Value {
    json!({
        "accepted": true,
        "eventId": "evt_01JZ2M9E7G6D8R5K3D",
        "receipt": "rcpt_093a339cc2c2ffed",
        "eventHash": "9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d",
        "previousHash": "1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c1d9f2b5c",
        "timestamp": "2026-05-15T12:00:00.123Z",
        "actor": {"id": "user_01JZ2M9E7G6D8R5K3D", "type": "user", "email": "ada@example.com"},
        "target": {"id": "mem_01JZ2M9E7G6D8R5K3E", "type": "organization_member", "name": "Bob Smith"},
        "verificationUrl": "https://lodger.dev/receipts/rcpt_093a339cc2c2ffed",
        "queued": true,
        "lane": "operations",
        "storageClass": "hot",
        "policyVersion": 3,
    })
}
