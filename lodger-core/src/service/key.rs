//! An API key that can be replaced while it is used.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

use super::{InvalidConfig, is_key};

/// The key of a client, perhaps none yet. It appears in no `Debug` form, error or log.
pub(crate) struct ApiKey(RwLock<Option<SecretString>>);

impl ApiKey {
    /// The key without the white space that files and shells leave around it.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub(crate) fn checked(key: &SecretString) -> Result<SecretString, String> {
        let text = key.expose_secret().trim();
        if is_key(text) {
            Ok(SecretString::from(text))
        } else if text.is_empty() {
            Err("the API key is blank".to_owned())
        } else {
            Err("the API key holds spaces or characters that are not ASCII; copy it again".to_owned())
        }
    }

    /// # Errors
    ///
    /// Says what is wrong with the key.
    pub(crate) fn new(key: Option<&SecretString>) -> Result<Self, String> {
        key.map(Self::checked).transpose().map(|key| Self(RwLock::new(key)))
    }

    /// The key in use.
    pub(crate) fn get(&self) -> Option<SecretString> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Uses another one from now on.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it; the one in use stays.
    pub(crate) fn replace(&self, key: &SecretString) -> Result<(), InvalidConfig> {
        let key = Self::checked(key).map_err(|problem| InvalidConfig::new(vec![problem]))?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Ok(())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.get().is_some() { "set" } else { "none" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_a_key_is_dropped_and_a_bad_one_replaces_nothing() {
        let key = ApiKey::new(Some(&" canary-1\n".into())).unwrap();
        assert_eq!(key.get().unwrap().expose_secret(), "canary-1");
        for (bad, problem) in [(" ", "the API key is blank"), ("a b", "the API key holds spaces")] {
            let error = key.replace(&bad.into()).unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
        assert_eq!(key.get().unwrap().expose_secret(), "canary-1");
        key.replace(&"canary-2".into()).unwrap();
        assert_eq!(key.get().unwrap().expose_secret(), "canary-2");
        assert_eq!(format!("{key:?} {:?}", ApiKey::new(None).unwrap()), "set none");
    }
}
