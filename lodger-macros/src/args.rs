//! The attribute: `#[audited(ACTION {, item} [,])]`.

mod action;
mod fact;
mod value;

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Expr, LitStr, Pat, Path, Token, token};

pub(crate) use action::Action;
pub(crate) use fact::{Capture, Fact, Field, Thing};

use crate::keys;
use crate::mistakes::Mistakes;

/// What the attribute says.
#[derive(Default)]
pub(crate) struct Args {
    /// `None` only if it was wrong.
    pub(crate) action: Option<Action>,
    /// What is known before the body runs, as written.
    pub(crate) facts: Vec<Fact>,
    /// What is learned from the returned value, as written.
    pub(crate) ok: Vec<Returned>,
    pub(crate) success: Option<Expr>,
    /// The outcomes to record; empty: the layer decides.
    pub(crate) on: Vec<Ident>,
    pub(crate) user_visible: bool,
    /// `detach`, where it stands.
    pub(crate) detach: Option<Ident>,
    /// `crate = path`.
    pub(crate) host: Option<Path>,
    /// The words met so far.
    seen: Vec<Ident>,
}

/// `ok(|pat| facts)`.
pub(crate) struct Returned {
    pub(crate) pat: Pat,
    pub(crate) facts: Vec<Fact>,
}

impl Args {
    /// Reads the attribute. What is wrong is left out and added to the mistakes.
    pub(crate) fn parse(attribute: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self::default();
        let read = |input: ParseStream<'_>| {
            args.action(input, mistakes);
            while !input.is_empty() {
                if let Err(error) = args.item(input, mistakes) {
                    mistakes.push(error);
                    skip_item(input);
                }
                separator(input, mistakes);
            }
            Ok(())
        };
        if let Err(error) = read.parse2(attribute) {
            mistakes.push(error);
        }
        args
    }

    fn action(&mut self, input: ParseStream<'_>, mistakes: &mut Mistakes) {
        if action::is_missing(input, mistakes) {
            return;
        }
        match Action::parse(input) {
            Ok(action) => self.action = Some(action),
            Err(error) => {
                mistakes.push(error);
                skip_item(input);
            }
        }
        separator(input, mistakes);
    }

    fn item(&mut self, input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<()> {
        if input.peek(LitStr) {
            return Err(input.error("the action comes first: `#[audited(\"invoice.update\", actor = user)]`"));
        }
        let key = input.call(Ident::parse_any).map_err(|error| unexpected(error.span()))?;
        let name = key.to_string();
        self.note(&key, &name, mistakes);
        match name.as_str() {
            "target" if input.peek(token::Paren) => {
                let things = fact::things(input, &key, mistakes)?;
                if let Some(second) = things.get(1) {
                    mistakes.at(
                        &second.kind_tokens,
                        "an event has one target; what else it is about is `related`: \
                         `target(invoice = id), related(order = order_id)`",
                    );
                }
                self.facts.extend(things.into_iter().map(Fact::Target));
            }
            "target" => self.facts.push(Fact::BareTarget(value::named(input, &key, mistakes)?)),
            "related" => {
                self.facts.extend(fact::things(input, &key, mistakes)?.into_iter().map(Fact::Related));
            }
            "actor" => self.facts.push(Fact::Actor(value::actor(input, &key, mistakes)?)),
            "tenant" => self.facts.push(Fact::Tenant(value::named(input, &key, mistakes)?)),
            "idempotency_key" => {
                self.facts.push(Fact::IdempotencyKey(value::named(input, &key, mistakes)?));
            }
            "fields" => self.facts.extend(fact::fields(input, &key, mistakes)?.into_iter().map(Fact::Field)),
            "ok" => self.ok.push(fact::ok(input, &key, mistakes)?),
            "success" => self.success = Some(value::success(input, &key, mistakes)?),
            "on" => self.on = outcomes(input, &key, mistakes)?,
            "user_visible" => {
                self.user_visible = true;
                stands_alone(input, &key, "for an event that only you can see")?;
            }
            "detach" => {
                stands_alone(input, &key, "for a body that is dropped with its caller")?;
                self.detach = Some(key);
            }
            "crate" => self.host = Some(host(input, &key)?),
            _ => return Err(unknown(&key)),
        }
        Ok(())
    }

    /// `related` and `ok` may stand more than once.
    fn note(&mut self, key: &Ident, name: &str, mistakes: &mut Mistakes) {
        if self.seen.iter().any(|seen| seen == key) && keys::key(name).is_some() {
            match name {
                "related" | "ok" => {}
                "fields" => mistakes.at(key, "`fields` is given twice; put all fields into one: `fields(a, b = %c)`"),
                "target" => mistakes.at(
                    key,
                    "`target` is given twice; an event has one target, and what else it is about is `related`: \
                     `target(invoice = id), related(order = order_id)`",
                ),
                _ => mistakes.at(key, format!("`{name}` is given twice; leave one of them")),
            }
        }
        self.seen.push(key.clone());
    }
}

