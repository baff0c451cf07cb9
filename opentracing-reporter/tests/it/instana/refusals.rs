//! What the stand-in refuses.

use std::time::Duration;

use serde_json::{Value, json};

use super::agent::{Call, Judge};

const RAW: &str = "/com.instana.plugin.generic.rawtrace";
const TRACE: &str = "/com.instana.plugin.generic.trace";

fn call(path: &str, body: impl Into<Vec<u8>>) -> Call {
    let headers = vec![("Content-Type".into(), "application/json".into())];
    Call { method: "POST".into(), path: path.into(), headers, body: body.into(), at: Duration::ZERO }
}

fn native() -> Value {
    json!({
        "t": "1234567890abcdef", "s": "234567890abcdef1", "n": "http", "k": 2, "ts": 1, "d": 0,
        "f": { "e": "7" }, "data": { "http": { "status": 200 } },
    })
}

fn web_service() -> Value {
    json!({ "spanId": "234567890abcdef1", "traceId": "1234567890abcdef", "timestamp": 1, "duration": 0, "name": "call" })
}

#[track_caller]
fn check(path: &str, good: Value, change: impl FnOnce(&mut Value), reason: &str) {
    assert_eq!(Judge::default().judge(&call(path, json!([good]).to_string())), Ok(()), "before the change");
    let mut bad = good;
    change(&mut bad);
    let refused = Judge::default().judge(&call(path, json!([bad]).to_string()));
    let (status, said) = refused.expect_err(reason);
    assert!(status == 400 && said.contains(reason), "{said} should name {reason}");
}

#[test]
fn refuses_invalid_native_spans() {
    check(RAW, native(), |span| span["t"] = json!("1234567890ABCDEF"), "span.t is no TraceId");
    check(RAW, native(), |span| span["s"] = json!("234567890abcdef"), "span.s is no Id");
    check(RAW, native(), |span| span["p"] = json!("0000000000000000"), "span.p is no Id");
    check(RAW, native(), |span| span["p"] = span["s"].clone(), "its own parent");
    check(RAW, native(), |span| span["ts"] = json!(1.5), "span.ts is no Number");
    check(RAW, native(), |span| span["k"] = json!(4), "no such kind");
    check(RAW, native(), |span| span["k"] = json!(1), "http of kind 1");
    check(RAW, native(), |span| span["n"] = json!("GET /"), "is not registered");
    check(RAW, native(), |span| span["x"] = json!(1), "knows no x");
    check(RAW, native(), |span| span["data"]["http"]["status"] = json!("200"), "http.status is no Number");
    check(RAW, native(), |span| span["data"]["http"]["port"] = json!("80"), "http knows no port");
    check(RAW, native(), |span| span["data"]["other"] = json!({}), "data of http knows no other");
    check(RAW, native(), |span| span["f"] = json!({ "e": 7 }), "f.e is no Text");
    check(RAW, native(), |span| span["data"]["http"]["error"] = json!("x".repeat(201)), "200 characters");
    for (member, value) in [
        ("lt", json!("00000000000000011234567890abcdef")),
        ("tp", json!(true)),
        ("ia", json!({ "t": "1234567890abcdef", "p": "234567890abcdef1" })),
        ("crtp", json!("web")),
        ("crid", json!("id")),
        ("sy", json!(true)),
    ] {
        check(RAW, native(), |span| span[member] = value, "on what is no entry");
    }
    let sdk = json!({ "sdk": { "name": "work", "type": "exit" } });
    let of_sdk = |span: &mut Value| (span["n"], span["data"]) = (json!("sdk"), sdk.clone());
    let mut good = native();
    of_sdk(&mut good);
    check(RAW, good, |span| span["data"]["sdk"]["type"] = json!("entry"), "sdk.type is not what k says");
}

#[test]
fn refuses_invalid_web_service_spans() {
    check(TRACE, web_service(), |span| span["traceId"] = json!(5), "span.traceId is no TraceId");
    check(TRACE, web_service(), |span| span["type"] = json!("CLIENT"), "no such type");
    check(TRACE, web_service(), |span| span["data"] = json!({ "status": 200 }), "span.data is no Texts");
    check(TRACE, web_service(), |span| span["tp"] = json!(true), "knows no tp");
    check(TRACE, web_service(), |span| span["data"] = json!({ "x": "y".repeat(4096) }), "bytes");
}

#[test]
fn refuses_requests_that_are_too_large_or_too_many() {
    let mut judge = Judge::default();
    let thousand = Value::Array(vec![web_service(); 1000]);
    assert_eq!(judge.judge(&call(TRACE, thousand.to_string())), Ok(()));
    let more = Value::Array(vec![web_service(); 1001]);
    assert_eq!(judge.judge(&call(TRACE, more.to_string())), Err((413, "1001 spans".into())));
    let mut large = json!([web_service()]).to_string().into_bytes();
    large.resize((4 << 20) + 1, b' ');
    assert!(matches!(judge.judge(&call(TRACE, large)), Err((413, _))));

    let mut judge = Judge::default();
    let at = |ms| Call { at: Duration::from_millis(ms), ..call(TRACE, json!([web_service()]).to_string()) };
    for number in 0..20 {
        assert_eq!(judge.judge(&at(number * 10)), Ok(()), "call {number}");
    }
    assert_eq!(judge.judge(&at(999)), Err((429, "21 calls in a second".into())));
    assert_eq!(judge.judge(&at(1200)), Ok(()), "a second later");
}

#[test]
fn refuses_other_requests_at_the_serverless_endpoint() {
    let mut judge = Judge::serverless("secret");
    let mut span = native();
    span["f"] = json!({ "e": "host", "hl": true, "cp": "generic_serverless" });
    let mut good = call("/bundle", json!({ "spans": [span] }).to_string());
    good.headers.extend(
        [("X-Instana-Key", "secret"), ("X-Instana-Host", "host"), ("X-Instana-Time", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(judge.judge(&good), Ok(()));
    for (header, status) in [("X-Instana-Key", 401), ("X-Instana-Host", 400), ("X-Instana-Time", 400)] {
        let mut bad = good.clone();
        bad.headers.retain(|(name, _)| name != header);
        assert_eq!(judge.judge(&bad).map_err(|(status, _)| status), Err(status), "{header}");
    }
    let of_a_process = Call { body: json!({ "spans": [native()] }).to_string().into_bytes(), ..good.clone() };
    assert!(judge.judge(&of_a_process).is_err(), "f of a process");
    assert_eq!(judge.judge(&Call { path: RAW.into(), ..good }).map_err(|(status, _)| status), Err(404));
}
