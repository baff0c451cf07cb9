//! Contexts in the headers of records.

use opentracing_core::message_rules::{ContextFit, ContextHeaders};
use opentracing_core::propagation::KafkaHeaders;
use opentracing_core::{SpanContext, Tracer};
use rdkafka::message::{BorrowedHeaders, Header, OwnedHeaders};

use crate::headers::carrier::{self, HeaderWriter};
use crate::headers::{raw, size};

/// Writes a context to the headers of a record, in every format that the tracer writes for Kafka. Trace headers that were copied from
/// another message are replaced; other headers stay as they are.
///
/// For producers that this crate does not trace. The size of the record is not checked.
///
/// ```
/// use opentracing_core::Tracer;
/// use rdkafka::message::{Headers, OwnedHeaders};
/// use rdkafka::producer::FutureRecord;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (tracer, _drain) = Tracer::builder("shop").build();
/// let span = tracer.span("send orders").start();
/// let context = span.context().ok_or("the span has no context")?;
/// let headers = opentracing_kafka::inject(&tracer, &context, OwnedHeaders::new());
/// assert!(headers.iter().any(|header| header.key == "traceparent"));
/// let record = FutureRecord::<str, str>::to("orders").payload("2 books").headers(headers);
/// # drop(record);
/// # Ok(())
/// # }
/// ```
pub fn inject(tracer: &Tracer, context: &SpanContext, headers: OwnedHeaders) -> OwnedHeaders {
    let mut headers = Some(headers);
    write(tracer, context, &mut headers, |_| Some(usize::MAX));
    headers.unwrap_or_default()
}

/// Reads the context of a message from its headers.
///
/// Returns `None` for a message without a context, and for a context that is corrupt, which is counted in
/// [`Stats::extract_corrupted`](opentracing_core::Stats::extract_corrupted).
///
/// ```
/// use opentracing_core::{Span, SpanKind, Tracer};
/// use rdkafka::message::{BorrowedMessage, Message};
///
/// fn start(tracer: &Tracer, message: &BorrowedMessage<'_>) -> Span {
///     let producer = opentracing_kafka::extract(tracer, message.headers());
///     tracer.span("process orders").kind(SpanKind::Consumer).follows_from(&producer).start()
/// }
/// # let _ = start;
/// ```
pub fn extract(tracer: &Tracer, headers: Option<&BorrowedHeaders>) -> Option<SpanContext> {
    tracer.extract(KafkaHeaders, &carrier::read(headers?)).ok().flatten()
}

/// Writes a context. `room` returns the size that the headers of the context may have, given the other headers. Headers are only created if
/// there is something to write.
pub(crate) fn write(
    tracer: &Tracer,
    context: &SpanContext,
    headers: &mut Option<OwnedHeaders>,
    room: impl FnOnce(Option<&BorrowedHeaders>) -> Option<usize>,
) -> ContextFit {
    let Some(present) = headers.take() else {
        let (mut writer, room) = (HeaderWriter::default(), room(None));
        // An error means that the tracer has no format for Kafka: then there is nothing to write.
        let _ = tracer.inject(context, KafkaHeaders, &mut writer);
        if room.is_some_and(|room| writer.max_size() <= room) {
            *headers = writer.into_inner();
            return ContextFit::Whole;
        }
        let mut added = ContextHeaders::new();
        let _ = tracer.inject(context, KafkaHeaders, &mut added);
        return add(added, headers, room);
    };
    let mut added = ContextHeaders::replacing();
    let _ = tracer.inject(context, KafkaHeaders, &mut added);
    let present = headers.insert(present);
    raw::remove(present, |name| added.replaces(name));
    let room = room(Some(present.as_borrowed()));
    add(added, headers, room)
}

/// Adds what fits to the headers of a record.
fn add(mut added: ContextHeaders, headers: &mut Option<OwnedHeaders>, room: Option<usize>) -> ContextFit {
    let fit = match room {
        Some(room) if room >= added.bytes() + size::MAX_LENGTHS * added.len() => ContextFit::Whole,
        Some(room) => added.fit(room, |name, value| size::header(name.len(), value.len())),
        // Too large without a context: librdkafka refuses the record, traced or not.
        None => {
            added.fit(0, |_, _| 1);
            ContextFit::Whole
        }
    };
    if !added.is_empty() {
        let all = headers.take().unwrap_or_else(|| OwnedHeaders::new_with_capacity(added.len()));
        let insert = |all: OwnedHeaders, (key, value)| all.insert(Header { key, value: Some(value) });
        *headers = Some(added.iter().fold(all, insert));
    }
    fit
}
