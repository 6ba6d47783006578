//! Until when the service is not asked, because it said so with a used-up quota.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::destination::Refusal;
use crate::service::Response;

/// A time that the service names is kept up to here, as by the pipeline: the plan may be raised meanwhile.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// What the service said last. It holds for the key that it was said to.
#[derive(Default)]
pub(super) struct Quota(Mutex<Option<UsedUp>>);

struct UsedUp {
    key: SecretString,
    until: Instant,
    refusal: Refusal,
}

impl Quota {
    /// Why the service is not to be asked under this key yet.
    pub(super) fn used_up(&self, key: Option<&SecretString>) -> Option<Refusal> {
        let said = self.said();
        let used_up = said.as_ref().filter(|said| Instant::now() < said.until)?;
        (used_up.key.expose_secret() == key?.expose_secret()).then(|| used_up.refusal.clone())
    }

    /// Takes note of an answer under this key.
    pub(super) fn note(&self, key: Option<SecretString>, response: &Response, refusal: &Refusal) {
        if let (Some(key), 429, Some(after)) = (key, response.status, response.retry_after) {
            let until = Instant::now() + after.min(LONGEST);
            *self.said() = Some(UsedUp { key, until, refusal: refusal.clone() });
        }
    }

    fn said(&self) -> MutexGuard<'_, Option<UsedUp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.said().is_some() { "Quota(named a time)" } else { "Quota" })
    }
}
