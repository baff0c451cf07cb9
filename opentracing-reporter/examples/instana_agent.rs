//! A stand-in for the Instana agent, to see what a service reports without Instana. It prints every accepted span as a line of JSON, and
//! every refused request with the reason on standard error.
//!
//! `cargo run -p opentracing-reporter --example instana_agent -- [PORT [KEY]]`
//!
//! The default port is 42699. With a key it is the serverless endpoint that accepts this key. It ends when its standard input is closed.

#[path = "../tests/it/instana/agent/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests, which use more of it")]
mod agent;

use std::error::Error;
use std::io::{self, Read, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use agent::{Judge, StandIn};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(42699), |port| port.parse())?;
    let judge = arguments.next().map_or_else(Judge::default, |key| Judge::serverless(&key));
    let agent = StandIn::start(port, judge)?;
    writeln!(io::stderr(), "listening on {}", agent.url())?;

    let (alive, ended) = channel::<()>();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
        drop(alive);
    });
    loop {
        let is_over = ended.recv_timeout(Duration::from_millis(100)) != Err(RecvTimeoutError::Timeout);
        let (spans, refusals) = {
            let mut judge = agent.judge();
            (std::mem::take(&mut judge.spans), std::mem::take(&mut judge.refusals))
        };
        for span in spans {
            writeln!(io::stdout(), "{span}")?;
        }
        for (status, reason) in refusals {
            writeln!(io::stderr(), "refused with {status}: {reason}")?;
        }
        if is_over {
            return Ok(());
        }
    }
}
