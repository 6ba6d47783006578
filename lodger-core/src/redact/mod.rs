//! Draft.
use crate::event::Event;
/// Draft.
pub struct HashKey([u8; 32]);
impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey")
    }
}
impl HashKey {
    /// Draft.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }
}
/// Draft.
#[derive(Debug, Default, Clone)]
pub struct Rules;
impl Rules {
    /// Draft.
    pub fn apply(&self, event: &mut Event, key: &HashKey) {
        let _ = (event, key.0);
    }
}
