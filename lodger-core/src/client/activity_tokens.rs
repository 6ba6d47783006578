//! Activity tokens for whoever is signed in: what the ready routes of the adapters answer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::capture::Scope;
use crate::event::{Actor, ActorKind};
use crate::service::lodger::{ActivityToken, ActivityTokenCall, LodgerApi, LodgerError};

/// Makes activity tokens of the Lodger API for the signed-in users of a service: what the routes
/// `lodger_axum::activity_token_route` and `lodger_actix::activity_token_route` need to be told.
///
/// A token opens the activity of one subject to whoever has it, so the subject must not be chosen by whoever asks. It comes from
/// the request's actor alone, whom your authentication named with `set_actor`, or else the layer's resolver found. Nothing of the
/// request itself is read: no path, no query, no header, no body.
///
/// # Answers
///
/// All are JSON, with `Cache-Control: no-store`.
///
/// | who asks | status | body |
/// | --- | --- | --- |
/// | a user | 200 | `token`, `activityUrl`, `expiresAt` |
/// | nobody, an anonymous or an unresolved actor | 401 | `error`: `not_signed_in` |
/// | a service or a system: the activity is shown to people | 403 | `error`: `not_a_user` |
/// | a user for whom [`subject`](Self::subject) names none | 403 | `error`: `no_subject` |
/// | a user of a tenant, while nobody chose a [`subject`](Self::subject) | 500 | `error`: `activity_misconfigured` |
///
/// When the service gives no token, the answer is 503 `activity_unavailable` where another try may help and 502
/// `activity_failed` where not, both with the service's `Retry-After` if it named one, or 500 `activity_misconfigured` for a call
/// that can't be sent, as without an API key. What the service said goes to the log, once until it works again, and not to the
/// user. A token that the service made for another subject is not handed on: 502.
///
/// # Default
///
/// The subject is the id of an actor without a tenant. For one with a tenant there is no default, since ids may be unique within
/// a tenant only: user `1` of one would be shown the activity of user `1` of another. The lifetime of a token is the service's
/// choice. A call is made again as the client's [`Retries`](crate::service::Retries) say.
///
/// ```
/// use std::time::Duration;
///
/// use lodger_core::client::ActivityTokens;
/// use lodger_core::service::lodger::LodgerApi;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let api = LodgerApi::builder("org_01JZ2M9E7G6D8R5K3D", "core").api_key("lodger_sk_…".replace('…', "1")).build()?;
/// let tokens = ActivityTokens::new(api)
///     .subject(|actor| actor.tenant.clone()) // the activity of the user's organisation
///     .expires_in(Duration::from_secs(15 * 60));
/// # let _ = tokens;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "pass it to `activity_token_route`"]
pub struct ActivityTokens {
    api: LodgerApi,
    subject: Option<Arc<Subject>>,
    expires_in: Option<Duration>,
    /// Whether the last call failed, for all clones.
    is_failing: Arc<AtomicBool>,
}

/// Whose activity an actor may see.
type Subject = dyn Fn(&Actor) -> Option<String> + Send + Sync;

/// What a route answers.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActivityAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

impl ActivityTokens {
    /// Makes tokens with this client, which needs an API key with the scope `events:read`, for its workspace and project, which
    /// has to allow activity links.
    pub fn new(api: LodgerApi) -> Self {
        Self { api, subject: None, expires_in: None, is_failing: Arc::default() }
    }

    /// Whose activity a user may see: a function of the actor and of nothing else. `None`, or a blank text, for nobody's.
    /// Default: the actor's own, by its id, where it has no tenant; none where it has one. Where ids are unique over all tenants,
    /// `|actor| Some(actor.id.clone())` is right for everybody.
    pub fn subject(mut self, of: impl Fn(&Actor) -> Option<String> + Send + Sync + 'static) -> Self {
        self.subject = Some(Arc::new(of));
        self
    }

    /// How long a token opens, in whole seconds. Which lifetimes the service allows is not documented. Default: its choice.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    /// The answer to a request of this scope.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave a token that nobody knows.
    pub async fn answer(&self, scope: &Scope) -> ActivityAnswer {
        let Some(actor) = scope.actor() else { return not_signed_in() };
        match actor.kind {
            ActorKind::User => {}
            ActorKind::Service | ActorKind::System => {
                return refused(403, "not_a_user", "activity is shown to people; a program has none");
            }
            ActorKind::Anonymous | ActorKind::Unresolved => return not_signed_in(),
        }
        let subject = match &self.subject {
            Some(of) => of(&actor),
            None if actor.tenant.as_deref().is_some_and(|tenant| !tenant.trim().is_empty()) => {
                self.fails(
                    "the actor has a tenant, and its id may be another tenant's user's, too: say whose activity users may see \
                     with `ActivityTokens::subject`",
                    None,
                );
                return failed(500, "activity_misconfigured", None);
            }
            None => Some(actor.id.clone()),
        };
        let Some(subject) = subject.filter(|subject| !subject.trim().is_empty()) else {
            return refused(403, "no_subject", "there is no activity for this user");
        };
        let mut call = ActivityTokenCall::new(&*subject);
        if let Some(lifetime) = self.expires_in {
            call = call.expires_in(lifetime);
        }
        match self.api.activity_token(call).await {
            Ok(token) if token.subject == subject => {
                self.works();
                made(&token)
            }
            Ok(_) => {
                self.fails("the service made a token for another subject", None);
                failed(502, "activity_failed", None)
            }
            Err(error) => {
                self.fails("the service made none", Some(&error));
                let retry_after = error.retry_after();
                match error {
                    LodgerError::Invalid(_) => failed(500, "activity_misconfigured", None),
                    LodgerError::Transport(_) => failed(503, "activity_unavailable", None),
                    LodgerError::Api(_) if error.is_retryable() => {
                        failed(503, "activity_unavailable", retry_after)
                    }
                    _ => failed(502, "activity_failed", retry_after),
                }
            }
        }
    }

    fn works(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!(target: "lodger", "activity tokens are made again");
        }
    }

    /// The texts of errors hold no key, and no answer as a whole.
    fn fails(&self, what: &'static str, error: Option<&LodgerError>) {
        if self.is_failing.swap(true, Ordering::Relaxed) {
            return;
        }
        let why = error.map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "lodger", why, "activity tokens can't be made: {what}");
    }
}

impl From<LodgerApi> for ActivityTokens {
    fn from(api: LodgerApi) -> Self {
        Self::new(api)
    }
}

impl fmt::Debug for ActivityTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityTokens")
            .field("api", &self.api)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

fn made(token: &ActivityToken) -> ActivityAnswer {
    answer(
        200,
        &json!({
            "token": token.token,
            "activityUrl": token.activity_url,
            "expiresAt": token.expires_at,
        }),
    )
}

fn not_signed_in() -> ActivityAnswer {
    refused(401, "not_signed_in", "sign in to see your activity")
}

fn refused(status: u16, error: &str, detail: &str) -> ActivityAnswer {
    answer(status, &json!({"error": error, "detail": detail}))
}

/// The same words whatever the service said: they are for its customer, not for ours.
fn failed(status: u16, error: &str, retry_after: Option<Duration>) -> ActivityAnswer {
    let mut answer = refused(status, error, "the activity can't be shown for now");
    if let Some(after) = retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        answer.headers.push(("retry-after", seconds.to_string()));
    }
    answer
}

fn answer(status: u16, body: &serde_json::Value) -> ActivityAnswer {
    let headers = [("content-type", "application/json"), ("cache-control", "no-store")];
    let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
    ActivityAnswer { status, headers, body: body.to_string() }
}
