//! What `detach` asks of a function: a body that waits, and nothing borrowed that would have to outlive its caller.

use syn::visit::{self, Visit};
use syn::{
    FnArg, Ident, Lifetime, ParenthesizedGenericArguments, Signature, TraitBound, TypeFnPtr, TypeReference,
};

use crate::mistakes::Mistakes;
use crate::returns::{self, Returns};

/// Says why this function can't run in a task of its own.
pub(crate) fn function(sig: &Signature, detach: &Ident, mistakes: &mut Mistakes) {
    let written = returns::written(&sig.output);
    if sig.asyncness.is_none() && matches!(returns::classify(&written), Returns::Value) {
        mistakes.at(
            detach,
            "`detach` needs a function that waits, because only that can be dropped halfway; this one always runs to \
             its end\nleave out `detach`, or write `async fn`",
        );
        return;
    }
    let mut borrowed = false;
    for argument in &sig.inputs {
        if !borrows(|borrows| borrows.visit_fn_arg(argument)) {
            continue;
        }
        borrowed = true;
        match argument {
            FnArg::Receiver(receiver) => mistakes.at(
                receiver,
                "`detach` runs the body in a task of its own, which may outlive its caller and so can't borrow \
                 `self`\ntake `self: Arc<Self>` or `self`, or put the attribute on a function that is given clones of \
                 what it needs",
            ),
            FnArg::Typed(argument) => mistakes.at(
                &argument.ty,
                "`detach` runs the body in a task of its own, which may outlive its caller and so can't borrow from \
                 it\ntake an owned value: `String` instead of `&str`, `Arc<T>` or a clone instead of `&T`",
            ),
        }
    }
    if !borrowed && borrows(|borrows| borrows.visit_return_type(&sig.output)) {
        mistakes.at(
            &sig.output,
            "`detach` runs the body in a task of its own, which may outlive its caller, so what it returns can't be \
             borrowed\nreturn an owned value, `String` instead of `&str`, or a `BoxFuture<'static, T>`",
        );
    }
}

/// Whether a reference is written there that may not live for ever.
fn borrows(look: impl FnOnce(&mut Borrows)) -> bool {
    let mut borrows = Borrows(false);
    look(&mut borrows);
    borrows.0
}

struct Borrows(bool);

impl<'ast> Visit<'ast> for Borrows {
    fn visit_receiver_kind(&mut self, kind: &'ast syn::ReceiverKind) {
        self.0 |= matches!(kind, syn::ReceiverKind::Reference(_, None, _));
        visit::visit_receiver_kind(self, kind);
    }

    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        self.0 |= reference.lifetime.is_none();
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.0 |= lifetime.ident != "static";
    }

    // What a function is given and gives back is nothing that it holds.

    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}

    fn visit_trait_bound(&mut self, bound: &'ast TraitBound) {
        // `for<'a> Handle<&'a T>` says the same in another way.
        if bound.lifetimes.is_none() {
            visit::visit_trait_bound(self, bound);
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn borrowed(argument: FnArg) -> bool {
        borrows(|borrows| borrows.visit_fn_arg(&argument))
    }

    #[test]
    fn every_written_reference_is_seen() {
        let references: [FnArg; 11] = [
            parse_quote!(&self),
            parse_quote!(&'a mut self),
            parse_quote!(self: &Arc<Self>),
            parse_quote!(self: Pin<&mut Self>),
            parse_quote!(name: &str),
            parse_quote!(name: Option<&'a str>),
            parse_quote!(name: Cow<'_, str>),
            parse_quote!(parts: (u8, [&u8; 2])),
            parse_quote!(job: impl FnOnce(u8) -> u8 + 'a),
            parse_quote!(job: Box<dyn Job + '_>),
            parse_quote!(item: <T as Row<'a>>::Item),
        ];
        for argument in references {
            assert!(borrowed(argument.clone()), "{}", quote::quote!(#argument));
        }
    }

    #[test]
    fn what_is_owned_or_lives_for_ever_is_none() {
        let owned: [FnArg; 9] = [
            parse_quote!(self),
            parse_quote!(mut self: Arc<Self>),
            parse_quote!(name: &'static str),
            parse_quote!(name: Cow<'static, [&'static str]>),
            parse_quote!(job: fn(&str) -> &str),
            parse_quote!(job: impl Fn(&str) -> &str + Send + 'static),
            parse_quote!(job: Box<dyn for<'a> Job<&'a str>>),
            parse_quote!(Json(body): Json<Update>),
            parse_quote!(it: T),
        ];
        for argument in owned {
            assert!(!borrowed(argument.clone()), "{}", quote::quote!(#argument));
        }
    }
}
