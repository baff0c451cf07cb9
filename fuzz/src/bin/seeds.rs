//! Writes the seeds of the fuzzer to the folder `corpus`: the vectors of `opentracing-core`, and encoded contexts.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use opentracing_core::propagation::Binary;
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId, Tracer};
use opentracing_fuzz::Target;
use serde_json::Value;

type Headers = Vec<(String, String)>;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut vectors = vec![];
    for file in fs::read_dir(folder.join("../opentracing-core/tests/data"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            collect(&serde_json::from_str(&fs::read_to_string(path)?)?, &mut vectors);
        }
    }
    for target in Target::ALL {
        let seeds: Vec<_> = vectors.iter().filter_map(|headers| target.seed(headers)).collect();
        let written: Vec<_> = contexts().iter().filter_map(|context| target.seed_of(context)).collect();
        let seeds: Vec<_> = seeds.into_iter().chain(written).map(String::into_bytes).collect();
        write(&corpus(folder, target.name()), &seeds)?;
    }
    let (tracer, _drain) = Tracer::builder("seeds").build();
    let mut seeds = vec![];
    for context in contexts() {
        let mut carrier = vec![];
        if tracer.inject(&context, Binary, &mut carrier).is_ok() {
            seeds.push(carrier);
        }
    }
    write(&corpus(folder, "binary"), &seeds)?;
    for (name, texts) in [
        ("tracestate", TRACESTATE),
        ("secrets", SECRETS),
        ("settings", SETTINGS),
        ("redact_text", TEXTS),
        ("forwarded", PROXIES),
        ("statement", STATEMENTS),
    ] {
        let seeds: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        write(&corpus(folder, name), &seeds)?;
    }
    Ok(())
}

fn corpus(folder: &Path, target: &str) -> PathBuf {
    folder.join("corpus").join(target)
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:04}")), seed)?;
    }
    Ok(())
}

/// Collects every list of headers in the file.
fn collect(value: &Value, vectors: &mut Vec<Headers>) {
    match value {
        Value::Array(values) => {
            let pair = |value: &Value| match value.as_array()?.as_slice() {
                [Value::String(name), Value::String(value)] => Some((name.clone(), value.clone())),
                _ => None,
            };
            match values.iter().map(pair).collect::<Option<Headers>>() {
                Some(headers) if !headers.is_empty() => vectors.push(headers),
                _ => values.iter().for_each(|value| collect(value, vectors)),
            }
        }
        Value::Object(fields) => fields.values().for_each(|value| collect(value, vectors)),
        _ => {}
    }
}

fn contexts() -> Vec<SpanContext> {
    let ids = [(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c), (0, 0x8448_eb21_1c80_319c), (1 << 63, 0), (0, 0)];
    let mut contexts = vec![];
    for (high, low) in ids {
        for sampling in [Sampling::Undecided, Sampling::NotSampled, Sampling::Sampled, Sampling::Debug] {
            let context = SpanContext::new(TraceId::from_parts(high, low), SpanId::new(0x00f0_67aa_0ba9_02b7));
            let context = context.with_parent_id(SpanId::new(5)).with_sampling(sampling).with_64_bit(high == 0);
            contexts.push(context.clone());
            let context = context.with_tracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,dd=s:2;o:rum;t.dm:-4");
            contexts.push(context.with_baggage_item("user", "a b+c,d;é%\"\\").with_baggage_item("B", ""));
        }
    }
    contexts
}

const TRACESTATE: &[&str] =
    &["a\n1\nrojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "fw529a3039@dt\nFfd6e9ce-4\n a = 1 ,, b=2", "b\n\na=1,b=2,a=3"];

const SECRETS: &[&str] = &[
    "contains-ignore-case:key,pass,secret\nhttps://me:pw@shop.example/pay?card_token=41&page=2#top",
    "equals:card\n//me:pw@[::1]:80/a/https://u:p@h/?sid=1;pass=2&x=http://a:b@c/d",
    "regex:(?x) a.*|b #c\nhttps\nme\nshop.example:80\na/b\nx=1;y\nz=http://e/?key=1",
    "none\nfailed (https://me:pw@shop.example/?pwd=1, again) at \"redis://:pw@cache\"",
];

const SETTINGS: &[&str] = &[
    "b3,b3single,b3multi,tracecontext, baggage,jaeger,none,datadog,ottrace,wavefront,xray,gcp,grpc-trace-bin,sentry-trace,instana",
    "*.acme.example, partner.example:8443\ncatalog.acme.example.",
    "[::1]:80,::1,*:443\n[::1]",
    "0af7651916cd43dd8448eb211c80319c",
    "00F067aa0ba902b7",
    "contains-ignore-case",
];

const TEXTS: &[&str] = &[
    "failed (https://me:p(w)@shop.example/?next=%2Fcb%3Fcode%3D41#a), Authorization: Digest a=\"b\", response=\"c\"",
    "Server=db;Pwd={p}};w};Encrypt=yes; host=db password='it\\'s' me:pw@tcp(db:3306)/shop",
    "{\"access_token\":\"41\",\"a\":{\"pin\":1234}} \\\"key\\\":\\\"41\\\" eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MSJ9.abc",
    "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY----- AKIAIOSFODNN7EXAMPLE --token 41x <password>41</password>",
];

const PROXIES: &[&str] = &[
    "\0for=192.0.2.7;host=a.example;proto=https, for=\"[2001:db8::1]:80\"",
    "\u{1}192.0.2.7, 10.0.0.2\n\u{2}a.example\n\u{3}https\n\u{4}8443\n\u{5}/shop, /v1",
];

const STATEMENTS: &[&str] = &[
    "SELECT a.b, 'it''s', $1::int, $tag$x$tag$ FROM \"a\" -- c\nWHERE x = 0x41 /* /* */ */ AND y IN (?, :z, @w);",
    "SELECT E'a'\n'b\\'c', 'd\\', U&\"e\", `f` FROM ONLY (g), ROWS FROM (h(1)) WHERE i IN ($1, $2) AND j = $3",
    "WITH a AS (INSERT INTO b VALUES (1) RETURNING c) SELECT * INTO d FROM a, LATERAL (SELECT 1) e; SET x.y TO z, \"w\"",
    "CREATE DEFINER=a@b TRIGGER c BEFORE INSERT ON d FOR EACH ROW BEGIN IF e THEN SET f = CASE g WHEN 1 THEN 2 END; END IF; END; h",
    "SELECT /*! 'x*/ y */ 'a\\\\', \"b\\\"c\" # d\n, e -- f\r\n; CREATE USER g IDENTIFIED BY h",
    "SELECT \"a\", \"b\".\"c\" FROM \"d\" AS \"e\"; PRAGMA key = f; ATTACH g AS h KEY i; VACUUM INTO \"j\"",
    "COPY (DELETE FROM a RETURNING *) TO PROGRAM b WITH (NULL c, FORMAT csv); ALTER SYSTEM SET d = e",
    "INSERT INTO `a` (b) VALUES (\"x\", 1.5e-3, x'41') # c\nON DUPLICATE KEY UPDATE b = b + 1",
];
