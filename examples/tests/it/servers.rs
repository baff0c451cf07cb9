//! Real servers: where they are, how they are queried, how to wait for them.

use std::env;
use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a server may take for anything, on a machine that is busy otherwise.
const PATIENCE: Duration = Duration::from_secs(180);

/// The values of these variables. If one is missing, the test is skipped with a line on standard error; in CI it fails.
#[track_caller]
pub(crate) fn addresses<const N: usize>(variables: [&str; N]) -> Option<[String; N]> {
    let mut found = [const { String::new() }; N];
    for (variable, address) in variables.into_iter().zip(&mut found) {
        match env::var(variable) {
            Ok(value) if !value.is_empty() => *address = value,
            _ => {
                assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{variable} is not set");
                // Not with `eprintln!`, which the test runner captures.
                let test = thread::current();
                let _ = writeln!(std::io::stderr(), "skipped, {variable} is not set: {}", test.name().unwrap_or("?"));
                return None;
            }
        }
    }
    Some(found)
}

/// The body of a successful response. `None` if nobody answers yet, or with a failure.
pub(crate) fn get(url: &str) -> Option<String> {
    block_on(async { client().get(url).send().await?.error_for_status()?.text().await }).ok()
}

/// As [`get`], for JSON.
pub(crate) fn get_json(url: &str) -> Option<Value> {
    serde_json::from_str(&get(url)?).ok()
}

/// Sends a form, and returns the status.
pub(crate) fn post(url: &str, form: &[(&str, &str)]) -> Option<u16> {
    block_on(async { client().post(url).form(form).send().await }).ok().map(|response| response.status().as_u16())
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Repeats until there is an answer, which it returns.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        thread::park_timeout(Duration::from_millis(100));
    }
}

/// Ports that were free just now.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// The sum of all samples of a metric whose labels contain each of these texts, as in `service="order"`.
pub(crate) fn sum_of(page: &str, metric: &str, labels: &[&str]) -> f64 {
    let samples = page.lines().filter_map(|line| line.strip_prefix(metric)).filter(|rest| rest.starts_with(['{', ' ']));
    let samples = samples.filter(|rest| labels.iter().all(|label| rest.contains(label)));
    samples.filter_map(|rest| rest.rsplit(['}', ' ']).next()?.parse::<f64>().ok()).sum()
}
