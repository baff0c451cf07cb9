//! The figures as Markdown tables.

use std::fmt::Write;

use crate::callgrind::Instructions;
use crate::case::Goals;
use crate::library::Library;
use crate::peers::{Flood, Row, Scaling};

/// Fewer allocations per operation count as none, since a pool may grow once in a run.
const NO_ALLOCATION: f64 = 0.005;

pub(crate) fn rows(rows: &[Row], instructions: bool) -> String {
    let mut out = String::from(
        "\nTimes in ns per operation: median of the rounds (best round). Ratios are to fastrace. Instructions: producer + other \
         threads. Allocations of all threads: ours / fastrace / OpenTelemetry. Goals: time, instructions, allocations; \
         stricter goals in parentheses.\n\n\
         | case | ours ns | fastrace ns | otel ns | ratio (best) | Ir ours | Ir fastrace | Ir otel | Ir ratio | allocations | goal | met |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|---|\n",
    );
    for row in rows {
        // Writing to a `String` does not fail.
        let _ = writeln!(out, "{}", line(row));
    }
    if instructions && rows.iter().all(|row| row.by_library[0].instructions.is_none()) {
        out += "\nn/a: instructions were not counted, because valgrind is not installed.\n";
    }
    out
}

fn line(row: &Row) -> String {
    let [ours, fastrace, otel] = &row.by_library;
    let ns = |measured: &crate::peers::Measured| format!("{} ({})", short(measured.median()), short(measured.best()));
    let time = ours.median() / fastrace.median();
    let best = ours.best() / fastrace.best();
    let counted = ours.instructions.zip(fastrace.instructions);
    let ratio = counted.map(|(ours, fastrace)| ours.total() / fastrace.total());
    let cells = [
        row.case.name().to_owned(),
        ns(ours),
        ns(fastrace),
        ns(otel),
        format!("**{time:.2}** ({best:.2})"),
        instructions(ours.instructions),
        instructions(fastrace.instructions),
        instructions(otel.instructions),
        ratio.map_or("n/a".to_owned(), |ratio| format!("**{ratio:.2}**")),
        [ours, fastrace, otel].map(|measured| allocations(measured.allocations)).join(" / "),
        goals(row),
        met(row, time, ratio),
    ];
    format!("| {} |", cells.join(" | "))
}

fn goals(row: &Row) -> String {
    let text = |goals: Goals| {
        let parts = [
            goals.time.map(|ratio| format!("{ratio}")),
            goals.instructions.map(|ratio| format!("Ir {ratio}")),
            goals.allocations.map(|count| format!("{count} allocations")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let (set, further) = (text(row.case.goals()), text(row.case.further_goals()));
    match (set.is_empty(), further.is_empty()) {
        (true, true) => "–".to_owned(),
        (false, true) => set,
        (true, false) => format!("({further})"),
        (false, false) => format!("{set} ({further})"),
    }
}

fn met(row: &Row, time: f64, instructions: Option<f64>) -> String {
    let answer = |goals: Goals| {
        let answers = [
            goals.time.map(|goal| Some(time <= goal)),
            goals.instructions.map(|goal| instructions.map(|ratio| ratio <= goal)),
            goals.allocations.map(|goal| Some(row.by_library[0].allocations <= goal + NO_ALLOCATION)),
        ];
        let words = answers.into_iter().flatten().map(|answer| match answer {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "n/a",
        });
        words.collect::<Vec<_>>().join(", ")
    };
    let (set, further) = (answer(row.case.goals()), answer(row.case.further_goals()));
    if further.is_empty() { set } else { format!("{set} ({further})") }
}

pub(crate) fn scaling(all: &[Scaling]) -> String {
    let mut out = String::from(
        "\nBursts on two threads at once, each on its own processor, with a flush in between. Goal: 1.8 times the throughput.\n\n\
         | case | library | ns on one thread | ns on two | throughput |\n|---|---|---:|---:|---:|\n",
    );
    for Scaling { case, library, one_ns, two_ns } in all {
        let times = 2.0 * one_ns / two_ns;
        let _ = writeln!(out, "| {} | {} | {one_ns:.1} | {two_ns:.1} | {times:.2} |", case.name(), library.name());
    }
    out
}

pub(crate) fn flood(all: &[Flood]) -> String {
    let mut out = String::from(
        "\nSpans without pause for a second, then a flush. Goal: at most 32 MiB more memory, and every lost span counted.\n\n\
         | case | library | threads | M spans created | M delivered | M lost, counted | M lost, uncounted | MiB more | met |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---|\n",
    );
    for Flood { case, library, threads, figures } in all {
        let (made, received) = (figures.get("made").unwrap_or(f64::NAN), figures.get("received").unwrap_or(f64::NAN));
        let lost = figures.get("lost");
        let uncounted = made - received - lost.unwrap_or(0.0);
        let mib = figures.get("grown_kib").map(|kib| kib / 1024.0);
        let met = match mib {
            _ if *library != Library::OpenTracing => "–",
            Some(mib) if mib <= 32.0 && uncounted == 0.0 => "yes",
            Some(_) => "**no**",
            None => "n/a",
        };
        let _ = writeln!(
            out,
            "| {} | {} | {threads} | {} | {} | {} | {} | {} | {met} |",
            case.name(),
            library.name(),
            millions(made),
            millions(received),
            lost.map_or("–".to_owned(), millions),
            millions(uncounted),
            mib.map_or("n/a".to_owned(), |mib| format!("{mib:.0}")),
        );
    }
    out
}

fn instructions(counted: Option<Instructions>) -> String {
    counted.map_or("n/a".to_owned(), |it| format!("{:.0} + {:.0}", it.producer, it.others))
}

fn allocations(count: f64) -> String {
    if count < NO_ALLOCATION { "0".to_owned() } else { format!("{count:.2}") }
}

fn short(ns: f64) -> String {
    if ns < 100.0 { format!("{ns:.1}") } else { format!("{ns:.0}") }
}

fn millions(count: f64) -> String {
    if count == 0.0 { "0".to_owned() } else { format!("{:.2}", count / 1e6) }
}
