//! One call on its way: who asks, when it is made again, and what its answer has to be.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::{ApiError, CallOptions, LodgerApi, LodgerError, UnreadableAnswer};
use crate::service::http::Address;
use crate::service::message::path_segment;
use crate::service::{ApiKey, Body, Credential, Request, Response, json};

/// A call that can be sent as often as it takes: each time the same bytes under the same headers.
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) address: Address,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Headers that the client has no name for.
    pub(super) more: HeaderMap,
    pub(super) bearer: Bearer,
    /// JSON.
    pub(super) body: Option<Vec<u8>>,
    /// The most that is read of the answer, in bytes.
    pub(super) answer_limit: usize,
    pub(super) repeat: Repeat,
}

/// What stands behind `Authorization: Bearer`.
#[derive(Debug, Clone, Default)]
pub(super) enum Bearer {
    /// The client's API key, as it is at that moment.
    #[default]
    Client,
    /// This secret, which was checked.
    Given(SecretString),
    /// Nothing: the header is not sent.
    Nobody,
}

impl Bearer {
    /// This secret, which can stand in a header.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it; `name` is what the caller knows it as.
    pub(super) fn given(secret: &SecretString, name: &str) -> Result<Self, LodgerError> {
        ApiKey::checked(secret)
            .map(Self::Given)
            .map_err(|problem| LodgerError::Invalid(problem.replacen("API key", name, 1)))
    }

    /// What opens something that is mostly for everybody: this, else the key of the call, else nothing. The client's own key
    /// stays at home.
    pub(super) fn optional(given: Option<&SecretString>, options: &CallOptions) -> Result<Self, LodgerError> {
        given.or(options.key()).map_or(Ok(Self::Nobody), |secret| Self::given(secret, "bearer"))
    }

    /// The key of the call, else the client's.
    pub(super) fn key(given: Option<&SecretString>) -> Result<Self, LodgerError> {
        given.map_or(Ok(Self::Client), |key| Self::given(key, "API key"))
    }
}

/// After which failures a call is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// After all that may pass: it reads, or the service knows its idempotency key.
    Harmless,
    /// Only where nothing was done: it never left, or was turned away with 429 (that it means so is inferred). 503 may come
    /// from something in between, which lost the answer.
    Undone,
}

impl Repeat {
    /// Whether the call may be made again after this failure, and when at the earliest.
    pub(super) fn after(self, error: &LodgerError) -> Option<Option<Duration>> {
        let again = match self {
            Self::Harmless => error.is_retryable(),
            Self::Undone => match error {
                LodgerError::Transport(error) => !error.may_have_been_sent(),
                LodgerError::Api(_) => error.status() == Some(429),
                LodgerError::Invalid(_) | LodgerError::Unreadable(_) | LodgerError::Paging(_) => false,
            },
        };
        again.then(|| error.retry_after())
    }
}

/// What a call is answered with.
pub(super) trait Answer: DeserializeOwned {
    /// What it is, for an error's text.
    const NAME: &'static str;

    /// Whether it says what it has to.
    fn is_sound(&self) -> bool {
        true
    }

    /// The answer to a direct call.
    fn read(response: &Response, limit: usize) -> Result<Self, LodgerError> {
        let answer = whole(response, Self::NAME, limit)?;
        let answer = json::read::<Self>(answer).ok().filter(Self::is_sound);
        answer.ok_or_else(|| {
            LodgerError::Unreadable(UnreadableAnswer::new(ApiError::read(response), Self::NAME, None))
        })
    }
}

/// The body of an answer that says yes, and that is all there.
pub(super) fn whole<'a>(
    response: &'a Response,
    expected: &'static str,
    limit: usize,
) -> Result<&'a [u8], LodgerError> {
    if !response.is_success() {
        return Err(LodgerError::Api(ApiError::read(response)));
    }
    if !response.whole {
        let cut_at = (response.body.len() >= limit).then_some(limit);
        let answer = UnreadableAnswer::new(ApiError::read(response), expected, cut_at);
        return Err(LodgerError::Unreadable(answer));
    }
    Ok(&response.body)
}

impl LodgerApi {
    /// Makes the call, and again while that may help.
    pub(super) async fn ask<T: Answer>(&self, call: Exchange) -> Result<T, LodgerError> {
        self.ask_for(call, T::read).await
    }

    /// The same with another way to read the answer.
    pub(super) async fn ask_for<T>(
        &self,
        call: Exchange,
        read: impl Fn(&Response, usize) -> Result<T, LodgerError>,
    ) -> Result<T, LodgerError> {
        let attempt = async || read(&self.send(&call).await?, call.answer_limit);
        self.inner.retries.run(attempt, |error| call.repeat.after(error)).await
    }

    /// Makes the call once.
    pub(super) async fn send(&self, call: &Exchange) -> Result<Response, LodgerError> {
        let credential = match &call.bearer {
            Bearer::Client => Some(self.inner.key.get().ok_or_else(LodgerError::keyless)?),
            Bearer::Given(secret) => Some(secret.clone()),
            Bearer::Nobody => None,
        };
        let request = Request {
            method: call.method.clone(),
            address: call.address.clone(),
            headers: call.headers.clone(),
            credential: credential.map(Credential::Bearer),
            body: call.body.clone().map(Body::json),
            answer_limit: call.answer_limit,
        };
        self.inner.http.send_with(request, call.more.clone()).await.map_err(LodgerError::Transport)
    }

    /// The address of a path below the base.
    pub(super) fn address(&self, path: &str) -> Result<Address, LodgerError> {
        self.inner.http.address(path).map_err(|error| LodgerError::Invalid(error.chain()))
    }

    /// The address of something in the workspace of the call, else of the client.
    pub(super) fn in_workspace(&self, workspace: Option<&str>, rest: &str) -> Result<Address, LodgerError> {
        let workspace = segment("workspace id", workspace.unwrap_or(&self.inner.workspace))?;
        self.address(&format!("/v1/workspaces/{workspace}{rest}"))
    }
}

/// The id as one segment of a path.
///
/// # Errors
///
/// When it would lead to another path.
pub(super) fn segment(name: &str, id: &str) -> Result<String, LodgerError> {
    path_segment(id).ok_or_else(|| LodgerError::Invalid(format!("the {name} is blank or no id: {id:?}")))
}

/// The body of a call.
pub(super) fn to_json(body: &impl serde::Serialize) -> Result<Vec<u8>, LodgerError> {
    serde_json::to_vec(body)
        .map_err(|error| LodgerError::Invalid(format!("the call can't become JSON: {error}")))
}
