//! What is said of an event: its target, what it is related to, its fields.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Expr, Lit, LitStr, Pat, Token, token};

use super::value::{expression, named, not_interpolated};
use super::{Returned, ends, form_error, parenthesized, separator, skip_item};
use crate::keys;
use crate::mistakes::Mistakes;
use crate::shown::shown;

/// The longest kind of a target, in characters (the event model's limit).
const MAX_KIND_CHARS: usize = 64;

/// One thing that is said of the event.
pub(crate) enum Fact {
    Target(Thing),
    /// `target = e`: an id of what the action is about, or a target.
    BareTarget(Expr),
    Related(Thing),
    Actor(Expr),
    Tenant(Expr),
    IdempotencyKey(Expr),
    Field(Field),
}

/// `KIND = e`.
pub(crate) struct Thing {
    pub(crate) kind: String,
    pub(crate) kind_tokens: TokenStream,
    pub(crate) id: Expr,
}

/// A member of the event's metadata.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) capture: Capture,
    pub(crate) value: Expr,
}

/// How a field is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture {
    /// `e`: by `Serialize`.
    Serialize,
    /// `%e`.
    Display,
    /// `?e`.
    Debug,
    /// `secret(e)`.
    Secret,
    /// `pii(e)`.
    Pii,
}

/// `(KIND = e, ..)`.
pub(super) fn things(
    input: ParseStream<'_>,
    key: &Ident,
    mistakes: &mut Mistakes,
) -> syn::Result<Vec<Thing>> {
    if !input.peek(token::Paren) {
        return Err(form_error(key));
    }
    parenthesized(input, |input| {
        if input.is_empty() {
            return Err(syn::Error::new(
                key.span(),
                format!("`{key}()` is empty; it is written {}", keys::form(&key.to_string())),
            ));
        }
        let mut things = Vec::new();
        while !input.is_empty() {
            // One that is no thing is said once: what follows it was probably meant to belong to it.
            things.push(thing(input, key, mistakes)?);
            separator(input, mistakes);
        }
        Ok(things)
    })
}

/// `KIND = e`.
fn thing(input: ParseStream<'_>, key: &Ident, mistakes: &mut Mistakes) -> syn::Result<Thing> {
    let start = input.fork();
    let (kind, kind_tokens) = name(input).ok_or_else(|| misnamed(&start, key))?;
    if input.parse::<Token![=]>().is_err() || ends(input) {
        return Err(misnamed(&start, key));
    }
    let chars = kind.chars().count();
    if chars == 0 || chars > MAX_KIND_CHARS {
        mistakes.at(
            &kind_tokens,
            format!(
                "the kind says what sort of thing it is, in 1 to {MAX_KIND_CHARS} characters, and this has {chars}; \
                 it is written {}",
                keys::form(&key.to_string())
            ),
        );
    }
    let id = expression(input, mistakes)?;
    not_interpolated(&id, &format!("{key}({kind}"), ")", mistakes);
    Ok(Thing { kind, kind_tokens, id })
}

/// It isn't `KIND = e`. Says which part is wrong.
fn misnamed(start: ParseStream<'_>, key: &Ident) -> syn::Error {
    let said = |span, what: String| syn::Error::new(span, what);
    let ahead = start.fork();
    if let Some((kind, tokens)) = name(&ahead) {
        let between = ahead.span();
        let kind = if syn::parse_str::<Ident>(&kind).is_ok() { kind } else { shown(&tokens) };
        if ahead.parse::<Token![=]>().is_ok() && ends(&ahead) {
            return said(between, format!("the id is missing: `{key}({kind} = id)`"));
        }
        let separated = ahead.parse::<Token![:]>().is_ok() || ahead.parse::<Token![,]>().is_ok();
        if let (true, Ok(id)) = (separated, ahead.parse::<Expr>()) {
            let id = shown(id);
            return said(between, format!("between the kind and the id stands `=`: `{key}({kind} = {id})`"));
        }
    }
    let span = start.span();
    match start.parse::<Expr>() {
        Ok(Expr::Lit(text)) => {
            said(span, format!("`{key}` names the kind of a thing and its id: `{key}({} = id)`", shown(text)))
        }
        Ok(id) => {
            let id = shown(id);
            let bare = if key == "target" {
                format!(", or `target = {id}`, which takes the kind from the action")
            } else {
                String::new()
            };
            said(span, format!("the kind of the thing is missing: `{key}(invoice = {id})`{bare}"))
        }
        Err(_) => said(
            span,
            format!("`{key}` names the kind of a thing and its id (`Display`): `{key}(invoice = id)`"),
        ),
    }
}

