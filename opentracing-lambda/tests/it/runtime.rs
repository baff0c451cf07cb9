//! The real runtime against its API. It reads and writes the environment of its process, so it runs in a child process.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use opentracing_core::{Tracer, panic_hook};
use opentracing_lambda::TracingLayer;
use opentracing_reporter::{BatchReporter, Zipkin};
use serde_json::{Value, json};

use crate::api::{Api, Event, Got};

/// Set in the child process: how long to flush, in milliseconds.
const CHILD: &str = "OPENTRACING_TEST_LAMBDA";
const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
const HTTP: &str = r#"{"routeKey":"GET /users/{id}","rawPath":"/users/7","requestContext":{"http":{"method":"GET","path":"/users/7"}},
    "headers":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}"#;

/// The function. It ends when the API closes the connection.
#[test]
fn function() -> Result<(), Error> {
    let Ok(flush) = std::env::var(CHILD) else { return Ok(()) };
    let started = SystemTime::now();
    let zipkin = Zipkin::new(&format!("http://{}", std::env::var("AWS_LAMBDA_RUNTIME_API")?))?;
    let (tracer, guard) =
        BatchReporter::new(zipkin).close_timeout(Duration::from_secs(100)).start(Tracer::builder("orders"))?;
    panic_hook();
    let layer = TracingLayer::with_tracer(tracer.clone()).init_started(started);
    let layer = layer.flush_timeout(Duration::from_millis(flush.parse()?));
    let handler = service_fn(async |event: LambdaEvent<Value>| match event.payload["do"].as_str() {
        Some("fail") => Err(Error::from("sold out")),
        Some("panic") => panic!("no such book"),
        _ => {
            tracer.span("work").start().finish();
            Ok(json!({ "statusCode": 200 }))
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let error = runtime.block_on(layer.run(handler)).expect_err("the API closes the connection");
    drop(guard);
    assert!(!error.to_string().is_empty());
    Ok(())
}

fn start(api: &Api, flush: Duration) -> Child {
    Command::new(std::env::current_exe().expect("the program has a path"))
        .args(["runtime::function", "--exact", "--nocapture"])
        .env(CHILD, flush.as_millis().to_string())
        .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "orders")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child starts")
}

fn end(api: &Api, mut child: Child) {
    api.end();
    assert!(child.wait().expect("the child ends").success());
}

/// The spans in these requests, and whether each is there once.
fn spans(requests: &[Got]) -> Vec<Value> {
    let spans = requests.iter().filter(|got| got.line.ends_with("/spans"));
    spans.flat_map(|got| serde_json::from_str::<Vec<Value>>(&got.body).expect("it is Zipkin's JSON")).collect()
}

#[track_caller]
fn named<'s>(spans: &'s [Value], name: &str) -> &'s Value {
    let mut found = spans.iter().filter(|span| span["name"] == name);
    let span = found.next().unwrap_or_else(|| panic!("there is no {name} in {spans:?}"));
    assert!(found.next().is_none(), "{name} is there once");
    span
}

fn lines(requests: &[Got], end: &str) -> usize {
    requests.iter().filter(|got| got.line.ends_with(end)).count()
}

/// Everything that an invocation recorded has arrived when the runtime asks for the next event.
#[test]
fn spans_arrive_before_the_next_event_is_asked_for() {
    let api = Api::start().expect("there is a port");
    let child = start(&api, Duration::from_secs(100));
    api.until("/invocation/next");

    api.invoke(Event { id: "one", xray: UNSAMPLED, body: HTTP });
    let cold = api.until("/invocation/next");
    assert_eq!(lines(&cold, "POST /2018-06-01/runtime/invocation/one/response"), 1);
    let recorded = spans(&cold);
    assert_eq!(recorded.len(), 3, "{recorded:?}");
    let (invocation, init) = (named(&recorded, "GET /users/{id}"), named(&recorded, "init"));
    assert_eq!(invocation["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((&invocation["parentId"], &invocation["kind"]), (&json!("00f067aa0ba902b7"), &json!("SERVER")));
    for (tag, value) in [
        ("faas.coldstart", "true"),
        ("faas.invocation_id", "one"),
        ("faas.trigger", "http"),
        ("cloud.account.id", "123456789012"),
        ("aws.xray.trace_id", "1-5759e988-bd862e3fe1be46a994272793"),
    ] {
        assert_eq!(invocation["tags"][tag], value, "{tag}");
    }
    assert_eq!(init["parentId"], invocation["id"]);
    assert_eq!(init["tags"]["aws.lambda.initialization_type"], "on-demand");
    assert_eq!(named(&recorded, "work")["parentId"], invocation["id"]);

    api.invoke(Event { id: "two", xray: UNSAMPLED, body: "{}" });
    let warm = api.until("/invocation/next");
    let recorded = spans(&warm);
    assert_eq!(recorded.len(), 2, "{recorded:?}");
    let invocation = named(&recorded, "orders");
    assert_eq!(invocation["tags"]["faas.coldstart"], "false");
    assert_eq!(invocation["traceId"], "5759e988bd862e3fe1be46a994272793", "the root of X-Ray");
    assert_eq!(invocation["parentId"], Value::Null);

    api.invoke(Event { id: "three", xray: UNSAMPLED, body: r#"{"do":"fail"}"# });
    let failed = api.until("/invocation/next");
    assert_eq!(lines(&failed, "POST /2018-06-01/runtime/invocation/three/error"), 1);
    let recorded = spans(&failed);
    assert_eq!(named(&recorded, "orders")["tags"]["error"], "sold out");

    api.invoke(Event { id: "four", xray: UNSAMPLED, body: r#"{"do":"panic"}"# });
    let panicked = api.until("/invocation/next");
    assert_eq!(lines(&panicked, "POST /2018-06-01/runtime/invocation/four/error"), 1);
    let recorded = spans(&panicked);
    assert_eq!(named(&recorded, "orders")["tags"]["error"], "no such book");
    end(&api, child);
}

/// A backend that does not answer delays the next event by the limit at most, and gets the spans later.
#[test]
fn the_flush_has_a_limit() {
    let api = Api::start().expect("there is a port");
    api.hold_spans(true);
    let child = start(&api, Duration::from_millis(50));
    api.until("/invocation/next");
    api.invoke(Event { id: "one", xray: UNSAMPLED, body: "{}" });
    // The request for the next event comes although no request with spans was answered.
    let first = api.until("/invocation/next");
    assert_eq!(lines(&first, "/one/response"), 1);
    api.hold_spans(false);
    api.invoke(Event { id: "two", xray: UNSAMPLED, body: "{}" });
    let mut all = first;
    all.extend(api.until("/invocation/next"));
    end(&api, child);
    // What the last flush did not send in its time, the guard has sent.
    while let Some(got) = api.waiting() {
        all.push(got);
    }
    let ids: Vec<_> =
        spans(&all).iter().filter_map(|span| span["tags"]["faas.invocation_id"].as_str().map(str::to_owned)).collect();
    assert!(ids.contains(&"one".to_owned()) && ids.contains(&"two".to_owned()), "{ids:?}");
}
