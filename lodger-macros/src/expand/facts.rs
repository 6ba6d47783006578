//! What the attribute says, as calls of the runtime.

use proc_macro2::TokenStream;
use quote::{format_ident, quote_spanned};
use syn::{Attribute, Expr};

use super::Host;
use crate::args::{Action, Args, Capture, Fact, Field, Thing};

/// When the call is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Where the expression stands.
    Now,
    /// When the arguments are gone: the value is taken along, so it has to be an owned one.
    Later,
}

/// One thing that the call is told.
pub(super) struct Said<'a> {
    /// Which method of the call is told it.
    pub(super) method: &'static str,
    /// The name of a field.
    pub(super) name: Option<&'a str>,
    /// What it is told.
    pub(super) value: TokenStream,
    /// `#[cfg(..)]` of the argument that this is about.
    pub(super) conditions: Vec<&'a Attribute>,
    /// It is about an argument that the user marked as unused, `_user`, and we use it nevertheless: on the left of an
    /// assignment, which clippy::used_underscore_binding doesn't count as a use.
    pub(super) quiet: bool,
}

impl Said<'_> {
    /// The statement that tells the call.
    pub(super) fn now(&self, host: &Host) -> TokenStream {
        let tell = self.tell(host, &self.value);
        let (Host { rt, span }, Self { conditions, .. }) = (host, self);
        if self.quiet {
            return quote_spanned!(*span=> #(#conditions)* { *#rt::quietly(#tell) = []; });
        }
        quote_spanned!(*span=> #(#conditions)* #tell;)
    }

    /// The statements that take the value along, and the one that tells the call.
    pub(super) fn later(&self, host: &Host, number: usize) -> (TokenStream, TokenStream) {
        let Host { rt, span } = host;
        let taken = format_ident!("lodger_taken_{number}", span = *span);
        let Self { value, conditions, .. } = self;
        let take = if self.quiet {
            quote_spanned! {*span=>
                #(#conditions)* let mut #taken = ::core::default::Default::default();
                #(#conditions)* { use #rt::probe::prelude::*; *#rt::keep(&mut #taken, #value) = []; }
            }
        } else {
            quote_spanned!(*span=> #(#conditions)* let #taken = { use #rt::probe::prelude::*; #value };)
        };
        // A field is told by reference.
        let by_reference = self.name.map(|_| quote_spanned!(*span=> &));
        let tell = self.tell(host, &quote_spanned!(*span=> #by_reference #taken));
        (take, quote_spanned!(*span=> #(#conditions)* #tell;))
    }

    fn tell(&self, host: &Host, value: &TokenStream) -> TokenStream {
        let Host { rt, span } = host;
        let method = format_ident!("{}", self.method, span = *span);
        match self.name {
            Some(name) => quote_spanned!(*span=> #rt::Call::#method(&mut lodger_call, #name, #value)),
            None => quote_spanned!(*span=> #rt::Call::#method(&mut lodger_call, #value)),
        }
    }
}

/// What a fact tells.
pub(super) fn said<'a>(host: &Host, args: &Args, fact: &'a Fact, when: When) -> Said<'a> {
    let Host { rt, span } = host;
    let (method, value) = match fact {
        Fact::Target(thing) => ("target", target(host, thing)),
        Fact::Related(thing) => ("related", target(host, thing)),
        Fact::BareTarget(value) => ("target", bare_target(host, args, value)),
        Fact::Actor(value) => {
            let borrowed = borrowed(host, value);
            ("actor", quote_spanned!(*span=> #rt::ToActor::to_actor(#borrowed)))
        }
        Fact::Tenant(value) => ("tenant", text(host, value)),
        Fact::IdempotencyKey(value) => ("idempotency_key", text(host, value)),
        Fact::Field(field) => return of_field(host, field, when),
    };
    Said { method, name: None, value, conditions: Vec::new(), quiet: false }
}

fn target(host: &Host, thing: &Thing) -> TokenStream {
    let Host { rt, span } = host;
    let Thing { kind, id, .. } = thing;
    let id = borrowed(host, id);
    quote_spanned!(*span=> #rt::target_of(#kind, #id))
}

/// An id or a target. Where the action is known to be about nothing, only a target makes sense.
fn bare_target(host: &Host, args: &Args, value: &Expr) -> TokenStream {
    let Host { rt, span } = host;
    let action = match &args.action {
        Some(Action::Literal(text)) if !text.value().contains('.') => {
            let borrowed = borrowed(host, value);
            return quote_spanned!(*span=> #rt::ToTarget::to_target(#borrowed));
        }
        Some(Action::Literal(text)) => quote_spanned!(*span=> #text),
        Some(Action::Const(path)) => quote_spanned!(*span=> #path),
        None => quote_spanned!(*span=> ""),
    };
    quote_spanned!(host.at(value)=> (&&&#rt::probe::Given::new(&(#value), #action)).lodger_given())
}

/// The text of it, owned: it can be told now or later.
fn text(host: &Host, value: &Expr) -> TokenStream {
    let Host { rt, span } = host;
    let borrowed = borrowed(host, value);
    quote_spanned!(*span=> #rt::named(#borrowed))
}

/// `&(e)`, where the compiler says what is wrong with `e` at `e`.
fn borrowed(host: &Host, value: &Expr) -> TokenStream {
    quote_spanned!(host.at(value)=> &(#value))
}

fn of_field<'a>(host: &Host, field: &'a Field, when: When) -> Said<'a> {
    let Host { rt, span } = host;
    let Field { name, capture, value } = field;
    let (method, taken) = match capture {
        Capture::Serialize => ("field", quote_spanned!(*span=> #rt::json)),
        Capture::Pii => ("field_pii", quote_spanned!(*span=> #rt::json)),
        Capture::Display => ("field_display", quote_spanned!(*span=> #rt::text)),
        Capture::Secret => ("field_secret", quote_spanned!(*span=> #rt::text)),
        // What is taken along is the text already, which mustn't be quoted once more.
        Capture::Debug if when == When::Later => ("field_display", quote_spanned!(*span=> #rt::debug_text)),
        Capture::Debug => ("field_debug", quote_spanned!(*span=> #rt::debug_text)),
    };
    let borrowed = borrowed(host, value);
    let value = match when {
        When::Now => borrowed,
        When::Later => quote_spanned!(*span=> #taken(#borrowed)),
    };
    Said { method, name: Some(name), value, conditions: Vec::new(), quiet: false }
}
