//! What holds of every text and every header. The programs in `fuzz` check the same of what a fuzzer makes up, for longer.

#[cfg(feature = "http")]
mod proxied;
mod redacted;
#[cfg(feature = "mock")]
mod tags;

use opentracing_core::Secrets;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// The same cases in every run. Nothing is written to the source folder: what is found becomes a row.
fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() })
}

/// Pieces of all that a rule looks at, and any other text.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => ".{0,4}",
    ];
    vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

#[test]
fn redacting_a_text_ends_and_changes_nothing_more_the_second_time() {
    let lists = ["contains-ignore-case:key,pass,secret", "equals:a", "regex:.*", "none"];
    let lists = lists.map(|list| list.parse().unwrap());
    let result = runner(2_000).run(&text(), |text| {
        redacted::text(&Secrets::default(), &text);
        lists.iter().for_each(|secrets| redacted::text(secrets, &text));
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// A URL like those of most requests, and pieces in it at which rules look.
fn url() -> impl Strategy<Value = String> {
    let base = proptest::sample::select(URLS).prop_map(str::to_owned);
    let word = prop_oneof![4 => "[a-z0-9]{1,6}", 1 => proptest::sample::select(PIECES).prop_map(str::to_owned)];
    let separator = proptest::sample::select(&["/", "?", "&", "=", "-", "_", "."][..]);
    (base, vec((separator, word), 0..8)).prop_map(|(base, parts)| {
        let parts = parts.into_iter().map(|(separator, word)| format!("{separator}{word}"));
        base + &parts.collect::<String>()
    })
}

const URLS: &[&str] = &[
    "http://shop.example",
    "https://shop.example:8443/",
    "//shop",
    "/",
    "/services/",
    "https://discord.com/api/webhooks/",
    "",
];

#[test]
fn a_fragment_makes_no_difference_for_the_rest_of_a_url() {
    let lists = ["contains-ignore-case:key,pass,secret", "equals:a", "none"].map(|list| list.parse().unwrap());
    let result = runner(20_000).run(&url(), |url| {
        if url.contains('#') || url.contains('@') {
            return Ok(());
        }
        for secrets in lists.iter().chain([&Secrets::default()]) {
            // Rules look at all of a URL with a fragment; most others are known to be harmless after one scan.
            let with_fragment = format!("{url}#x");
            prop_assert_eq!(secrets.redact_url(&url), secrets.redact_url(&with_fragment), "{}", url);
        }
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn no_secret_survives_between_other_words() {
    let words = vec("[a-z]{1,9}", 0..12).prop_map(|words| words.join(" "));
    let result = runner(256).run(&(words.clone(), words), |(before, after)| {
        planted(&before, &after);
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// URLs of the most common kinds are recognized without the full scan, which an empty fragment forces.
#[test]
fn a_url_is_redacted_alike_with_and_without_an_empty_fragment() {
    let start =
        proptest::sample::select(vec!["", "/", "http://shop:80", "https://hooks.slack.com/services", "https://a.b/"]);
    let piece = prop_oneof![
        3 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        3 => proptest::sample::select(PIECES_OF_URLS).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9]{1,24}",
        1 => "[ -~]{0,3}",
    ];
    let url = (start, vec(piece, 0..10)).prop_map(|(start, pieces)| format!("{start}{}", pieces.concat()));
    let lists =
        ["contains-ignore-case:key,pass,secret", "equals:a", "regex:.*", "none"].map(|list| list.parse().unwrap());
    let result = runner(4_000).run(&url, |url| {
        prop_assume!(!url.contains('#'));
        for secrets in lists.iter().chain([&Secrets::default()]) {
            let (bare, scanned) = (secrets.redact_url(&url), format!("{url}#"));
            prop_assert_eq!(bare, secrets.redact_url(&scanned));
        }
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

const PIECES_OF_URLS: &[&str] = &[
    "?",
    "&",
    "=",
    "/",
    "-",
    "_",
    ".",
    ":",
    "token=",
    "page=",
    "key",
    "AKIA",
    "eyJ",
    "sk_live_",
    "xoxb-",
    "ghp_",
    "SG.",
    "--password=",
];

/// No secret that is put between other text in a form that is known survives there.
fn planted(before: &str, after: &str) {
    let secrets = Secrets::default();
    for form in FORMS {
        // On a line of its own: before it, a quotation mark that is not closed takes the line along, which loses more than the secret.
        let text = format!("{before}\n{form}\n{after}");
        if text.matches(SECRET).count() != 1 {
            continue;
        }
        let redacted = secrets.redact_text(&text);
        assert!(!redacted.contains(SECRET), "{text:?} became {redacted:?}");
    }
}

#[cfg(feature = "http")]
#[test]
fn what_proxies_say_is_read_whatever_it_is() {
    let entry = prop_oneof![
        4 => proptest::sample::select(ENTRIES).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
    ];
    let line = (any::<u8>(), vec(entry, 0..6).prop_map(|entries| entries.concat()));
    let line = line.prop_map(|(name, value)| [&[name], value.as_bytes()].concat());
    let result = runner(1_000).run(&vec(line, 0..5), |lines| {
        proxied::read(&proxied::headers(lines.iter().map(Vec::as_slice)));
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

const SECRET: &str = "5ECRET0x41";

const FORMS: [&str; 8] = [
    "https://me:5ECRET0x41@shop.example/",
    "GET /cb?code=5ECRET0x41&page=2",
    "password=5ECRET0x41",
    "Server=db;Pwd=5ECRET0x41;Encrypt=yes",
    "Authorization: Bearer 5ECRET0x41",
    "{\"access_token\":\"5ECRET0x41\"}",
    "eyJhbGciOiJIUzI1NiJ9.5ECRET0x41.abc",
    "next=%2Fcb%3Fcode%3D5ECRET0x41",
];

#[cfg(feature = "http")]
const ENTRIES: &[&str] = &[
    "for=",
    "host=",
    "proto=",
    "https",
    "a.example",
    "10.0.0.2",
    "192.0.2.7:80",
    "\"[2001:db8::1]:80\"",
    "_hidden",
    "unknown",
    "\"",
    "\\",
    ",",
    ";",
    ", ",
    "=",
];

const PIECES: &[&str] = &[
    "a",
    "12",
    "é",
    " ",
    "\n",
    "\r\n",
    "\t",
    ":",
    "=",
    "://",
    "//",
    "/",
    "?",
    "&",
    ";",
    ",",
    ", ",
    "@",
    "#",
    "%",
    "%3D",
    "%253D",
    "%3A%2F%2F",
    "\"",
    "'",
    "\\\"",
    "\\",
    "`",
    "“",
    "”",
    "{",
    "}",
    "}}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "</",
    "<redacted>",
    "password",
    "token",
    "key",
    "api_key",
    "code",
    "Bearer ",
    "Basic ",
    "Digest ",
    "response=",
    "Authorization: ",
    "Cookie: ",
    "Set-Cookie: ",
    "eyJhbGciOiJIUzI1NiJ9.",
    "AKIA",
    "ghp_",
    "xoxb-",
    "SK",
    "sk_live_",
    "-----BEGIN PRIVATE KEY-----",
    "-----END",
    "--token ",
    "host=",
    "Server=db;",
    "PWD=",
    "jdbc:oracle:thin:",
    "tcp(",
    "name=\"password\"",
    "\"name\":\"token\",\"value\":",
    "\u{2003}",
    "PASSWORD ",
    "\\u003d",
    "\\u0026",
    "&amp;",
    "5ECRET0x41",
    "word",
    "https",
    "Some(",
    ".",
    "-",
    "_",
    "$",
    "+",
    "~",
    "|",
    "null",
    "-u ",
    "is ",
];
