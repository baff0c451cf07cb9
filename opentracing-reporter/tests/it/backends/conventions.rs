//! The tables of the page about semantic conventions, as the Collector writes their rows.

use std::collections::BTreeSet;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Otlp};
use serde_json::Value;

use crate::backends::collector::Lines;
use crate::backends::json::{array, text};
use crate::backends::traces::PATIENCE;
use crate::otlp::conventions::{fields, record, rows};
use crate::otlp::spans::TestResult;
use crate::support::net::{addresses, ask_until};

#[test]
fn the_collector_writes_each_row_as_the_page_says() -> TestResult {
    let Some([url, file]) = addresses(["OTLP_URL", "OTELCOL_SPANS"]) else { return Ok(()) };
    let lines = Lines::from_now(&file);
    let (tracer, guard) = BatchReporter::new(Otlp::http(&url)?).start(Tracer::builder("Shop"))?;
    let rows = rows();
    let traces: Vec<_> = rows.iter().map(|row| record(&tracer, row)).collect();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let spans = ask_until(|| lines.spans(&traces), |spans| spans.len() >= traces.len());
    for (row, trace) in rows.iter().zip(&traces) {
        let span = spans.iter().find(|span| text(&span["traceId"]) == *trace).ok_or("it does not arrive")?;
        let number = |json: &Value| json.as_i64().unwrap_or_default() as i32;
        let fields = fields(row, &text(&span["name"]), number(&span["kind"]), number(&span["status"]["code"]));
        let sent: BTreeSet<_> = array(&span["attributes"]).iter().map(read).chain(fields).collect();
        assert_eq!(sent, row.sent, "{row:?}");
    }
    Ok(())
}

/// An attribute in the Collector's file, as the page writes it.
fn read(attribute: &Value) -> String {
    fn typed(value: &Value) -> String {
        let (of, value) = value.as_object().and_then(|value| value.iter().next()).expect("it has a type");
        match of.as_str() {
            "stringValue" => value.to_string(),
            "intValue" => value.as_str().expect("numbers of 64 bits are texts").to_owned(),
            "boolValue" | "doubleValue" => value.to_string(),
            "arrayValue" => {
                let values = value["values"].as_array().expect("it has values");
                format!("[{}]", values.iter().map(typed).collect::<Vec<_>>().join(","))
            }
            of => panic!("{of}"),
        }
    }
    format!("{}={}", text(&attribute["key"]), typed(&attribute["value"]))
}
