//! Names of secrets; redaction of URLs.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::secrets(data));