/// What follows an item: a comma or the end.
fn separator(input: ParseStream<'_>, mistakes: &mut Mistakes) {
    if input.is_empty() || input.parse::<Token![,]>().is_ok() {
        return;
    }
    mistakes.at_span(
        input.span(),
        "expected a comma here: items are separated by commas, like `#[audited(\"invoice.update\", actor = user, target = id)]`",
    );
    skip_item(input);
    input.parse::<Token![,]>().ok();
}

/// Goes on behind a mistake: to the next comma.
fn skip_item(input: ParseStream<'_>) {
    while !ends(input) {
        if input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}

/// Whether the item ends here.
fn ends(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// Reads what is in parentheses to its end, whatever goes wrong in it.
fn parenthesized<T>(
    input: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let content;
    syn::parenthesized!(content in input);
    let result = read(&content);
    content.parse::<TokenStream>()?;
    result
}

/// The item is written otherwise.
fn form_error(key: &Ident) -> syn::Error {
    let name = key.to_string();
    syn::Error::new(key.span(), format!("`{name}` is written {}", keys::form(&name)))
}

fn unexpected(span: Span) -> syn::Error {
    syn::Error::new(span, format!("expected an item here; {}", accepted()))
}

fn unknown(key: &Ident) -> syn::Error {
    let name = key.to_string();
    if let Some(instead) = keys::of_tracing(&name) {
        return syn::Error::new(key.span(), format!("`#[audited]` has no `{name}`: {instead}"));
    }
    let meant = match (keys::in_the_body(&name), keys::nearest_key(&name)) {
        (Some(method), _) => format!("; say it in the body, on the `Audit` extractor: `audit.{method}`"),
        (None, Some(near)) => format!("; did you mean `{near}`, written {}?", keys::form(near)),
        (None, None) => String::new(),
    };
    syn::Error::new(key.span(), format!("`#[audited]` doesn't know `{name}`{meant}\n{}", accepted()))
}

fn accepted() -> String {
    let names: Vec<_> = keys::KEYS.iter().map(|key| format!("`{}`", key.name)).collect();
    format!("after the action it takes {}", names.join(", "))
}

/// `on(success, denied)`.
fn outcomes(input: ParseStream<'_>, key: &Ident, mistakes: &mut Mistakes) -> syn::Result<Vec<Ident>> {
    const OUTCOMES: [&str; 5] = ["success", "failure", "denied", "unknown", "always"];
    if !input.peek(token::Paren) {
        return Err(form_error(key));
    }
    let named = parenthesized(input, |input| {
        if let Ok(quoted) = Punctuated::<LitStr, Token![,]>::parse_terminated(&input.fork())
            && let Some(first) = quoted.first()
        {
            let outcomes: Vec<_> = quoted.iter().map(LitStr::value).collect();
            let outcomes = outcomes.join(", ");
            return Err(syn::Error::new(
                first.span(),
                format!("outcomes stand without quotes: `on({outcomes})`"),
            ));
        }
        input.call(Punctuated::<Ident, Token![,]>::parse_terminated).map_err(|error| {
            syn::Error::new(error.span(), format!("`on` takes outcomes: {}", keys::form("on")))
        })
    })?;
    if named.is_empty() {
        return Err(syn::Error::new(
            key.span(),
            format!("`on()` would record nothing; write {}", keys::form("on")),
        ));
    }
    for (index, outcome) in named.iter().enumerate() {
        let name = outcome.to_string();
        if !OUTCOMES.contains(&name.as_str()) {
            let meant = keys::nearest(&name, OUTCOMES).map(|near| format!("; did you mean `{near}`?"));
            let meant = meant.unwrap_or_default();
            mistakes.at(
                outcome,
                format!(
                    "`{name}` is not an outcome{meant}\nthere are `success`, `failure`, `denied` and `unknown`, and \
                     `always` for all of them"
                ),
            );
        } else if named.iter().take(index).any(|earlier| earlier == outcome) {
            mistakes.at(outcome, format!("`{name}` is named twice; leave one of them"));
        }
    }
    if let (Some(always), true) = (named.iter().find(|outcome| *outcome == "always"), named.len() > 1) {
        mistakes.at(always, "`always` already means every outcome; write `on(always)` alone");
    }
    Ok(named.into_iter().collect())
}

/// `user_visible`, `detach`.
fn stands_alone(input: ParseStream<'_>, key: &Ident, without: &str) -> syn::Result<()> {
    if ends(input) {
        return Ok(());
    }
    Err(syn::Error::new(
        key.span(),
        format!("`{key}` stands alone: write `{key}`, or leave it out {without}"),
    ))
}

/// `crate = path`.
fn host(input: ParseStream<'_>, key: &Ident) -> syn::Result<Path> {
    if input.parse::<Token![=]>().is_err() {
        return Err(form_error(key));
    }
    if let Ok(text) = input.parse::<LitStr>() {
        return Err(syn::Error::new(
            text.span(),
            format!("the path stands without quotes: `crate = {}`", text.value()),
        ));
    }
    input.call(Path::parse_mod_style).map_err(|_| form_error(key))
}
