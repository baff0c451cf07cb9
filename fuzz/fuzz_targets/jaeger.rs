//! Jaeger's headers, with baggage and debug id.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::headers(opentracing_fuzz::Target::Jaeger, data));
