//! Identifiers minted by this crate.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// The identity of one event: a UUIDv7 (RFC 9562 section 5.7), minted once when the event is captured.
///
/// It never changes afterwards, so every retry, every destination and every copy of the event carries the same one.
/// The random part comes from the `uuid` crate's fast generator, which needs no system call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// A new id for an event that is captured now.
    #[must_use]
    pub fn mint() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes of the UUID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// The identity of one opening of a journal. Fresh at every start, so that a restored or cloned volume can't
/// repeat a (writer, sequence) pair.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriterId(Uuid);

impl WriterId {
    /// A new writer id.
    #[must_use]
    pub fn mint() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes of the UUID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The writer id with these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

macro_rules! uuid_text {
    ($name:ident) => {
        impl $name {
            /// Writes the text form into the buffer.
            pub(super) fn encode<'b>(&self, buffer: &'b mut [u8; Hyphenated::LENGTH]) -> &'b str {
                self.0.hyphenated().encode_lower(buffer)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_text!(EventId);
uuid_text!(WriterId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_7_and_sort_by_age() {
        let (older, newer) = (EventId::mint(), EventId::mint());
        assert!(older < newer);
        assert_eq!(older.0.get_version_num(), 7);
        assert_eq!(older.to_string().parse::<EventId>().unwrap(), older);
        let writer = WriterId::mint();
        assert_eq!(WriterId::from_bytes(*writer.as_bytes()), writer);
    }
}
