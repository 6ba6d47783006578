//! The static that stands for the function in the program's catalog.

use proc_macro2::TokenStream;
use quote::{format_ident, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::Host;
use crate::args::{Action, Args, Fact};
use crate::item::Function;

/// An expression: the call of this site, begun. The static is inside, where no name of the user's can meet it.
pub(super) fn begin(host: &Host, args: &Args, function: &Function) -> TokenStream {
    let Host { rt, span } = host;
    let action = match &args.action {
        // The call is the user's own to the compiler: what is wrong with the constant is then said at its path.
        Some(Action::Const(path)) => {
            let check = format_ident!("lodger_checked_action", span = path.span());
            let call = quote_spanned!(path.span()=> #check(#path));
            quote_spanned!(*span=> { use #rt::checked_action as #check; #call })
        }
        Some(Action::Literal(text)) => quote_spanned!(*span=> #text),
        None => quote_spanned!(*span=> ""),
    };
    let name = function.sig.ident.unraw().to_string();
    let fields = fields(args);
    let fields = (!fields.is_empty()).then(|| quote_spanned!(*span=> .fields(&[#(#fields),*])));
    let on = outcomes(host, args);
    let method = function.sig.receiver().map(|_| quote_spanned!(*span=> .method()));
    let user_visible = args.user_visible.then(|| quote_spanned!(*span=> .user_visible()));
    quote_spanned! {*span=>
        #rt::Call::begin({
            static __LODGER_SITE: #rt::Site = #rt::Site::new(
                #action, #name, ::core::file!(), ::core::line!(), ::core::module_path!(),
            ) #method #on #user_visible #fields;
            #rt::inventory::submit! { #rt::Registered(&__LODGER_SITE) }
            &__LODGER_SITE
        })
    }
}

fn fields(args: &Args) -> Vec<&str> {
    let returned = args.ok.iter().flat_map(|ok| &ok.facts);
    args.facts
        .iter()
        .chain(returned)
        .filter_map(|fact| match fact {
            Fact::Field(field) => Some(field.name.as_str()),
            _ => None,
        })
        .collect()
}

fn outcomes(host: &Host, args: &Args) -> Option<TokenStream> {
    let Host { rt, span } = host;
    let set = args
        .on
        .iter()
        .map(|outcome| {
            let name = format_ident!("{}", outcome.to_string().to_ascii_uppercase(), span = *span);
            quote_spanned!(*span=> #rt::OutcomeSet::#name)
        })
        .reduce(|set, more| quote_spanned!(*span=> #set.with(#more)))?;
    Some(quote_spanned!(*span=> .on(#set)))
}
