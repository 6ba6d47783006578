//! Verifying a receipt: what the caller says, and what the service answers.

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exchange::{Answer, Bearer, Exchange, Repeat, segment};
use super::object::Object;
use super::{CallOptions, EventReceipt, LodgerApi, LodgerError, Party, Provenance, RequestContext};
use crate::service::http::MAX_ENTRY_BODY;

/// One receipt for [`LodgerApi::receipt`](super::LodgerApi::receipt). A bare text stands for its id.
///
/// ```
/// use lodger_core::service::lodger::ReceiptCall;
///
/// let public = ReceiptCall::new("rcpt_093a339cc2c2ffed");
/// let private = ReceiptCall::new("rcpt_093a339cc2c2ffed").bearer("lodger_sk_…");
/// ```
///
/// # Default
///
/// Looked up globally and without any credential, the client's API key included: whoever holds a receipt of a public
/// project can verify it. The client's environment and server, no request context, no idempotency key. An API key of the
/// call's own options is sent, unless there is a [`bearer`](Self::bearer).
#[derive(Debug, Clone)]
#[must_use = "pass it to `LodgerApi::receipt`"]
pub struct ReceiptCall {
    id: String,
    workspace: Option<String>,
    bearer: Option<SecretString>,
    options: CallOptions,
}

impl ReceiptCall {
    /// The receipt of this id, `rcpt_…`.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), workspace: None, bearer: None, options: CallOptions::new() }
    }

    /// Looks in this workspace only. Default, and what an empty one stands for: global. The documentation has the global path
    /// only, this one is the official client's.
    pub fn workspace(mut self, workspace: impl Into<String>) -> Self {
        self.workspace = Some(workspace.into());
        self
    }

    /// The credential for receipts of private projects: an API key with `events:read`, or a scoped receipt or
    /// evidence token. Default: none is sent. That a token travels in the same place as a key is inferred.
    pub fn bearer(mut self, bearer: impl Into<SecretString>) -> Self {
        self.bearer = Some(bearer.into());
        self
    }

    /// Settings of this one call: key, idempotency key, environment, server, request context. What they leave out stays as
    /// it was given before.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options.or(self.options);
        self
    }

    /// `X-Lodger-Environment`. Default: the client's.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.options = self.options.environment(environment);
        self
    }

    /// `X-Lodger-Server`. Default: the client's.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.options = self.options.server(server);
        self
    }

    /// The request of the application's own that it is made in. Default: none.
    pub fn request(mut self, request: RequestContext) -> Self {
        self.options = self.options.request(request);
        self
    }

    /// The path below the base address.
    pub(super) fn path(&self) -> Result<String, LodgerError> {
        let id = segment("receipt id", &self.id)?;
        Ok(match self.workspace.as_deref().filter(|workspace| !workspace.is_empty()) {
            None => format!("/v1/receipts/{id}"),
            Some(workspace) => {
                format!("/v1/workspaces/{}/receipts/{id}", segment("workspace id", workspace)?)
            }
        })
    }
}

impl LodgerApi {
    /// Verifies one receipt (`GET /v1/receipts/{id}`, or the same in one workspace).
    ///
    /// No credential is sent unless the call brings one: receipts of public projects are for everybody, and the
    /// client's API key stays at home. [`ReceiptCall::bearer`] opens those of private projects.
    ///
    /// ```no_run
    /// # use lodger_core::service::lodger::{LodgerApi, ReceiptCall};
    /// # async fn example(api: LodgerApi, token: String) -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(api.receipt("rcpt_093a339cc2c2ffed").await?.verified);
    /// let private = ReceiptCall::new("rcpt_093a339cc2c2ffed").workspace(api.workspace()).bearer(token);
    /// assert!(api.receipt(private).await?.verified);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try. [`LodgerError::Api`] carries the service's words: 404 where it knows no such receipt, 401
    /// where the receipt is private and no credential opens it. A failed verification is no error but an answer, with
    /// [`verified`](VerifiedReceipt::verified) false.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll, and nothing changes at the service: drop the future at any time, repeat
    /// the call at will.
    pub async fn receipt(&self, call: impl Into<ReceiptCall>) -> Result<VerifiedReceipt, LodgerError> {
        let call = call.into();
        self.ask(Exchange {
            method: Method::GET,
            address: self.address(&call.path()?)?,
            headers: call.options.headers(&self.inner.context, None)?,
            more: HeaderMap::new(),
            bearer: Bearer::optional(call.bearer.as_ref(), &call.options)?,
            body: None,
            answer_limit: MAX_ENTRY_BODY,
            repeat: Repeat::Harmless,
        })
        .await
    }
}

