//! What a function must be like to leave a true record.

use syn::Type;

use crate::args::Args;
use crate::detach;
use crate::item::Function;
use crate::mistakes::Mistakes;
use crate::returns::{self, Returns};

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
    returned(function, args, mistakes);
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
    if args.success.is_some() {
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
