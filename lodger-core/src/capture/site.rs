//! What is known of an `#[audited]` function at compile time.

use std::sync::atomic::{AtomicU8, Ordering};

use super::OutcomeSet;

/// One `#[audited]` function. The attribute makes one static of it.
#[derive(Debug)]
pub struct Site {
    /// What the function does: `invoice.update`.
    pub action: &'static str,
    /// The function's name.
    pub function: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// The module.
    pub module: &'static str,
    /// The outcomes that are recorded, where the attribute says so.
    pub on: Option<OutcomeSet>,
    /// Whether the customer may see the event.
    pub user_visible: bool,
    /// Whether it takes `self`, so that it is no function of its module but a type's.
    pub method: bool,
    /// The names in `fields(..)`.
    pub fields: &'static [&'static str],
    /// The warnings that were given, a bit each.
    warned: AtomicU8,
}

impl Site {
    /// A site of this action, where the attribute stands.
    #[must_use]
    pub const fn new(
        action: &'static str,
        function: &'static str,
        file: &'static str,
        line: u32,
        module: &'static str,
    ) -> Self {
        Self {
            action,
            function,
            file,
            line,
            module,
            on: None,
            user_visible: false,
            method: false,
            fields: &[],
            warned: AtomicU8::new(0),
        }
    }

    /// Sets the outcomes that are recorded.
    #[must_use]
    pub const fn on(mut self, outcomes: OutcomeSet) -> Self {
        self.on = Some(outcomes);
        self
    }

    /// Lets the customer see the event.
    #[must_use]
    pub const fn user_visible(mut self) -> Self {
        self.user_visible = true;
        self
    }

    /// Says that it takes `self`.
    #[must_use]
    pub const fn method(mut self) -> Self {
        self.method = true;
        self
    }

    /// Names the fields.
    #[must_use]
    pub const fn fields(mut self, names: &'static [&'static str]) -> Self {
        self.fields = names;
        self
    }

    /// True the first time it is asked about this: a warning is given once per site, not per request.
    pub(super) fn warn_once(&self, about: About) -> bool {
        let bit = 1 << about as u8;
        self.warned.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}

/// What a site can be warned about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    /// Nobody could be named as the actor.
    Actor,
    /// Nothing could be named as the target.
    Target,
    /// The idempotency key is none that destinations take.
    IdempotencyKey,
}

/// A site that made itself known to [`catalog`].
#[derive(Debug)]
pub struct Registered(pub &'static Site);

inventory::collect!(Registered);

/// Every `#[audited]` function of the program, called or not, in no particular order.
pub fn catalog() -> impl Iterator<Item = &'static Site> {
    inventory::iter::<Registered>.into_iter().map(|registered| registered.0)
}
