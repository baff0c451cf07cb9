//! Our adapters pass the rows of the page, and the page shows their verdicts.

use std::time::Duration;

use opentracing_bench::http::{
    ClientPeer, OurClient, OurMiddleware, OurServer, Verdict, client_titles, judge_client, judge_server, rows_of,
    server_titles,
};

const PAGE: &str = include_str!("../../HTTP.md");

/// The adapter fails exactly the given rows, and the page shows its verdicts.
#[track_caller]
fn check(column: &str, titles: &[&'static str], verdicts: &[Verdict], failed: &[&str]) {
    assert_eq!(titles.len(), verdicts.len());
    let seen: Vec<_> =
        titles.iter().zip(verdicts).map(|(title, verdict)| ((*title).to_owned(), verdict.to_string())).collect();
    let not_good: Vec<_> = seen.iter().filter(|(_, verdict)| verdict != "yes").map(|(title, _)| &**title).collect();
    assert_eq!(not_good, failed, "{seen:#?}");
    let mut on_page = rows_of(PAGE, column);
    assert!(on_page.pop().is_some_and(|(title, _)| title == "**passed**"), "{column} is not on the page");
    assert_eq!(on_page, seen, "generate the page again: opentracing-bench/peers/write");
}

#[tokio::test]
async fn our_server_fails_on_events_of_tracing_alone() {
    let verdicts = judge_server(&OurServer::new(), Duration::ZERO).await.unwrap();
    let failed = ["events of the crate `tracing` are in the span"];
    check("opentracing-tower", &server_titles(), &verdicts, &failed);
}

async fn check_client(column: &str, peer: &dyn ClientPeer, failed: &[&str]) {
    let verdicts = judge_client(peer, Duration::ZERO).await.unwrap();
    check(column, &client_titles(), &verdicts, failed);
}

#[tokio::test]
async fn our_client_passes() {
    check_client("opentracing-reqwest, client", &OurClient::new().unwrap(), &[]).await;
}

#[tokio::test]
async fn our_middleware_fails_on_redirects_inside_reqwest() {
    let failed = ["redirect to another host: no trace headers sent", "redirect: the hop is recorded"];
    check_client("opentracing-reqwest, middleware", &OurMiddleware::new().unwrap(), &failed).await;
}
