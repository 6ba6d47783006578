//! Reading what was recorded.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::lenient::Members;
use super::{EventActor, ExternalId, LogHubError};

/// Which events [`LogHubApi::events`](super::LogHubApi::events) and [`LogHubApi::list`](super::LogHubApi::list) read. The
/// service has no filter but the external id.
///
/// # Default
///
/// From the first page on, 20 events a page, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "pass it to `LogHubApi::events`"]
pub struct ListCall {
    external_id: ExternalId,
    pub(super) page: u64,
    pub(super) limit: Limit,
    order: Order,
}

impl ListCall {
    /// What was recorded under this id.
    pub fn new(external_id: impl Into<ExternalId>) -> Self {
        Self { external_id: external_id.into(), page: 0, limit: Limit::Twenty, order: Order::NewestFirst }
    }

    /// Begins with this page; the first one is 0 (inferred from the documentation's example).
    pub fn page(mut self, page: u64) -> Self {
        self.page = page;
        self
    }

    /// So many events a page.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// By the time of their recording.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The page behind this one; `None` behind the last that can be asked for.
    pub(super) fn next(mut self) -> Option<Self> {
        self.page = self.page.checked_add(1)?;
        Some(self)
    }

    /// The query, of which the service requires every parameter.
    pub(super) fn query(&self) -> Result<[(&'static str, String); 4], LogHubError> {
        self.external_id.check()?;
        let order = match self.order {
            Order::NewestFirst => "desc",
            Order::OldestFirst => "asc",
        };
        Ok([
            ("page", self.page.to_string()),
            ("limit", self.limit.events().to_string()),
            ("order", order.to_owned()),
            ("external_id", self.external_id.to_string()),
        ])
    }
}

/// How many events a page holds: the service takes these four and no other.
///
/// ```
/// use lodger_core::service::loghub::Limit;
///
/// assert_eq!(Limit::try_from(15)?, Limit::Fifteen);
/// assert_eq!(Limit::try_from(50).unwrap_err().to_string(), "limit must be one of 5, 10, 15, 20");
/// # Ok::<(), lodger_core::service::loghub::LogHubError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Limit {
    /// 5.
    Five,
    /// 10.
    Ten,
    /// 15.
    Fifteen,
    /// 20. The default.
    #[default]
    Twenty,
}

impl Limit {
    /// The number.
    #[must_use]
    pub fn events(self) -> usize {
        match self {
            Self::Five => 5,
            Self::Ten => 10,
            Self::Fifteen => 15,
            Self::Twenty => 20,
        }
    }
}

impl TryFrom<u64> for Limit {
    type Error = LogHubError;

    fn try_from(number: u64) -> Result<Self, LogHubError> {
        Ok(match number {
            5 => Self::Five,
            10 => Self::Ten,
            15 => Self::Fifteen,
            20 => Self::Twenty,
            _ => return Err(LogHubError::Invalid("limit must be one of 5, 10, 15, 20".to_owned())),
        })
    }
}

/// In which order events are read, by the time of their recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// `desc`. The default.
    #[default]
    NewestFirst,
    /// `asc`. What is recorded while it is read comes at the end, and moves nothing to another page.
    OldestFirst,
}

/// An event as the service shows it.
///
/// The documentation shows one example, and says of no member that it is always there: all but the id may be missing, and what is
/// something else than in the example stands in `more`, as it came. `tags` and `context` are not in the example.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ListedEvent {
    /// The service's id of the event.
    pub id: String,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<EventActor>,
    /// Whatever was recorded with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// The id that it was recorded under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Value>>,
    /// Where the end user was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
    /// The request that recorded it: its caller was the program that called the service, not the user it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<RecordedRequest>,
    /// The project that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Which token it was recorded with. Never the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// When it was recorded, in ISO 8601.
    #[serde(rename = "createdAt", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it was last changed, in ISO 8601.
    #[serde(rename = "updatedAt", skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Members that this version doesn't know, or that are something else than it knows.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl<'de> Deserialize<'de> for ListedEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Members::deserialize(deserializer)?;
        Ok(Self {
            id: members.id()?,
            action: members.take("action"),
            actor: members.take("actor"),
            metadata: members.take("metadata"),
            external_id: members.take("external_id"),
            tags: members.take("tags"),
            context: members.take("context"),
            extra: members.take("extra"),
            project_id: members.take_id("project_id"),
            token_id: members.take_id("token_id"),
            created_at: members.take("createdAt"),
            updated_at: members.take("updatedAt"),
            more: members.rest(),
        })
    }
}

