//! The drawing.

use opentracing_core::SpanKind::{Client, Consumer, Internal, Producer, Server};
use opentracing_core::{SpanContext, SpanId, TraceId, Value};
use opentracing_reporter::{Console, ConsoleColors, ConsoleLogs, ConsoleTags};

use crate::console::scene::{Paper, Scene, at, context};

/// Draws a scene and compares it with the expected drawing, which starts with an empty line.
#[track_caller]
fn check(name: &str, settings: fn(Console) -> Console, build: fn(&mut Scene), expected: &str) {
    let paper = Paper::default();
    let mut scene = Scene::new(settings(Console::writer(paper.clone())));
    build(&mut scene);
    scene.draw();
    let drawn = paper.take();
    assert!(drawn == expected.trim_start_matches('\n'), "{name}: expected\n{expected}\nbut drawn is\n\n{drawn}");
}

fn checkout(scene: &mut Scene) {
    let mut user = scene.span("web", "POST", Client, None, 0);
    user.set_tag("http.status_code", 201).set_tag("peer.service", "gateway");
    let mut entry = scene.span("gateway", "POST /checkout", Server, Some(&context(&user)), 900);
    entry.set_tag("http.status_code", 201);
    let gateway = context(&entry);
    let mut cart = scene.span("gateway", "GET", Client, Some(&gateway), 2_000);
    cart.set_tag("http.status_code", 200).set_tag("peer.service", "cart");
    let mut get = scene.span("cart", "GET /cart/{id}", Server, Some(&context(&cart)), 2_900);
    get.set_tag("http.response.status_code", 200);
    let mut sql = scene.span("cart", "SELECT carts", Client, Some(&context(&get)), 3_300);
    sql.set_tag("peer.service", "postgresql");
    sql.finish_at(at(6_512));
    get.finish_at(at(8_100));
    cart.finish_at(at(9_000));
    let mut price = scene.span("gateway", "shop.Prices/Quote", Client, Some(&gateway), 9_400);
    price.set_tag("rpc.status_code", "OK").set_tag("peer.service", "prices");
    let mut quote = scene.span("prices", "shop.Prices/Quote", Server, Some(&context(&price)), 10_100);
    quote.set_tag("rpc.status_code", "OK");
    let rules = scene.span("prices", "apply discounts", Internal, Some(&context(&quote)), 10_800);
    rules.finish_at(at(17_000));
    quote.finish_at(at(18_000));
    price.finish_at(at(18_400));
    let mut pay = scene.span("gateway", "POST", Client, Some(&gateway), 19_000);
    pay.set_tag("http.status_code", 502).set_tag("peer.service", "payment").set_tag("error", true);
    let mut charge = scene.span("payment", "POST /charge", Server, Some(&context(&pay)), 20_000);
    charge.set_tag("http.status_code", 502).set_tag("error", true);
    charge.log_kv(&[
        ("event", Value::Static("error")),
        ("error.kind", Value::Static("timeout")),
        ("message", Value::Static("bank did not answer within 25 ms")),
    ]);
    charge.finish_at(at(46_000));
    pay.finish_at(at(46_900));
    let mut send = scene.span("gateway", "send orders", Producer, Some(&gateway), 48_000);
    send.set_tag("peer.service", "kafka");
    let mut consume = scene.span("mail", "process orders", Consumer, Some(&context(&send)), 55_000);
    consume.set_tag("peer.service", "kafka");
    let render = scene.span("mail", "render receipt", Internal, Some(&context(&consume)), 56_000);
    render.finish_at(at(61_000));
    consume.finish_at(at(63_200));
    send.finish_at(at(50_200));
    entry.finish_at(at(52_000));
    user.finish_at(at(52_700));
}

