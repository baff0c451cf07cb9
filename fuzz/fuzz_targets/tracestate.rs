//! The list of members in `tracestate`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::tracestate(data));
