//! The expressions in an attribute. They run before the body and can't leave the function.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, Lit, Token};

use super::{ends, form_error};
use crate::keys;
use crate::mistakes::Mistakes;
use crate::shown::shown;

/// `= e`.
pub(super) fn assigned(input: ParseStream<'_>, key: &Ident, mistakes: &mut Mistakes) -> syn::Result<Expr> {
    let Ok(equals) = input.parse::<Token![=]>() else {
        return Err(form_error(key));
    };
    if ends(input) {
        return Err(syn::Error::new_spanned(
            equals,
            format!("the value is missing: {}", keys::form(&key.to_string())),
        ));
    }
    expression(input, mistakes)
}

/// `= e`, of which the event keeps the text.
pub(super) fn named(input: ParseStream<'_>, key: &Ident, mistakes: &mut Mistakes) -> syn::Result<Expr> {
    let value = assigned(input, key, mistakes)?;
    not_interpolated(&value, &key.to_string(), "", mistakes);
    Ok(value)
}

/// Says that `"{id}"` stays `{id}`. What it is assigned to is `before`, and `after` closes it.
pub(super) fn not_interpolated(value: &Expr, before: &str, after: &str, mistakes: &mut Mistakes) {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = bare(value) else { return };
    let content = text.value();
    let Some(name) = braced_name(&content) else { return };
    let braced = format!("{{{name}}}");
    let meant = if content == braced {
        name.to_owned()
    } else if name.contains('.') {
        format!("format!({}, {name})", shown(text).replacen(&braced, "{}", 1))
    } else {
        format!("format!({})", shown(text))
    };
    mistakes.at(
        text,
        format!(
            "a string is taken as it is, so `{braced}` would stay in it; write `{before} = {meant}{after}`"
        ),
    );
}

/// `id` of `inv-{id}`.
fn braced_name(text: &str) -> Option<&str> {
    text.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(name, _)| name).find(|name| {
        let starts = name.starts_with(|char: char| char.is_alphabetic() || char == '_');
        starts && name.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.'))
    })
}

/// `actor = e`. No literal says who it names.
pub(super) fn actor(input: ParseStream<'_>, key: &Ident, mistakes: &mut Mistakes) -> syn::Result<Expr> {
    let value = assigned(input, key, mistakes)?;
    if let Expr::Lit(literal) = bare(&value) {
        mistakes.at(
            literal,
            format!(
                "{} doesn't say whether it is a user, a service or a key; write `actor = Actor::user({0})`",
                shown(literal)
            ),
        );
    }
    Ok(value)
}

/// `success = |value| ..`, or the path of a function that does the same.
pub(super) fn success(input: ParseStream<'_>, key: &Ident, mistakes: &mut Mistakes) -> syn::Result<Expr> {
    const FORM: &str = "`success` looks at what the function returned and says whether it is a success: \
                        `success = |returned| returned.is_ok()`, or the path of a function that does";
    let value = assigned(input, key, mistakes)?;
    match bare(&value) {
        Expr::Lit(literal) => mistakes.at(literal, FORM),
        Expr::Closure(closure) if closure.inputs.len() != 1 => {
            let given = "the closure is given one value, a reference to what the function returned";
            let takes = closure.inputs.len();
            mistakes.at(&value, format!("{FORM}\n{given}, and this one takes {takes}"));
        }
        _ => {}
    }
    Ok(value)
}

/// Without the parentheses around it, visible or not.
fn bare(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => bare(&group.expr),
        Expr::Paren(paren) => bare(&paren.expr),
        other => other,
    }
}

/// An expression that stays within the function and doesn't wait.
pub(super) fn expression(input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<Expr> {
    // What the parser says itself names what it knows and not what is accepted here.
    let expr: Expr = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), "this is not a complete Rust expression"))?;
    Leaving { mistakes, loops: 0 }.visit_expr(&expr);
    Ok(expr)
}

/// Looks for what would leave the function, or wait in it.
struct Leaving<'a> {
    mistakes: &'a mut Mistakes,
    loops: usize,
}

impl Leaving<'_> {
    fn say(&mut self, tokens: impl quote::ToTokens, what: &str, instead: &str) {
        self.mistakes.at(
            tokens,
            format!(
                "{what} can't be used in `#[audited]`: its expressions run before the body and must not leave the \
                 function\n{instead}"
            ),
        );
    }
}

/// Where a value comes from that isn't known before the body.
const IN_THE_BODY: &str = "use what the arguments hold, take it from the returned value with \
                           `ok(|invoice| target(invoice = invoice.id))`, or name it in the body: \
                           `audit.target(Target::new(\"invoice\", id))`";

impl<'ast> Visit<'ast> for Leaving<'_> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            // What happens in there stays in there.
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) => return,
            Expr::Try(tried) => self.say(tried.question_token, "`?`", IN_THE_BODY),
            Expr::Await(awaited) => self.say(awaited.await_token, "`.await`", IN_THE_BODY),
            Expr::Return(returned) => self.say(returned.return_token, "`return`", IN_THE_BODY),
            // A label can only be one of the expression's own.
            Expr::Break(left) if self.loops == 0 && left.label.is_none() => {
                self.say(left.break_token, "`break`", IN_THE_BODY);
            }
            Expr::Continue(left) if self.loops == 0 && left.label.is_none() => {
                self.say(left.continue_token, "`continue`", IN_THE_BODY);
            }
            Expr::Loop(_) | Expr::While(_) | Expr::ForLoop(_) => {
                self.loops += 1;
                visit::visit_expr(self, expr);
                self.loops -= 1;
                return;
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    /// Neither does a function that is declared in a block leave the one around it.
    fn visit_item(&mut self, _: &'ast syn::Item) {}

    /// The arguments of `format!` and its like are expressions.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let arguments =
            Punctuated::<Expr, Token![,]>::parse_terminated.parse2(called.tokens.to_token_stream());
        for argument in arguments.iter().flatten() {
            // They were made here and so live too short for the visitor's own lifetime.
            Leaving { mistakes: self.mistakes, loops: self.loops }.visit_expr(argument);
        }
    }
}
