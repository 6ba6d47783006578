//! The `#[audited]` attribute. Use it through `lodger-axum`, `lodger-actix` or `lodger-core`, which re-export it as
//! `audited` and hold its documentation: each has an entry point of its own here, so that the generated code finds
//! its crate without another dependency.
//!
//! `args` reads the attribute, `item` the function, `validate` says what is wrong with either, `expand` writes
//! the new body. Every mistake is collected in `mistakes::Mistakes` and the function is emitted whatever happens, so
//! that one mistake here is not ten errors elsewhere.

#![forbid(unsafe_code)]

mod args;
mod detach;
mod expand;
#[cfg(test)]
mod golden;
mod item;
mod keys;
mod mistakes;
mod returns;
mod shown;
mod validate;

use proc_macro::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::item::Function;
use crate::mistakes::Mistakes;

#[doc = include_str!("audited.md")]
#[proc_macro_attribute]
pub fn audited_axum(attribute: TokenStream, item: TokenStream) -> TokenStream {
    audited("lodger_axum", attribute.into(), item.into()).into()
}

#[doc = include_str!("audited.md")]
#[proc_macro_attribute]
pub fn audited_actix(attribute: TokenStream, item: TokenStream) -> TokenStream {
    audited("lodger_actix", attribute.into(), item.into()).into()
}

#[doc = include_str!("audited.md")]
#[proc_macro_attribute]
pub fn audited_core(attribute: TokenStream, item: TokenStream) -> TokenStream {
    audited("lodger_core", attribute.into(), item.into()).into()
}

fn audited(
    host: &str,
    attribute: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let mut mistakes = Mistakes::default();
    let args = Args::parse(attribute, &mut mistakes);
    let function = Function::parse(item.clone(), &mut mistakes);
    if let Some(function) = &function {
        validate::function(function, &args, &mut mistakes);
    }
    match (mistakes.into_error(), function) {
        (None, Some(function)) => expand::function(host, &args, &function),
        (error, _) => {
            let errors = error.map(syn::Error::into_compile_error);
            quote!(#errors #item)
        }
    }
}
