//! The shop, from its opening to the summary.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::{env, fs};

use crate::process::Program;
use crate::wire::send;

fn shop(options: &[&str]) -> Program {
    Program::start(env!("CARGO_BIN_EXE_acme-shop"), options)
}

/// The rest of the first line that begins with that word.
#[track_caller]
fn line<'a>(printed: &'a str, word: &str) -> &'a str {
    printed.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("no {word:?}:\n{printed}")).trim()
}

#[test]
fn draws_each_request_as_one_tree() {
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
    // One purchase is paid, and all that comes of it stands in its tree.
    let paid = printed.split("\ntrace ").find(|tree| tree.contains("process orders")).expect("the purchase");
    let position = |span| paid.find(span).unwrap_or_else(|| panic!("no {span}:\n{paid}"));
    assert!(
        ["POST /buy", "POST /orders", "send orders", "process orders", "settle"].map(position).is_sorted(),
        "{paid}"
    );
    assert!(printed.contains("the bank does not answer"), "why the payment failed:\n{printed}");
}

#[test]
fn sums_up_what_became_of_requests_and_spans() {
    let mut shop = shop(&["--requests", "14", "--report", "none"]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");

    assert_eq!(line(printed, "requests"), "14: 10 answered, 2 refused (4xx), 2 failed (5xx)");
    assert_eq!(line(printed, "answers"), "14 of 14 as expected");
    assert_eq!(line(printed, "traces"), "14 whole, 0 broken");
    assert_eq!(line(printed, "spans lost:"), "0");
    for (service, errors) in [("front-end", 4), ("order", 4), ("payment", 2), ("catalog", 0)] {
        let line = line(printed, &format!("  {service}"));
        assert!(line.ends_with(&format!(" errors: {errors}")), "{service}: {line}");
    }
    assert!(line(printed, "latency").contains("p95"), "{printed}");
    assert!(!printed.lines().any(|line| line.starts_with("trace ")), "nothing is drawn:\n{printed}");
}

/// The address of a server, if there is one.
fn given(variable: &str, peer: &str) -> Option<String> {
    let url = env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{variable} is not set");
        // What the test runner does not keep to itself.
        let _ = writeln!(std::io::stderr(), "left out, as {variable} is not set: the shop on {peer}");
    }
    url
}

fn runs_on_a_database_of(variable: &str, peer: &str) {
    let Some(url) = given(variable, peer) else { return };
    let mut shop = shop(&["--requests", "7", "--database", &url]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");
    let queries: Vec<&str> = printed.lines().filter(|line| line.contains(&format!("→ {peer} "))).collect();
    for span in ["SELECT products", "BEGIN", "UPDATE order_numbers", "INSERT orders", "INSERT order_lines", "COMMIT"] {
        assert!(queries.iter().any(|line| line.contains(span)), "no {span} to {peer}:\n{printed}");
    }
    assert_eq!(line(printed, "traces"), "7 whole, 0 broken");
    assert_eq!(line(printed, "spans lost:"), "0");
}

#[test]
fn runs_on_postgresql() {
    runs_on_a_database_of("POSTGRES_URL", "postgresql");
}

#[test]
fn runs_on_mariadb() {
    runs_on_a_database_of("MYSQL_URL", "mysql");
}

/// Each purchase goes through all servers that the environment names, in one trace.
#[test]
fn tells_shipping_over_rabbitmq() {
    let Some(broker) = given("AMQP_URL", "rabbitmq") else { return };
    let (catalog, orders) = (given("POSTGRES_URL", "postgresql"), given("MYSQL_URL", "mysql"));
    let mut variables = vec![("AMQP_URL", &*broker)];
    variables.extend(catalog.as_deref().map(|url| ("POSTGRES_URL", url)));
    variables.extend(orders.as_deref().map(|url| ("MYSQL_URL", url)));
    let mut shop = Program::start_with(env!("CARGO_BIN_EXE_acme-shop"), &["--requests", "7"], &variables);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");

    assert!(line(printed, "shipping").starts_with("is told by RabbitMQ at 127.0.0.1:"), "{printed}");
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
    assert_eq!(line(printed, "traces"), "7 whole, 0 broken");
    assert_eq!(line(printed, "spans lost:"), "0");
}

#[test]
fn tells_of_orders_over_kafka() {
    let Some(brokers) = given("KAFKA_BROKERS", "kafka") else { return };
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
    assert_eq!(line(printed, "traces"), "7 whole, 0 broken");
    assert_eq!(line(printed, "spans lost:"), "0");
}

#[test]
fn says_how_to_have_shipping_told() {
    let mut shop = shop(&["--requests", "0"]);
    assert!(shop.wait().success(), "{}", shop.printed);
    assert!(line(&shop.printed, "shipping").contains("AMQP_URL=amqp://"), "{}", shop.printed);
}

#[test]
fn says_that_there_is_no_broker() {
    // Nobody listens there.
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
fn serves_a_browser_until_it_is_interrupted() {
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
    assert_eq!(line(printed, "requests"), "4: 3 answered, 1 refused (4xx), 0 failed (5xx)");
    assert_eq!(line(printed, "traces"), "4 whole, 0 broken");
}

/// A query that is cancelled costs the pool its connection, and must not cost the shop its tables.
#[test]
fn sells_on_when_customers_leave() {
    let mut shop = shop(&["--requests", "0", "--serve"]);
    let address = shop.address();
    for _ in 0..40 {
        let mut customer = TcpStream::connect(address).unwrap();
        customer.write_all(b"GET /bestsellers HTTP/1.1\r\nhost: shop\r\n\r\n").unwrap();
        // Somebody else is served meanwhile, so that the shop has begun to look.
        assert_eq!(send(address, "GET", "/", &[], "").status(), 200);
    }
    assert_eq!(send(address, "GET", "/bestsellers", &[], "").status(), 200);
    assert!(shop.interrupt().success(), "{}", shop.printed);
}

#[test]
fn keeps_the_trace_of_a_user_who_traces() {
    let mut shop = shop(&["--requests", "0", "--serve"]);
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let home = send(shop.address(), "GET", "/", &[("traceparent", traceparent)], "");
    assert_eq!(home.status(), 200);
    assert!(shop.interrupt().success(), "{}", shop.printed);
    assert!(line(&shop.printed, "trace ").starts_with("4bf92f3577b34da6a3ce929d0e0e4736"), "{}", shop.printed);
    assert_eq!(line(&shop.printed, "traces"), "1 whole, 0 broken");
}

#[test]
fn fails_if_a_trace_is_not_whole() {
    let mut shop = shop(&["--requests", "0", "--serve"]);
    // As if the front-end had called, and its own spans had never come.
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let products = send(shop.address_of("catalog"), "GET", "/products", &[("traceparent", traceparent)], "");
    assert_eq!(products.status(), 200);
    assert_eq!(shop.interrupt().code(), Some(1), "{}", shop.printed);
    assert_eq!(line(&shop.printed, "traces"), "0 whole, 1 broken");
}

#[test]
fn ends_early_when_it_is_interrupted() {
    let mut shop = shop(&["--requests", "1000000"]);
    shop.address();
    let status = shop.interrupt();
    assert!(status.success(), "{}", shop.printed);
    assert_eq!(line(&shop.printed, "spans lost:"), "0");
}

#[test]
fn says_when_its_port_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_eq!(shop(&["--port", &port]).wait().code(), Some(1));
}

#[test]
fn refuses_options_that_it_does_not_know() {
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