/// `(name, name = e, ..)`.
pub(super) fn fields(
    input: ParseStream<'_>,
    key: &Ident,
    mistakes: &mut Mistakes,
) -> syn::Result<Vec<Field>> {
    if !input.peek(token::Paren) {
        return Err(form_error(key));
    }
    let mut known: Vec<String> = Vec::new();
    let fields = parenthesized(input, |input| {
        Ok(list(input, mistakes, |input, mistakes| {
            let (field, tokens) = field(input, mistakes)?;
            if known.contains(&field.name) {
                mistakes.at(tokens, format!("the field `{}` is named twice; rename one of them", field.name));
            }
            known.push(field.name.clone());
            Ok(field)
        }))
    })?;
    fields.ok_or_else(|| {
        syn::Error::new(key.span(), format!("`fields()` is empty; it is written {}", keys::form("fields")))
    })
}

/// `name`, `name = e`, `name = %e`, `name = ?e`, `name = secret(e)` or `name = pii(e)`.
fn field(input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<(Field, TokenStream)> {
    let start = input.fork();
    let is_ident = input.peek(syn::Ident::peek_any);
    let (name, tokens) = name(input).ok_or_else(|| misnamed_field(&start))?;
    if ends(input) && is_ident {
        let ident: Ident = syn::parse2(tokens.clone())?;
        let value = Expr::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path: ident.into() });
        return Ok((Field { name, capture: Capture::Serialize, value }, tokens));
    }
    let equals = input.span();
    if input.parse::<Token![=]>().is_err() {
        return Err(misnamed_field(&start));
    }
    if ends(input) {
        let alone = if is_ident {
            format!(", or `{name}` alone for the variable of that name")
        } else {
            String::new()
        };
        return Err(syn::Error::new(equals, format!("the value is missing: `{} = e`{alone}", shown(tokens))));
    }
    let capture = capture(input, &tokens)?;
    let value = match capture {
        Capture::Secret | Capture::Pii => wrapped(input, &tokens, mistakes)?,
        Capture::Serialize | Capture::Display | Capture::Debug => expression(input, mistakes)?,
    };
    Ok((Field { name, capture, value }, tokens))
}

/// `(e)` of `secret(e)`.
fn wrapped(input: ParseStream<'_>, field: &TokenStream, mistakes: &mut Mistakes) -> syn::Result<Expr> {
    let span = input.span();
    let one = |span| {
        let field = shown(field);
        let word = if syn::parse_str::<Ident>(&field).is_ok() { &field } else { "e" };
        let said = format!("around one value goes `secret(..)` or `pii(..)`: `{field} = secret({word})`");
        syn::Error::new(span, said)
    };
    parenthesized(input, |input| {
        if input.is_empty() {
            return Err(one(span));
        }
        let value = expression(input, mistakes)?;
        input.parse::<Token![,]>().ok();
        if input.is_empty() { Ok(value) } else { Err(one(input.span())) }
    })
}

