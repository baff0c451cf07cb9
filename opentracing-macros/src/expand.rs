//! What the attribute makes of a function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Block, Error, Expr, Stmt};

use crate::arguments::{Arguments, Form, Tag};
use crate::function::{Function, Returned};

/// Expands the attribute. If something is wrong, the function stays as it was, so that no further errors follow.
pub(crate) fn traced(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = syn::parse2(item.clone()).and_then(|function: Function| {
        let arguments: Arguments = syn::parse2(arguments)?;
        Expansion::new(&function, &arguments)?.function()
    });
    expanded.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#item #error)
    })
}

struct Expansion<'a> {
    function: &'a Function,
    arguments: &'a Arguments,
    /// The hidden module of the core for expansions.
    support: TokenStream,
    span: Ident,
}

impl<'a> Expansion<'a> {
    fn new(function: &'a Function, arguments: &'a Arguments) -> syn::Result<Self> {
        let known = function.arguments();
        if let Some(unknown) = arguments.skip.iter().find(|skipped| !known.contains(skipped)) {
            return Err(Error::new(unknown.span(), format!("the function has no argument `{unknown}`")));
        }
        let is_async = function.signature.asyncness.is_some();
        if let (Some(boxed), false) = (arguments.boxed, is_async) {
            return Err(Error::new(boxed, "`boxed` is for `async fn`"));
        }
        let core = match &arguments.krate {
            Some(path) => quote!(#path),
            None => quote!(::opentracing_core),
        };
        let support = quote!(#core::macro_support);
        Ok(Expansion { function, arguments, support, span: Ident::new("__span", Span::mixed_site()) })
    }

    fn function(&self) -> syn::Result<TokenStream> {
        let Function { attributes, visibility, signature, .. } = self.function;
        let body = match (&signature.asyncness, self.function.returned()) {
            (Some(_), _) => self.async_body(),
            (None, Returned::Value) => self.sync_body(),
            (None, returned) => self.returned_future(returned)?,
        };
        Ok(quote!(#(#attributes)* #visibility #signature { #body }))
    }

    /// Starts the span and binds it.
    fn start(&self) -> TokenStream {
        let (support, span) = (&self.support, &self.span);
        let name = match &self.arguments.name {
            Some(name) => quote!(#name),
            None => {
                let name = self.function.signature.ident.to_string();
                let name = name.strip_prefix("r#").unwrap_or(&name);
                quote!(#name)
            }
        };
        let tracer = match &self.arguments.tracer {
            Some(tracer) => quote_spanned!(tracer.span()=> &#tracer),
            None => quote!(&#support::Tracer::global()),
        };
        let kind = self.arguments.kind.as_ref().map(|kind| quote!(, #support::SpanKind::#kind));
        let start = if kind.is_some() { quote!(start_kind) } else { quote!(start) };
        let tags = self.tags();
        let (mutable, tags) = match tags.is_empty() {
            true => (None, None),
            false => {
                let tags = quote!(if #span.is_recording() { #(#tags)* });
                (Some(quote!(mut)), Some(tags))
            }
        };
        quote! {
            let #mutable #span = #support::#start(#tracer, #name #kind);
            #tags
        }
    }

    fn tags(&self) -> Vec<TokenStream> {
        let by_debug = |name: &Ident| {
            let key = name.to_string();
            let key = key.strip_prefix("r#").unwrap_or(&key).to_owned();
            self.tag(&key, Form::Debug, quote!(#name), name.span())
        };
        let is_taken = |name: &&Ident| self.arguments.args.is_some() && !self.arguments.skip.contains(name);
        let arguments = self.function.arguments().into_iter().filter(is_taken).map(by_debug);
        let tag = |tag: &Tag| {
            let value = &tag.value;
            let reference = match value {
                Expr::Path(_) | Expr::Field(_) | Expr::Lit(_) | Expr::Call(_) | Expr::MethodCall(_) => quote!(#value),
                _ => quote!((#value)),
            };
            self.tag(&tag.key, tag.form, reference, value.span())
        };
        arguments.chain(self.arguments.tags.iter().map(tag)).collect()
    }

    fn tag(&self, key: &str, form: Form, value: TokenStream, place: Span) -> TokenStream {
        let (support, span) = (&self.support, &self.span);
        match form {
            Form::Value => quote_spanned! {place=>
                #[allow(unused_imports)]
                {
                    use #support::{ByReference as _, ByValue as _};
                    #span.set_tag(#key, (&&#support::TagOf(&#value)).tag());
                }
            },
            Form::Display => quote_spanned!(place=> #support::set_display(&mut #span, #key, &#value);),
            Form::Debug => quote_spanned!(place=> #support::set_debug(&mut #span, #key, &#value);),
        }
    }

    /// Records the result, which is bound already.
    fn record(&self, result: &Ident) -> TokenStream {
        let support = &self.support;
        let failure = self.arguments.err.map(|place| {
            let error = Ident::new("error", Span::mixed_site());
            quote_spanned! {place=>
                #[allow(unused_imports)]
                if let ::core::result::Result::Err(#error) = &#result {
                    use #support::{AsDebug as _, AsDisplay as _, AsError as _, AsNothing as _};
                    (&&&&#support::ErrorOf(#error)).mark();
                }
            }
        });
        let value = self.arguments.ret.map(|place| {
            if self.arguments.err.is_some() || self.function.returns_result() {
                let value = Ident::new("value", Span::mixed_site());
                quote_spanned! {place=>
                    if let ::core::result::Result::Ok(#value) = &#result {
                        #support::record_return(#value);
                    }
                }
            } else {
                quote_spanned!(place=> #support::record_return(&#result);)
            }
        });
        quote!(#failure #value)
    }

    fn sync_body(&self) -> TokenStream {
        let (support, span, body) = (&self.support, &self.span, &self.function.body);
        let (start, scope) = (self.start(), Ident::new("__scope", Span::mixed_site()));
        if self.arguments.needs_result().is_none() {
            return quote!(#start let #scope = #support::Span::activate(#span); #body);
        }
        let output = self.function.result_type().map(|output| quote!(-> #output));
        let result = Ident::new("__result", Span::mixed_site());
        let record = self.record(&result);
        // A closure that is called at once may give back what it has borrowed.
        quote! {
            #start
            let #scope = #support::Span::activate(#span);
            let #result = #support::call_once(move || #output { #body });
            #record
            #result
        }
    }

    fn async_body(&self) -> TokenStream {
        let future = self.future(&self.function.body, self.function.result_type().map(|output| quote!(#output)));
        quote!(#future.await)
    }

    /// The future that runs this body in a span. It starts the span where it is built.
    fn future(&self, body: &TokenStream, output: Option<TokenStream>) -> TokenStream {
        let (support, span) = (&self.support, &self.span);
        let (start, inner) = (self.start(), self.inner(body, output));
        let future = quote! {
            {
                #start
                #support::InSpan::in_span(#inner, #span)
            }
        };
        match self.arguments.boxed {
            Some(_) => quote!(::std::boxed::Box::pin(#future)),
            None => future,
        }
    }

    /// The body as an async block, that records its result if asked to.
    fn inner(&self, body: &TokenStream, output: Option<TokenStream>) -> TokenStream {
        // Tells the type of the block, which is not inferred from that of the function. Never runs.
        let hint = output.map(|output| {
            quote! {
                #[allow(
                    unknown_lints, unreachable_code, clippy::diverging_sub_expression, clippy::empty_loop,
                    clippy::let_unit_value, clippy::let_with_type_underscore, clippy::needless_return, clippy::unreachable
                )]
                if false {
                    let __typed: #output = loop {};
                    return __typed;
                }
            }
        });
        if self.arguments.needs_result().is_none() {
            return quote!(async move { #hint #body });
        }
        let result = Ident::new("__result", Span::mixed_site());
        let record = self.record(&result);
        quote! {
            async move {
                let #result = async move { #hint #body }.await;
                #record
                #result
            }
        }
    }

    /// A function that returns a future or a stream. If the last expression is an async block, the span starts at its first poll, as that of
    /// an async function; what comes before the block runs outside of the span, when the function is called.
    fn returned_future(&self, returned: Returned) -> syn::Result<TokenStream> {
        let body = &self.function.body;
        if let Ok(block) = syn::parse2::<Block>(quote!({ #body }))
            && let Some((Stmt::Expr(last, None), before)) = block.stmts.split_last()
            && let Some((inner, is_boxed)) = async_block(last)
        {
            let statements = &inner.stmts;
            let inner = self.future(&quote!(#(#statements)*), None);
            let outer = quote!(async move { #inner.await });
            let outer = if is_boxed { quote!(::std::boxed::Box::pin(#outer)) } else { outer };
            return Ok(quote!(#(#before)* #outer));
        }
        if let Some(place) = self.arguments.needs_result() {
            let message = "`err` and `ret` need an `async fn`, or a function whose last expression is `async move { … }` or \
                 `Box::pin(async move { … })`; for others, use `InSpan::in_span` inside";
            return Err(Error::new(place, message));
        }
        let (support, span) = (&self.support, &self.span);
        let (start, inner) = (self.start(), Ident::new("__inner", Span::mixed_site()));
        let output = match returned {
            Returned::Boxed => self.function.result_type().map(|output| quote!(-> #output)),
            _ => None,
        };
        let wrapped = quote!(#support::InSpan::in_span(#inner, #span));
        let wrapped = if returned == Returned::Boxed { quote!(::std::boxed::Box::pin(#wrapped)) } else { wrapped };
        Ok(quote! {
            #[allow(unused_mut)]
            let mut #span = { #start #span };
            let #inner = #span.in_scope(move || #output { #body });
            #wrapped
        })
    }
}

/// The block of `async move { … }` or `Box::pin(async move { … })`, and whether it is the latter.
fn async_block(last: &Expr) -> Option<(&Block, bool)> {
    match last {
        Expr::Async(block) if block.capture.is_some() => Some((&block.block, false)),
        Expr::Call(call) if call.args.len() == 1 => {
            let Expr::Path(function) = &*call.func else { return None };
            let mut names = function.path.segments.iter().rev();
            let is_pin = names.next().is_some_and(|name| name.ident == "pin")
                && names.next().is_some_and(|name| name.ident == "Box");
            match call.args.first() {
                Some(Expr::Async(block)) if is_pin && block.capture.is_some() => Some((&block.block, true)),
                _ => None,
            }
        }
        _ => None,
    }
}
