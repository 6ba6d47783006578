//! The action: what the function does, as a name that stays the same for years.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Expr, ExprLit, ExprPath, Lit, LitStr, Path, Token, token};

use crate::keys;
use crate::mistakes::Mistakes;

/// The longest action, in characters (the event model's limit).
const MAX_CHARS: usize = 128;

/// What the action might be called, if it were named.
const NAMES: [&str; 5] = ["action", "event", "name", "operation", "type"];

/// The first thing in the attribute.
pub(crate) enum Action {
    /// `"invoice.update"`, checked here.
    Literal(LitStr),
    /// `actions::INVOICE_UPDATE`, checked in const evaluation.
    Const(Path),
}

impl Action {
    /// Reads a literal or a path.
    pub(super) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let start = input.span();
        let wrong = |span| {
            syn::Error::new(
                span,
                "the action comes first and is a string or the path of a constant: \
                 `#[audited(\"invoice.update\")]` or `#[audited(actions::INVOICE_UPDATE)]`",
            )
        };
        let written: Expr = input.parse().map_err(|_| wrong(start))?;
        match bare(written) {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => match problem(&text.value()) {
                None => Ok(Self::Literal(text)),
                Some(problem) => Err(syn::Error::new(text.span(), problem)),
            },
            Expr::Path(ExprPath { qself: None, path, .. }) => constant(path),
            other => Err(syn::Error::new_spanned(&other, wrong(start))),
        }
    }
}

/// Without the invisible group that a `macro_rules!` parameter comes in.
fn bare(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => bare(*group.expr),
        other => other,
    }
}

fn constant(path: Path) -> syn::Result<Action> {
    if path.segments.first().is_some_and(|first| first.ident == "Self") {
        return Err(syn::Error::new_spanned(
            &path,
            "an action can't be an associated constant of `Self`: every `#[audited]` function is listed in the \
             program's catalog, which is made outside of any `impl`\nname the type, `Invoice::UPDATE`, or use a \
             constant of a module, `actions::INVOICE_UPDATE`",
        ));
    }
    match path.get_ident().map(ToString::to_string) {
        Some(word) if word.chars().all(|char| char.is_ascii_lowercase() || char == '_') => {
            Err(syn::Error::new_spanned(
                &path,
                format!("an action is a string or the path of a constant: write `\"{word}\"` in quotes"),
            ))
        }
        _ => Ok(Action::Const(path)),
    }
}

/// Whether there is no action: nothing at all, or an item in its place. Says so.
pub(super) fn is_missing(input: ParseStream<'_>, mistakes: &mut Mistakes) -> bool {
    if input.is_empty() {
        mistakes.at_span(
            input.span(),
            "`#[audited]` needs the action, which says what the function does: `#[audited(\"invoice.update\")]`",
        );
        return true;
    }
    let ahead = input.fork();
    let Ok(word) = ahead.call(Ident::parse_any) else { return false };
    let is_item =
        ahead.is_empty() || ahead.peek(Token![,]) || ahead.peek(Token![=]) || ahead.peek(token::Paren);
    if !is_item {
        return false;
    }
    if NAMES.into_iter().any(|name| word == name) && ahead.peek(Token![=]) {
        mistakes.at(&word, "the action comes first and without a name: `#[audited(\"invoice.update\")]`");
        // What follows is the action after all: read it, so that nothing else is said about it.
        input.call(Ident::parse_any).and_then(|_| input.parse::<Token![=]>()).ok();
        return false;
    }
    if keys::key(&word.to_string()).is_none() && !ahead.peek(Token![=]) {
        return false;
    }
    mistakes.at(
        &word,
        format!(
            "the action is missing: it comes first and says what the function does, like \
             `#[audited(\"invoice.update\", {word}..)]`"
        )
        .replace("..)", if ahead.is_empty() || ahead.peek(Token![,]) { ")" } else { " ..)" }),
    );
    true
}

/// What is wrong with an action.
fn problem(action: &str) -> Option<String> {
    const FORM: &str = "an action is a dotted name of a-z, 0-9, `_` and `-`, like \"invoice.update\" or \
                        \"organization.member.removed\"";
    if action.is_empty() {
        return Some(format!("the action is empty; {FORM}"));
    }
    let chars = action.chars().count();
    if chars > MAX_CHARS {
        return Some(format!("the action has {chars} characters, {MAX_CHARS} are allowed; {FORM}"));
    }
    let suggestion = || format!("\nwrite \"{}\"", suggested(action));
    if let Some(wrong) = action.chars().find(|char| !matches!(char, 'a'..='z' | '0'..='9' | '_' | '.' | '-'))
    {
        return Some(format!("an action can't hold {wrong:?}; {FORM}{}", suggestion()));
    }
    if action.split('.').any(str::is_empty) {
        return Some(format!("an action has a name on either side of each dot; {FORM}{}", suggestion()));
    }
    None
}

/// The action in the accepted form.
fn suggested(action: &str) -> String {
    let mut words = String::new();
    let mut after_lowercase = false;
    for char in action.chars() {
        if char.is_ascii_uppercase() && after_lowercase {
            words.push(if action.contains('.') { '_' } else { '.' });
        }
        after_lowercase = char.is_ascii_lowercase() || char.is_ascii_digit();
        match char.to_ascii_lowercase() {
            char @ ('a'..='z' | '0'..='9' | '_' | '-') => words.push(char),
            ' ' => words.push('_'),
            _ => words.push('.'),
        }
    }
    let names: Vec<_> = words.split('.').filter(|name| !name.is_empty()).collect();
    if names.is_empty() { "invoice.update".to_owned() } else { names.join(".") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_name_is_an_action() {
        for action in ["login", "invoice.update", "organization.member.removed", "a-b_c.2", &"a".repeat(128)]
        {
            assert_eq!(problem(action), None, "{action}");
        }
        for action in ["", ".", "a.", ".a", "a..b", "Invoice", "in voice", "ä", &"a".repeat(129)] {
            assert!(problem(action).is_some(), "{action}");
        }
    }

    #[test]
    fn what_is_suggested_is_an_action() {
        assert_eq!(suggested("Invoice.Update"), "invoice.update");
        assert_eq!(suggested("InvoiceUpdate"), "invoice.update");
        assert_eq!(suggested("Invoice.MarkPaid"), "invoice.mark_paid");
        assert_eq!(suggested("invoice:update"), "invoice.update");
        assert_eq!(suggested(".invoice..update "), "invoice.update_");
        assert_eq!(suggested("!"), "invoice.update");
    }
}
