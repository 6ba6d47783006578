//! What the service answers to an accepted event.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::Party;
use super::exchange::Answer;
use super::object::Object;

/// The receipt of an accepted event. `202` means accepted and queued, not yet readable by a query.
///
/// The members without `Option` are those that the documentation lists as certain; the others were seen in the
/// official client. What neither knows stands in `extra`, and what is of another type than it should be: an accepted
/// event is no error because of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Map<String, Value>")]
#[non_exhaustive]
pub struct EventReceipt {
    /// Always true.
    pub accepted: bool,
    /// The service's id of the event.
    pub event_id: String,
    /// The receipt's id, under which anybody can verify it.
    pub receipt: String,
    /// Hash of the event. What goes into it is not published.
    pub event_hash: String,
    /// Hash of the record before it.
    pub previous_hash: String,
    /// The event's time as the service keeps it.
    pub timestamp: String,
    /// Who did it, as the service keeps it.
    pub actor: Party,
    /// What it was done to, as the service keeps it.
    pub target: Party,
    /// Where a person can verify the receipt.
    pub verification_url: String,
    /// Always true: accepted, and on its way into the record.
    pub queued: bool,
    /// Hash of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// When it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// How it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// The policy's version: a number, or a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<Value>,
    /// `security`, `data`, `policy` or `operations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// The batch it will be sealed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_target: Option<String>,
    /// `hot` or `archive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl TryFrom<Map<String, Value>> for EventReceipt {
    type Error = String;

    fn try_from(members: Map<String, Value>) -> Result<Self, String> {
        let mut object = Object(members);
        Ok(Self {
            accepted: object.certain("accepted")?,
            event_id: object.certain("eventId")?,
            receipt: object.certain("receipt")?,
            event_hash: object.certain("eventHash")?,
            previous_hash: object.certain("previousHash")?,
            timestamp: object.certain("timestamp")?,
            actor: object.certain("actor")?,
            target: object.certain("target")?,
            verification_url: object.certain("verificationUrl")?,
            queued: object.certain("queued")?,
            hash: object.optional("hash"),
            received_at: object.optional("receivedAt"),
            provenance: object.optional("provenance"),
            policy_version: object.optional("policyVersion"),
            lane: object.optional("lane"),
            batch_target: object.optional("batchTarget"),
            storage_class: object.optional("storageClass"),
            extra: object.0,
        })
    }
}

/// How an event arrived at the service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Map<String, Value>")]
#[non_exhaustive]
pub struct Provenance {
    /// When it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// Whose clock its time is from: `client` or `server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp_source: Option<String>,
    /// `api_key`, `dashboard` or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_kind: Option<String>,
    /// Which key was used. Never the key itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKeyInfo>,
    /// `X-Lodger-Environment` of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// `X-Lodger-Server` of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The call itself: its caller is this program, not the user it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<CallerRequest>,
    /// What became of `relatedEventIds` and `relatedReceiptIds` in the metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Consistency>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for Provenance {
    fn from(members: Map<String, Value>) -> Self {
        let mut object = Object(members);
        Self {
            received_at: object.optional("receivedAt"),
            timestamp_source: object.optional("timestampSource"),
            auth_kind: object.optional("authKind"),
            api_key: object.optional("apiKey"),
            environment: object.optional("environment"),
            server: object.optional("server"),
            request: object.optional("request"),
            consistency: object.optional("consistency"),
            extra: object.0,
        }
    }
}

/// Which key a call was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
#[non_exhaustive]
pub struct ApiKeyInfo {
    /// The key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name somebody gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its first characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for ApiKeyInfo {
    fn from(members: Map<String, Value>) -> Self {
        let mut object = Object(members);
        Self {
            id: object.optional("id"),
            name: object.optional("name"),
            prefix: object.optional("prefix"),
            extra: object.0,
        }
    }
}

/// The call as the service saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Map<String, Value>")]
#[non_exhaustive]
pub struct CallerRequest {
    /// `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `X-Session-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// `X-Trace-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Address of this program's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// `User-Agent` of this program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Whether it could be connected with other records of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for CallerRequest {
    fn from(members: Map<String, Value>) -> Self {
        let mut object = Object(members);
        Self {
            id: object.optional("id"),
            session_id: object.optional("sessionId"),
            trace_id: object.optional("traceId"),
            ip: object.optional("ip"),
            user_agent: object.optional("userAgent"),
            connected: object.optional("connected"),
            extra: object.0,
        }
    }
}

/// How the event's links to other records were resolved.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Map<String, Value>")]
#[non_exhaustive]
pub struct Consistency {
    /// Linked events.
    pub related_event_ids: Vec<String>,
    /// Linked receipts.
    pub related_receipt_ids: Vec<String>,
    /// How many of them were found.
    pub matched_related_events: Option<u64>,
    /// What was odd.
    pub warnings: Vec<Value>,
    /// Members that this version doesn't know.
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for Consistency {
    fn from(members: Map<String, Value>) -> Self {
        let mut object = Object(members);
        Self {
            related_event_ids: object.list("relatedEventIds"),
            related_receipt_ids: object.list("relatedReceiptIds"),
            matched_related_events: object.optional("matchedRelatedEvents"),
            warnings: object.list("warnings"),
            extra: object.0,
        }
    }
}

/// As it came: a list that holds more than texts stands in `extra`, too.
impl Serialize for Consistency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = self.extra.clone();
        for (name, value) in [
            ("relatedEventIds", Some(self.related_event_ids.clone().into())),
            ("relatedReceiptIds", Some(self.related_receipt_ids.clone().into())),
            ("matchedRelatedEvents", self.matched_related_events.map(Value::from)),
            ("warnings", Some(self.warnings.clone().into())),
        ] {
            if let Some(value) = value {
                members.entry(name).or_insert(value);
            }
        }
        members.serialize(serializer)
    }
}

impl Answer for EventReceipt {
    const NAME: &'static str = "receipt";

    /// It names itself and doesn't deny having accepted.
    fn is_sound(&self) -> bool {
        self.accepted && !self.receipt.trim().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documentation's own list of certain members, and one that nobody knows yet.
    const CERTAIN: &str = r#"{"accepted":true,"eventId":"evt_1","receipt":"rcpt_1","eventHash":"9f2b",
        "previousHash":"0000","timestamp":"2026-05-15T12:00:00.000Z","actor":{"id":"u","type":"user","badge":7},
        "target":"acct_9","verificationUrl":"https://lodger.dev/receipts/rcpt_1","queued":true,"future":{"a":[1]}}"#;

    #[test]
    fn the_certain_members_are_enough() {
        let receipt: EventReceipt = serde_json::from_str(CERTAIN).unwrap();
        assert_eq!(receipt.receipt, "rcpt_1");
        assert_eq!(receipt.actor, Party::new("u").kind("user").member("badge", 7));
        assert_eq!(receipt.target, Party::from("acct_9"));
        assert_eq!((receipt.lane, receipt.provenance), (None, None));
        assert_eq!(receipt.extra.get("future"), Some(&serde_json::json!({"a": [1]})));
    }

    #[test]
    fn a_policy_version_is_a_number_or_a_text() {
        for version in ["3", "\"2026-05\""] {
            let text = CERTAIN.replace("\"future\":{\"a\":[1]}", &format!("\"policyVersion\":{version}"));
            let receipt: EventReceipt = serde_json::from_str(&text).unwrap();
            assert_eq!(receipt.policy_version.unwrap().to_string(), version);
        }
    }
}
