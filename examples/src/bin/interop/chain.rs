//! One request through a chain of services.

use examples::BoxError;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::headers::{Format, Headers};
use crate::link::{Link, hex};

/// A service of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    Rust,
    Peer,
}

/// How a chain begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The first service starts the trace.
    Root,
    /// The relay starts the trace, with an id of 64 bits.
    Root64,
    Sampled,
    Unsampled,
    Debug,
    /// A sampled trace with an id of 64 bits.
    Bits64,
}

impl Start {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Start::Root => "root",
            Start::Root64 => "root-64",
            Start::Sampled => "sampled",
            Start::Unsampled => "unsampled",
            Start::Debug => "debug",
            Start::Bits64 => "64-bit",
        }
    }

    /// The context of the caller; empty if the chain starts the trace. `number` makes it unique.
    fn link(self, number: u64) -> Link {
        let low = 0xa3ce_929d_0e0e_0000 + number;
        let long = 0x4bf9_2f35_77b3_4da6 << 64 | u128::from(low);
        let link = |trace, sampled, debug| Link {
            trace: Some(trace),
            span: Some(0x00f0_67aa_0ba9_0000 + number),
            sampled: Some(sampled),
            debug,
        };
        match self {
            Start::Root | Start::Root64 => Link::default(),
            Start::Sampled => link(long, true, false),
            Start::Unsampled => link(long, false, false),
            Start::Debug => link(long, true, true),
            Start::Bits64 => link(low.into(), true, false),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) hops: Vec<Hop>,
    pub(crate) start: Start,
}

/// What one service of the chain received and sent, and what it says about its span.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) hop: Hop,
    pub(crate) incoming: Link,
    pub(crate) outgoing: Link,
    pub(crate) account: Account,
}

/// How a peer sees its own span.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Account {
    trace: Option<String>,
    /// `null` for a root; missing if the tracer does not tell it.
    #[serde(default, deserialize_with = "some")]
    parent: Option<Option<String>>,
    server: Option<String>,
    client: Option<String>,
    pub(crate) sampled: Option<bool>,
}

impl Account {
    pub(crate) fn trace(&self) -> Option<u128> {
        self.trace.as_deref().and_then(hex)
    }

    pub(crate) fn parent(&self) -> Option<Option<u64>> {
        self.parent.as_ref().map(|parent| parent.as_deref().and_then(span_id))
    }

    pub(crate) fn server(&self) -> Option<u64> {
        self.server.as_deref().and_then(span_id)
    }

    pub(crate) fn client(&self) -> Option<u64> {
        self.client.as_deref().and_then(span_id)
    }
}

/// The lower half of a span id that is a UUID, as the relay reads it.
fn span_id(digits: &str) -> Option<u64> {
    hex::<u128>(digits).map(|id| id as u64)
}

fn some<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl Chain {
    /// The chains of a format.
    pub(crate) fn all(format: Format) -> Vec<Chain> {
        let mut starts = vec![Start::Root, Start::Sampled, Start::Unsampled, Start::Bits64];
        if format.has_debug() {
            starts.push(Start::Debug);
        }
        let mut chains = Vec::new();
        for hops in [&[Hop::Peer, Hop::Rust][..], &[Hop::Rust, Hop::Peer], &[Hop::Rust, Hop::Peer, Hop::Rust]] {
            let relay_first = hops.first() == Some(&Hop::Rust);
            let of_relay = relay_first.then_some(Start::Root64);
            chains.extend(starts.iter().copied().chain(of_relay).map(|start| Chain { hops: hops.to_vec(), start }));
        }
        chains
    }

    pub(crate) fn path(&self, peer: &str) -> String {
        let names: Vec<_> = self.hops.iter().map(|hop| if *hop == Hop::Rust { "rust" } else { peer }).collect();
        names.join("→")
    }

    /// Sends the request. `url` gives the address of a service.
    pub(crate) async fn send(
        &self,
        client: &Client,
        format: Format,
        number: u64,
        end: &Url,
        url: impl Fn(Hop) -> Url,
    ) -> Result<Vec<Passage>, BoxError> {
        let mut next = end.join("end")?;
        for hop in self.hops.iter().rev() {
            let mut called = url(*hop).join("call")?;
            called.query_pairs_mut().append_pair("next", next.as_str());
            next = called;
        }
        let start = self.start.link(number);
        let headers = if start.is_empty() { Headers::new() } else { format.write(&start) };
        let request = headers.iter().fold(client.get(next), |request, (name, value)| request.header(name, value));
        let mut answer: Value = request.send().await?.json().await?;
        let mut passages = Vec::new();
        // As the format expresses it.
        let mut incoming = format.read(&headers);
        for hop in &self.hops {
            let next = answer["next"]["body"].take();
            let Ok(received) = serde_json::from_value::<Headers>(next["received"].clone()) else {
                return Err(format!("{hop:?} responded {answer} and then {next}").into());
            };
            let outgoing = format.read(&received);
            let account = if *hop == Hop::Peer { Account::deserialize(answer)? } else { Account::default() };
            passages.push(Passage { hop: *hop, incoming, outgoing, account });
            incoming = outgoing;
            answer = next;
        }
        Ok(passages)
    }
}
