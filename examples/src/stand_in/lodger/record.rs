//! What is recorded, and the receipt for it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use lodger_core::event::Timestamp;
use serde_json::{Value, json};

use super::checks::{Problem, flag, header_value, object, party, text, time, word};
use super::{LodgerService, POLICY_VERSION};
use crate::stand_in::{Reply, Request};

const ACTORS: &[&str] = &["user", "service", "system"];

/// One record.
#[derive(Debug)]
pub(super) struct Record {
    /// What was answered.
    pub(super) receipt: Value,
    /// What queries show; null for a consent, of which no query is known.
    pub(super) entry: Value,
}

impl Record {
    /// The receipt's id.
    pub(super) fn id(&self) -> &str {
        self.receipt.get("receipt").and_then(Value::as_str).unwrap_or_default()
    }
}

impl LodgerService {
    /// `POST /v1/events`.
    pub(super) fn event(&mut self, request: &Request, body: &Value) -> Result<Reply, Problem> {
        self.check_place(body)?;
        let action = text(body, "action")?;
        let actor = party(body, "actor", Some(ACTORS))?;
        let target = party(body, "target", None)?;
        let occurred_at = body.get("occurredAt").map(|_| text(body, "occurredAt")).transpose()?;
        occurred_at.map(|text| time(text, "occurredAt")).transpose()?;
        let metadata = object(body, "metadata")?;
        let retention = word(body, "retention", &["hot", "archive", "locked"], "locked")?;
        let source = word(body, "source", &["api", "automation", "dashboard", "system"], "api")?;
        let tier = if retention == "archive" { "archive" } else { "hot" };
        let mut receipt = self.receipt_for(request, body, &actor, &target);
        let (received, lane) = (Timestamp::now().to_string(), lane(action));
        let timestamp = occurred_at.unwrap_or(&received);
        set(&mut receipt, "timestamp", timestamp);
        set(&mut receipt, "lane", lane);
        set(&mut receipt, "storageClass", tier);
        let of_receipt = |name: &str| receipt.get(name).cloned().unwrap_or_default();
        let entry = json!({
            "id": of_receipt("eventId"), "workspaceId": self.workspace, "projectId": self.project, "action": action,
            "actor": actor, "target": target, "occurredAt": timestamp, "acceptedAt": of_receipt("receivedAt"),
            "metadata": metadata.unwrap_or_default(), "userVisible": flag(body, "userVisible")?,
            "retention": retention, "source": source, "provenance": of_receipt("provenance"),
            "sequence": self.records.len() + 1, "hash": of_receipt("hash"),
            "previousHash": of_receipt("previousHash"), "receipt": of_receipt("receipt"),
            "batchId": of_receipt("batchTarget"), "integrity": "verified", "lane": lane, "storageTier": tier,
        });
        self.records.push(Record { receipt: receipt.clone(), entry });
        Ok(Reply::json(202, &receipt))
    }

    /// `POST /v1/consents`.
    pub(super) fn consent(&mut self, request: &Request, body: &Value) -> Result<Reply, Problem> {
        if body.get("projectId").is_some() {
            self.check_place(body)?;
        } else {
            self.check_workspace(body)?;
        }
        let subject = party(body, "subject", Some(ACTORS))?;
        text(body, "mode")?;
        word(body, "mode", &["explicit", "implicit"], "")?;
        if body.get("policyVersion").and_then(Value::as_u64).is_none() {
            return Err(Problem::invalid("policyVersion must be an integer."));
        }
        let surface = text(body, "surface")?;
        object(body, "metadata")?;
        let target = json!({"id": surface, "type": "consent"});
        let mut receipt = self.receipt_for(request, body, &subject, &target);
        set(&mut receipt, "lane", "policy");
        self.records.push(Record { receipt: receipt.clone(), entry: Value::Null });
        Ok(Reply::json(202, &json!({"receipt": receipt})))
    }

    pub(super) fn check_workspace(&self, body: &Value) -> Result<(), Problem> {
        if text(body, "workspaceId")? == self.workspace {
            return Ok(());
        }
        Err(Problem::not_found("Workspace not found."))
    }

    fn check_place(&self, body: &Value) -> Result<(), Problem> {
        self.check_workspace(body)?;
        self.check_project(text(body, "projectId")?)
    }

    pub(super) fn check_project(&self, project: &str) -> Result<(), Problem> {
        if project == self.project {
            return Ok(());
        }
        Err(Problem::not_found("Project not found."))
    }

    /// What is the same in every receipt. What goes into the service's own hashes is not published.
    fn receipt_for(&self, request: &Request, body: &Value, actor: &Value, target: &Value) -> Value {
        let number = self.records.len() + 1;
        let previous = self.records.last().and_then(|last| last.receipt.get("hash").cloned());
        let previous = previous.unwrap_or_else(|| Value::from("0".repeat(16)));
        let hash = hash(&format!("{previous}{body}"));
        let received = Timestamp::now().to_string();
        let id = format!("rcpt_{number:016x}");
        json!({
            "accepted": true, "eventId": format!("evt_{number}"), "receipt": id, "eventHash": self::hash(&body.to_string()),
            "hash": hash, "previousHash": previous, "timestamp": received, "receivedAt": received,
            "provenance": self.provenance(request, body, &received), "actor": actor, "target": target,
            "policyVersion": POLICY_VERSION, "lane": "operations",
            "batchTarget": format!("batch_{}", received.get(..10).unwrap_or_default()), "storageClass": "hot",
            "verificationUrl": format!("https://lodger.invalid/receipts/{id}"), "queued": true,
        })
    }

    fn provenance(&self, request: &Request, body: &Value, received: &str) -> Value {
        let header = |name| header_value(request, name);
        let related = |name| {
            let ids = body.pointer(&format!("/metadata/{name}")).and_then(Value::as_array);
            ids.cloned().unwrap_or_default()
        };
        let (receipts, events) = (related("relatedReceiptIds"), related("relatedEventIds"));
        let known = |member: &str, ids: &[Value]| {
            let receipts = self.records.iter().filter_map(|record| record.receipt.get(member));
            receipts.filter(|id| ids.contains(id)).count()
        };
        let clock = if body.get("occurredAt").is_some() { "client" } else { "server" };
        let ids = ["x-request-id", "x-session-id", "x-trace-id"].map(header);
        json!({
            "receivedAt": received, "timestampSource": clock, "authKind": "api_key",
            "environment": header("x-lodger-environment"), "server": header("x-lodger-server"),
            "request": {"id": ids[0], "sessionId": ids[1], "traceId": ids[2], "ip": "127.0.0.1",
                "userAgent": header("user-agent"), "connected": ids[0].is_some()},
            "consistency": {
                "matchedRelatedEvents": known("receipt", &receipts) + known("eventId", &events),
                "relatedReceiptIds": receipts, "relatedEventIds": events, "warnings": [],
            },
        })
    }
}

fn set(object: &mut Value, name: &str, value: &str) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), Value::from(value));
    }
}

/// How the service sorts actions is not published: by their first word, for something to ask for.
fn lane(action: &str) -> &'static str {
    match action.split('.').next() {
        Some("account" | "organization" | "session" | "user") => "security",
        Some("consent" | "policy") => "policy",
        Some("billing" | "invoice" | "order") => "data",
        _ => "operations",
    }
}

fn hash(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
