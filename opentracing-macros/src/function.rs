//! A function whose body is not looked into, so that an editor can complete a body that does not parse yet.

use proc_macro2::{Group, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, FnArg, Ident, Pat, Result, ReturnType, Signature, Token, Type, TypeParamBound, Visibility,
};

pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The tokens between the braces.
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        // `default fn` of specialization is not stable, so it is not read.
        let signature: Signature = input
            .parse()
            .map_err(|error| Error::new(error.span(), "`#[traced]` can be put on functions and methods"))?;
        if input.peek(Token![;]) {
            let message = "a method without a body cannot be traced; put `#[traced]` on its implementations";
            return Err(Error::new(signature.ident.span(), message));
        }
        if let Some(constant) = &signature.constness {
            return Err(Error::new(constant.span, "a `const fn` cannot be traced, since it may run in the compiler"));
        }
        let body: Group = input.parse()?;
        Ok(Function { attributes, visibility, signature, body: body.stream() })
    }
}

/// What a function returns, as far as its signature tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    Value,
    /// `impl Future` or `impl Stream`.
    Opaque,
    /// `Pin<Box<dyn Future>>`, or the same of a stream.
    Boxed,
}

impl Function {
    /// The names of all arguments but `self`.
    pub(crate) fn arguments(&self) -> Vec<&Ident> {
        let mut names = Vec::new();
        for input in &self.signature.inputs {
            if let FnArg::Typed(argument) = input {
                collect(&argument.pat, &mut names);
            }
        }
        names
    }

    pub(crate) fn returned(&self) -> Returned {
        let ReturnType::Type(_, returned) = &self.signature.output else { return Returned::Value };
        match &**returned {
            Type::ImplTrait(opaque) if opaque.bounds.iter().any(is_async) => Returned::Opaque,
            Type::Path(path) if is_boxed(path) => Returned::Boxed,
            _ => Returned::Value,
        }
    }

    /// The declared type of the result, if a value of it can be named in the body.
    pub(crate) fn result_type(&self) -> Option<&Type> {
        match &self.signature.output {
            ReturnType::Type(_, returned) if !has_opaque(returned) => Some(returned),
            _ => None,
        }
    }

    /// Whether the declared type is called `Result`.
    pub(crate) fn returns_result(&self) -> bool {
        match &self.signature.output {
            ReturnType::Type(_, returned) => match &**returned {
                Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Result"),
                _ => false,
            },
            ReturnType::Default => false,
        }
    }
}

fn collect<'a>(pattern: &'a Pat, names: &mut Vec<&'a Ident>) {
    match pattern {
        Pat::Ident(name) => names.push(&name.ident),
        Pat::Reference(reference) => collect(&reference.pat, names),
        Pat::Paren(inner) => collect(&inner.pat, names),
        Pat::Tuple(tuple) => tuple.elems.iter().for_each(|pattern| collect(pattern, names)),
        Pat::TupleStruct(tuple) => tuple.elems.iter().for_each(|pattern| collect(pattern, names)),
        Pat::Slice(slice) => slice.elems.iter().for_each(|pattern| collect(pattern, names)),
        Pat::Struct(fields) => fields.fields.iter().for_each(|field| collect(&field.pat, names)),
        _ => {}
    }
}

fn is_async(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(bound) = bound else { return false };
    bound.path.segments.last().is_some_and(|last| last.ident == "Future" || last.ident == "Stream")
}

/// Whether the type is `Pin<Box<dyn Future>>`, or the same of a stream.
fn is_boxed(path: &syn::TypePath) -> bool {
    let inner = |path: &syn::Path, name: &str| -> Option<Type> {
        let last = path.segments.last().filter(|last| last.ident == name)?;
        let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            syn::GenericArgument::Type(inner) => Some(inner.clone()),
            _ => None,
        })
    };
    let Some(Type::Path(boxed)) = inner(&path.path, "Pin") else { return false };
    match inner(&boxed.path, "Box") {
        Some(Type::TraitObject(object)) => object.bounds.iter().any(is_async),
        _ => false,
    }
}

/// Whether `impl Trait` is part of the type.
fn has_opaque(returned: &Type) -> bool {
    fn contains(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(name) => name == "impl",
            proc_macro2::TokenTree::Group(group) => contains(group.stream()),
            _ => false,
        })
    }
    contains(quote::ToTokens::to_token_stream(returned))
}
