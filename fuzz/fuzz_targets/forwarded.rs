//! `Forwarded` and `X-Forwarded-*` headers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::forwarded(data));
