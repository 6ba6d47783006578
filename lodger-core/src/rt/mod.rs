//! What generated code calls. Not part of the public interface: it changes with the attribute.

use std::cell::RefCell;
use std::fmt::{Debug, Display};

use serde::Serialize;

pub use crate::capture::outcome::{OutcomeSet, Verdict};
pub use crate::event::{Actor, Target, ToActor, ToTarget};
pub use body::{debug_text, json, judge, keep, run, text, unreached};
pub use inventory;

mod body;
pub mod probe;

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
    /// The names in `fields(..)`.
    pub fields: &'static [&'static str],
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
        Self { action, function, file, line, module, on: None, user_visible: false, fields: &[] }
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

    /// Names the fields.
    #[must_use]
    pub const fn fields(mut self, names: &'static [&'static str]) -> Self {
        self.fields = names;
        self
    }
}

/// A site that made itself known.
#[derive(Debug)]
pub struct Registered(pub &'static Site);

inventory::collect!(Registered);

thread_local! {
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The guard that owns a draft while the function runs.
#[derive(Debug)]
pub struct Call(&'static Site);

impl Call {
    /// The function starts to run.
    #[must_use]
    pub fn begin(site: &'static Site) -> Self {
        Self(site)
    }

    fn say(&self, what: String) {
        SAID.with_borrow_mut(|said| said.push(format!("{}: {what}", self.0.action)));
    }

    /// `actor = e`.
    pub fn actor(&mut self, actor: impl ToActor) {
        self.say(format!("actor {:?}", actor.to_actor()));
    }

    /// An argument that may name the actor.
    pub fn actor_arg(&mut self, actor: Option<Actor>) {
        self.say(format!("actor_arg {actor:?}"));
    }

    /// `target(KIND = e)`, `target = e`.
    pub fn target(&mut self, target: impl ToTarget) {
        self.say(format!("target {:?}", target.to_target()));
    }

    /// An argument that may name the target.
    pub fn target_arg(&mut self, target: Option<Target>) {
        self.say(format!("target_arg {target:?}"));
    }

    /// The returned value, where it names the target.
    pub fn ok_target(&mut self, target: Option<Target>) {
        self.say(format!("ok_target {target:?}"));
    }

    /// `related(KIND = e)`.
    pub fn related(&mut self, target: Target) {
        self.say(format!("related {target:?}"));
    }

    /// `tenant = e`.
    pub fn tenant(&mut self, tenant: impl Display) {
        self.say(format!("tenant {tenant}"));
    }

    /// `idempotency_key = e`.
    pub fn idempotency_key(&mut self, key: impl Display) {
        self.say(format!("idempotency_key {key}"));
    }

    /// `fields(name = e)`.
    pub fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.say(format!("field {name} {:?}", serde_json::to_value(value)));
    }

    /// `fields(name = %e)`.
    pub fn field_display(&mut self, name: &str, value: &(impl Display + ?Sized)) {
        self.say(format!("field {name} {value}"));
    }

    /// `fields(name = ?e)`.
    pub fn field_debug(&mut self, name: &str, value: &(impl Debug + ?Sized)) {
        self.say(format!("field {name} {value:?}"));
    }

    /// `fields(name = secret(e))`.
    pub fn field_secret(&mut self, name: &str, value: &(impl Display + ?Sized)) {
        self.say(format!("secret {name} {}", value.to_string().len()));
    }

    /// `fields(name = pii(e))`.
    pub fn field_pii(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.say(format!("pii {name} {:?}", serde_json::to_value(value)));
    }

    /// The body has returned.
    pub fn stage(self, verdict: Verdict) {
        self.say(format!("staged {verdict:?}"));
    }
}

/// Checks an action that is given as a constant, while compiling.
///
/// # Panics
///
/// In const evaluation, so at compile time, when the action is not 1 to 128 characters of `[a-z0-9_.-]`.
#[must_use]
pub const fn checked_action(action: &'static str) -> &'static str {
    let bytes = action.as_bytes();
    assert!(!bytes.is_empty(), "#[audited]: the action is empty; write it like \"invoice.update\"");
    assert!(bytes.len() <= 128, "#[audited]: the action is longer than 128 characters");
    let mut index = 0;
    while index < bytes.len() {
        #[expect(clippy::indexing_slicing, reason = "bounded by the loop; iterators don't work in const fn")]
        let byte = bytes[index];
        assert!(
            matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'),
            "#[audited]: the action may only hold a-z, 0-9, '_', '.' and '-'; write it like \"invoice.update\""
        );
        index += 1;
    }
    action
}

/// `target(KIND = e)` and `related(KIND = e)`.
#[must_use]
pub fn target_of(kind: &str, id: &(impl Display + ?Sized)) -> Target {
    Target::new(kind, id)
}
