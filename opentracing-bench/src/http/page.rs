//! The page: one table for servers and one for clients.

use std::fmt::Write;

use crate::http::{Verdict, client_titles, server_titles};

/// An adapter, and what each row says of it.
#[derive(Clone, Debug)]
pub struct Column {
    /// The adapter.
    pub name: String,
    /// In the order of the titles.
    pub verdicts: Vec<Verdict>,
}

/// Writes the page in Markdown.
pub fn page(servers: &[Column], clients: &[Column]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Servers\n\n");
    table(&mut page, &server_titles(), servers);
    page.push_str("\n## Clients\n\n");
    table(&mut page, &client_titles(), clients);
    page
}

/// What a page says of an adapter: each row's title and verdict.
pub fn rows_of(page: &str, column: &str) -> Vec<(String, String)> {
    let mut place = None;
    let mut rows = Vec::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match (line.starts_with('|'), place) {
            (false, _) => place = None,
            (true, None) => place = cells.iter().position(|cell| *cell == column),
            (true, Some(place)) => {
                if let (Some(title), Some(verdict)) = (cells.first(), cells.get(place))
                    && !verdict.starts_with("--")
                {
                    rows.push(((*title).to_owned(), (*verdict).to_owned()));
                }
            }
        }
    }
    rows
}

fn table(page: &mut String, titles: &[&str], columns: &[Column]) {
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        // A string takes everything.
        let _ = writeln!(page, "| {} |", cells.collect::<Vec<_>>().join(" | "));
    };
    line(&mut std::iter::once(String::new()).chain(columns.iter().map(|column| column.name.clone())));
    line(&mut std::iter::repeat_n("---".to_owned(), columns.len() + 1));
    for (index, title) in titles.iter().enumerate() {
        let verdict = |column: &Column| column.verdicts.get(index).map(Verdict::to_string).unwrap_or_default();
        line(&mut std::iter::once((*title).to_owned()).chain(columns.iter().map(verdict)));
    }
    let good = |column: &Column| column.verdicts.iter().filter(|verdict| **verdict == Verdict::Good).count();
    let sums = columns.iter().map(|column| format!("{} of {}", good(column), titles.len()));
    line(&mut std::iter::once("**as it should be**".to_owned()).chain(sums));
}

const HEAD: &str = "\
# Adapters of HTTP, side by side

Written by a program; do not edit. `opentracing-bench/peers/write` runs it again, with the newest versions that its `Cargo.lock` names.

Each adapter is used as its documentation says, with nothing switched off, and put through the same requests over sockets of the loopback
device. What a row says was seen in the spans that the adapter reported, or on the wire. The rows are what the users of all of them
complain about, so this is no measure of what else an adapter can do, and the rows were chosen by us. `–` is what an adapter has no
setting for. Where something has to last, the request lasted 100 ms.

tower-http, axum-tracing-opentelemetry, tower-otel and reqwest-tracing make spans of the crate `tracing`, which tracing-opentelemetry turns
into spans of OpenTelemetry, whose end is the last moment at which they were entered. Events of other crates are left out. Formats on the
wire are each library's default: OpenTelemetry's is W3C Trace Context, and it has B3 in another crate. tower-http leaves names and contexts
to its user.
";
