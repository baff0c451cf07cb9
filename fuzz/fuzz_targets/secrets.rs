//! What is a secret, and URLs without any.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::secrets(data));
