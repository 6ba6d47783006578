//! Recording one event: what the caller says, and the body it becomes.

use serde::Serialize;
use serde_json::{Map, Value};

use super::setters::call_setters;
use super::{CallOptions, Party};
use crate::event::{Retention, Timestamp};

/// Where an event came from, in the service's four words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Source {
    /// A program's interface. The default.
    #[default]
    Api,
    /// A rule or a schedule.
    Automation,
    /// A person at a dashboard.
    Dashboard,
    /// The system itself.
    System,
}

/// One entry of an event catalog: an action, and what its events have in common.
///
/// ```
/// use lodger_core::service::lodger::{EventCall, EventType};
///
/// const INVOICE_PAID: EventType = EventType::new("billing.invoice.paid").target_type("invoice").user_visible();
///
/// let call = EventCall::of(&INVOICE_PAID, "user_123", "inv_9");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct EventType {
    action: &'static str,
    target_type: Option<&'static str>,
    user_visible: bool,
}

impl EventType {
    /// Events of this action.
    pub const fn new(action: &'static str) -> Self {
        Self { action, target_type: None, user_visible: false }
    }

    /// The type of targets that are given as a bare id.
    pub const fn target_type(mut self, target_type: &'static str) -> Self {
        self.target_type = Some(target_type);
        self
    }

    /// Customers may see them, unless the call says otherwise.
    pub const fn user_visible(mut self) -> Self {
        self.user_visible = true;
        self
    }
}

/// One event for [`LodgerApi::event`](super::LodgerApi::event).
///
/// # Default
///
/// Happened now, internal (not user-visible), retention `locked`, source `api`, the client's workspace and project:
/// the defaults of the official client.
#[derive(Debug, Clone)]
#[must_use = "pass it to `LodgerApi::event`"]
pub struct EventCall {
    action: String,
    actor: Party,
    target: Party,
    target_type: Option<&'static str>,
    pub(super) occurred_at: Option<String>,
    metadata: Option<Map<String, Value>>,
    user_visible: bool,
    retention: Retention,
    source: Source,
    workspace: Option<String>,
    project: Option<String>,
    pub(super) options: CallOptions,
}

impl EventCall {
    /// Somebody did something to something.
    pub fn new(action: impl Into<String>, actor: impl Into<Party>, target: impl Into<Party>) -> Self {
        Self {
            action: action.into(),
            actor: actor.into(),
            target: target.into(),
            target_type: None,
            occurred_at: None,
            metadata: None,
            user_visible: false,
            retention: Retention::Locked,
            source: Source::Api,
            workspace: None,
            project: None,
            options: CallOptions::new(),
        }
    }

    /// An event of a catalogued type.
    pub fn of(kind: &EventType, actor: impl Into<Party>, target: impl Into<Party>) -> Self {
        let mut call = Self::new(kind.action, actor, target);
        call.target_type = kind.target_type;
        call.user_visible = kind.user_visible;
        call
    }

    /// When it happened, as ISO 8601. The text is sent untouched, with whatever offset and precision it has; an empty one
    /// counts as left out.
    pub fn occurred_at(mut self, text: impl Into<String>) -> Self {
        self.occurred_at = Some(text.into());
        self
    }

    /// The application's own members. `relatedReceiptIds`, `relatedEventIds` and `organizationId` have a meaning at
    /// the service.
    pub fn metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Whether it shows in the customer's activity.
    pub fn user_visible(mut self, visible: bool) -> Self {
        self.user_visible = visible;
        self
    }

    /// How long it is kept.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Where it came from.
    pub fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    call_setters!(workspace, project, options);

    /// With the time filled in: its own, else now.
    pub(super) fn stamped(mut self) -> Self {
        self.occurred_at =
            self.occurred_at.filter(|text| !text.is_empty()).or_else(|| Some(Timestamp::now().to_string()));
        self
    }

    /// The body, with what the caller left out filled in.
    pub(super) fn into_body(mut self, workspace: &str, project: &str) -> EventBody {
        self = self.stamped();
        EventBody {
            workspace_id: self.workspace.unwrap_or_else(|| workspace.to_owned()),
            project_id: self.project.unwrap_or_else(|| project.to_owned()),
            action: self.action,
            actor: self.actor.typed(None, "user"),
            target: self.target.typed(self.target_type, "resource"),
            occurred_at: self.occurred_at.unwrap_or_default(),
            metadata: self.metadata,
            user_visible: self.user_visible,
            retention: self.retention,
            source: self.source,
        }
    }
}

/// The body of `POST /v1/events`. Everything but metadata is always sent, as the official client does.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventBody {
    pub(super) workspace_id: String,
    pub(super) project_id: String,
    pub(super) action: String,
    pub(super) actor: Party,
    pub(super) target: Party,
    pub(super) occurred_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) user_visible: bool,
    pub(super) retention: Retention,
    pub(super) source: Source,
}
