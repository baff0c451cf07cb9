//! Settings: names of formats, hosts, ids.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opentracing_fuzz::settings(data));
