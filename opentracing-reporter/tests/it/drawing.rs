//! What the console draws.

use opentracing_core::{SpanKind::*, Value};
use opentracing_reporter::Console;

use crate::scene::{Paper, Scene, at, context};

fn shop(scene: &mut Scene) {
    let mut user = scene.span("web", "POST", Client, None, 0);
    user.set_tag("http.status_code", 201).set_tag("peer.service", "gateway");
    let mut entry = scene.span("gateway", "POST /checkout", Server, Some(&context(&user)), 900);
    entry.set_tag("http.status_code", 201);
    let gateway = context(&entry);
    let mut cart = scene.span("gateway", "GET", Client, Some(&gateway), 2_000);
    cart.set_tag("http.status_code", 200).set_tag("peer.service", "cart");
    let mut get = scene.span("cart", "GET /cart/{id}", Server, Some(&context(&cart)), 2_900);
    get.set_tag("http.status_code", 200);
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
    let consume = scene.span("mail", "process orders", Consumer, Some(&context(&send)), 55_000);
    let render = scene.span("mail", "render receipt", Internal, Some(&context(&consume)), 56_000);
    render.finish_at(at(61_000));
    consume.finish_at(at(63_200));
    send.finish_at(at(50_200));
    entry.finish_at(at(52_000));
    user.finish_at(at(52_700));
}

#[test]
fn draws_a_trace_across_services_as_one_tree() {
    let paper = Paper::default();
    let mut scene = Scene::new(Console::writer(paper.clone()).columns(120));
    shop(&mut scene);
    scene.draw();
    assert_eq!(
        paper.take(),
        "\
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
            │        event=error error.kind=timeout message=\"bank did not answer within 25 ms\"
gateway     └─ send orders            producer         → kafka       2.20 ms                                  ━╸
mail           └┄ process orders      consumer                       8.20 ms                                      ╺━━━━━
mail              └─ render receipt                                  5.00 ms                                       ━━━╸

"
    );
}