/// It isn't a field. Where it is an expression, the field's name is missing.
fn misnamed_field(start: ParseStream<'_>) -> syn::Error {
    let span = start.span();
    let sigil = if start.parse::<Token![%]>().is_ok() {
        "%"
    } else if start.parse::<Token![?]>().is_ok() {
        "?"
    } else {
        ""
    };
    let said = match start.parse::<Expr>() {
        Ok(Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. })) => quoted_field(&text),
        Ok(Expr::Assign(assigned)) => {
            let (path, value) = (shown(&assigned.left), shown(&assigned.right));
            match path.contains('.') {
                true => format!(
                    "a field's name is one word, or stands in quotes: `{} = {value}` or `\"{path}\" = {value}`",
                    path.replace('.', "_")
                ),
                false => format!("a field's name is one word, or stands in quotes: `name = {value}`"),
            }
        }
        Ok(value) => {
            let word = last_word(&value).unwrap_or_else(|| "name".to_owned());
            format!("a field has a name; name it: `{word} = {sigil}{}`", shown(value))
        }
        Err(_) => "a field has a name; it is written `name`, `name = e` (Serialize), `name = %e` (Display), \
                   `name = ?e` (Debug), `name = secret(e)` or `name = pii(e)`"
            .to_owned(),
    };
    syn::Error::new(span, said)
}

/// `"note"` and no value.
fn quoted_field(text: &LitStr) -> String {
    let (name, quoted) = (text.value(), shown(text));
    if syn::parse_str::<Ident>(&name).is_ok() {
        format!(
            "the field {quoted} has no value; write `{name}` for the variable of that name, or `{name} = e`"
        )
    } else {
        format!("the field {quoted} has no value; write `{quoted} = e`")
    }
}

/// `amount` of `body.amount`, `self.amount()` or `amount`.
fn last_word(value: &Expr) -> Option<String> {
    match value {
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name.to_string()),
            syn::Member::Unnamed(_) => None,
        },
        Expr::MethodCall(call) => Some(call.method.to_string()),
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        Expr::Reference(reference) => last_word(&reference.expr),
        Expr::Unary(unary) => last_word(&unary.expr),
        Expr::Paren(paren) => last_word(&paren.expr),
        Expr::Call(call) => call.args.first().and_then(last_word),
        _ => None,
    }
}

/// The sigil or the word before the value. The words count only if nothing follows their parentheses.
fn capture(input: ParseStream<'_>, field: &TokenStream) -> syn::Result<Capture> {
    if input.parse::<Token![%]>().is_ok() {
        return Ok(Capture::Display);
    }
    if input.parse::<Token![?]>().is_ok() {
        return Ok(Capture::Debug);
    }
    let ahead = input.fork();
    let Ok(word) = ahead.parse::<Ident>() else { return Ok(Capture::Serialize) };
    let capture = match word.to_string().as_str() {
        "secret" => Capture::Secret,
        "pii" => Capture::Pii,
        _ => return Ok(Capture::Serialize),
    };
    if ahead.peek(syn::Ident) || ahead.peek(Lit) {
        let value = ahead.parse::<Expr>().map_or_else(|_| "e".to_owned(), shown);
        let field = shown(field);
        return Err(syn::Error::new(
            word.span(),
            format!("`{word}` goes around the value: `{field} = {word}({value})`"),
        ));
    }
    let is_whole = ahead.peek(token::Paren) && ahead.parse::<proc_macro2::Group>().is_ok() && ends(&ahead);
    // The word was there a few lines above.
    Ok(if is_whole && input.parse::<Ident>().is_ok() { capture } else { Capture::Serialize })
}

