//! Secrets in messages, tags and logs.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::redact_text(data));
