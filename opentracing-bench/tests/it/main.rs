//! Runs every case with every library and checks that the spans arrive. No test asserts a speed.

mod encoders;
mod http;

use std::process::Command;

use opentracing_bench::{Bridge, BridgeCase, Case, Library};

/// Runs a measuring process and returns its figures.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> Vec<(String, f64)> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| {
            let (name, number) = line.split_once(' ').unwrap();
            (name.to_owned(), number.parse().unwrap())
        })
        .collect()
}

#[track_caller]
fn figure(figures: &[(String, f64)], name: &str) -> f64 {
    figures.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name} in {figures:?}")).1
}

#[track_caller]
fn check_arrival(case: Case, library: Library) {
    let figures = run(env!("CARGO_BIN_EXE_measure"), &["bursts", case.name(), library.name(), "1", "1"]);
    let expected = f64::from(2 * case.burst() * case.spans());
    assert_eq!(figure(&figures, "spans"), expected, "{} {}", case.name(), library.name());
}

#[test]
fn spans_of_every_case_arrive() {
    for case in Case::ALL {
        for library in Library::ALL {
            check_arrival(case, library);
        }
    }
}

#[test]
fn spans_of_every_bridge_arrive() {
    for case in BridgeCase::ALL {
        for bridge in Bridge::ALL {
            // Fails if spans are missing.
            run(env!("CARGO_BIN_EXE_measure"), &["bridge", case.name(), bridge.name(), "2"]);
        }
    }
}

#[test]
fn names_parse_to_their_case_and_library() {
    for case in Case::ALL {
        assert_eq!(case.name().parse(), Ok(case));
    }
    for library in Library::ALL {
        assert_eq!(library.name().parse(), Ok(library));
    }
}

#[test]
fn n3_ours_allocates_nothing_and_the_counter_works() {
    let program = env!("CARGO_BIN_EXE_measure_allocations");
    for case in Case::ALL {
        if matches!(case, Case::Shared1 | Case::Propagate | Case::PropagateDefault) {
            continue;
        }
        let figures = run(program, &["allocations", case.name(), "opentracing", "5"]);
        // One allocation an operation would be 1 or more. The pool may still grow where the draining thread gets no processor for a while.
        assert!(figure(&figures, "allocations") < 0.5, "{}: {figures:?}", case.name());
    }
    let fastrace = run(program, &["allocations", "root5", "fastrace", "5"]);
    assert!(figure(&fastrace, "allocations") > 1.0);
}

#[test]
fn lost_spans_under_flood_are_counted() {
    let figures = run(env!("CARGO_BIN_EXE_measure"), &["flood", "root0", "opentracing", "2", "50"]);
    assert_eq!(figure(&figures, "received") + figure(&figures, "lost"), figure(&figures, "made"));
}

#[test]
fn two_threads_deliver_all_spans() {
    for library in Library::ALL {
        // The process itself checks the number of received spans.
        let figures = run(env!("CARGO_BIN_EXE_measure"), &["time", "root0", library.name(), "2", "1"]);
        assert!(figure(&figures, "spans") >= 8.0 * 1000.0, "{}", library.name());
    }
}

#[test]
fn spans_of_calls_arrive() {
    let quick = ["--quick".to_owned()].into_iter();
    opentracing_bench::grpc(quick, || 0).unwrap();
}

/// Needs a broker. Without one the bench prints that it was skipped.
#[test]
fn spans_of_messages_arrive() {
    let has_broker = std::env::var_os("AMQP_URL").is_some_and(|url| !url.is_empty());
    assert!(has_broker || std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "AMQP_URL is not set");
    let quick = ["--quick".to_owned()].into_iter();
    opentracing_bench::amqp(quick, || 0).unwrap();
}

#[test]
fn spans_of_queries_arrive() {
    let quick = ["--quick".to_owned()].into_iter();
    opentracing_bench::sql(quick, || 0).unwrap();
}

#[test]
fn spans_of_kafka_arrive() {
    let quick = ["--quick".to_owned()].into_iter();
    opentracing_bench::kafka(quick, || 0).unwrap();
}

#[test]
fn invalid_arguments_are_rejected() {
    for arguments in [&["time"][..], &["time", "none", "fastrace", "1", "1"], &["bursts", "root0", "none", "1", "1"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_measure")).args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