/// The request that recorded an event, as the service saw it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The caller's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The addresses that it came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ips: Option<Vec<Value>>,
    /// The caller's `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// `http` in the documentation's example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Its headers; the token in them is masked by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Map<String, Value>>,
    /// Members that this version doesn't know, or that are something else than it knows.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl<'de> Deserialize<'de> for RecordedRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Members::deserialize(deserializer)?;
        Ok(Self {
            ip: members.take("ip"),
            ips: members.take("ips"),
            user_agent: members.take("user_agent"),
            protocol: members.take("protocol"),
            headers: members.take("headers"),
            more: members.rest(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_four_limits_and_no_other() {
        let taken: Vec<u64> = (0..100).filter(|&number| Limit::try_from(number).is_ok()).collect();
        assert_eq!(taken, [5, 10, 15, 20]);
        for number in taken {
            assert_eq!(Limit::try_from(number).unwrap().events() as u64, number);
        }
    }

    #[test]
    fn an_event_is_read_with_what_it_has() {
        let least = r#"{"id":7}"#;
        let event: ListedEvent = serde_json::from_str(least).unwrap();
        assert_eq!(
            (event.id.as_str(), event.action, event.metadata, event.created_at),
            ("7", None, None, None)
        );
        let more = r#"{"id":"7","action":"a","project_id":8,"metadata":"text","future":[1],"extra":null}"#;
        let event: ListedEvent = serde_json::from_str(more).unwrap();
        assert_eq!(event.project_id.as_deref(), Some("8"));
        assert_eq!(event.more.get("future"), Some(&serde_json::json!([1])));
    }

    /// What differs from the documentation, one member at a time.
    #[test]
    fn an_odd_member_is_kept_as_it_came_and_none_is_in_its_way() {
        let plain = serde_json::json!({"id": "1", "action": "a", "actor": {"type": "user", "data": {"name": "n"}},
            "external_id": "w", "tags": ["t"], "context": {}, "metadata": {"m": 1}, "project_id": "p", "token_id": "t",
            "extra": {"ip": "203.0.113.7", "ips": [], "user_agent": "u", "protocol": "http", "headers": {"h": "1"}},
            "createdAt": "2026-05-15T12:00:00.000Z", "updatedAt": "2026-05-15T12:00:00.000Z"});
        for odd in [
            r#"{"createdAt":1713035172197}"#,
            r#"{"updatedAt":{}}"#,
            r#"{"action":7}"#,
            r#"{"action":["a"]}"#,
            r#"{"actor":"system"}"#,
            r#"{"actor":[]}"#,
            r#"{"actor":{"type":7,"data":{"name":"n"}}}"#,
            r#"{"actor":{"data":"Ada","type":"user"}}"#,
            r#"{"extra":"text"}"#,
            r#"{"extra":{"ip":7,"ips":"203.0.113.7","user_agent":["u"],"protocol":1.1,"headers":[["h","1"]]}}"#,
            r#"{"tags":"team-admin"}"#,
            r#"{"tags":{"0":"t"}}"#,
            r#"{"metadata":"text"}"#,
            r#"{"context":7}"#,
            r#"{"external_id":true}"#,
            r#"{"project_id":{},"token_id":[1]}"#,
        ] {
            let mut shown = plain.clone();
            let odd: Map<String, Value> = serde_json::from_str(odd).unwrap();
            shown.as_object_mut().unwrap().extend(odd);
            let event: ListedEvent = serde_json::from_value(shown.clone()).unwrap();
            assert_eq!(event.id, "1");
            assert_eq!(
                serde_json::to_value(event).unwrap(),
                shown,
                "nothing is lost and nothing is invented"
            );
        }
        for null in plain.as_object().unwrap().keys().filter(|name| *name != "id") {
            let mut shown = plain.clone();
            shown[null] = Value::Null;
            let event: ListedEvent = serde_json::from_value(shown.clone()).unwrap();
            shown.as_object_mut().unwrap().remove(null);
            assert_eq!(serde_json::to_value(event).unwrap(), shown, "null is none");
        }
        let event: ListedEvent =
            serde_json::from_str(r#"{"id":1,"actor":{"type":"user","data":null}}"#).unwrap();
        assert_eq!(event.actor.unwrap().data, Map::new());
        for id in ["null", "true", "{}", "[1]"] {
            assert!(serde_json::from_str::<ListedEvent>(&format!(r#"{{"id":{id}}}"#)).is_err(), "{id}");
        }
    }

    #[test]
    fn the_last_page_has_none_behind_it() {
        let query = ListCall::new(42).page(u64::MAX - 1).next().unwrap();
        assert_eq!(query.query().unwrap()[0].1, "18446744073709551615");
        assert_eq!(query.next(), None);
    }
}
