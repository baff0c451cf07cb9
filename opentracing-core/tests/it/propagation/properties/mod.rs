//! What holds of every input and every context. The programs in `fuzz` check the same of what a fuzzer makes up, for longer.

mod carried;
mod check;
mod made_up;
mod wire;

use opentracing_core::propagation::{
    Binary, Composite, Instana, Medium, TraceContext, TraceCorrelation, TraceState, UnsampledParent,
};
use opentracing_core::{SpanContext, Tracer};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use self::made_up::Change;
use self::wire::{Formats, Wire};

const ALL: &str =
    "instana,tracecontext,b3,baggage,jaeger,datadog,ottrace,wavefront,xray,gcp,grpc-trace-bin,sentry-trace";

/// The same cases in every run, fewer of them where each goes through many formats. Nothing is written to the source folder: what is found
/// becomes a row.
fn runner(formats: usize) -> TestRunner {
    let cases = if formats > 4 { 64 } else { 256 };
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() };
    TestRunner::new(config)
}

#[track_caller]
fn bytes_of_strangers(names: &str) {
    let formats = Formats::named(names);
    let result =
        runner(formats.names.len()).run(&(made_up::medium(), made_up::carrier(&formats)), |(medium, carrier)| {
            check::input(&formats, medium, &carrier);
            Ok(())
        });
    assert!(result.is_ok(), "{names}: {}", result.unwrap_err());
}

#[track_caller]
fn contexts_with_changes(names: &str) {
    let formats = Formats::named(names);
    let strategy = (made_up::medium(), made_up::context(), made_up::changes());
    let result = runner(formats.names.len()).run(&strategy, |(medium, context, changes)| {
        let mut carrier = written(&formats, medium, &context);
        changes.iter().for_each(|change| change.apply(&mut carrier));
        check::input(&formats, medium, &carrier);
        Ok(())
    });
    assert!(result.is_ok(), "{names}: {}", result.unwrap_err());
}

#[track_caller]
fn any_context(names: &str) {
    let formats = Formats::named(names);
    let strategy = (made_up::medium(), made_up::context(), made_up::carrier(&formats));
    let result = runner(formats.names.len()).run(&strategy, |(medium, context, carrier)| {
        check::context_on(&formats, medium, &context, &carrier);
        Ok(())
    });
    assert!(result.is_ok(), "{names}: {}", result.unwrap_err());
}

#[test]
fn formats_that_are_set_up_otherwise_read_whatever_strangers_send_within_their_limits() {
    let apart = TraceContext::new().trace_correlation(TraceCorrelation::Disabled);
    let lists = [
        Composite::empty().with(TraceContext::new().unsampled_parent(UnsampledParent::Defer)),
        Composite::empty().with(apart),
        Composite::empty().with(Instana::new()).with(apart),
    ];
    for list in lists {
        let formats = Formats::set_up("tracecontext", list);
        let strategy = (made_up::medium(), made_up::context(), made_up::carrier(&formats));
        let result = runner(1).run(&strategy, |(medium, context, carrier)| {
            check::input(&formats, medium, &carrier);
            check::context_on(&formats, medium, &context, &carrier);
            Ok(())
        });
        assert!(result.is_ok(), "{}", result.unwrap_err());
    }
}

fn written(formats: &Formats, medium: Medium, context: &SpanContext) -> Wire {
    let mut carrier = Wire::default();
    let _ = formats.inject(medium, context, &mut carrier);
    carrier
}

macro_rules! properties {
    ($($module:ident: $names:expr;)*) => { $(
        mod $module {
            #[test]
            fn reads_whatever_strangers_send_within_its_limits() {
                super::bytes_of_strangers($names);
            }

            #[test]
            fn reads_contexts_that_were_changed_on_the_way_within_its_limits() {
                super::contexts_with_changes($names);
            }

            #[test]
            fn carries_any_context_as_far_as_it_can() {
                super::any_context($names);
            }
        }
    )* };
}

properties! {
    instana: "instana";
    trace_context: "tracecontext";
    b3: "b3";
    b3_single: "b3single";
    b3_multi: "b3multi";
    w3c_baggage: "baggage";
    jaeger: "jaeger";
    datadog: "datadog";
    ot_trace: "ottrace";
    wavefront: "wavefront";
    xray: "xray";
    sentry: "sentry-trace";
    google_cloud: "gcp";
    grpc_trace_bin: "grpc-trace-bin";
    default_composite: "instana,tracecontext,b3,baggage";
    instana_and_b3: "instana,b3";
    all_formats: super::ALL;
    all_formats_the_other_way: &super::ALL.rsplit(',').collect::<Vec<_>>().join(",");
}

fn binary() -> Tracer {
    Tracer::builder("test").build().0
}

#[test]
fn the_binary_carrier_reads_whatever_strangers_send_within_its_limits() {
    let tracer = binary();
    let result = runner(1).run(&made_up::binary(), |carrier| {
        check::binary_input(&tracer, &carrier);
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn the_binary_carrier_carries_any_context_as_far_as_it_can() {
    let tracer = binary();
    let result = runner(1).run(&(made_up::context(), made_up::changes()), |(context, changes)| {
        check::binary_context(&tracer, &context);
        let mut written = vec![];
        let _ = tracer.inject(&context, Binary, &mut written);
        let mut carrier = Wire(vec![(String::new(), written)]);
        changes.iter().filter(|change| matches!(change, Change::Byte(..) | Change::Cut(..))).for_each(|change| {
            change.apply(&mut carrier);
        });
        carrier.0.iter().for_each(|(_, bytes)| check::binary_input(&tracer, bytes));
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn a_tracestate_is_read_as_it_was_written() {
    let result = runner(1).run(&made_up::tracestate(), |text| {
        if let Ok(list) = text.parse::<TraceState>() {
            assert_eq!(list.as_str().parse(), Ok(list.clone()));
            assert!(list.iter().count() <= 32 && list.as_str().len() <= text.len());
        }
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
