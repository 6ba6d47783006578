//! Tokens that open one thing to somebody without an API key.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exchange::{Answer, Bearer, Exchange, Repeat, segment, to_json};
use super::object::text_or_none;
use super::setters::call_setters;
use super::{CallOptions, LodgerApi, LodgerError};
use crate::service::http::MAX_BODY;

/// How long a token may live that opens a receipt, a policy or an evidence package, in seconds (documented for receipts and
/// evidence, inferred for policies).
const LIFETIME: RangeInclusive<u64> = 60..=2_592_000;

/// An activity token for [`LodgerApi::activity_token`]. A bare text stands for its subject.
///
/// # Default
///
/// The client's workspace and project, a lifetime of the service's choice, no idempotency key.
#[derive(Debug, Clone)]
#[must_use = "pass it to `LodgerApi::activity_token`"]
pub struct ActivityTokenCall {
    subject: String,
    expires_in: Option<Duration>,
    workspace: Option<String>,
    project: Option<String>,
    options: CallOptions,
}

impl ActivityTokenCall {
    /// A token that shows this person what they may see of the events about them. Take the subject from the session, never
    /// from a request: whoever chooses it reads the activity of anybody.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            expires_in: None,
            workspace: None,
            project: None,
            options: CallOptions::new(),
        }
    }

    /// How long it opens; whole seconds are sent. Which lifetimes the service allows is not documented.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    call_setters!(workspace, project, options);
}

impl From<&str> for ActivityTokenCall {
    fn from(subject: &str) -> Self {
        Self::new(subject)
    }
}

impl From<String> for ActivityTokenCall {
    fn from(subject: String) -> Self {
        Self::new(subject)
    }
}

/// How [`LodgerApi::receipt_token`], [`LodgerApi::policy_token`] and [`LodgerApi::evidence_token`] make a token.
///
/// # Default
///
/// The client's workspace, 7 days (the service's default for receipts), no idempotency key. `None` in its place means the same.
#[derive(Debug, Clone, Default)]
#[must_use = "pass it to a method of `LodgerApi`"]
pub struct TokenCall {
    expires_in: Option<Duration>,
    workspace: Option<String>,
    options: CallOptions,
}

impl TokenCall {
    /// As the service makes them.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long it opens: 60 s to 30 days, in whole seconds.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    call_setters!(workspace, options);

