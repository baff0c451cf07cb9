//! B3 in one header and in several headers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::headers(opentracing_fuzz::Target::B3, data));
