//! `traceparent` and `tracestate`, also set up otherwise than by default.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::headers(opentracing_fuzz::Target::TraceContext, data));
