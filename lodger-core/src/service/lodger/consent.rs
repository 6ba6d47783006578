//! Recording a consent: what the caller says, and what the service answers.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exchange::{Answer, Bearer, Exchange, Repeat, to_json};
use super::setters::call_setters;
use super::{CallOptions, EventReceipt, LodgerApi, LodgerError, Party};
use crate::event::EventId;
use crate::service::http::MAX_ENTRY_BODY;

/// How somebody consented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ConsentMode {
    /// By an act of their own, such as a ticked box.
    Explicit,
    /// By going on after having been told.
    Implicit,
}

/// One consent for [`LodgerApi::consent`].
///
/// ```
/// use lodger_core::service::lodger::{CallOptions, ConsentCall, ConsentMode, Party};
///
/// let subject = Party::new("user_123").email("alice@example.com");
/// let call = ConsentCall::new(subject, ConsentMode::Explicit, 3, "signup")
///     .options(CallOptions::new().idempotency_key("consent_user_123_v3"));
/// ```
///
/// # Default
///
/// The client's workspace and project, no metadata, an idempotency key of `consent_` and a UUID.
#[derive(Debug, Clone)]
#[must_use = "pass it to `LodgerApi::consent`"]
pub struct ConsentCall {
    subject: Party,
    mode: ConsentMode,
    policy_version: u64,
    surface: String,
    metadata: Option<Map<String, Value>>,
    workspace: Option<String>,
    project: Option<String>,
    options: CallOptions,
}

impl ConsentCall {
    /// Somebody consented to this version of the policy at this surface: `signup`, `checkout.banner`.
    pub fn new(
        subject: impl Into<Party>,
        mode: ConsentMode,
        policy_version: u64,
        surface: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            mode,
            policy_version,
            surface: surface.into(),
            metadata: None,
            workspace: None,
            project: None,
            options: CallOptions::new(),
        }
    }

    /// The application's own members.
    pub fn metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = Some(metadata);
        self
    }

    call_setters!(workspace, project, options);
}

/// The body of `POST /v1/consents`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConsentBody<'a> {
    workspace_id: &'a str,
    project_id: &'a str,
    subject: Party,
    mode: ConsentMode,
    policy_version: u64,
    surface: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Map<String, Value>>,
}

/// What the service answers to a recorded consent: its receipt, wrapped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsentReceipt {
    /// The receipt.
    pub receipt: EventReceipt,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Answer for ConsentReceipt {
    const NAME: &'static str = "receipt of a consent";

    fn is_sound(&self) -> bool {
        self.receipt.is_sound()
    }
}

impl LodgerApi {
    /// Records that somebody consented to a policy (`POST /v1/consents`) and returns the receipt.
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try: the call is made again under the same idempotency key, with the same bytes, as the
    /// client's [`Retries`](crate::service::Retries) say. The service asks for a key of at least 12 characters and refuses
    /// shorter ones.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll. Dropping the future later leaves open whether the consent was recorded.
    ///
    /// # Durability
    ///
    /// A receipt says that the service accepted and queued the consent. Until then it exists in memory only.
    pub async fn consent(&self, call: ConsentCall) -> Result<ConsentReceipt, LodgerError> {
        let body = to_json(&ConsentBody {
            workspace_id: call.workspace.as_deref().unwrap_or(&self.inner.workspace),
            project_id: call.project.as_deref().unwrap_or(&self.inner.project),
            subject: call.subject.typed(None, "user"),
            mode: call.mode,
            policy_version: call.policy_version,
            surface: &call.surface,
            metadata: call.metadata,
        })?;
        let minted = || format!("consent_{}", EventId::mint());
        self.ask(Exchange {
            method: Method::POST,
            address: self.address("/v1/consents")?,
            headers: call.options.headers(&self.inner.context, Some(minted))?,
            more: HeaderMap::new(),
            bearer: Bearer::key(call.options.key())?,
            body: Some(body),
            answer_limit: MAX_ENTRY_BODY,
            repeat: Repeat::Harmless,
        })
        .await
    }
}
