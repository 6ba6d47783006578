//! The function with its new body.
//!
//! Names are made with `mixed_site`, so none of them meets a name of the user's. Nothing here carries an `allow`:
//! under the user's `forbid` that would be an error of its own; the compiler's lints leave code of a macro alone.

mod facts;
mod probes;
mod site;

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{Ident, Path, Type};

use self::facts::{Said, When};
use self::probes::Ask;
use crate::args::{Args, Fact};
use crate::item::Function;
use crate::returns::{self, Returns};

/// Where generated code finds what it calls, and the span of what it is made of.
#[derive(Clone)]
pub(crate) struct Host {
    rt: TokenStream,
    span: Span,
}

impl Host {
    fn new(default: &str, given: Option<&Path>) -> Self {
        let span = Span::mixed_site();
        let rt = match given {
            Some(path) => quote_spanned!(span=> #path::rt),
            None => {
                let host = Ident::new(default, span);
                quote_spanned!(span=> ::#host::rt)
            }
        };
        Self { rt, span }
    }

    /// An expression of this type that is never evaluated, standing where the type is written.
    fn typed(&self, written: &Type) -> TokenStream {
        let (rt, ty, at) = (&self.rt, returns::inside(written), self.at(written));
        let typed = quote_spanned!(at=> #rt::unreached::<#ty>());
        typed.into_iter().map(|token| located(token, at)).collect()
    }

    /// The span for tokens of ours that stand for these of the user's: what the compiler says of them points there.
    fn at(&self, users: &impl Spanned) -> Span {
        self.span.located_at(users.span())
    }
}

/// Writes the function anew: the same signature, the body once, and around it what makes the record.
pub(crate) fn function(default_host: &str, args: &Args, function: &Function) -> TokenStream {
    let Function { attrs, vis, sig, body } = function;
    let host = Host::new(default_host, args.host.as_ref());
    let written = returns::written(&sig.output);
    let parts = Parts { host: &host, args, function, body: relocated(body, host.span) };
    let body = match returns::classify(&written) {
        _ if sig.asyncness.is_some() => parts.of_async(&written),
        Returns::Value => parts.of_sync(&written),
        Returns::BoxedFuture(output) => {
            let future = parts.of_future(&written, &output);
            quote_spanned!(host.span=> #future ::std::boxed::Box::pin(lodger_future))
        }
        Returns::Future(output) => {
            let future = parts.of_future(&written, &output);
            quote_spanned!(host.span=> #future lodger_future)
        }
    };
    // The outer braces are the user's: what is said of the whole function then points at the function.
    let mut block = Group::new(function.body.delimiter(), body);
    block.set_span(function.body.span());
    quote_spanned!(host.span=> #(#attrs)* #vis #sig #block)
}

/// The token, standing at this place, and resolved as before.
fn located(mut token: TokenTree, at: Span) -> TokenTree {
    token.set_span(token.span().located_at(at));
    token
}

/// The user's body in braces of ours that stand where the user's did: errors point there, and lints about braces don't.
fn relocated(body: &Group, span: Span) -> Group {
    let mut ours = Group::new(body.delimiter(), body.stream());
    ours.set_span(span.located_at(body.span()));
    ours
}

struct Parts<'a> {
    host: &'a Host,
    args: &'a Args,
    function: &'a Function,
    body: Group,
}

impl Parts<'_> {
    /// The block returns what the body returned, staged in the same poll.
    fn of_async(&self, written: &Type) -> TokenStream {
        let (before, after) = (self.before(), self.after(written));
        let (rt, body, ty) = (&self.host.rt, &self.body, returns::inside(written));
        let typed = self.host.typed(written);
        let early = quote_spanned!(self.host.at(written)=> return #typed;);
        // The first `return` tells inference the type that each `return` of the body is to become; without it
        // `return Box::new(x)` wouldn't become a `Box<dyn Trait>`. The `let` does the same for the last expression,
        // and the `else` lets what follows count as reachable even if the body never gets there. Neither may hold a
        // value of that type, which needn't be `Send`, while the body waits.
        let run = quote_spanned! {self.host.span=>
            let lodger_returned: #ty = #rt::Call::around(&lodger_call, async move {
                if false {
                    #early
                }
                let lodger_returned: #ty = if true #body else { #typed };
                lodger_returned
            })
            .await;
            #after
            lodger_returned
        };
        let run = self.detached(run);
        quote_spanned! {self.host.span=>
            let mut lodger_call = #before;
            #run
        }
    }

    fn of_sync(&self, written: &Type) -> TokenStream {
        let (before, after) = (self.before(), self.after(written));
        let (rt, body, ty) = (&self.host.rt, &self.body, returns::inside(written));
        quote_spanned! {self.host.span=>
            let mut lodger_call = #before;
            let lodger_returned: #ty = #rt::Call::run(&lodger_call, move || -> #ty #body);
            #after
            lodger_returned
        }
    }

    /// Leaves a `future`. The body has made the inner one already, from the arguments, so what the arguments tell is
    /// taken before; the draft begins when the future is first polled, as in an `async fn`.
    fn of_future(&self, written: &Type, output: &Type) -> TokenStream {
        let rt = &self.host.rt;
        let (begin, after) = (site::begin(self.host, self.args, self.function), self.after(output));
        let (body, ty, output) = (&self.body, returns::inside(written), returns::inside(output));
        let taken = self.facts_before(When::Later);
        let later = taken.iter().enumerate().map(|(number, said)| said.later(self.host, number));
        let (take, say): (Vec<_>, Vec<_>) = later.unzip();
        let run = self.detached(quote_spanned! {self.host.span=>
            let lodger_returned: #output = #rt::Call::around(&lodger_call, lodger_future).await;
            #after
            lodger_returned
        });
        quote_spanned! {self.host.span=>
            #(#take)*
            let lodger_future = #rt::run(move || -> #ty #body);
            let lodger_future = async move {
                let mut lodger_call = #begin;
                #(#say)*
                #run
            };
        }
    }

    /// The last statements of an async block, with `detach` in a task of their own, into which the call moves: what a
    /// client that leaves drops then is only the waiting for it.
    fn detached(&self, run: TokenStream) -> TokenStream {
        let Some(word) = &self.args.detach else { return run };
        // What can't be moved to a task is said at the word.
        let at = self.host.at(word);
        let rt: TokenStream = self.host.rt.clone().into_iter().map(|token| located(token, at)).collect();
        quote_spanned!(at=> #rt::detach(async move { #run }).await)
    }

    /// An expression: the call, told everything that is known before the body.
    fn before(&self) -> TokenStream {
        let rt = &self.host.rt;
        let begin = site::begin(self.host, self.args, self.function);
        let facts: Vec<_> = self.facts_before(When::Now).iter().map(|said| said.now(self.host)).collect();
        if facts.is_empty() {
            return quote_spanned!(self.host.span=> #begin);
        }
        quote_spanned! {self.host.span=>
            {
                use #rt::probe::prelude::*;
                let mut lodger_call = #begin;
                #(#facts)*
                lodger_call
            }
        }
    }

    /// What is known before the body: what the attribute says, and of the rest what the arguments tell.
    fn facts_before(&self, when: When) -> Vec<Said<'_>> {
        let facts = &self.args.facts;
        let ask = Ask {
            actor: !facts.iter().any(|fact| matches!(fact, Fact::Actor(_))),
            target: !self.names_target(),
        };
        let mut said: Vec<_> =
            facts.iter().map(|fact| facts::said(self.host, self.args, fact, when)).collect();
        said.extend(probes::arguments(self.host, &self.function.sig, ask));
        said
    }

    /// Whether the attribute says which target it is: then nobody is asked.
    fn names_target(&self) -> bool {
        self.args.facts.iter().any(|fact| matches!(fact, Fact::Target(_) | Fact::BareTarget(_)))
    }

    /// Statements: what the returned value tells, and the end.
    fn after(&self, returned: &Type) -> TokenStream {
        let rt = &self.host.rt;
        let verdict = match &self.args.success {
            Some(success) => quote_spanned!(self.host.at(success)=> #rt::judge(lodger_returned, #success)),
            None => {
                quote_spanned!(self.host.at(returned)=> (&&#rt::probe::Ret::new(lodger_returned)).lodger_verdict())
            }
        };
        let asked = probes::may_be_target(returned) && !self.names_target();
        if !asked && self.args.ok.is_empty() {
            return quote_spanned! {self.host.span=>
                {
                    use #rt::probe::prelude::*;
                    let lodger_verdict = { let lodger_returned = &lodger_returned; #verdict };
                    #rt::Call::stage(lodger_call, lodger_verdict);
                }
            };
        }
        let ask = asked.then(|| {
            quote_spanned! {self.host.span=>
                #rt::Call::ok_target(&mut lodger_call, (&&&#rt::probe::Value::new(lodger_ok)).lodger_target());
            }
        });
        let told = self.args.ok.iter().map(|ok| {
            let pat = &ok.pat;
            let facts =
                ok.facts.iter().map(|fact| facts::said(self.host, self.args, fact, When::Now).now(self.host));
            quote_spanned!(self.host.span=> match lodger_ok { #pat => { #(#facts)* } _ => {} })
        });
        quote_spanned! {self.host.span=>
            {
                use #rt::probe::prelude::*;
                let lodger_verdict = { let lodger_returned = &lodger_returned; #verdict };
                if let ::core::option::Option::Some(lodger_ok) = (&&#rt::probe::Ret::new(&lodger_returned)).lodger_ok() {
                    #ask
                    #(#told)*
                }
                #rt::Call::stage(lodger_call, lodger_verdict);
            }
        }
    }
}
