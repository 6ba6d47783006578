//! What the service answers to an accepted event.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Party;
use super::exchange::Answer;

/// The receipt of an accepted event. `202` means accepted and queued, not yet readable by a query.
///
/// The members without `Option` are those that the documentation lists as certain; the others were seen in the
/// official client. What neither knows stands in `extra`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// When it arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// How it arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// The policy's version: a number, or a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<Value>,
    /// `security`, `data`, `policy` or `operations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// The batch it will be sealed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_target: Option<String>,
    /// `hot` or `archive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How an event arrived at the service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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

/// Which key a call was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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

/// The call as the service saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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

/// How the event's links to other records were resolved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Consistency {
    /// Linked events.
    #[serde(deserialize_with = "or_none")]
    pub related_event_ids: Vec<String>,
    /// Linked receipts.
    #[serde(deserialize_with = "or_none")]
    pub related_receipt_ids: Vec<String>,
    /// How many of them were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_related_events: Option<u64>,
    /// What was odd.
    #[serde(deserialize_with = "or_none")]
    pub warnings: Vec<Value>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A list, or null for none.
fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(list: D) -> Result<Vec<T>, D::Error> {
    Option::deserialize(list).map(Option::unwrap_or_default)
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
