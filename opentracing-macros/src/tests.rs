//! Expansions, and the places of errors.

use proc_macro2::TokenStream;

use crate::expand::traced;

fn expand(arguments: &str, item: &str) -> String {
    let parse = |text: &str| text.parse::<TokenStream>().expect("the row is made of tokens");
    traced(parse(arguments), parse(item)).to_string()
}

/// The item stays, the message is that of the row, and it points at that part of the arguments or the item.
#[test]
fn errors_point_at_their_cause() {
    #[track_caller]
    fn check(arguments: &str, item: &str, message: &str, at: &str) {
        let parse = |text: &str| text.parse::<TokenStream>().expect("the row is made of tokens");
        let expanded = traced(parse(arguments), parse(item));
        let text = expanded.to_string();
        assert!(text.starts_with(&parse(item).to_string()), "the item stays: {text}");
        assert!(text.contains("compile_error") && text.contains(message), "{text}");
        let place = expanded
            .into_iter()
            .skip(parse(item).into_iter().count())
            .find_map(|token| token.span().source_text())
            .unwrap_or_default();
        assert_eq!(place, at, "{text}");
    }
    check("nmae = \"x\"", "fn f() {}", "expected one of `name`", "nmae");
    check("err, err", "fn f() {}", "`err` is given twice", "err");
    check("kind = Servr", "fn f() {}", "expected `Internal`", "Servr");
    check("skip(a)", "fn f(a: u8) {}", "with `args` only", "a");
    check("args, skip(b)", "fn f(a: u8) {}", "no argument `b`", "b");
    check("tags(a + 1)", "fn f(a: u8) {}", "needs a key", "a");
    check("boxed", "fn f() {}", "for `async fn`", "boxed");
    check("", "const fn f() {}", "`const fn` cannot be traced", "const");
    check("", "fn f();", "without a body", "f");
    check("", "struct S;", "on functions and methods", "struct");
    check("err", "fn f() -> impl Future<Output = R> { g() }", "need an `async fn`", "err");
    check("ret", "fn f() -> impl Stream<Item = u8> { g() }", "need an `async fn`", "ret");
}

#[test]
fn expansions() {
    #[track_caller]
    fn check(arguments: &str, item: &str, parts: &[&str], absent: &[&str]) {
        let plain = |text: &str| text.replace(char::is_whitespace, "");
        let text = plain(&expand(arguments, item));
        for part in parts {
            assert!(text.contains(&plain(part)), "{part} should be in {text}");
        }
        for part in absent {
            assert!(!text.contains(&plain(part)), "{part} should not be in {text}");
        }
    }
    let start = "::opentracing_core::macro_support::start(&::opentracing_core::macro_support::Tracer::global(), \"f\")";
    check(
        "",
        "pub(crate) fn f(a: u8) -> u8 { a }",
        &["pub(crate) fn f(a: u8) -> u8", start],
        &["is_recording", "let mut", "call_once"],
    );
    check("", "fn r#type() {}", &["\"type\""], &[]);
    check("crate = renamed::core", "fn f() {}", &["renamed::core::macro_support::start"], &["::opentracing_core"]);
    check("tags(self.a.b)", "fn f(&self) {}", &["is_recording", "\"a.b\""], &["\"self.a.b\""]);
    check("err", "fn f() -> R { g() }", &["call_once(move || -> R { g() })", "Err"], &[]);
    check("err", "fn f() -> Result<impl Sized, E> { g() }", &["call_once(move || { g() })"], &[]);
    check("", "async fn f() -> R { g().await }", &["let __typed: R = loop {};", "in_span"], &["Box"]);
    check("", "async fn f() -> impl Sized { g().await }", &["in_span"], &["__typed"]);
    check("boxed", "async fn f() {}", &["::std::boxed::Box::pin"], &[]);
    // A body that does not parse yet is passed through, for completion in an editor.
    check("", "fn f(a: A) { a. }", &["a."], &["compile_error"]);
}
