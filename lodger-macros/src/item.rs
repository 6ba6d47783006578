//! The annotated function.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser as _};
use syn::{AttrStyle, Attribute, Signature, Visibility};

use crate::mistakes::Mistakes;

/// The annotated function. Its body is carried along unread: what is wrong in it is the compiler's to say.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The body in its braces, without inner attributes.
    pub(crate) body: Group,
}

impl Function {
    /// Reads the item under the attribute.
    pub(crate) fn parse(item: TokenStream, mistakes: &mut Mistakes) -> Option<Self> {
        let described = item.clone();
        match Self::parser.parse2(item) {
            Ok(Some(function)) => Some(function),
            Ok(None) => {
                mistakes.at(&described, describe(&described));
                None
            }
            Err(error) => {
                mistakes.push(error);
                None
            }
        }
    }

    /// `None`: it isn't a function with a body.
    fn parser(input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        let Ok(sig) = input.parse::<Signature>() else {
            return skip(input);
        };
        let Ok(TokenTree::Group(group)) = input.parse() else {
            return skip(input);
        };
        let group = visible(group);
        if group.delimiter() != Delimiter::Brace {
            return skip(input);
        }
        let inside =
            |input: ParseStream<'_>| Ok((Attribute::parse_inner(input)?, input.parse::<TokenStream>()?));
        let (inner, statements) = inside.parse2(group.stream())?;
        // Written in front of the function, they mean the same.
        attrs.extend(inner.into_iter().map(|attr| Attribute { style: AttrStyle::Outer, ..attr }));
        let mut body = Group::new(Delimiter::Brace, statements);
        body.set_span(group.span());
        Ok(Some(Self { attrs, vis, sig, body }))
    }
}

/// Without the invisible group that a `$body:block` of `macro_rules!` comes in.
fn visible(group: Group) -> Group {
    if group.delimiter() != Delimiter::None {
        return group;
    }
    match group.stream().into_iter().next() {
        Some(TokenTree::Group(inner)) => visible(inner),
        _ => group,
    }
}

/// Whatever is left is of no interest.
fn skip(input: ParseStream<'_>) -> syn::Result<Option<Function>> {
    input.parse::<TokenStream>()?;
    Ok(None)
}

/// What the item is, where it isn't a function with a body.
fn describe(item: &TokenStream) -> String {
    const FORM: &str = "`#[audited(..)]` goes on a function with a body";
    let keyword = item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => match ident.to_string().as_str() {
            word @ ("struct" | "enum" | "union" | "trait" | "impl" | "mod" | "fn" | "use" | "type"
            | "static" | "macro_rules" | "const") => Some(word.to_owned()),
            _ => None,
        },
        _ => None,
    });
    match keyword.as_deref() {
        Some("fn") => format!(
            "{FORM}, and this one only declares it; put the attribute on the implementations of the method, or give \
             it a default body here"
        ),
        Some("impl") => {
            format!("{FORM}, not on an `impl` block; put one on each method that shall leave an event")
        }
        Some("trait") => format!("{FORM}, not on a `trait`; put one on each method of the implementations"),
        Some("mod") => format!("{FORM}, not on a module; put one on each function that shall leave an event"),
        Some(other) => format!("{FORM}, not on a `{other}`: an event says what somebody did"),
        None => format!("{FORM}: `#[audited(\"invoice.update\")] async fn update(..) {{ .. }}`"),
    }
}
