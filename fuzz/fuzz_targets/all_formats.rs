//! All formats together.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::headers(opentracing_fuzz::Target::AllFormats, data));