#[test]
fn draws_a_trace_across_services_as_one_tree() {
    check(
        "wide",
        |console| console.columns(120),
        checkout,
        r#"
trace 0af7651916cd43dd8448eb211c803101  63.2 ms  13 spans, 6 services, 2 errors
web      POST                         client    201    → gateway     52.7 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
gateway  └─ POST /checkout            server    201                  51.1 ms  ╺━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸
gateway     ├─ GET                    client    200    → cart        7.00 ms   ╺━━━━
cart        │  └─ GET /cart/{id}      server    200                  5.20 ms    ━━━╸
cart        │     └─ SELECT carts     client           → postgresql  3.21 ms    ━━╸
gateway     ├─ shop.Prices/Quote      client    OK     → prices      9.00 ms        ━━━━━━
prices      │  └─ shop.Prices/Quote   server    OK                   7.90 ms        ╺━━━━━
prices      │     └─ apply discounts                                 6.20 ms         ━━━━╸
gateway     ├─ POST                   client    ✗ 502  → payment     27.9 ms              ╺━━━━━━━━━━━━━━━━━━
payment     │  └─ POST /charge        server    ✗ 502                26.0 ms               ╺━━━━━━━━━━━━━━━━╸
            │        event=error error.kind=timeout message="bank did not answer within 25 ms"
gateway     └─ send orders            producer         → kafka       2.20 ms                                  ━╸
mail           └┄ process orders      consumer         ← kafka       8.20 ms                                      ╺━━━━━
mail              └─ render receipt                                  5.00 ms                                       ━━━╸

"#,
    );
    check(
        "usual",
        |console| console,
        checkout,
        r#"
trace 0af7651916cd43dd8448eb211c803101  63.2 ms  13 spans, 6 services, 2 errors
web      POST                         client    201    → gateway     52.7 ms  ━━━━━━━━━━━━━━━━━━╸
gateway  └─ POST /checkout            server    201                  51.1 ms  ╺━━━━━━━━━━━━━━━━━
gateway     ├─ GET                    client    200    → cart        7.00 ms  ╺━━
cart        │  └─ GET /cart/{id}      server    200                  5.20 ms   ━━
cart        │     └─ SELECT carts     client           → postgresql  3.21 ms   ━╸
gateway     ├─ shop.Prices/Quote      client    OK     → prices      9.00 ms     ╺━━╸
prices      │  └─ shop.Prices/Quote   server    OK                   7.90 ms     ╺━━╸
prices      │     └─ apply discounts                                 6.20 ms      ━━
gateway     ├─ POST                   client    ✗ 502  → payment     27.9 ms        ╺━━━━━━━━━╸
payment     │  └─ POST /charge        server    ✗ 502                26.0 ms         ━━━━━━━━━
            │        event=error error.kind=timeout message="bank did not answer within 25 ms"
gateway     └─ send orders            producer         → kafka       2.20 ms                  ╺╸
mail           └┄ process orders      consumer         ← kafka       8.20 ms                     ━━━
mail              └─ render receipt                                  5.00 ms                     ╺━

"#,
    );
    check(
        "terminal of 80 columns",
        |console| console.columns(80),
        checkout,
        r#"
trace 0af7651916cd43dd8448eb211c803101  63.2 ms  13 spans, 6 services, 2 errors
web      POST                         201    52.7 ms  ━━━━━━━━━━━━━━━━━━━━━╸
gateway  └─ POST /checkout            201    51.1 ms  ╺━━━━━━━━━━━━━━━━━━━━╸
gateway     ├─ GET                    200    7.00 ms   ━━╸
cart        │  └─ GET /cart/{id}      200    5.20 ms   ━━╸
cart        │     └─ SELECT carts            3.21 ms   ╺╸
gateway     ├─ shop.Prices/Quote      OK     9.00 ms      ━━━╸
prices      │  └─ shop.Prices/Quote   OK     7.90 ms      ━━━╸
prices      │     └─ apply discounts         6.20 ms      ╺━━
gateway     ├─ POST                   ✗ 502  27.9 ms          ━━━━━━━━━━━╸
payment     │  └─ POST /charge        ✗ 502  26.0 ms          ━━━━━━━━━━━
            │        event=error error.kind=timeout message="bank did not answer
            │        within 25 ms"
gateway     └─ send orders                   2.20 ms                     ╺╸
mail           └┄ process orders             8.20 ms                        ╺━━━
mail              └─ render receipt          5.00 ms                         ━━

"#,
    );
    check(
        "narrow",
        |console| console.columns(60),
        checkout,
        r#"
trace 0af7651916cd43dd8448eb211c803101  63.2 ms  13 spans
web      POST                       201    52.7 ms  ━━━━━━╸
gateway  └─ POST /checkout          201    51.1 ms  ━━━━━━╸
gateway     ├─ GET                  200    7.00 ms  ╺
cart        │  └─ GET /cart/{id}    200    5.20 ms  ╺
cart        │     └─ SELECT carts          3.21 ms  ╺
gateway     ├─ shop.Prices/Quote    OK     9.00 ms   ━╸
prices      │  └─ shop.Prices/Quo…  OK     7.90 ms   ╺╸
prices      │     └─ apply discou…         6.20 ms   ╺
gateway     ├─ POST                 ✗ 502  27.9 ms    ╺━━━
payment     │  └─ POST /charge      ✗ 502  26.0 ms    ╺━━━
            │        event=error error.kind=timeout
            │        message="bank did not answer within 25
            │        ms"
gateway     └─ send orders                 2.20 ms        ╸
mail           └┄ process orders           8.20 ms         ━
mail              └─ render recei…         5.00 ms         ╸

"#,
    );
    check(
        "as narrow as can be",
        |console| console.columns(0),
        checkout,
        r#"
trace 0af7651916cd43dd8448eb211c803101
web      POST             201    52.7 ms
gateway  └─ POST /check…  201    51.1 ms
gateway     ├─ GET        200    7.00 ms
cart     ⋯  └─ GET /car…  200    5.20 ms
cart     ⋯  └─ SELECT c…         3.21 ms
gateway     ├─ shop.Pri…  OK     9.00 ms
prices   ⋯  └─ shop.Pri…  OK     7.90 ms
prices   ⋯  └─ apply di…         6.20 ms
gateway     ├─ POST       ✗ 502  27.9 ms
payment  ⋯  └─ POST /ch…  ✗ 502  26.0 ms
         ⋯        event=error
         ⋯        error.kind=timeout
         ⋯        message="bank did not
         ⋯        answer within 25 ms"
gateway     └─ send ord…         2.20 ms
mail     ⋯  └┄ process …         8.20 ms
mail     ⋯  └─ render r…         5.00 ms

"#,
    );
}

