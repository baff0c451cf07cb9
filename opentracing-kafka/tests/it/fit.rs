//! What of rdkafka's API the traced types have, and clients that somebody else has created.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use futures_util::StreamExt;
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, RedFigures, SpanKind};
use opentracing_kafka::{
    ForeignProducer, KafkaTracing, Receive, SendBase, SendFuture, TracingBatch, TracingConsumer,
    TracingFutureProducerContext, TracingMessage, TracingPartitionQueue, TracingProducer, extract, header, inject,
};
use rdkafka::ClientConfig;
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer, DefaultConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DefaultProducerContext, FutureProducer, FutureRecord, Producer, ThreadedProducer,
};
use rdkafka::util::Timeout;

use crate::cluster::{Cluster, from_beginning, patience, soon, tracing};
use crate::support::{error, headers, references, span, tag};

type Methods = BTreeMap<&'static str, BTreeSet<String>>;

/// Lists what the traced types have of a type of rdkafka. Each path must compile.
macro_rules! methods {
    ($($host:ident { $($method:ident => $path:expr,)* })*) => {{
        let mut all = Methods::new();
        $(
            let methods = all.entry(stringify!($host)).or_default();
            $(
                let _ = $path;
                methods.insert(stringify!($method).to_owned());
            )*
        )*
        all
    }};
}

type Future = TracingProducer<FutureProducer>;
type Base = TracingProducer<BaseProducer>;
type Threaded = TracingProducer<ThreadedProducer<DefaultProducerContext>>;
type Queue = TracingPartitionQueue<PartitionQueue<DefaultConsumerContext>>;
type StreamQueue = TracingPartitionQueue<StreamPartitionQueue<DefaultConsumerContext>>;
type Borrowed = TracingMessage<BorrowedMessage<'static>>;
type Owned = TracingMessage<OwnedMessage>;
type FutureContext = TracingFutureProducerContext<DefaultClientContext>;

/// The methods of rdkafka's clients and messages.
fn provided() -> Methods {
    /// Methods of a trait that is implemented.
    const fn in_trait() {}
    fn is_producer<P: Producer<FutureContext>>() {}
    fn is_consumer<C: Consumer>() {}
    fn is_message<M: Message>() {}
    is_producer::<Future>();
    is_consumer::<TracingConsumer<StreamConsumer>>();
    is_consumer::<TracingConsumer<BaseConsumer>>();
    is_message::<Borrowed>();
    is_message::<Owned>();
    methods! {
        BaseProducer {
            send => Base::send::<str, str>,
            poll => Base::poll::<Timeout>,
        }
        ThreadedProducer {
            send => Threaded::send::<str, str>,
            poll => Threaded::poll::<Timeout>,
        }
        FutureProducer {
            send => Future::send::<str, str, Timeout>,
            send_result => Future::send_result::<str, str>,
            poll => Future::poll::<Timeout>,
        }
        BaseConsumer {
            poll => TracingConsumer::<BaseConsumer>::poll::<Timeout>,
            iter => TracingConsumer::<BaseConsumer>::iter,
            split_partition_queue => TracingConsumer::<BaseConsumer>::split_partition_queue,
            close_queue => TracingConsumer::<BaseConsumer>::close_queue,
            closed => TracingConsumer::<BaseConsumer>::closed,
            set_nonempty_callback => TracingConsumer::<BaseConsumer>::set_nonempty_callback::<fn()>,
        }
        PartitionQueue {
            poll => Queue::poll::<Timeout>,
            set_nonempty_callback => Queue::set_nonempty_callback::<fn()>,
        }
        StreamConsumer {
            stream => TracingConsumer::<StreamConsumer>::stream,
            recv => TracingConsumer::<StreamConsumer>::recv,
            split_partition_queue => TracingConsumer::<StreamConsumer>::split_partition_queue,
        }
        StreamPartitionQueue {
            stream => StreamQueue::stream,
            recv => StreamQueue::recv,
        }
        BorrowedMessage {
            ptr => |message: &Borrowed| message.ptr(),
            topic_ptr => |message: &Borrowed| message.topic_ptr(),
            key_len => |message: &Borrowed| message.key_len(),
            payload_len => |message: &Borrowed| message.payload_len(),
            detach => Borrowed::detach,
        }
        OwnedMessage {
            // A constructor, and setters that take the message by value: after `into_inner`, or on `get_mut`.
            new => in_trait,
            detach_headers => |message: &mut Owned| message.get_mut().detach_headers(),
            replace_headers => |message: Owned| message.into_inner().replace_headers(None),
            set_payload => |message: Owned| message.into_inner().set_payload(None),
            set_key => |message: Owned| message.into_inner().set_key(None),
            set_topic => |message: Owned| message.into_inner().set_topic(String::new()),
            set_timestamp => |message: Owned| message.into_inner().set_timestamp(0.into()),
            set_partition => |message: Owned| message.into_inner().set_partition(0),
            set_offset => |message: Owned| message.into_inner().set_offset(0),
        }
        Producer {
            client => in_trait,
            context => in_trait,
            in_flight_count => in_trait,
            flush => in_trait,
            purge => in_trait,
            init_transactions => in_trait,
            begin_transaction => in_trait,
            send_offsets_to_transaction => in_trait,
            commit_transaction => in_trait,
            abort_transaction => in_trait,
        }
        Consumer {
            client => in_trait,
            context => in_trait,
            group_metadata => in_trait,
            subscribe => in_trait,
            unsubscribe => in_trait,
            assign => in_trait,
            unassign => in_trait,
            incremental_assign => in_trait,
            incremental_unassign => in_trait,
            seek => in_trait,
            seek_partitions => in_trait,
            commit => in_trait,
            commit_consumer_state => in_trait,
            commit_message => in_trait,
            store_offset => in_trait,
            store_offset_from_message => in_trait,
            store_offsets => in_trait,
            subscription => in_trait,
            assignment => in_trait,
            assignment_lost => in_trait,
            committed => in_trait,
            committed_offsets => in_trait,
            offsets_for_timestamp => in_trait,
            offsets_for_times => in_trait,
            position => in_trait,
            fetch_metadata => in_trait,
            fetch_watermarks => in_trait,
            fetch_group_list => in_trait,
            pause => in_trait,
            resume => in_trait,
            rebalance_protocol => in_trait,
        }
        Message {
            key => in_trait,
            payload => in_trait,
            payload_mut => in_trait,
            topic => in_trait,
            partition => in_trait,
            offset => in_trait,
            timestamp => in_trait,
            payload_view => in_trait,
            key_view => in_trait,
            headers => in_trait,
        }
    }
}

