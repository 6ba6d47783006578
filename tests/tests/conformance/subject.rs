//! A destination under test, and what it declares.

use lodger_core::destination::{Destination, Repeats, registry};
use lodger_core::event::EventId;
use lodger_tests::disk::Gated;
use serde_json::Value;

use crate::line::Line;

/// A destination under test, with the place that it writes to.
pub(crate) trait Subject: Sized {
    /// What it declares to do with an event that it is given twice.
    const REPEATS: Repeats;

    /// Whether events arrive in the order of the journal though nobody asked for that.
    const IN_ORDER: bool;

    /// An empty place.
    async fn open() -> Self;

    /// How other processes find it; `None` where they can't.
    fn place(&self) -> Option<Place>;

    /// The events that are there, one for each copy, in the order of their arrival.
    fn stored(&self) -> Vec<EventId>;

    /// The destination, as a process opens it that has just started.
    fn destination(&self) -> Gated {
        self.place().unwrap().open()
    }

    /// The service behind it, where there is one.
    fn service(&self) -> Option<&Line> {
        None
    }
}

/// A destination whose events go to a service over HTTP.
pub(crate) trait OverHttp: Subject {
    /// What 429 means there.
    const TOO_MANY: TooMany;

    /// The credential that the service takes, as it stands in a header.
    const KEY: &str;

    /// Another one.
    const NEXT_KEY: &str;

    /// The service.
    fn line(&self) -> &Line;
}

/// What 429 means to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// Not so fast: it is tried again when `Retry-After` says so.
    Waits,
    /// Nothing more, until somebody acts.
    Pauses,
}

/// A destination as text, with its settings.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) text: String,
    pub(crate) settings: Vec<(&'static str, String)>,
}

impl Place {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), settings: Vec::new() }
    }

    pub(crate) fn setting(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    pub(crate) fn open(&self) -> Gated {
        let setting = |asked: &str| {
            let found = self.settings.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| value.clone())
        };
        let opened: Box<dyn Destination> = registry::open(&self.text, &setting).unwrap();
        Gated::opened(opened)
    }
}

/// The ids at this place of what a service holds.
pub(crate) fn ids_at(pointer: &str, events: &[Value]) -> Vec<EventId> {
    let id = |event: &Value| {
        let id = event.pointer(pointer).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("no {pointer} in {event}")).parse().unwrap()
    };
    events.iter().map(id).collect()
}