    fn seconds(&self) -> Result<Option<u64>, LodgerError> {
        match self.expires_in.map(|lifetime| lifetime.as_secs()) {
            Some(seconds) if !LIFETIME.contains(&seconds) => Err(LodgerError::Invalid(format!(
                "a token lives for {} to {} seconds, not for {seconds}",
                LIFETIME.start(),
                LIFETIME.end()
            ))),
            seconds => Ok(seconds),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActivityTokenBody<'a> {
    project_id: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_seconds: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_seconds: Option<u64>,
}

/// Declares what a token is answered with. The `Debug` form names its members and shows none of those that open something.
macro_rules! tokens {
    ($(
        $(#[$doc:meta])*
        $name:ident is $text:literal {
            secret { $($(#[$secret_doc:meta])* $secret:ident,)+ }
            open { $($(#[$open_doc:meta])* $open:ident: $type:ty,)+ }
        }
    )+) => {$(
        $(#[$doc])*
        ///
        /// It opens something to whoever has it: its `Debug` form shows neither the token nor the addresses with it.
        #[derive(Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$secret_doc])* pub $secret: String,)+
            $($(#[$open_doc])* pub $open: $type,)+
            /// Members that this version doesn't know.
            #[serde(flatten)]
            pub extra: Map<String, Value>,
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($open), &self.$open))+
                    .finish_non_exhaustive()
            }
        }

        impl Answer for $name {
            const NAME: &'static str = $text;

            fn is_sound(&self) -> bool {
                !self.token.trim().is_empty()
            }
        }
    )+};
}

tokens! {
    /// A token that opens what a customer may see.
    ActivityToken is "activity token" {
        secret {
            /// For [`ActivityCall`](super::ActivityCall).
            token,
            /// A page for people, with the token in its fragment.
            activity_url,
        }
        open {
            /// Whose activity it opens.
            subject: String,
            /// The workspace.
            workspace_id: String,
            /// The project.
            project_id: String,
            /// Until when it opens.
            expires_at: String,
        }
    }

    /// A token that opens one receipt.
    ReceiptToken is "receipt token" {
        secret {
            /// For [`ReceiptCall::bearer`](super::ReceiptCall::bearer) (inferred).
            token,
            /// A page for people, with the token in it.
            receipt_url,
        }
        open {
            /// The receipt's id.
            receipt: String,
            /// The workspace.
            workspace_id: String,
            /// The project.
            project_id: String,
            /// Until when it opens.
            expires_at: String,
        }
    }

    /// A token that opens a private policy. Only its path is documented: that its answer looks like that of a receipt token is
    /// inferred, and what it holds beside the token stands in `extra`.
    PolicyToken is "policy token" {
        secret {
            /// For [`PolicyCall::bearer`](super::PolicyCall::bearer) (inferred).
            token,
        }
        open {
            /// Until when it opens.
            #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
            expires_at: Option<String>,
        }
    }

    /// A token that opens one evidence package.
    EvidenceToken is "evidence token" {
        secret {
            /// For whoever verifies the evidence.
            token,
            /// A page for people, with the token in it.
            evidence_url,
            /// Where the package is: a ZIP file.
            download_url,
        }
        open {
            /// The workspace.
            workspace_id: String,
            /// The project.
            project_id: String,
            /// The package's id.
            pack_id: String,
            /// Until when it opens.
            expires_at: String,
        }
    }
}

impl LodgerApi {
    /// Makes a token that shows one person what they may see of the events about them
    /// (`POST /v1/workspaces/{id}/activity-tokens`). Needs a key with the scope `events:read`, and a project that allows
    /// activity links.
    ///
    /// ```no_run
    /// # use lodger_core::service::lodger::{ActivityCall, LodgerApi};
    /// # async fn example(api: LodgerApi) -> Result<(), Box<dyn std::error::Error>> {
    /// let token = api.activity_token("user_123").await?;
    /// let seen = api.activity(ActivityCall::new(token.token)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try. The call is made again only where no token was made.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll. Dropping the future later may leave a token that nobody knows.
    pub async fn activity_token(
        &self,
        call: impl Into<ActivityTokenCall>,
    ) -> Result<ActivityToken, LodgerError> {
        let call = call.into();
        let body = to_json(&ActivityTokenBody {
            project_id: call.project.as_deref().unwrap_or(&self.inner.project),
            subject: &call.subject,
            expires_in_seconds: call.expires_in.map(|lifetime| lifetime.as_secs()),
        })?;
        self.mint(call.workspace.as_deref(), "/activity-tokens", body, &call.options).await
    }

    /// Makes a token that opens one private receipt (`POST /v1/workspaces/{id}/receipts/{receipt}/token`). Needs a key with the
    /// scope `events:read`.
    ///
    /// ```no_run
    /// # use lodger_core::service::lodger::{LodgerApi, TokenCall};
    /// # async fn example(api: LodgerApi) -> Result<(), Box<dyn std::error::Error>> {
    /// let a_week = api.receipt_token("rcpt_093a339cc2c2ffed", None).await?;
    /// let an_hour = TokenCall::new().expires_in(std::time::Duration::from_secs(3_600));
    /// let an_hour = api.receipt_token("rcpt_093a339cc2c2ffed", an_hour).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try: [`LodgerError::Invalid`] for a lifetime that the service does not allow. The call is
    /// made again only where no token was made.
    ///
    /// # Cancel safety
    ///
    /// As [`activity_token`](Self::activity_token).
    pub async fn receipt_token(
        &self,
        receipt: &str,
        call: impl Into<Option<TokenCall>>,
    ) -> Result<ReceiptToken, LodgerError> {
        let path = format!("/receipts/{}/token", segment("receipt id", receipt)?);
        self.scoped(&path, call.into()).await
    }

    /// Makes a token that opens the private policy (`POST /v1/workspaces/{id}/published-policy/token`). Needs a key with the
    /// scope `events:read`. Body and answer are inferred from those of the receipt token.
    ///
    /// # Errors
    ///
    /// As [`receipt_token`](Self::receipt_token).
    ///
    /// # Cancel safety
    ///
    /// As [`activity_token`](Self::activity_token).
    pub async fn policy_token(&self, call: impl Into<Option<TokenCall>>) -> Result<PolicyToken, LodgerError> {
        self.scoped("/published-policy/token", call.into()).await
    }

    /// Makes a token that opens one evidence package (`POST /v1/workspaces/{id}/evidence-packs/{pack}/token`). Needs a key with
    /// the scope `events:read`.
    ///
    /// # Errors
    ///
    /// As [`receipt_token`](Self::receipt_token).
    ///
    /// # Cancel safety
    ///
    /// As [`activity_token`](Self::activity_token).
    pub async fn evidence_token(
        &self,
        pack: &str,
        call: impl Into<Option<TokenCall>>,
    ) -> Result<EvidenceToken, LodgerError> {
        let path = format!("/evidence-packs/{}/token", segment("evidence package's id", pack)?);
        self.scoped(&path, call.into()).await
    }

    async fn scoped<T: Answer>(&self, path: &str, call: Option<TokenCall>) -> Result<T, LodgerError> {
        let call = call.unwrap_or_default();
        let body = to_json(&TokenBody { expires_in_seconds: call.seconds()? })?;
        self.mint(call.workspace.as_deref(), path, body, &call.options).await
    }

    async fn mint<T: Answer>(
        &self,
        workspace: Option<&str>,
        path: &str,
        body: Vec<u8>,
        options: &CallOptions,
    ) -> Result<T, LodgerError> {
        self.ask(Exchange {
            method: Method::POST,
            address: self.in_workspace(workspace, path)?,
            headers: options.headers(&self.inner.context, None)?,
            more: HeaderMap::new(),
            bearer: Bearer::key(options.key())?,
            body: Some(body),
            answer_limit: MAX_BODY,
            repeat: Repeat::Undone,
        })
        .await
    }
}
