//! Which redirects are followed, and that a policy stays what it was.

use std::sync::{Arc, Mutex};

use opentracing_core::mock::MockTracer;
use opentracing_reqwest::{Redirects, TracingClient, TracingClientBuilder};
use reqwest::redirect::Policy;

use crate::server::{OK, Received, Server, redirect};
use crate::support::{only_span, resolving, tag};

/// Redirects `/3` to `/2` and so on to `/0`, by the other name each time.
async fn steps() -> Server {
    Server::start(|request: &Received| {
        let host = request.header("host").unwrap();
        let (name, port) = host.split_once(':').unwrap();
        let other = if name == "shop.example" { "other.example" } else { "shop.example" };
        match request.path[1..].parse::<u8>().unwrap() {
            0 => OK.into(),
            left => redirect(303, &format!("http://{other}:{port}/{}", left - 1)),
        }
    })
    .await
}

/// What became of a request with so many redirects: the status or the error, how often it was sent, and how often with trace headers.
async fn outcome(
    steps_to_go: u8,
    policy: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    settings: impl FnOnce(TracingClientBuilder) -> TracingClientBuilder,
) -> (String, usize, usize) {
    let (mock, server) = (MockTracer::new(), steps().await);
    let builder = policy(resolving(&[("shop.example", &server), ("other.example", &server)]));
    let builder = TracingClient::from_builder(builder).tracer(mock.tracer().clone());
    let client = settings(builder).build().unwrap();
    let outcome = match client.get(server.url_of("shop.example", &format!("/{steps_to_go}"))).send().await {
        Ok(response) => response.status().as_u16().to_string(),
        Err(error) => {
            assert!(error.is_redirect(), "{error:?}");
            let span = only_span(&mock);
            assert!(span.is_failed);
            assert_eq!(crate::support::log(&span, "error")[0].1, "redirect");
            std::error::Error::source(&error).unwrap().to_string()
        }
    };
    let received = server.received();
    (outcome, received.len(), received.iter().filter(|request| !request.trace_headers().is_empty()).count())
}

/// The policy of reqwest's builder, with nothing set on ours.
async fn with_policy(steps_to_go: u8, policy: Policy) -> (String, usize, usize) {
    outcome(steps_to_go, |builder| builder.redirect(policy), |builder| builder).await
}

fn is(outcome: (String, usize, usize), text: &str, sent: usize, traced: usize) {
    assert_eq!((&*outcome.0, outcome.1, outcome.2), (text, sent, traced));
}

#[tokio::test]
async fn the_default_follows_ten() {
    is(outcome(10, |builder| builder, |builder| builder).await, "200", 11, 1);
    is(outcome(11, |builder| builder, |builder| builder).await, "too many redirects", 11, 1);
    is(with_policy(11, Policy::default()).await, "too many redirects", 11, 1);
}

#[tokio::test]
async fn a_policy_that_follows_nothing_stays() {
    is(with_policy(1, Policy::none()).await, "303", 1, 1);
}

#[tokio::test]
async fn a_limit_stays() {
    is(with_policy(2, Policy::limited(2)).await, "200", 3, 1);
    is(with_policy(3, Policy::limited(2)).await, "too many redirects", 3, 1);
    is(with_policy(12, Policy::limited(12)).await, "200", 13, 1);
    is(with_policy(1, Policy::limited(0)).await, "too many redirects", 1, 1);
}

#[tokio::test]
async fn a_closure_stays_and_trace_headers_go_along() {
    is(with_policy(2, Policy::custom(|attempt| attempt.follow())).await, "200", 3, 3);
    is(with_policy(2, Policy::custom(|attempt| attempt.stop())).await, "303", 1, 1);
    is(with_policy(2, Policy::custom(|attempt| attempt.error("no"))).await, "no", 1, 1);
    let once = Policy::custom(|attempt| match attempt.previous().len() {
        1 => attempt.follow(),
        _ => attempt.stop(),
    });
    is(with_policy(3, once).await, "303", 2, 2);
}

#[tokio::test]
async fn a_closure_of_ours_keeps_trace_headers_at_home() {
    let with = async |steps_to_go, redirects| {
        outcome(steps_to_go, |builder| builder, |builder| builder.redirects(redirects)).await
    };
    is(with(2, Redirects::custom(|attempt| attempt.follow())).await, "200", 3, 1);
    is(with(2, Redirects::custom(|attempt| attempt.stop())).await, "303", 1, 1);
    is(with(2, Redirects::custom(|attempt| attempt.error("no"))).await, "no", 1, 1);
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let notes = seen.clone();
    let redirects = Redirects::custom(move |attempt| {
        let paths: Vec<_> = attempt.previous().iter().map(|url| url.path()).collect();
        notes.lock().unwrap().push(format!(
            "{} {} {}",
            attempt.status().as_u16(),
            paths.join(""),
            attempt.url().path()
        ));
        if attempt.previous().len() > 2 { attempt.error("enough") } else { attempt.follow() }
    });
    is(with(3, redirects).await, "enough", 3, 1);
    assert_eq!(*seen.lock().unwrap(), ["303 /3 /2", "303 /3/2 /1", "303 /3/2/1 /0"], "also behind the first host");
}

#[tokio::test]
async fn a_setting_of_ours_wins_over_a_policy() {
    let both = async |policy: Policy, redirects| {
        outcome(2, |builder| builder.redirect(policy), |builder| builder.redirects(redirects)).await
    };
    is(both(Policy::none(), Redirects::Limited(5)).await, "200", 3, 1);
    is(both(Policy::custom(|attempt| attempt.follow()), Redirects::None).await, "303", 1, 1);
    is(both(Policy::custom(|attempt| attempt.error("no")), Redirects::default()).await, "200", 3, 1);
    is(both(Policy::limited(1), Redirects::custom(|attempt| attempt.follow())).await, "200", 3, 1);
}

#[tokio::test]
async fn a_policy_is_not_mistaken_for_text_of_a_header() {
    let headers = |builder: reqwest::ClientBuilder| {
        let value = reqwest::header::HeaderValue::from_static("redirect_policy: Policy(None), ");
        builder.default_headers([(reqwest::header::USER_AGENT, value)].into_iter().collect())
    };
    is(outcome(1, headers, |builder| builder).await, "200", 2, 1);
    is(
        outcome(1, |builder| headers(builder).redirect(Policy::limited(0)), |builder| builder).await,
        "too many redirects",
        1,
        1,
    );
}

#[tokio::test]
async fn a_ready_made_client_keeps_its_policy() {
    let (mock, server) = (MockTracer::new(), steps().await);
    let client = resolving(&[("shop.example", &server)]).redirect(Policy::none()).build().unwrap();
    let response = TracingClient::with_tracer(mock.tracer().clone(), client).get(server.url_of("shop.example", "/1"));
    assert_eq!(response.send().await.unwrap().status(), 303);
    assert_eq!(tag(&only_span(&mock), "http.status_code").as_deref(), Some("303"));
}
