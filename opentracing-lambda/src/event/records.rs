//! Records of queues, topics, streams and stores.

use std::collections::BTreeMap;

use opentracing_core::{Span, tags as standard};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Headers, value};
use crate::settings::Trigger;
use crate::tags;

pub(crate) struct Records {
    source: Source,
    /// The name of the queue or topic.
    destination: Option<String>,
    /// The id of the only message.
    message_id: Option<String>,
    /// Of each message.
    pub(crate) attributes: Vec<Headers>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Sqs,
    Sns,
    Stream,
    Store,
    Other,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(alias = "EventSource", rename = "eventSource")]
    source: Option<String>,
    #[serde(rename = "eventSourceARN")]
    arn: Option<String>,
    #[serde(rename = "messageId")]
    id: Option<String>,
    #[serde(borrow, rename = "messageAttributes")]
    attributes: Option<&'a RawValue>,
    /// AWS's own, among them the context of X-Ray.
    #[serde(rename = "attributes")]
    system: Option<&'a RawValue>,
    #[serde(rename = "Sns")]
    sns: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(rename = "TopicArn")]
    arn: Option<String>,
    #[serde(rename = "MessageId")]
    id: Option<String>,
    #[serde(borrow, rename = "MessageAttributes")]
    attributes: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "stringValue", alias = "Value")]
    text: Option<String>,
}

impl Records {
    pub(super) fn parse(records: &RawValue) -> Option<Self> {
        let records: Vec<Record<'_>> = serde_json::from_str(records.get()).ok()?;
        let source = match records.first()?.source.as_deref()? {
            "aws:sqs" => Source::Sqs,
            "aws:sns" => Source::Sns,
            "aws:kinesis" => Source::Stream,
            "aws:s3" | "aws:dynamodb" => Source::Store,
            _ => Source::Other,
        };
        let (arn, id, attributes) = match source {
            Source::Sqs => {
                let first = records.first()?;
                (first.arn.clone(), first.id.clone(), records.iter().map(sqs_attributes).collect::<Vec<_>>())
            }
            Source::Sns => {
                let notifications = || records.iter().filter_map(|record| value::<Notification<'_>>(record.sns));
                let first = notifications().next();
                let (arn, id) = first.map(|first| (first.arn, first.id)).unwrap_or_default();
                (arn, id, notifications().map(|notification| attributes(notification.attributes)).collect())
            }
            _ => Default::default(),
        };
        let destination = arn.as_deref().and_then(|arn| arn.rsplit(':').next()).map(str::to_owned);
        Some(Records { source, destination, message_id: id.filter(|_| attributes.len() == 1), attributes })
    }

    pub(super) fn trigger(&self) -> Trigger {
        match self.source {
            Source::Sqs | Source::Sns | Source::Stream => Trigger::PubSub,
            Source::Store => Trigger::Datasource,
            Source::Other => Trigger::Other,
        }
    }

    pub(super) fn name(&self) -> Option<String> {
        self.destination.as_ref().map(|destination| format!("process {destination}"))
    }

    pub(super) fn set_tags(&self, span: &mut Span) {
        let system = match self.source {
            Source::Sqs => "aws_sqs",
            Source::Sns => "aws.sns",
            _ => return,
        };
        span.set(tags::MESSAGING_SYSTEM, system);
        span.set(standard::MESSAGING_OPERATION_NAME, "process").set(standard::MESSAGING_OPERATION_TYPE, "process");
        span.set(standard::MESSAGE_BUS_DESTINATION, self.destination.as_deref());
        span.set(standard::MESSAGING_MESSAGE_ID, self.message_id.as_deref());
        span.set(standard::MESSAGING_BATCH_MESSAGE_COUNT, self.attributes.len());
    }
}

/// The attributes of the sender. The context that AWS adds for X-Ray comes last, and matters if the tracer reads that format.
fn sqs_attributes(record: &Record<'_>) -> Headers {
    let mut headers = attributes(record.attributes);
    let system: Option<BTreeMap<String, String>> = value(record.system);
    if let Some(header) = system.and_then(|mut system| system.remove("AWSTraceHeader")) {
        headers.push(("X-Amzn-Trace-Id".to_owned(), header));
    }
    headers
}

fn attributes(attributes: Option<&RawValue>) -> Headers {
    let attributes: BTreeMap<String, Attribute> = value(attributes).unwrap_or_default();
    attributes.into_iter().filter_map(|(name, attribute)| Some((name, attribute.text?))).collect()
}
