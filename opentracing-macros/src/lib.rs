//! The attribute `#[traced]`. Use it through `opentracing_core::traced`, with the feature `macros` of `opentracing-core`.

mod arguments;
mod expand;
mod function;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Runs a function in a span of its own.
///
/// The span starts when the function is called, or an async function is first polled, and is a child of the active span. It ends with the
/// function, also by `?`, `return`, a panic, or when the future is dropped. Arguments are dropped after the span has ended, as they would be
/// dropped without the attribute.
///
/// ```
/// use opentracing_core::traced;
///
/// # #[derive(Debug)]
/// # struct Declined;
/// # struct Order { id: u64, total: f64 }
/// # struct Shop { tracer: opentracing_core::Tracer }
/// #[traced]
/// fn parse(text: &str) -> Option<u64> {
///     text.parse().ok()
/// }
///
/// impl Shop {
///     #[traced(name = "charge card", kind = Client, err, tags(order.id, amount = %order.total), tracer = self.tracer)]
///     async fn charge(&self, order: &Order) -> Result<(), Declined> {
///         if order.total > 100.0 { Err(Declined) } else { Ok(()) }
///     }
/// }
/// # assert_eq!(parse("7"), Some(7));
/// ```
///
/// | argument | effect |
/// |---|---|
/// | `name = "…"` | the operation name; any expression that `Tracer::span` takes. The function's name by default |
/// | `kind = Client` | the kind: `Internal` (default), `Server`, `Client`, `Producer` or `Consumer` |
/// | `tags(a, b.c, key = x, "k" = x)` | tags at the start. The key is the expression's own text, a name or a literal. `%x` takes the `Display` of a value, `?x` its `Debug`; without either, the types that `set_tag` takes. Evaluated only if the span records |
/// | `args` | all arguments but `self` as tags, by `Debug` |
/// | `skip(a, b)` | leaves these out of `args` |
/// | `err` | marks the span as failed if the function returns `Err`, and logs the error: with its sources if it is an `Error`, or else by `Display` or `Debug` |
/// | `ret` | the tag `return` with the `Debug` of the result; of a `Result`, only of the value in `Ok` |
/// | `tracer = x` | the tracer. [`Tracer::global`](https://docs.rs/opentracing-core/latest/opentracing_core/struct.Tracer.html#method.global) by default |
/// | `boxed` | puts the future of an async function into a box, for deep recursion or large futures |
/// | `crate = path` | where `opentracing_core` is, if it was renamed |
///
/// Arguments are not recorded unless you ask for it: they may be secret, large, or costly to format.
///
/// # What it can be put on
///
/// - Functions and methods, generic ones too, with or without `async`.
/// - Methods of an `impl` or a trait under `#[async_trait]`, if they have a body.
/// - Functions that return `impl Future`, `impl Stream` or `Pin<Box<dyn Future<…>>>`: the span covers the call, each poll, and the destructor.
///   `err` and `ret` work where the last expression is `async { … }` or `Box::pin(async { … })`.
///
/// It does not compile on a `const fn`, on a method of a trait without a body, or with an unknown argument:
///
/// ```compile_fail
/// #[opentracing_core::traced]
/// const fn constant() {}
/// ```
///
/// ```compile_fail
/// trait Shop {
///     #[opentracing_core::traced]
///     fn declared();
/// }
/// ```
///
/// ```compile_fail
/// #[opentracing_core::traced(nmae = "misspelt")]
/// fn work() {}
/// ```
///
/// ```compile_fail
/// #[opentracing_core::traced(tags(unknown))]
/// fn work(known: u32) {}
/// ```
///
/// ```compile_fail
/// #[opentracing_core::traced(args, skip(unknown))]
/// fn work(known: u32) {}
/// ```
///
/// ```compile_fail
/// #[opentracing_core::traced(err)]
/// fn work() {} // no `Result`
/// ```
#[proc_macro_attribute]
pub fn traced(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::traced(arguments.into(), item.into()).into()
}
