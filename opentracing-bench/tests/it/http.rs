//! The rows of the page hold of our adapters, and the page says what they say.

use std::time::Duration;

use opentracing_bench::http::{
    ClientPeer, OurClient, OurMiddleware, OurServer, Verdict, client_titles, judge_client, judge_server, rows_of,
    server_titles,
};

const PAGE: &str = include_str!("../../HTTP.md");

/// The rows that do not hold of an adapter are these, and the page says the same of all of them.
#[track_caller]
fn check(column: &str, titles: &[&'static str], verdicts: &[Verdict], missed: &[&str]) {
    assert_eq!(titles.len(), verdicts.len());
    let seen: Vec<_> =
        titles.iter().zip(verdicts).map(|(title, verdict)| ((*title).to_owned(), verdict.to_string())).collect();
    let not_good: Vec<_> = seen.iter().filter(|(_, verdict)| verdict != "yes").map(|(title, _)| &**title).collect();
    assert_eq!(not_good, missed, "{seen:#?}");
    let mut told = rows_of(PAGE, column);
    assert!(told.pop().is_some_and(|(title, _)| title == "**as it should be**"), "{column} is not on the page");
    assert_eq!(told, seen, "the page is to be written again: opentracing-bench/peers/write");
}

#[tokio::test]
async fn our_server_is_as_it_should_be() {
    let verdicts = judge_server(&OurServer::new(), Duration::ZERO).await.unwrap();
    check("opentracing-tower", &server_titles(), &verdicts, &[]);
}

async fn check_client(column: &str, peer: &dyn ClientPeer, missed: &[&str]) {
    let verdicts = judge_client(peer, Duration::ZERO).await.unwrap();
    check(column, &client_titles(), &verdicts, missed);
}

#[tokio::test]
async fn our_client_is_as_it_should_be() {
    check_client("opentracing-reqwest, client", &OurClient::new().unwrap(), &[]).await;
}

#[tokio::test]
async fn our_middleware_misses_what_reqwest_does_inside() {
    let missed = ["a redirect to another host: trace headers stay behind", "a redirect: the hop shows"];
    check_client("opentracing-reqwest, middleware", &OurMiddleware::new().unwrap(), &missed).await;
}
