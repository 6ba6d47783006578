//! The return type: whether it is a future that has yet to run, and what may be written of it inside the body.

use syn::visit::Visit;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Generics, PathArguments, PathSegment, ReturnType, Type,
    TypeParamBound, parse_quote,
};

/// What a function that isn't `async` returns.
pub(crate) enum Returns {
    /// A value, when it is done.
    Value,
    /// A future of this type, on the heap: `Pin<Box<dyn Future<Output = T>>>`, `BoxFuture<'_, T>`.
    BoxedFuture(Type),
    /// A future of this type: `impl Future<Output = T>`.
    Future(Type),
}

/// The written type, `()` where there is none.
pub(crate) fn written(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    }
}

/// Whether the type is a future, by the forms that can be seen in a signature.
pub(crate) fn classify(ty: &Type) -> Returns {
    match ty {
        Type::Group(group) => classify(&group.elem),
        Type::Paren(paren) => classify(&paren.elem),
        Type::ImplTrait(opaque) => match output(&opaque.bounds) {
            Some(output) => Returns::Future(output),
            None => Returns::Value,
        },
        Type::Path(path) => match path.path.segments.last() {
            Some(last) => boxed_future(last).map_or(Returns::Value, Returns::BoxedFuture),
            None => Returns::Value,
        },
        _ => Returns::Value,
    }
}

fn boxed_future(last: &PathSegment) -> Option<Type> {
    if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
        return type_arguments(last).last().cloned();
    }
    if last.ident != "Pin" {
        return None;
    }
    let Type::Path(boxed) = type_arguments(last).next()? else { return None };
    let boxed = boxed.path.segments.last().filter(|last| last.ident == "Box")?;
    match type_arguments(boxed).next()? {
        Type::TraitObject(object) => output(&object.bounds),
        _ => None,
    }
}

/// `T` of `Future<Output = T>`.
fn output<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Option<Type> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(assigned) if assigned.ident == "Output" => Some(assigned.ty.clone()),
            _ => None,
        })
    })
}

fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(AngleBracketedGenericArguments { args, .. }) => Some(args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The type as it may be written inside the body, where `impl Trait` may not: `Result<impl IntoResponse, E>` becomes
/// `Result<_, E>`.
pub(crate) fn inside(ty: &Type) -> Type {
    let mut ty = ty.clone();
    infer_opaque(&mut ty);
    ty
}

fn infer_opaque(ty: &mut Type) {
    match ty {
        Type::ImplTrait(_) => *ty = parse_quote!(_),
        Type::Array(array) => infer_opaque(&mut array.elem),
        Type::Group(group) => infer_opaque(&mut group.elem),
        Type::Paren(paren) => infer_opaque(&mut paren.elem),
        Type::Ptr(pointer) => infer_opaque(&mut pointer.elem),
        Type::Reference(reference) => infer_opaque(&mut reference.elem),
        Type::Slice(slice) => infer_opaque(&mut slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(infer_opaque),
        Type::Path(path) => {
            for segment in &mut path.path.segments {
                if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                    for argument in &mut arguments.args {
                        if let GenericArgument::Type(ty) = argument {
                            infer_opaque(ty);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

/// Whether the type holds `impl Trait`.
pub(crate) fn is_opaque(ty: &Type) -> bool {
    struct Opaque(bool);
    impl<'ast> Visit<'ast> for Opaque {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut opaque = Opaque(false);
    opaque.visit_type(ty);
    opaque.0
}

/// The function's generic parameter that decides whether a `Result` is returned: of `-> T`, `-> &T` and `-> T::Output`
/// it is `T`.
pub(crate) fn deciding_parameter<'a>(ty: &Type, generics: &'a Generics) -> Option<&'a syn::Ident> {
    match ty {
        Type::Group(group) => deciding_parameter(&group.elem, generics),
        Type::Paren(paren) => deciding_parameter(&paren.elem, generics),
        Type::Reference(reference) => deciding_parameter(&reference.elem, generics),
        Type::Path(path) => match &path.qself {
            Some(of) => deciding_parameter(&of.ty, generics),
            None => {
                let first = path.path.segments.first()?;
                generics.type_params().map(|parameter| &parameter.ident).find(|name| first.ident == **name)
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;

    use super::*;

    fn text(ty: &Type) -> String {
        ty.to_token_stream().to_string().replace(' ', "")
    }

    #[test]
    fn the_written_forms_of_a_future_are_seen() {
        let boxed: [Type; 4] = [
            parse_quote!(Pin<Box<dyn Future<Output = u8> + Send + 'a>>),
            parse_quote!(::core::pin::Pin<Box<dyn ::core::future::Future<Output = u8>>>),
            parse_quote!(futures::future::BoxFuture<'a, u8>),
            parse_quote!(LocalBoxFuture<'static, u8>),
        ];
        for ty in boxed {
            assert!(
                matches!(classify(&ty), Returns::BoxedFuture(output) if text(&output) == "u8"),
                "{}",
                text(&ty)
            );
        }
        let bare: Type = parse_quote!(impl Send + std::future::Future<Output = Result<(), E>>);
        assert!(matches!(classify(&bare), Returns::Future(output) if text(&output) == "Result<(),E>"));
    }

    #[test]
    fn everything_else_is_a_value() {
        let values: [Type; 5] = [
            parse_quote!(()),
            parse_quote!(Result<Pin<Box<u8>>, E>),
            parse_quote!(Pin<Box<u8>>),
            parse_quote!(impl IntoResponse),
            parse_quote!(Box<dyn Error>),
        ];
        for ty in values {
            assert!(matches!(classify(&ty), Returns::Value), "{}", text(&ty));
        }
    }

    #[test]
    fn impl_trait_is_left_to_inference() {
        let ty = parse_quote!(Result<(StatusCode, impl IntoResponse), [impl Error; 2]>);
        assert_eq!(text(&inside(&ty)), "Result<(StatusCode,_),[_;2]>");
        assert!(is_opaque(&ty));
        assert!(!is_opaque(&parse_quote!(Result<u8, E>)));
    }

    #[test]
    fn a_parameter_decides_where_it_is_the_whole_type() {
        let generics: Generics = parse_quote!(<'a, T, const N: usize>);
        let deciding: [Type; 4] = [
            parse_quote!(T),
            parse_quote!(&'a T),
            parse_quote!(T::Output),
            parse_quote!(<T as Handler>::Output),
        ];
        for ty in deciding {
            assert!(deciding_parameter(&ty, &generics).is_some_and(|name| name == "T"), "{}", text(&ty));
        }
        let decided: [Type; 4] =
            [parse_quote!(Result<T, E>), parse_quote!(Json<T>), parse_quote!(Option<T>), parse_quote!(U)];
        for ty in decided {
            assert!(deciding_parameter(&ty, &generics).is_none(), "{}", text(&ty));
        }
    }
}
