//! A host that writes down what an annotated function tells it. Everything but the call is the real runtime.
#![allow(unreachable_pub, dead_code, unused_imports, reason = "each test file uses a part")]

use std::cell::RefCell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

thread_local! {
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What was said since the last time, in order.
pub(crate) fn said() -> Vec<String> {
    SAID.take()
}

/// Runs a future that never waits for anything outside.
pub(crate) fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

pub(crate) mod rt {
    use std::fmt::{Debug, Display};

    pub use lodger_core::rt::{
        Actor, OutcomeSet, Registered, Site, Target, ToActor, ToTarget, Verdict, checked_action, debug_text,
        inventory, json, judge, keep, named, probe, quietly, run, target_of, text, unreached,
    };
    use serde::Serialize;

    pub struct Call {
        site: &'static Site,
        staged: bool,
    }

    /// A task of its own is begun when it is called, and not dropped with what waits for it.
    pub fn detach<F: Future<Output: 'static> + 'static>(body: F) -> impl Future<Output = F::Output> {
        super::SAID.with_borrow_mut(|said| said.push("a task: begin".to_owned()));
        body
    }

    fn with_name(target: &Target) -> String {
        format!("{} {}", target.kind, target.id)
    }

    impl Call {
        pub fn begin(site: &'static Site) -> Self {
            let call = Self { site, staged: false };
            call.say("begin");
            call
        }

        fn say(&self, what: impl Display) {
            super::SAID.with_borrow_mut(|said| said.push(format!("{}: {what}", self.site.action)));
        }

        pub fn actor(&mut self, actor: impl ToActor) {
            self.say(format_args!("actor {}", actor.to_actor().id));
        }

        pub fn argument(&mut self, (actor, target): (Option<Actor>, Option<Target>)) {
            if let Some(actor) = actor {
                self.say(format_args!("argument actor {}", actor.id));
            }
            if let Some(target) = target {
                self.say(format_args!("argument target {}", with_name(&target)));
            }
        }

        pub fn target(&mut self, target: impl ToTarget) {
            self.say(format_args!("target {}", with_name(&target.to_target())));
        }

        pub fn ok_target(&mut self, target: Option<Target>) {
            if let Some(target) = target {
                self.say(format_args!("returned target {}", with_name(&target)));
            }
        }

        pub fn related(&mut self, target: Target) {
            self.say(format_args!("related {}", with_name(&target)));
        }

        pub fn tenant(&mut self, tenant: impl Display) {
            self.say(format_args!("tenant {tenant}"));
        }

        pub fn idempotency_key(&mut self, key: impl Display) {
            self.say(format_args!("idempotency key {key}"));
        }

        pub fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
            self.say(format_args!("{name} = {}", serde_json::to_string(value).unwrap()));
        }

        pub fn field_display(&mut self, name: &str, value: &(impl Display + ?Sized)) {
            self.say(format_args!("{name} = %{value}"));
        }

        pub fn field_debug(&mut self, name: &str, value: &(impl Debug + ?Sized)) {
            self.say(format_args!("{name} = ?{value:?}"));
        }

        pub fn field_secret(&mut self, name: &str, value: &(impl Display + ?Sized)) {
            self.say(format_args!("{name} = secret({value})"));
        }

        pub fn field_pii(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
            self.say(format_args!("{name} = pii({})", serde_json::to_string(value).unwrap()));
        }

        pub fn around<F: Future>(&self, body: F) -> F {
            body
        }

        pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
            body()
        }

        pub fn stage(mut self, verdict: Verdict) {
            self.staged = true;
            self.say(format_args!("{verdict:?}"));
        }
    }

    impl Drop for Call {
        fn drop(&mut self) {
            if !self.staged {
                self.say(if std::thread::panicking() { "panicked" } else { "cancelled" });
            }
        }
    }
}
