//! The viewer as a transport.

use std::io::{Read, Write};
use std::net::TcpStream;

use opentracing_core::Tracer;
use opentracing_reporter::BatchReporter;
use opentracing_viewer::{Query, Viewer};

#[test]
fn shows_the_spans_of_its_process() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let (address, store) = (viewer.local_addr(), viewer.store().clone());
    let (tracer, guard) = BatchReporter::new(viewer).start(Tracer::builder("shop")).unwrap();
    tracer.span("checkout").tag("order", 7).start().finish();
    tracer.flush(std::time::Duration::from_secs(60)).unwrap();

    let page = store.traces(&Query::default());
    assert_eq!(page.total, 1);
    assert_eq!((page.traces[0].service.as_str(), page.traces[0].name.as_str()), ("shop", "checkout"));

    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(guard);
}