impl From<&str> for ReceiptCall {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for ReceiptCall {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

/// What the service says of a receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerifiedReceipt {
    /// The receipt, as the service gave it when it accepted the event.
    pub receipt: EventReceipt,
    /// The record that it stands for. An accepted event may still be on its way into the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// The service's verdict on the record and its place in the chain. False comes with status 200 as well (inferred):
    /// ask for this, not only for the absence of an error.
    pub verified: bool,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Answer for VerifiedReceipt {
    const NAME: &'static str = "verified receipt";
}

/// One event as it stands in the service's record.
///
/// No source lists the certain members of a record. Those without `Option` stand both in the documentation's example
/// and, as always present, in the official client. What neither knows stands in `extra`, and what need not be there and is of another
/// type than it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Map<String, Value>")]
#[non_exhaustive]
pub struct Entry {
    /// The service's id of the event.
    pub id: String,
    /// The workspace.
    pub workspace_id: String,
    /// The project.
    pub project_id: String,
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: Party,
    /// What it was done to.
    pub target: Party,
    /// When it happened.
    pub occurred_at: String,
    /// Its number in the record.
    pub sequence: u64,
    /// Hash of the record.
    pub hash: String,
    /// Hash of the record before it.
    pub previous_hash: String,
    /// The receipt's id.
    pub receipt: String,
    /// `verified`, `pending` or `failed`.
    pub integrity: String,
    /// `security`, `data`, `policy` or `operations`.
    pub lane: String,
    /// Where it is kept: `hot` or `archive`.
    pub storage_tier: String,
    /// When the service accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<String>,
    /// The application's own members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// Whether it shows in the customer's activity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_visible: Option<bool>,
    /// `hot`, `archive` or `locked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// `api`, `automation`, `dashboard` or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// The batch it is sealed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
    /// When it may move to the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_eligible_at: Option<String>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl TryFrom<Map<String, Value>> for Entry {
    type Error = String;

    fn try_from(members: Map<String, Value>) -> Result<Self, String> {
        let mut object = Object(members);
        Ok(Self {
            id: object.certain("id")?,
            workspace_id: object.certain("workspaceId")?,
            project_id: object.certain("projectId")?,
            action: object.certain("action")?,
            actor: object.certain("actor")?,
            target: object.certain("target")?,
            occurred_at: object.certain("occurredAt")?,
            sequence: object.certain("sequence")?,
            hash: object.certain("hash")?,
            previous_hash: object.certain("previousHash")?,
            receipt: object.certain("receipt")?,
            integrity: object.certain("integrity")?,
            lane: object.certain("lane")?,
            storage_tier: object.certain("storageTier")?,
            accepted_at: object.optional("acceptedAt"),
            metadata: object.optional("metadata"),
            user_visible: object.optional("userVisible"),
            retention: object.optional("retention"),
            source: object.optional("source"),
            provenance: object.optional("provenance"),
            batch_id: object.optional("batchId"),
            archive_eligible_at: object.optional("archiveEligibleAt"),
            extra: object.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_encoded_as_uri_components() {
        let call = ReceiptCall::new("rcpt 1/2");
        assert_eq!(call.path().unwrap(), "/v1/receipts/rcpt%201%2F2");
        let call = call.workspace("org ü?#%");
        assert_eq!(call.path().unwrap(), "/v1/workspaces/org%20%C3%BC%3F%23%25/receipts/rcpt%201%2F2");
    }

    #[test]
    fn what_would_lead_to_another_path_is_refused() {
        assert!(ReceiptCall::new("").path().is_err());
        for id in [" ", ".", ".."] {
            let error = ReceiptCall::new(id).path().unwrap_err().to_string();
            assert_eq!(error, format!("the receipt id is blank or no id: {id:?}"));
            let error = ReceiptCall::new("rcpt_1").workspace(id).path().unwrap_err().to_string();
            assert_eq!(error, format!("the workspace id is blank or no id: {id:?}"));
        }
    }

    #[test]
    fn an_empty_workspace_is_none_as_in_the_official_client() {
        assert_eq!(ReceiptCall::new("rcpt_1").workspace("").path().unwrap(), "/v1/receipts/rcpt_1");
    }

    #[test]
    fn options_leave_what_was_given_before_and_they_say_nothing_of() {
        let request = RequestContext { request_id: Some("req_1".to_owned()), ..RequestContext::default() };
        let call = ReceiptCall::new("rcpt_1").environment("staging").server("web-3").request(request);
        let call = call.options(CallOptions::new().server("web-4").idempotency_key("key"));
        let headers = [
            ("idempotency-key", "key"),
            ("x-lodger-environment", "staging"),
            ("x-lodger-server", "web-4"),
            ("x-request-id", "req_1"),
        ];
        assert_eq!(call.options.sent_headers(), headers.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn the_debug_form_holds_no_bearer() {
        let text = format!("{:?}", ReceiptCall::new("rcpt_1").bearer("canary"));
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn unknown_members_are_kept_and_the_verdict_is_never_guessed() {
        let receipt = json!({
            "accepted": true, "eventId": "evt_1", "receipt": "rcpt_1", "eventHash": "9f2b", "previousHash": "0000",
            "timestamp": "2026-05-15T12:00:00.000Z", "actor": {"id": "u", "type": "user"},
            "target": {"id": "t", "type": "account"}, "verificationUrl": "https://lodger.dev/receipts/rcpt_1",
            "queued": true,
        });
        let answer = json!({"receipt": receipt, "entry": null, "verified": false, "witness": {"a": [1]}});
        let verified: VerifiedReceipt = serde_json::from_value(answer).unwrap();
        assert_eq!((verified.entry, verified.verified), (None, false));
        assert_eq!(verified.extra.get("witness"), Some(&json!({"a": [1]})));

        assert!(serde_json::from_value::<VerifiedReceipt>(json!({"receipt": receipt})).is_err());
    }
}