/// The folder of rdkafka's source in the version that is locked.
fn source_of_rdkafka() -> PathBuf {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // Other platforms have dependencies that were not downloaded.
    let about = output("rustc", &["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let platform = ["--filter-platform", host, "--manifest-path", manifest];
    let arguments = [&["metadata", "--format-version=1", "--offline", "--locked"][..], &platform].concat();
    let metadata: serde_json::Value = serde_json::from_str(&output(env!("CARGO"), &arguments)).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let rdkafka = packages.iter().find(|package| package["name"] == "rdkafka").unwrap();
    PathBuf::from(rdkafka["manifest_path"].as_str().unwrap()).parent().unwrap().join("src")
}

#[track_caller]
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The name in `pub fn name(`, also of async and unsafe functions. `prefix` is what comes before `fn`.
fn method<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(prefix)?;
    let rest = ["async ", "unsafe "].iter().fold(rest, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// What follows `impl<…> ` in the head of an inherent implementation.
fn inherent(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl").filter(|_| !line.contains(" for "))?;
    let mut depth = 0;
    let end = rest.find(|character| {
        depth += i32::from(character == '<') - i32::from(character == '>');
        depth == 0
    })?;
    Some(rest[end..].trim_start_matches(['>', ' ']))
}

/// The public methods of rdkafka's types, and the methods of its traits, in a source file as `rustfmt` writes it.
fn found(types: &[&'static str]) -> Methods {
    let source = source_of_rdkafka();
    let mut all = Methods::new();
    let files = [
        "producer/mod",
        "producer/base_producer",
        "producer/future_producer",
        "consumer/mod",
        "consumer/base_consumer",
        "consumer/stream_consumer",
        "message",
    ];
    for file in files {
        let text = std::fs::read_to_string(source.join(format!("{file}.rs"))).unwrap();
        let mut current: Option<(&'static str, &str)> = None;
        for line in text.lines() {
            let name = inherent(line).or_else(|| line.strip_prefix("pub trait "));
            let name = name.and_then(|name| name.split(['<', ' ', ':']).next());
            let host = types.iter().find(|host| name == Some(**host));
            match (line, host) {
                (_, Some(host)) => {
                    current = Some((host, if line.starts_with("pub trait") { "    " } else { "    pub " }));
                }
                ("}", None) => current = None,
                _ => {}
            }
            if let Some((host, prefix)) = current
                && let Some(name) = method(line, prefix)
            {
                all.entry(host).or_default().insert(name.to_owned());
            }
        }
    }
    all
}

/// Fails if a new version of rdkafka has another method, or one of these is gone.
#[test]
fn every_method_of_rdkafka_is_there() {
    let provided = provided();
    let types: Vec<_> = provided.keys().copied().collect();
    let found = found(&types);
    for host in types {
        assert_eq!(provided[host], found.get(host).cloned().unwrap_or_default(), "the methods of {host}");
    }
    assert_eq!(provided.values().map(BTreeSet::len).sum::<usize>(), 85, "the number that the crate page tells");
}

/// A helper as in many programs, which takes any message of rdkafka.
fn key_of<M: Message>(message: &M) -> Option<String> {
    message.key_view::<str>().and_then(Result::ok).map(str::to_owned)
}

on_both_clusters! {
    async fn messages_fit_into_code_for_rdkafka(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let headers = headers([("tenant", "blue")]);
        let record = FutureRecord::to(&topic).key("42").payload("order").headers(headers);
        soon(cluster.producer(&mock).send(record, patience())).await.unwrap();
        let consumer = cluster.consumer(&mock, &topic);
        let message = soon(consumer.recv()).await.unwrap();
        let owned = message.detach();
        consumer.commit_message(&message, rdkafka::consumer::CommitMode::Sync).unwrap();
        assert_eq!((key_of(&message), key_of(&owned), key_of(&owned.clone())), (Some("42".into()), Some("42".into()), Some("42".into())));
        for message in [&message as &dyn Shape, &owned] {
            assert_eq!(message.shape(), ("order".len(), topic.clone(), 0, 0, true));
        }
        assert!(message.headers().unwrap().iter().any(|header| header.key == "tenant"));
        assert_eq!(header(&message, "tenant"), Some(&b"blue"[..]));
        assert_eq!(header(&owned, "tenant"), Some(&b"blue"[..]));
    }

    async fn traced_messages_form_a_batch(cluster: &Cluster) {
        let figures = RedFigures::new();
        let (mock, topic) = (MockTracer::with(|builder| builder.red(&figures)), cluster.topic(1).await);
        let producer = cluster.producer(&mock);
        for _ in 0..3 {
            soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        }
        let consumer = cluster.consumer(&mock, &topic);
        let mut chunks = consumer.stream().ready_chunks(500);
        let (mut stored, mut batches) = (0, 0);
        while stored < 3 {
            let messages: Vec<_> = soon(chunks.next()).await.unwrap().into_iter().collect::<KafkaResult<_>>().unwrap();
            let batch: TracingBatch<TracingMessage<BorrowedMessage<'_>>> = consumer.batch(messages);
            batch.handle(async { mock.tracer().span("insert").start().finish() }).await;
            stored += batch.len();
            batches += 1;
        }
        let spans = mock.finished_spans();
        let consumed: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Consumer).collect();
        assert_eq!(consumed.len(), batches, "one span a batch:\n{}", mock.tree());
        let mut senders: Vec<_> = consumed.iter().flat_map(|span| references(span)).map(|(_, id)| id).collect();
        senders.sort_unstable();
        assert_eq!(senders, [1, 2, 3]);
        let messages = mock.tracer().stats().messages;
        assert_eq!((messages.received, messages.unhandled), (3, 0));
        let counted = figures.operation(SpanKind::Consumer, &format!("process {topic}")).unwrap();
        assert_eq!(counted.requests, batches as u64);
    }

    async fn clients_that_others_have_created_are_traced(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let kafka = tracing(&mock);
        let library: FutureProducer = cluster.config().create().unwrap();
        let producer: ForeignProducer<FutureProducer> = kafka.wrap_producer(library.clone(), &cluster.config());
        let record = || FutureRecord::<(), str>::to(&topic).payload("v");
        soon(producer.send(record(), patience()).in_span(mock.tracer().span("order").start())).await.unwrap();
        let delivery = producer.send_result(record()).unwrap();
        assert_eq!(soon(delivery).await.unwrap().unwrap().offset, 1);
        drop(producer.send_result(record()).unwrap());
        producer.get_ref().flush(patience()).unwrap();
        let config = cluster.consumer_config();
        let consumer: StreamConsumer = config.create().unwrap();
        let consumer: TracingConsumer<StreamConsumer> = kafka.wrap_consumer(Arc::new(consumer), &config);
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        for _ in 0..3 {
            soon(consumer.recv()).await.unwrap().handle(async {}).await;
        }
        let of_record = format!("send {topic} (producer)\n  process {topic} (consumer)\n");
        let in_order = of_record.lines().map(|line| format!("  {line}\n")).collect::<String>();
        assert_eq!(mock.tree(), format!("order\n{in_order}{of_record}{of_record}"));
        let spans = mock.finished_spans();
        let sent: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Producer).collect();
        let offsets: Vec<_> = sent.iter().map(|span| tag(span, "messaging.kafka.offset")).collect();
        assert_eq!(offsets, [Some("0".into()), Some("1".into()), None]);
        assert_eq!(tag(sent[2], "kafka.outcome").as_deref(), Some("fire_and_forget"));
        let handled = spans.iter().find(|span| span.kind == SpanKind::Consumer).unwrap();
        assert_eq!(tag(handled, "messaging.consumer.group.name"), config.get("group.id").map(str::to_owned));
    }

    async fn functions_take_traced_and_untraced_clients(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let kafka = tracing(&mock);
        let untraced: FutureProducer = cluster.config().create().unwrap();
        let traced = cluster.producer(&mock);
        assert_eq!(soon(publish(&untraced, &topic)).await, Ok(0));
        assert_eq!(soon(publish(&traced, &topic)).await, Ok(1));
        assert_eq!(soon(publish(&kafka.wrap_producer(untraced, &cluster.config()), &topic)).await, Ok(2));
        let base: BaseProducer = cluster.config().create().unwrap();
        queue(&base, &topic).unwrap();
        base.flush(patience()).unwrap();
        let base: TracingProducer<BaseProducer> = kafka.producer(&cluster.config()).unwrap();
        queue(&base, &topic).unwrap();
        base.flush(patience()).unwrap();
        let consumer = cluster.consumer(&mock, &topic);
        let untraced: StreamConsumer = cluster.consumer_config().create().unwrap();
        untraced.assign(&from_beginning(&topic, 1)).unwrap();
        for offset in 0..5 {
            assert_eq!(soon(next_offset(&untraced)).await, Ok(offset));
            assert_eq!(soon(next_offset(&consumer)).await, Ok(offset));
        }
        let count = |kind| mock.finished_spans().iter().filter(|span| span.kind == kind).count();
        assert_eq!((count(SpanKind::Producer), count(SpanKind::Consumer)), (3, 5));
    }
}

trait Shape {
    fn shape(&self) -> (usize, String, i32, i64, bool);
}

impl<M: Message> Shape for M {
    fn shape(&self) -> (usize, String, i32, i64, bool) {
        let payload = self.payload_view::<[u8]>().unwrap().unwrap().len();
        (payload, self.topic().to_owned(), self.partition(), self.offset(), self.timestamp().to_millis().is_some())
    }
}

async fn publish(producer: &impl SendFuture, topic: &str) -> Result<i64, KafkaError> {
    let record = FutureRecord::<str, str>::to(topic).payload("v");
    producer.send_record(record, patience()).await.map(|delivery| delivery.offset).map_err(|(error, _)| error)
}

fn queue(producer: &impl SendBase, topic: &str) -> Result<(), KafkaError> {
    producer.queue_record(BaseRecord::<str, str>::to(topic).payload("v")).map_err(|(error, _)| error)
}

async fn next_offset(consumer: &impl Receive) -> KafkaResult<i64> {
    Ok(consumer.receive().await?.offset())
}

#[test]
fn contexts_are_written_and_read_by_hand() {
    let mock = MockTracer::new();
    let context = mock.tracer().span("send").start().context().unwrap();
    let copied =
        headers([("TraceParent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tenant", "blue")]);
    let written = inject(mock.tracer(), &context, copied);
    let names: Vec<_> = written.iter().map(|header| header.key.to_owned()).collect();
    assert_eq!(names, ["tenant", "X_INSTANA_L_S", "X_INSTANA_T", "X_INSTANA_S", "traceparent", "tracestate", "b3"]);
    let read = extract(mock.tracer(), Some(written.as_borrowed())).unwrap();
    assert!(read.same_span(&context));
    assert!(extract(mock.tracer(), None).is_none());
    assert!(extract(mock.tracer(), Some(OwnedHeaders::new().as_borrowed())).is_none());
    assert!(extract(mock.tracer(), Some(headers([("traceparent", "?")]).as_borrowed())).is_none());
    assert_eq!(mock.tracer().stats().extract_corrupted, 1);
}

#[test]
fn a_foreign_producer_tells_what_was_not_queued() {
    let mock = MockTracer::new();
    let mut config = ClientConfig::new();
    config.set("message.max.bytes", "1000");
    let library: FutureProducer = config.create().unwrap();
    let producer = KafkaTracing::with_tracer(mock.tracer().clone()).wrap_producer(library, &config);
    let body = vec![b'x'; 2_000];
    let refused = FutureRecord::<(), [u8]>::to("orders").payload(&body);
    producer.send_result(refused).map(drop).unwrap_err();
    assert!(span(&mock, "send").is_failed);
    assert_eq!(error(&span(&mock, "send")).0, "message_size_too_large");
}

#[test]
fn callbacks_of_queues_are_set_on_consumers_that_are_alone() {
    let mut config = ClientConfig::new();
    config.set("group.id", "tills");
    let mut consumer: TracingConsumer<BaseConsumer> = KafkaTracing::new().consumer(&config).unwrap();
    assert!(consumer.set_nonempty_callback(|| ()));
    let clone = consumer.clone();
    assert!(!consumer.set_nonempty_callback(|| ()));
    drop(clone);
    assert!(!consumer.closed());
    consumer.close_queue().unwrap();
}
