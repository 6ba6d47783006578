//! What a function must be like to leave a true record.

use syn::{Expr, FnArg, GenericArgument, Pat, PathArguments, PathSegment, Signature, Type};

use crate::args::{Args, Fact};
use crate::detach;
use crate::item::Function;
use crate::mistakes::Mistakes;
use crate::returns::{self, Returns};
use crate::shown::shown;

/// Says what is wrong with the function.
pub(crate) fn function(function: &Function, args: &Args, mistakes: &mut Mistakes) {
    let sig = &function.sig;
    if let Some(constness) = &sig.constness {
        mistakes.at(
            constness,
            "a `const fn` runs while compiling, where nobody does anything to anything; leave out `const`, or put \
             `#[audited]` on the function that calls it",
        );
    }
    if let Some(abi) = &sig.abi {
        mistakes.at(
            abi,
            "an `extern` function is called by code that knows nothing of requests; put `#[audited]` on a function \
             without `extern` and call that from here",
        );
    }
    if let Some(word) = &args.detach {
        detach::function(sig, word, mistakes);
    }
    for fact in &args.facts {
        there(fact, sig, mistakes);
    }
    returned(function, args, mistakes);
}

/// What names somebody or something is there: an `Option` isn't.
fn there(fact: &Fact, sig: &Signature, mistakes: &mut Mistakes) {
    let (value, in_the_body) = match fact {
        Fact::Target(thing) => (&thing.id, format!("target(Target::new({:?}, id))", thing.kind)),
        Fact::Related(thing) => (&thing.id, format!("related(Target::new({:?}, id))", thing.kind)),
        Fact::BareTarget(value) => (value, "target(Target::new(\"invoice\", id))".to_owned()),
        Fact::Actor(value) => (value, "actor(user)".to_owned()),
        Fact::Tenant(value) => (value, "tenant(org)".to_owned()),
        Fact::IdempotencyKey(value) => (value, "idempotency_key(key)".to_owned()),
        Fact::Field(_) => return,
    };
    let Expr::Path(path) = value else { return };
    let Some(name) = path.path.get_ident() else { return };
    let is_option = sig.inputs.iter().any(|argument| match argument {
        FnArg::Typed(typed) => {
            matches!(&*typed.pat, Pat::Ident(pat) if pat.ident == *name)
                && last_segment(&typed.ty).is_some_and(|last| last.ident == "Option")
        }
        FnArg::Receiver(_) => false,
    });
    if is_option {
        mistakes.at(
            value,
            format!(
                "`{name}` is an `Option`, and the event needs what is in it\ntake it apart in the body, and where \
                 there is one say so: `audit.{in_the_body}`"
            ),
        );
    }
}

/// `Option<T>` of `&std::option::Option<T>`.
fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Reference(reference) => last_segment(&reference.elem),
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// `ok` looks at what is in `Ok` already.
fn ok_patterns(ended: &Type, args: &Args, mistakes: &mut Mistakes) {
    let Some(result) = last_segment(ended).filter(|last| last.ident == "Result") else { return };
    let inner = match &result.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.first(),
        _ => None,
    };
    if let Some(GenericArgument::Type(inner)) = inner
        && last_segment(inner).is_some_and(|last| last.ident == "Result")
    {
        return;
    }
    for ok in &args.ok {
        let Pat::TupleStruct(variant) = &ok.pat else { continue };
        let Some(word) = variant.path.segments.last().map(|last| &last.ident) else { continue };
        if word == "Ok" {
            let inner = shown(&variant.elems);
            mistakes.at(variant, format!("`ok` is given what is in `Ok` already: write `ok(|{inner}| ..)`"));
        } else if word == "Err" {
            mistakes.at(
                variant,
                "`ok` is given what is in `Ok`, and never sees an `Err`; what an error tells is said in the body, on \
                 the `Audit` extractor",
            );
        }
    }
}

fn returned(function: &Function, args: &Args, mistakes: &mut Mistakes) {
    let sig = &function.sig;
    let written = returns::written(&sig.output);
    let ended = match returns::classify(&written) {
        Returns::BoxedFuture(output) | Returns::Future(output) if sig.asyncness.is_none() => output,
        _ => written,
    };
    if matches!(ended, Type::Never(_)) {
        mistakes.at(
            &sig.output,
            "a function that never returns has no outcome to record; put `#[audited]` on the function that does one \
             piece of its work",
        );
    }
    ok_patterns(&ended, args, mistakes);
    if args.success.is_some() {
        return;
    }
    if sig.asyncness.is_some() && !matches!(returns::classify(&ended), Returns::Value) {
        mistakes.at(
            &ended,
            "this `async fn` returns one more future, of which nobody knows yet how it will end\nawait it in the body \
             and return what it yields, like `Result<(), Error>`; or leave out `async`",
        );
        return;
    }
    if let Some(parameter) = returns::deciding_parameter(&ended, &sig.generics) {
        mistakes.at(
            &ended,
            format!(
                "nobody can see whether `{parameter}` will be a `Result`, and an `Err` must never be recorded as a \
                 success\nsay what success is, `success = |value| value.is_done()`, or return a concrete type such as \
                 `Result<{parameter}, Error>`"
            ),
        );
    }
}