#[test]
fn the_readme_shows_the_same_drawing() {
    let paper = Paper::default();
    let mut scene = Scene::new(Console::writer(paper.clone()));
    checkout(&mut scene);
    scene.draw();
    assert!(include_str!("../../../README.md").contains(&paper.take()));
}

#[test]
fn colours_services_and_errors() {
    check(
        "colours",
        |console| console.colors(ConsoleColors::Always).columns(80),
        |scene| {
            let root = scene.span("shop", "GET /", Server, None, 0);
            let mut child = scene.span("shop", "SELECT users", Client, Some(&context(&root)), 1_000);
            child.set_tag("error", true).log("lost");
            let other = scene.span("stock", "PUT /items", Server, Some(&context(&root)), 3_000);
            other.finish_at(at(4_000));
            child.finish_at(at(2_000));
            root.finish_at(at(4_000));
        },
        "
\u{1b}[2mtrace \u{1b}[0m\u{1b}[1m0af7651916cd43dd8448eb211c803101\u{1b}[0m  4.00 ms  3 spans, 2 services, \u{1b}[31m1 error\u{1b}[0m
\u{1b}[36mshop\u{1b}[0m   GET /            \u{1b}[2mserver\u{1b}[0m     4.00 ms  \u{1b}[36m━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━\u{1b}[0m
\u{1b}[36mshop\u{1b}[0m   \u{1b}[2m├─ \u{1b}[0m\u{1b}[31mSELECT users\u{1b}[0m  \u{1b}[2mclient\u{1b}[0m  \u{1b}[31m✗\u{1b}[0m  \u{1b}[31m1.00 ms\u{1b}[0m  \u{1b}[31m         ━━━━━━━━━\u{1b}[0m
       \u{1b}[2m│     \u{1b}[0m\u{1b}[2mevent=lost\u{1b}[0m
\u{1b}[33mstock\u{1b}[0m  \u{1b}[2m└─ \u{1b}[0mPUT /items    \u{1b}[2mserver\u{1b}[0m     1.00 ms  \u{1b}[33m                           ━━━━━━━━━\u{1b}[0m

",
    );
}

#[test]
fn marks_spans_without_their_parent() {
    check(
        "a parent in another process",
        |console| console.columns(80),
        |scene| {
            let remote = SpanContext::new(TraceId::from_parts(0, 0xbeef), SpanId::new(0xcafe));
            let entry = scene.span("shop", "GET /", Server, Some(&remote), 0);
            let child = scene.span("shop", "load", Internal, Some(&context(&entry)), 0);
            child.finish_at(at(500));
            entry.finish_at(at(1_000));
        },
        "
trace 000000000000beef  1.00 ms  2 spans, 1 service
shop  ⋯ GET /  server  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  └─ load           500 µs  ━━━━━━━━━━━━━━━━━━━━━━━━

",
    );
    check(
        "a parent that has not finished",
        |console| console.columns(80),
        |scene| {
            let open = scene.span("shop", "open", Internal, None, 0);
            scene.span("shop", "first", Internal, Some(&context(&open)), 0).finish_at(at(500));
            scene.span("shop", "second", Internal, Some(&context(&open)), 500).finish_at(at(1_000));
            std::mem::forget(open);
        },
        "
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  2 spans, 1 service
shop  ⋯ first   500 µs  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  ⋯ second  500 µs                              ━━━━━━━━━━━━━━━━━━━━━━━━━━━━

",
    );
}

#[test]
fn draws_late_spans_as_a_continuation() {
    let paper = Paper::default();
    let mut scene = Scene::new(Console::writer(paper.clone()).columns(80));
    let root = scene.span("shop", "GET /", Server, None, 0);
    let late = scene.span("shop", "send mail", Producer, Some(&context(&root)), 500);
    root.finish_at(at(1_000));
    scene.draw();
    assert_eq!(
        paper.take(),
        "\
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  1 span, 1 service
shop  GET /  server  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

"
    );
    late.finish_at(at(2_500));
    scene.draw();
    assert_eq!(
        paper.take(),
        "\
trace 0af7651916cd43dd8448eb211c803101  continued  2.00 ms  1 span, 1 service
shop  ⋯ send mail  producer  2.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

"
    );
}

#[test]
fn escapes_control_characters() {
    check(
        "everywhere that a text comes from outside",
        |console| console.columns(120).tags(ConsoleTags::All),
        |scene| {
            let mut span = scene.span("sh\u{7}op", "GET /\u{1b}[2J\u{1b}]0;title\u{7}\r\n\u{9b}31m", Server, None, 0);
            span.set_tag("peer.service", "a\u{202e}b\u{200b}");
            span.set_tag("http.status_code", "2\u{8}00");
            span.set_tag("user", "\u{1b}[31mroot\nroot");
            span.set_tag("error", true);
            span.log_kv(&[
                ("event", Value::Static("error")),
                ("message", Value::Str("line 1\nline 2\u{2028}\u{feff}")),
            ]);
            span.finish_at(at(1_000));
        },
        r#"
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  1 span, 1 service, 1 error
sh\u{7}op  GET /\u{1b}[2J\u{1b}]0;title\u{7}\r\n\u…  server  ✗ 2\u{8}00  ← a\u{202e}b\u{200b}  1.00 ms  ━━━━━━━━━━━━━━━━
              user=\u{1b}[31mroot\nroot
              event=error message="line 1\nline 2\u{2028}\u{feff}"

"#,
    );
}

#[test]
fn aligns_wide_and_combining_characters() {
    check(
        "width",
        |console| console.columns(80),
        |scene| {
            let root = scene.span("商店", "注文を処理する", Server, None, 0);
            let mut cafe = scene.span("cafe\u{301}", "re\u{301}sume\u{301}", Client, Some(&context(&root)), 0);
            cafe.set_tag("peer.service", "データベース");
            cafe.finish_at(at(500));
            let emoji =
                scene.span("商店", "🦀🦀🦀 とても長い名前なので途中で切られます", Internal, Some(&context(&root)), 500);
            emoji.finish_at(at(1_000));
            root.finish_at(at(1_000));
        },
        "
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  3 spans, 2 services
商店  注文を処理する                                   1.00 ms  ━━━━━━━━━━━━━━━━
café  ├─ résumé                        → データベース   500 µs  ━━━━━━━━
商店  └─ 🦀🦀🦀 とても長い名前なので…                   500 µs          ━━━━━━━━

",
    );
}

#[test]
fn draws_tags_and_logs_on_request() {
    let build: fn(&mut Scene) = |scene| {
        let mut root = scene.span("shop", "GET /", Server, None, 0);
        root.set_tag("http.status_code", 200)
            .set_tag("user", "Ada Lovelace")
            .set_tag("cached", true)
            .set_tag("ratio", 0.5);
        root.log("cart loaded");
        let mut child = scene.span("shop", "charge", Internal, Some(&context(&root)), 500);
        child.log_kv(&[("event", Value::Static("retry")), ("attempt", Value::I64(2)), ("note", Value::Static(""))]);
        child.finish_at(at(900));
        root.finish_at(at(1_000));
    };
    check(
        "neither by default",
        |console| console.columns(80),
        build,
        "
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  2 spans, 1 service
shop  GET /      server  200  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  └─ charge                400 µs                      ╺━━━━━━━━━━━━━━━━

",
    );
    check(
        "both",
        |console| console.columns(80).tags(ConsoleTags::All).logs(ConsoleLogs::All),
        build,
        r#"
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  2 spans, 1 service
shop  GET /      server  200  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      │  user="Ada Lovelace"
      │  cached=true
      │  ratio=0.5
      │  event="cart loaded"
shop  └─ charge                400 µs                      ╺━━━━━━━━━━━━━━━━
            event=retry attempt=2 note=""

"#,
    );
}

#[test]
fn failed_spans_show_their_logs_by_default() {
    let build: fn(&mut Scene) = |scene| {
        let mut span = scene.span("shop", "charge", Internal, None, 0);
        span.mark_error(&std::io::Error::other("no route to host"));
        span.finish_at(at(1_000));
    };
    check(
        "by default",
        |console| console.columns(80),
        build,
        r#"
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  1 span, 1 service, 1 error
shop  charge  ✗  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
         event=error message="no route to host"

"#,
    );
    check(
        "not at all",
        |console| console.columns(80).logs(ConsoleLogs::None),
        build,
        "
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  1 span, 1 service, 1 error
shop  charge  ✗  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

",
    );
}

#[test]
fn shows_the_peer() {
    check(
        "peers",
        |console| console.columns(100),
        |scene| {
            let root = scene.span("shop", "GET /", Server, None, 0);
            let parent = context(&root);
            let peers: [&[(&'static str, Value<'_>)]; 6] = [
                &[("peer.service", Value::Static("stock")), ("peer.hostname", Value::Static("db1"))],
                &[("peer.hostname", Value::Static("db1")), ("peer.port", Value::I64(5432))],
                &[("peer.ipv4", Value::Static("10.0.0.7"))],
                &[("peer.ipv6", Value::Static("fe80::1")), ("peer.port", Value::I64(80))],
                &[("peer.address", Value::Static("unix:/run/db.sock"))],
                &[("peer.port", Value::I64(80))],
            ];
            for (number, tags) in (1..).zip(peers) {
                let mut span = scene.span("shop", "call", Client, Some(&parent), number);
                tags.iter().for_each(|&(key, value)| {
                    span.set_tag(key, value);
                });
                span.finish_at(at(1_000));
            }
            root.finish_at(at(1_000));
        },
        "
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  7 spans, 1 service
shop  GET /    server                       1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  ├─ call  client  → stock               999 µs  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  ├─ call  client  → db1:5432            998 µs  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  ├─ call  client  → 10.0.0.7            997 µs  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  ├─ call  client  → [fe80::1]:80        996 µs  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  ├─ call  client  → unix:/run/db.sock   995 µs  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  └─ call  client                        994 µs  ╺━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

",
    );
}

#[test]
fn shows_an_incomplete_exchange() {
    check(
        "outcomes",
        |console| console.columns(90).tags(ConsoleTags::All),
        |scene| {
            let root = scene.span("shop", "GET /", Server, None, 0);
            let mut left = scene.span("shop", "GET /events", Server, Some(&context(&root)), 0);
            left.set_tag("http.status_code", 200).set_tag("http.outcome", "aborted");
            left.finish_at(at(500));
            let mut early = scene.span("shop", "GET /slow", Server, Some(&context(&root)), 0);
            early.set_tag("http.outcome", "cancelled");
            early.finish_at(at(500));
            let mut failed = scene.span("shop", "GET /stream", Server, Some(&context(&root)), 0);
            failed.set_tag("http.status_code", 200).set_tag("http.outcome", "aborted").set_tag("error", true);
            failed.finish_at(at(500));
            root.finish_at(at(1_000));
        },
        "
trace 0af7651916cd43dd8448eb211c803101  1.00 ms  4 spans, 1 service, 1 error
shop  GET /           server                 1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  ├─ GET /events  server  200 aborted     500 µs  ━━━━━━━━━━━━━━━━━━
shop  ├─ GET /slow    server  cancelled       500 µs  ━━━━━━━━━━━━━━━━━━
shop  └─ GET /stream  server  ✗ 200 aborted   500 µs  ━━━━━━━━━━━━━━━━━━

",
    );
}

#[test]
fn omits_the_upper_levels_of_a_deep_tree() {
    check(
        "deep",
        |console| console.columns(80),
        |scene| {
            let mut spans = vec![scene.span("shop", "level 0", Internal, None, 0)];
            for depth in 1..20 {
                let parent = spans.last().map(context);
                spans.push(scene.span("shop", &format!("level {depth}"), Internal, parent.as_ref(), depth));
            }
            spans.into_iter().for_each(|span| span.finish_at(at(100)));
        },
        "
trace 0af7651916cd43dd8448eb211c803101  100 µs  20 spans, 1 service
shop  level 0                                           100 µs  ━━━━━━━━━━━━━━━━
shop  └─ level 1                                       99.0 µs  ━━━━━━━━━━━━━━━━
shop     └─ level 2                                    98.0 µs  ╺━━━━━━━━━━━━━━━
shop        └─ level 3                                 97.0 µs  ╺━━━━━━━━━━━━━━━
shop           └─ level 4                              96.0 µs  ╺━━━━━━━━━━━━━━━
shop              └─ level 5                           95.0 µs   ━━━━━━━━━━━━━━━
shop                 └─ level 6                        94.0 µs   ━━━━━━━━━━━━━━━
shop                    └─ level 7                     93.0 µs   ━━━━━━━━━━━━━━━
shop  ⋯                 └─ level 8                     92.0 µs   ╺━━━━━━━━━━━━━━
shop  ⋯                 └─ level 9                     91.0 µs   ╺━━━━━━━━━━━━━━
shop  ⋯                 └─ level 10                    90.0 µs   ╺━━━━━━━━━━━━━━
shop  ⋯                 └─ level 11                    89.0 µs    ━━━━━━━━━━━━━━
shop  ⋯                 └─ level 12                    88.0 µs    ━━━━━━━━━━━━━━
shop  ⋯                 └─ level 13                    87.0 µs    ━━━━━━━━━━━━━━
shop  ⋯                 └─ level 14                    86.0 µs    ━━━━━━━━━━━━━━
shop  ⋯                 └─ level 15                    85.0 µs    ╺━━━━━━━━━━━━━
shop  ⋯                 └─ level 16                    84.0 µs    ╺━━━━━━━━━━━━━
shop  ⋯                 └─ level 17                    83.0 µs    ╺━━━━━━━━━━━━━
shop  ⋯                 └─ level 18                    82.0 µs     ━━━━━━━━━━━━━
shop  ⋯                 └─ level 19                    81.0 µs     ━━━━━━━━━━━━━

",
    );
}

#[test]
fn draws_a_cycle_of_parents() {
    check(
        "a circle",
        |console| console.columns(80),
        |scene| {
            // The ids of a scene are 1, 2 and so on.
            let second = SpanContext::new(TraceId::from_parts(0, 0xbeef), SpanId::new(2));
            let first = scene.span("shop", "first", Internal, Some(&second), 0);
            let second = scene.span("shop", "second", Internal, Some(&context(&first)), 100);
            second.finish_at(at(500));
            first.finish_at(at(1_000));
        },
        "
trace 000000000000beef  1.00 ms  2 spans, 1 service
shop  ⋯ first    1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
shop  └─ second   400 µs       ╺━━━━━━━━━━━━━━━━━━━━━

",
    );
    check(
        "its own parent",
        |console| console.columns(80),
        |scene| {
            let itself = SpanContext::new(TraceId::from_parts(0, 0xbeef), SpanId::new(1));
            scene.span("shop", "alone", Internal, Some(&itself), 0).finish_at(at(1_000));
        },
        "
trace 000000000000beef  1.00 ms  1 span, 1 service
shop  ⋯ alone  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

",
    );
}

#[test]
fn draws_every_span_of_a_deep_and_wide_trace() {
    let paper = Paper::default();
    let mut scene = Scene::new(Console::writer(paper.clone()));
    let mut spans = vec![scene.span("shop", "0", Internal, None, 0)];
    for number in 1..2_000 {
        let parent = context(&spans[if number < 1_000 { number - 1 } else { 0 }]);
        spans.push(scene.span("shop", &number.to_string(), Internal, Some(&parent), number as u64));
    }
    spans.into_iter().for_each(|span| span.finish_at(at(3_000)));
    scene.draw();
    let text = paper.take();
    assert_eq!(text.lines().filter(|line| line.starts_with("shop ")).count(), 2_000);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn fits_the_width() {
    for columns in 40..=170 {
        let paper = Paper::default();
        let mut scene =
            Scene::new(Console::writer(paper.clone()).columns(columns).tags(ConsoleTags::All).logs(ConsoleLogs::All));
        let mut spans =
            vec![scene.span("a-service-with-a-long-name", "GET /a/route/{that}/is/{long}", Server, None, 0)];
        for depth in 1..12 {
            let parent = spans.last().map(context);
            let mut span = scene.span("shop", "an operation with quite a long name", Client, parent.as_ref(), depth);
            span.set_tag("rpc.status_code", "FAILED_PRECONDITION").set_tag("error", true);
            span.set_tag("peer.hostname", "a-host.in-a-domain.of-many.parts.example.org").set_tag("peer.port", 65_535);
            span.set_tag(
                "a.tag.without.any.blank",
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            );
            span.log("a log that needs more than a line, because somebody had to say a lot about what happened there");
            spans.push(span);
        }
        spans.into_iter().for_each(|span| span.finish_at(at(11_220_000_000)));
        scene.draw();
        let text = paper.take();
        assert!(text.lines().all(|line| line.chars().count() <= columns), "{columns} columns\n{text}");
    }
}

#[test]
fn short_names_take_no_levels_from_the_tree() {
    check(
        "short names",
        |console| console.columns(60),
        |scene| {
            let outer = scene.span("edge", "GET /", Server, None, 0);
            let call = scene.span("edge", "GET", Client, Some(&context(&outer)), 100);
            let inner = scene.span("shop", "GET /", Server, Some(&context(&call)), 200);
            inner.finish_at(at(300));
            call.finish_at(at(400));
            outer.finish_at(at(500));
        },
        r#"
trace 0af7651916cd43dd8448eb211c803101  500 µs  3 spans
edge  GET /        server  500 µs  ━━━━━━━━━━━━━━━━━━━━━━━━━
edge  └─ GET       client  300 µs       ━━━━━━━━━━━━━━━
shop     └─ GET /  server  100 µs            ━━━━━

"#,
    );
}
