//! Everything that is wrong, said at once.

use std::fmt::Display;

use proc_macro2::Span;
use quote::ToTokens;

/// What is wrong with an attribute and its function, in the order in which it was found.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Adds a mistake in these tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a mistake at this place.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds a mistake.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// All of them, or `None` if nothing is wrong.
    pub(crate) fn into_error(self) -> Option<syn::Error> {
        self.0
    }
}
