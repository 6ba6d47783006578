//! Which arguments are asked whether they are an actor or a target, and how.

use quote::quote_spanned;
use syn::{
    Attribute, FnArg, GenericArgument, Ident, Pat, PatIdent, PathArguments, PathSegment, Signature, Type,
};

use super::Host;
use super::facts::Said;
use crate::returns::is_opaque;

/// What the arguments are asked for: what the attribute says needs no asking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) actor: bool,
    pub(super) target: bool,
}

/// What the arguments tell.
pub(super) fn arguments<'a>(host: &Host, sig: &'a Signature, ask: Ask) -> Vec<Said<'a>> {
    sig.inputs.iter().filter_map(|argument| of(host, argument, ask)).collect()
}

fn of<'a>(host: &Host, argument: &'a FnArg, ask: Ask) -> Option<Said<'a>> {
    let Host { rt, span } = host;
    let FnArg::Typed(argument) = argument else { return None };
    let ty = &*argument.ty;
    let can_be = can_be(ty);
    let seen = seen(&argument.pat);
    let quiet =
        matches!(&seen, Some(Seen::Whole(name) | Seen::Inside(name)) if name.to_string().starts_with('_'));
    let arg = match seen {
        Some(Seen::Whole(name)) => quote_spanned!(*span=> #rt::probe::Arg::whole(&#name)),
        Some(Seen::Inside(name)) if !is_opaque(ty) => {
            quote_spanned!(*span=> #rt::probe::Arg::<#ty, _>::inside(&#name))
        }
        _ => return None,
    };
    let conditions: Vec<&Attribute> =
        argument.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let nothing = || quote_spanned!(*span=> ::core::option::Option::None);
    let asks_actor = ask.actor && can_be.actor;
    // What is the target is not the actor, also where the attribute has named the target.
    let asks_target = can_be.target && (ask.target || asks_actor);
    if !asks_actor && !asks_target {
        return None;
    }
    let actor = if asks_actor { quote_spanned!(*span=> (&&&#arg).lodger_actor()) } else { nothing() };
    let target = if asks_target { quote_spanned!(*span=> (&&&#arg).lodger_target()) } else { nothing() };
    Some(Said {
        method: "argument",
        name: None,
        value: quote_spanned!(*span=> (#actor, #target)),
        conditions,
        quiet,
    })
}

/// What a pattern leaves to be seen.
enum Seen<'a> {
    /// `user`.
    Whole(&'a Ident),
    /// `Extension(user)`.
    Inside(&'a Ident),
}

fn seen(pat: &Pat) -> Option<Seen<'_>> {
    match pat {
        Pat::Paren(paren) => seen(&paren.pat),
        Pat::Ident(ident) => variable(ident).map(Seen::Whole),
        Pat::TupleStruct(wrapper) => match (wrapper.elems.first(), wrapper.elems.len()) {
            (Some(Pat::Ident(ident)), 1) => variable(ident).map(Seen::Inside),
            _ => None,
        },
        _ => None,
    }
}

/// The variable's name. A name that starts like a type's is a unit struct or a constant and no variable.
fn variable(pat: &PatIdent) -> Option<&Ident> {
    let starts_upper = pat.ident.to_string().trim_start_matches("r#").starts_with(char::is_uppercase);
    (pat.subpat.is_none() && pat.by_ref.is_none() && !starts_upper).then_some(&pat.ident)
}

/// What the declared type says without being known. What a client sent is never asked, and what can't be an
/// application's own type needn't be: so the compiler still warns when it is unused.
fn can_be(ty: &Type) -> Ask {
    const NOTHING: Ask = Ask { actor: false, target: false };
    match ty {
        Type::Group(group) => can_be(&group.elem),
        Type::Paren(paren) => can_be(&paren.elem),
        Type::Reference(reference) => can_be(&reference.elem),
        Type::Array(_) | Type::FnPtr(_) | Type::Never(_) | Type::Ptr(_) | Type::Slice(_) | Type::Tuple(_) => {
            NOTHING
        }
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if is_from_client(last) || is_std(last) => NOTHING,
            Some(last) => Ask { actor: !is_generic(last, "Path"), target: true },
            None => NOTHING,
        },
        _ => Ask { actor: true, target: true },
    }
}

fn is_from_client(last: &PathSegment) -> bool {
    ["Json", "Form", "Query"].into_iter().any(|name| is_generic(last, name))
}

fn is_generic(last: &PathSegment, name: &str) -> bool {
    last.ident == name && !matches!(last.arguments, PathArguments::None)
}

/// Whether what is returned when it went well may be the application's own, as far as it is written.
pub(super) fn may_be_target(returned: &Type) -> bool {
    match returned {
        Type::Group(group) => may_be_target(&group.elem),
        Type::Paren(paren) => may_be_target(&paren.elem),
        Type::Tuple(tuple) => tuple.elems.last().is_some_and(may_be_target),
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Result" => match first_argument(last) {
                Some(value) => may_be_target(value),
                None => true,
            },
            Some(last) => !is_std(last),
            None => true,
        },
        _ => true,
    }
}

fn first_argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}

/// Types of the language and the library, which an application can't make an actor.
fn is_std(last: &PathSegment) -> bool {
    const STD: [&str; 20] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
        "u64", "u128", "usize", "String", "Vec", "HashMap",
    ];
    STD.into_iter().any(|name| last.ident == name)
}