/// `(|pat| target(..), related(..), fields(..))`.
pub(super) fn ok(input: ParseStream<'_>, key: &Ident, mistakes: &mut Mistakes) -> syn::Result<Returned> {
    if !input.peek(token::Paren) {
        return Err(form_error(key));
    }
    parenthesized(input, |input| {
        let unlike = |span| {
            syn::Error::new(
                span,
                "`ok` takes the returned value, like a closure, and says what it tells: \
                 `ok(|invoice| target(invoice = invoice.id), fields(total = invoice.total))`",
            )
        };
        if input.peek(Token![||]) || !input.peek(Token![|]) {
            return Err(unlike(input.span()));
        }
        input.parse::<Token![|]>()?;
        let pat = input.call(Pat::parse_single)?;
        if input.peek(Token![:]) {
            return Err(syn::Error::new(
                input.span(),
                "the type is known from the signature: write `|invoice|` alone",
            ));
        }
        if input.parse::<Token![|]>().is_err() {
            return Err(unlike(input.span()));
        }
        if input.is_empty() || input.peek(token::Brace) {
            return Err(unlike(input.span()));
        }
        if let Some(more) = alternatives(&input.fork()) {
            let all = format!("({} | {more})", shown(&pat));
            return Err(syn::Error::new_spanned(
                &pat,
                format!("a pattern of alternatives stands in parentheses: `ok(|{all}| ..)`"),
            ));
        }
        let facts = list(input, mistakes, |input, mistakes| told(input, &pat, mistakes)).unwrap_or_default();
        Ok(Returned { pat: without_parentheses(pat), facts: facts.into_iter().flatten().collect() })
    })
}

/// `3` of `|0 | 3| ..`, where `|0 |` is read.
fn alternatives(input: ParseStream<'_>) -> Option<String> {
    let mut more = Vec::new();
    while let Ok(pat) = input.call(Pat::parse_single)
        && input.parse::<Token![|]>().is_ok()
    {
        more.push(shown(pat));
    }
    (!more.is_empty()).then(|| more.join(" | "))
}

/// As an arm of a `match` has it.
fn without_parentheses(pat: Pat) -> Pat {
    match pat {
        Pat::Paren(paren) => without_parentheses(*paren.pat),
        other => other,
    }
}

/// What a returned value can tell.
fn told(input: ParseStream<'_>, pat: &Pat, mistakes: &mut Mistakes) -> syn::Result<Vec<Fact>> {
    let start = input.span();
    if let Ok(value @ (Expr::Field(_) | Expr::MethodCall(_) | Expr::Path(_))) = input.fork().parse::<Expr>() {
        let (pat, value) = (shown(pat), shown(value));
        return Err(syn::Error::new(
            start,
            format!(
                "nothing says what this value is; if it is the target's id, `ok(|{pat}| target = {value})`"
            ),
        ));
    }
    let unlike = |span| {
        syn::Error::new(
            span,
            "the returned value can tell `target(invoice = e)`, `related(order = e)` and `fields(name = e)`; \
             everything else is known before the body and stands beside `ok(..)`",
        )
    };
    let key = input.call(Ident::parse_any).map_err(|_| unlike(start))?;
    match key.to_string().as_str() {
        "target" if input.peek(token::Paren) => {
            Ok(things(input, &key, mistakes)?.into_iter().map(Fact::Target).collect())
        }
        "target" if input.peek(Token![=]) => Ok(vec![Fact::BareTarget(named(input, &key, mistakes)?)]),
        "related" => Ok(things(input, &key, mistakes)?.into_iter().map(Fact::Related).collect()),
        "fields" => Ok(fields(input, &key, mistakes)?.into_iter().map(Fact::Field).collect()),
        "target" => Err(form_error(&key)),
        _ => Err(unlike(key.span())),
    }
}

/// A word or a string.
fn name(input: ParseStream<'_>) -> Option<(String, TokenStream)> {
    if input.peek(LitStr) {
        let text: LitStr = input.parse().ok()?;
        return Some((text.value(), text.to_token_stream()));
    }
    let ident = input.call(Ident::parse_any).ok()?;
    Some((ident.unraw().to_string(), ident.to_token_stream()))
}

/// What stands between commas. `None`: there is nothing.
fn list<T>(
    input: ParseStream<'_>,
    mistakes: &mut Mistakes,
    mut read: impl FnMut(ParseStream<'_>, &mut Mistakes) -> syn::Result<T>,
) -> Option<Vec<T>> {
    if input.is_empty() {
        return None;
    }
    let mut items = Vec::new();
    while !input.is_empty() {
        match read(input, mistakes) {
            Ok(item) => items.push(item),
            Err(error) => {
                mistakes.push(error);
                skip_item(input);
            }
        }
        separator(input, mistakes);
    }
    Some(items)
}
