//! The guard that an annotated function holds while it runs.

use std::borrow::Cow;
use std::fmt::{Debug, Display};

use serde::Serialize;
use serde_json::Value;

use super::context::{Context, InScope};
use super::draft::{Content, Found};
use super::drafts::{DraftId, Which};
use super::scope::Scope;
use super::target::is_about;
use super::{Ended, Site, Verdict};
use crate::event::{Actor, Target, ToActor, ToTarget, entity_of};

/// Owns the draft of an annotated function while the function runs. The attribute makes one at the first poll and
/// [stages](Call::stage) it in the poll in which the body returned. Dropped before that, it stages the draft as
/// cancelled, or as panicked.
#[derive(Debug)]
pub struct Call {
    scope: Scope,
    site: &'static Site,
    draft: DraftId,
    /// How the function ended; `None` while it runs.
    ended: Option<Ended>,
}

impl Call {
    /// The function starts to run.
    #[must_use]
    pub fn begin(site: &'static Site) -> Self {
        let (scope, caller) = match Context::current() {
            Some(context) => (context.scope, context.function),
            None => (Scope::outside(), None),
        };
        let draft = scope.state().drafts.open(site, caller);
        Self { scope, site, draft, ended: None }
    }

    /// Runs the body where it speaks about this draft.
    pub fn around<F: Future>(&self, body: F) -> InScope<F> {
        InScope::new(self.scope.context(Some(self.draft)), body)
    }

    /// Runs the body of a function that is not async where it speaks about this draft.
    ///
    /// That it goes through `FnOnce` lets a body return what it borrows from its arguments (`&mut self.field`), which
    /// a closure called on the spot may not.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        self.scope.context(Some(self.draft)).enter(body)
    }

    // What is told is made a value first and kept by code that is there once: each of these would else be compiled
    // anew, with all that it calls, for every type that somebody names.

    /// `actor = e`.
    pub fn actor(&mut self, actor: impl ToActor) {
        self.keep_actor(actor.to_actor());
    }

    /// An argument that may name the actor or the target. What the action is about is not who did it: in `user.ban` a
    /// `Banned` user, of whatever type, was banned.
    pub fn argument(&mut self, (actor, target): (Option<Actor>, Option<Target>)) {
        if actor.is_none() && target.is_none() {
            return;
        }
        let target = target.filter(|target| is_about(self.site.action, target));
        let has_entity = target.is_some() && entity_of(self.site.action).is_some();
        let is_subject = has_entity;
        if let Some(actor) = actor.filter(|_| !is_subject) {
            self.say(|content| content.actor.add(actor, Actor::eq));
        }
        if let Some(target) = target {
            // Kinds that the action is about are one kind, however they are called. Without an entity each is its own.
            let same =
                |one: &Target, other: &Target| one.id == other.id && (has_entity || one.kind == other.kind);
            self.say(|content| content.target.add(target, same));
        }
    }

    /// `target(KIND = e)`, `target = e`.
    pub fn target(&mut self, target: impl ToTarget) {
        self.keep_target(target.to_target());
    }

    /// The returned value, where it names the target and no argument did.
    pub fn ok_target(&mut self, target: Option<Target>) {
        if let Some(target) = target.filter(|target| is_about(self.site.action, target)) {
            self.say(|content| {
                content.target = std::mem::take(&mut content.target).or_else(|| Found::One(target));
            });
        }
    }

    /// `related(KIND = e)`.
    pub fn related(&mut self, target: Target) {
        self.say(|content| content.details().related.push(target));
    }

    /// `tenant = e`.
    pub fn tenant(&mut self, tenant: impl Display) {
        self.keep_tenant(tenant.to_string());
    }

    /// `idempotency_key = e`.
    pub fn idempotency_key(&mut self, key: impl Display) {
        self.keep_idempotency_key(key.to_string());
    }

    /// `fields(name = e)`.
    pub fn field(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        self.keep_field(name, serde_json::to_value(value));
    }

    /// `fields(name = %e)`.
    pub fn field_display(&mut self, name: &'static str, value: &(impl Display + ?Sized)) {
        self.keep_field(name, Ok(Value::String(value.to_string())));
    }

    /// `fields(name = ?e)`.
    pub fn field_debug(&mut self, name: &'static str, value: &(impl Debug + ?Sized)) {
        self.keep_field(name, Ok(Value::String(format!("{value:?}"))));
    }

    /// `fields(name = secret(e))`: only a keyed hash is kept.
    pub fn field_secret(&mut self, name: &'static str, value: &(impl Display + ?Sized)) {
        let hashed = self.scope.sink().hash_key().hash("secret", value.to_string());
        self.keep_field(name, Ok(Value::String(hashed)));
    }

    /// `fields(name = pii(e))`: kept, and marked as personal.
    pub fn field_pii(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        self.keep_personal_field(name, serde_json::to_value(value));
    }

    fn keep_actor(&self, actor: Actor) {
        self.say(|content| content.actor = Found::Named(actor));
    }

    fn keep_target(&self, target: Target) {
        self.say(|content| content.target = Found::Named(target));
    }

    fn keep_tenant(&self, tenant: String) {
        self.say(|content| content.details().tenant = Some(tenant));
    }

    fn keep_idempotency_key(&self, key: String) {
        self.say(|content| content.details().idempotency_key = Some(key));
    }

    fn keep_field(&self, name: &'static str, value: serde_json::Result<Value>) {
        self.say(|content| content.field(Cow::Borrowed(name), value));
    }

    fn keep_personal_field(&self, name: &'static str, value: serde_json::Result<Value>) {
        self.say(|content| content.personal_field(Cow::Borrowed(name), value));
    }

    /// The body has returned.
    pub fn stage(mut self, verdict: Verdict) {
        self.ended = Some(Ended::Returned(verdict));
    }

    fn say(&self, what: impl FnOnce(&mut Content)) {
        self.scope.say(Which::Draft(self.draft), what);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let interrupted = || if std::thread::panicking() { Ended::Panicked } else { Ended::Cancelled };
        self.scope.stage(self.draft, self.ended.unwrap_or_else(interrupted));
    }
}
