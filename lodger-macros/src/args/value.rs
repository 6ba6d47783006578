//! The expressions in an attribute. They run before the body and can't leave the function.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, Token};

use super::{ends, form_error};
use crate::keys;
use crate::mistakes::Mistakes;

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

/// An expression that stays within the function and doesn't wait.
pub(super) fn expression(input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<Expr> {
    let expr: Expr = input.parse()?;
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
            Expr::Closure(_) | Expr::Async(_) => return,
            Expr::Try(tried) => self.say(tried.question_token, "`?`", IN_THE_BODY),
            Expr::Await(awaited) => self.say(awaited.await_token, "`.await`", IN_THE_BODY),
            Expr::Return(returned) => self.say(returned.return_token, "`return`", IN_THE_BODY),
            Expr::Break(left) if self.loops == 0 => self.say(left.break_token, "`break`", IN_THE_BODY),
            Expr::Continue(left) if self.loops == 0 => {
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
