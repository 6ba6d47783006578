//! The user's tokens as text, for the examples in messages: a token says nothing of the spaces around it.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens as one would write them.
pub(crate) fn shown(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.into_token_stream(), &mut text);
    text
}

/// What stands before a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that asks for a space.
    Nothing,
    /// A word, a literal or a group: another word needs a space.
    Word,
    /// An operator between two values, or a comma: a space follows it.
    Operator,
}

fn write(tokens: TokenStream, text: &mut String) {
    let mut before = Before::Nothing;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let spaced = before == Before::Operator;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(if spaced { " " } else { "" });
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
                before = Before::Word;
            }
            TokenTree::Punct(punct) => {
                let mut operator = String::from(punct.as_char());
                let mut spacing = punct.spacing();
                while spacing == Spacing::Joint
                    && let Some(TokenTree::Punct(next)) = tokens.peek()
                {
                    operator.push(next.as_char());
                    spacing = next.spacing();
                    tokens.next();
                }
                let tight =
                    matches!(operator.as_str(), "." | "::" | "?" | "!" | "'" | "#" | "$" | ":" | "@" | ";");
                let list = operator == ",";
                let between = before == Before::Word && !tight && !list;
                text.push_str(if spaced || between { " " } else { "" });
                text.push_str(&operator);
                before = if list || between { Before::Operator } else { Before::Nothing };
            }
            word => {
                text.push_str(if spaced || before == Before::Word { " " } else { "" });
                text.push_str(&word.to_string());
                before = Before::Word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_look_as_they_were_written() {
        for written in [
            "body.amount",
            "*amount",
            "&self.items[0].name()",
            "amount as u8",
            "a + b * 2",
            "Saved::Created(id, _)",
            "f(&a, *b)",
            "(0 | 3)",
            "text.parse()?",
            "format!(\"{}\", -id)",
            "a && !b",
        ] {
            let tokens: TokenStream = written.parse().unwrap();
            assert_eq!(shown(tokens), written);
        }
    }
}
