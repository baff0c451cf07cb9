//! The shop, from start to summary.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::{env, fs};

use crate::process::Program;
use crate::wire::send;

fn shop(options: &[&str]) -> Program {
    Program::start(env!("CARGO_BIN_EXE_acme-shop"), options)
}

/// The rest of the first line that starts with `word`.
#[track_caller]
fn line<'a>(printed: &'a str, word: &str) -> &'a str {
    printed.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("no {word:?}:\n{printed}")).trim()
}

#[test]
fn prints_each_request_as_one_tree() {
    let mut shop = shop(&["--requests", "7"]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");

    let trees: Vec<&str> = printed.lines().filter(|line| line.starts_with("trace ")).collect();
    assert_eq!(trees.len(), 7, "{printed}");
    let through_the_whole_shop = trees.iter().filter(|tree| tree.contains(" 6 services")).count();
    assert_eq!(through_the_whole_shop, 2, "both purchases:\n{printed}");
    for span in [
        "GET /",
        "acme.shop.Users/Find",
        "GET /products/{sku}",
        "POST /buy",
        "POST /orders",
        "POST /payments",
        "SELECT products",
        "UPDATE order_numbers",
        "INSERT order_lines",
        "COMMIT",
        "send orders",
        "process orders",
        "settle",
    ] {
        assert!(printed.contains(span), "no {span}:\n{printed}");
    }
    // One purchase is paid, and its tree holds all its spans.
    let paid = printed.split("\ntrace ").find(|tree| tree.contains("process orders")).expect("the purchase");
    let position = |span| paid.find(span).unwrap_or_else(|| panic!("no {span}:\n{paid}"));
    assert!(
        ["POST /buy", "POST /orders", "send orders", "process orders", "settle"].map(position).is_sorted(),
        "{paid}"
    );
    assert!(printed.contains("the bank does not respond"), "no reason for the failed payment:\n{printed}");
}

/// The requests fail in the payment service, and are served by the front-end.
#[test]
fn keeps_what_failed_with_tail_sampling() {
    let mut shop = shop(&["--requests", "14", "--report", "none", "--tail"]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");
    let kept = printed.lines().filter(|line| line.contains(" kept ") && line.contains(" traces, "));
    let failed = kept.clone().filter(|line| !line.contains(" 0 failed")).count();
    assert!(failed > 0 && kept.count() > failed, "{printed}");
    assert_eq!(line(printed, "spans lost:"), "0", "{printed}");
}

#[test]
fn summarizes_requests_and_spans() {
    let mut shop = shop(&["--requests", "14", "--report", "none"]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");

    assert_eq!(line(printed, "requests"), "14: 10 succeeded, 2 client errors (4xx), 2 server errors (5xx)");
    assert_eq!(line(printed, "responses"), "14 of 14 as expected");
    assert_eq!(line(printed, "traces"), "14 complete, 0 incomplete");
    assert_eq!(line(printed, "spans lost:"), "0");
    for (service, errors) in [("front-end", 4), ("order", 4), ("payment", 2), ("catalog", 0)] {
        let line = line(printed, &format!("  {service}"));
        assert!(line.ends_with(&format!(" errors: {errors}")), "{service}: {line}");
    }
    assert!(line(printed, "latency").contains("p95"), "{printed}");
    assert!(!printed.lines().any(|line| line.starts_with("trace ")), "no tree is printed:\n{printed}");
}

/// Catalog logs by `tracing` in JSON, payment by `log`, and cart is traced by a library for OpenTelemetry.
#[test]
fn shows_what_other_libraries_record() {
    let mut shop = shop(&["--requests", "14"]);
    assert!(shop.wait().success(), "{}", shop.printed);
    let (printed, logged) = (shop.printed.clone(), shop.logged());
    let tree = |id: &str| printed.split("\ntrace ").find(|tree| tree.starts_with(id));

    let unknown = logged.lines().find(|line| line.contains("unknown product"));
    let unknown: serde_json::Value =
        serde_json::from_str(unknown.unwrap_or_else(|| panic!("no line:\n{logged}"))).unwrap();
    assert_eq!((&unknown["level"], &unknown["fields"]["sku"]), (&"WARN".into(), &"unicorn".into()));
    let found = tree(unknown["trace_id"].as_str().unwrap()).unwrap_or_else(|| panic!("no {unknown} in\n{printed}"));
    assert!(found.contains("GET /products/{sku}") && found.contains("message=\"unknown product\""), "{found}");
    let is_search = |line: &str| line.starts_with("catalog ") && line.contains("─ search ");
    assert!(printed.lines().any(is_search), "the span of `tracing`:\n{printed}");

    let refused =
        logged.lines().find(|line| line.contains("cannot charge")).unwrap_or_else(|| panic!("no line:\n{logged}"));
    let (_, ids) = refused.split_once("trace_id=").unwrap_or_else(|| panic!("no id in {refused}"));
    let failed = tree(&ids[..32]).unwrap_or_else(|| panic!("no {refused} in\n{printed}"));
    assert!(failed.contains("POST /payments") && failed.contains("the bank does not respond"), "{failed}");

    let cart = printed.lines().find(|line| line.starts_with("cart ") && line.contains("GET /carts/{user}"));
    assert!(cart.is_some_and(|line| line.contains(" server ") && line.contains(" 200 ")), "{cart:?}:\n{printed}");
}

/// The address of a test server from the environment.
fn server(variable: &str, peer: &str) -> Option<String> {
    let url = env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{variable} is not set");
        // The test runner does not capture direct writes.
        let _ = writeln!(std::io::stderr(), "skipped, {variable} is not set: the shop on {peer}");
    }
    url
}

fn check_database(variable: &str, peer: &str) {
    let Some(url) = server(variable, peer) else { return };
    let mut shop = shop(&["--requests", "7", "--database", &url]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");
    let queries: Vec<&str> = printed.lines().filter(|line| line.contains(&format!("→ {peer} "))).collect();
    for span in ["SELECT products", "BEGIN", "UPDATE order_numbers", "INSERT orders", "INSERT order_lines", "COMMIT"] {
        assert!(queries.iter().any(|line| line.contains(span)), "no {span} to {peer}:\n{printed}");
    }
    assert_eq!(line(printed, "traces"), "7 complete, 0 incomplete");
    assert_eq!(line(printed, "spans lost:"), "0");
}

#[test]
fn runs_on_postgresql() {
    check_database("POSTGRES_URL", "postgresql");
}

#[test]
fn runs_on_mariadb() {
    check_database("MYSQL_URL", "mysql");
}

/// A purchase goes through all servers from the environment, in one trace.
#[test]
fn publishes_parcels_to_rabbitmq() {
    let Some(broker) = server("AMQP_URL", "rabbitmq") else { return };
    let (catalog, orders) = (server("POSTGRES_URL", "postgresql"), server("MYSQL_URL", "mysql"));
    let mut variables = vec![("AMQP_URL", &*broker)];
    variables.extend(catalog.as_deref().map(|url| ("POSTGRES_URL", url)));
    variables.extend(orders.as_deref().map(|url| ("MYSQL_URL", url)));
    let mut shop = Program::start_with(env!("CARGO_BIN_EXE_acme-shop"), &["--requests", "7"], &variables);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");

    assert!(line(printed, "shipping").starts_with("consumes from RabbitMQ at 127.0.0.1:"), "{printed}");
    assert!(!printed.contains("-pw@"), "no password:\n{printed}");
    let trees: Vec<&str> = printed.split("\ntrace ").skip(1).collect();
    assert_eq!(trees.len(), 7, "one for each request:\n{printed}");
    let paid = trees.iter().find(|tree| tree.contains("process shipping")).expect("the purchase that was paid");
    assert!(paid.lines().next().is_some_and(|head| head.contains(" 7 services")), "{paid}");
    let position = |span| paid.find(span).unwrap_or_else(|| panic!("no {span}:\n{paid}"));
    let order =
        ["POST /buy", "acme.shop.Users/Find", "POST /orders", "COMMIT", "publish shipping", "process shipping", "pack"];
    assert!(order.map(position).is_sorted(), "{paid}");
    for (peer, _) in [("postgresql", catalog), ("mysql", orders)].iter().filter(|(_, url)| url.is_some()) {
        assert!(paid.contains(&format!("→ {peer} ")), "no query to {peer}:\n{paid}");
    }
    assert_eq!(line(printed, "traces"), "7 complete, 0 incomplete");
    assert_eq!(line(printed, "spans lost:"), "0");
}

#[test]
fn publishes_orders_to_kafka() {
    let Some(brokers) = server("KAFKA_BROKERS", "kafka") else { return };
    let variables = [("KAFKA_BROKERS", &*brokers)];
    let mut shop = Program::start_with(env!("CARGO_BIN_EXE_acme-shop"), &["--requests", "7"], &variables);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");
    assert_eq!(
        (printed.matches("send orders").count(), printed.matches("process orders").count()),
        (1, 1),
        "{printed}"
    );
    assert_eq!(line(printed, "traces"), "7 complete, 0 incomplete");
    assert_eq!(line(printed, "spans lost:"), "0");
}

#[test]
fn explains_how_to_enable_shipping() {
    let mut shop = shop(&["--requests", "0"]);
    assert!(shop.wait().success(), "{}", shop.printed);
    assert!(line(&shop.printed, "shipping").contains("AMQP_URL=amqp://"), "{}", shop.printed);
}

#[test]
fn fails_if_the_broker_is_unreachable() {
    // A closed port.
    let variables = [("AMQP_URL", "amqp://user:secret@127.0.0.1:1/%2f")];
    let mut shop = Program::start_with(env!("CARGO_BIN_EXE_acme-shop"), &["--requests", "0"], &variables);
    assert_eq!(shop.wait().code(), Some(1), "{}", shop.printed);
}

#[test]
fn keeps_orders_in_a_file() {
    let file = env::temp_dir().join(format!("acme-shop-{}.db", std::process::id()));
    let url = format!("sqlite:{}?mode=rwc", file.display());
    for order in ["Order 1 ", "Order 2 "] {
        let mut shop = shop(&["--requests", "0", "--serve", "--database", &url]);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let bought = send(shop.address(), "POST", "/buy", &form, "user=ada&sku=tea");
        assert!(bought.body.contains(order), "{}", bought.body);
        assert!(shop.interrupt().success(), "{}", shop.printed);
    }
    fs::remove_file(file).unwrap();
}

#[test]
fn serves_until_interrupted() {
    let mut shop = shop(&["--requests", "0", "--serve"]);
    let address = shop.address();

    let home = send(address, "GET", "/", &[], "");
    assert_eq!(home.status(), 200);
    assert!(home.body.contains("Rocket skates"), "{}", home.body);
    let found = send(address, "GET", "/search?q=%3Cscript%3E", &[], "");
    assert!(found.body.contains("0 found for “&lt;script&gt;”"), "{}", found.body);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let bought = send(address, "POST", "/buy", &form, "user=ada&sku=tea");
    assert!(bought.body.contains("€ 9.90 paid"), "{}", bought.body);
    let refused = send(address, "POST", "/buy", &form, "user=ada&sku=..%2F..%2Fcarts");
    assert_eq!(refused.status(), 404, "{}", refused.body);

    let status = shop.interrupt();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");
    assert_eq!(line(printed, "requests"), "4: 3 succeeded, 1 client errors (4xx), 0 server errors (5xx)");
    assert_eq!(line(printed, "traces"), "4 complete, 0 incomplete");
}

/// A cancelled query closes the connection of the pool, and must not delete the tables in memory.
#[test]
fn keeps_tables_when_customers_disconnect() {
    let mut shop = shop(&["--requests", "0", "--serve"]);
    let address = shop.address();
    for _ in 0..40 {
        let mut customer = TcpStream::connect(address).unwrap();
        customer.write_all(b"GET /bestsellers HTTP/1.1\r\nhost: shop\r\n\r\n").unwrap();
        // Another request, so that the shop has started the query.
        assert_eq!(send(address, "GET", "/", &[], "").status(), 200);
    }
    assert_eq!(send(address, "GET", "/bestsellers", &[], "").status(), 200);
    assert!(shop.interrupt().success(), "{}", shop.printed);
}

#[test]
fn continues_the_trace_of_a_traced_user() {
    let mut shop = shop(&["--requests", "0", "--serve"]);
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let home = send(shop.address(), "GET", "/", &[("traceparent", traceparent)], "");
    assert_eq!(home.status(), 200);
    assert!(shop.interrupt().success(), "{}", shop.printed);
    assert!(line(&shop.printed, "trace ").starts_with("4bf92f3577b34da6a3ce929d0e0e4736"), "{}", shop.printed);
    assert_eq!(line(&shop.printed, "traces"), "1 complete, 0 incomplete");
}

#[test]
fn fails_if_a_trace_is_incomplete() {
    let mut shop = shop(&["--requests", "0", "--serve"]);
    // Like a call of the front-end whose spans never arrive.
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let products = send(shop.address_of("catalog"), "GET", "/products", &[("traceparent", traceparent)], "");
    assert_eq!(products.status(), 200);
    assert_eq!(shop.interrupt().code(), Some(1), "{}", shop.printed);
    assert_eq!(line(&shop.printed, "traces"), "0 complete, 1 incomplete");
}

#[test]
fn stops_early_when_interrupted() {
    let mut shop = shop(&["--requests", "1000000"]);
    shop.address();
    let status = shop.interrupt();
    assert!(status.success(), "{}", shop.printed);
    assert_eq!(line(&shop.printed, "spans lost:"), "0");
}

#[test]
fn fails_if_its_port_is_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_eq!(shop(&["--port", &port]).wait().code(), Some(1));
}

#[test]
fn rejects_unknown_options() {
    for options in [
        &["--no-such-option"][..],
        &["--requests", "many"],
        &["--port", "0"],
        &["--report", "pigeon"],
        &["--database", "pigeon:1"],
    ] {
        assert_eq!(shop(options).wait().code(), Some(2), "{options:?}");
    }
}

/// For a shop whose front-end, user and cart are written in other languages.
#[test]
fn serves_only_the_back_end() {
    // A closed port.
    let mut shop = shop(&["--back-end", "http://127.0.0.1:1"]);
    let catalog = shop.address_of("catalog");
    assert_eq!(send(catalog, "GET", "/products", &[], "").status(), 200);
    let checkout = r#"{"user": "ada", "card": "card-of-ada"}"#;
    let json = [
        ("content-type", "application/json"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let order = send(shop.address_of("order"), "POST", "/orders", &json, checkout);
    assert_eq!(order.status(), 502, "{}", order.body);
    assert!(order.body.contains("cart cannot be reached"), "{}", order.body);
    assert!(shop.interrupt().success(), "the callers of a back end report their spans elsewhere: {}", shop.printed);
    for absent in ["front-end", "user ", "cart  "] {
        assert!(!shop.printed.lines().any(|line| line.starts_with(absent)), "{absent}: {}", shop.printed);
    }
}

#[test]
fn shows_its_traces_on_a_page() {
    let mut shop = shop(&["--requests", "3", "--view", "--serve"]);
    shop.wait_for_line("open http://");
    let viewer = line(&shop.printed, "viewer  http://").trim_end_matches('/').to_owned();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(&viewer).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {viewer}\r\nConnection: close\r\n\r\n").unwrap();
        std::io::read_to_string(stream).unwrap()
    };
    assert_eq!(get("/").matches("<tr data-trace=").count(), 3, "{}", shop.printed);
    let health = get("/health");
    for service in ["front-end", "catalog", "payment"] {
        assert!(health.contains(&format!("Report of {service}")), "{service}: {health}");
    }
    assert!(shop.interrupt().success(), "{}", shop.printed);
}

#[test]
fn ends_with_its_input_when_it_only_shows_traces() {
    let mut shop = shop(&["--requests", "1", "--view"]);
    assert!(shop.wait().success(), "{}", shop.printed);
    assert!(shop.printed.contains("press Ctrl-C to stop"), "{}", shop.printed);
}
