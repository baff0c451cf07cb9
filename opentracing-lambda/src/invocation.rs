//! The span of an invocation: its parents and tags.

use lambda_runtime::LambdaInvocation;
use opentracing_core::message_rules::Senders;
use opentracing_core::propagation::{Composite, HttpHeaders, KafkaHeaders, Propagator, TextMap, TextMapReader, XRay};
use opentracing_core::{ReferenceKind, Sampling, Span, SpanContext, SpanKind, tags as standard};

use crate::event::Event;
use crate::settings::{Settings, Trigger, XRayContext};
use crate::tags;

/// What is known of an invocation before it is handled.
pub(crate) struct Invocation<'r> {
    request: &'r LambdaInvocation,
    event: Event,
    trigger: Trigger,
    parent: Option<SpanContext>,
    senders: Senders,
    /// Whether the event itself has a context with ids.
    has_context: bool,
    xray: XRayParent,
}

/// The part of X-Ray's context in the span.
#[derive(Default)]
struct XRayParent {
    root: Option<String>,
    /// The first reference, if the event has no context.
    parent: Option<SpanContext>,
    link: Option<SpanContext>,
}

impl<'r> Invocation<'r> {
    pub(crate) fn new(request: &'r LambdaInvocation, settings: &Settings) -> Self {
        let event = Event::parse(&request.body);
        let trigger = settings.trigger.unwrap_or_else(|| event.trigger());
        let tracer = &settings.tracer;
        let mut senders = Senders::new();
        for attributes in event.messages() {
            senders.add(valid(tracer.extract(KafkaHeaders, attributes)));
        }
        let parent = event.headers().and_then(|headers| valid(tracer.extract(HttpHeaders, headers)));
        let custom = request.context.client_context.as_ref().map(|client| &client.custom);
        let parent = parent.or_else(|| custom.and_then(|custom| valid(tracer.extract(TextMap, custom))));
        let own: Vec<_> = parent.iter().cloned().chain(senders.clone().into_contexts()).collect();
        let has_context = own.iter().any(SpanContext::is_valid);
        let is_suppressed = own.iter().any(|context| context.sampling() == Sampling::NotSampled);
        // X-Ray must not sample what the caller suppresses.
        let xray = if is_suppressed { XRayContext::Ignore } else { settings.xray };
        let header = request.context.xray_trace_id.as_deref();
        let xray = header.map(|header| XRayParent::new(header, xray, has_context)).unwrap_or_default();
        Invocation { request, event, trigger, parent, senders, has_context, xray }
    }

    pub(crate) fn start(&self, settings: &Settings, is_cold: bool) -> Span {
        let context = &self.request.context;
        let config = &context.env_config;
        let name = self.event.name().unwrap_or_else(|| config.function_name.clone());
        let mut builder = settings.tracer.span(&name);
        builder.ignore_active_span().kind(match self.trigger {
            Trigger::PubSub => SpanKind::Consumer,
            _ => SpanKind::Server,
        });
        builder.child_of(&self.parent);
        // Of several references, one with ids is the parent, and a `ChildOf` before others.
        self.senders.refer(&mut builder, ReferenceKind::FollowsFrom);
        builder.child_of(&self.xray.parent).follows_from(&self.xray.link);
        if !self.has_context && self.xray.link.is_some() {
            builder.new_trace();
        }
        let arn = Arn::parse(&context.invoked_function_arn);
        builder.set(standard::COMPONENT, "lambda_runtime");
        builder.set(tags::FAAS_NAME, &config.function_name).set(tags::FAAS_VERSION, &config.version);
        builder.set(tags::FAAS_INVOCATION_ID, &context.request_id);
        builder.set(tags::FAAS_COLDSTART, is_cold).set(tags::FAAS_TRIGGER, self.trigger.as_str());
        let mut span = builder.start();
        if span.is_recording() {
            span.set(tags::CLOUD_PROVIDER, "aws").set(tags::CLOUD_PLATFORM, "aws_lambda");
            if !config.log_stream.is_empty() {
                span.set(tags::FAAS_INSTANCE, &config.log_stream);
            }
            if config.memory > 0 {
                span.set(tags::FAAS_MAX_MEMORY, i64::from(config.memory) << 20);
            }
            if let Some(arn) = arn {
                span.set(tags::CLOUD_REGION, arn.region).set(tags::CLOUD_ACCOUNT_ID, arn.account);
                span.set(tags::CLOUD_RESOURCE_ID, arn.resource(&config.version));
                span.set(tags::AWS_LAMBDA_INVOKED_ARN, &context.invoked_function_arn);
            }
            span.set(tags::AWS_XRAY_TRACE_ID, self.xray.root.as_deref());
            span.set(tags::AWS_LAMBDA_TENANT_ID, context.tenant_id.as_deref());
            self.event.set_tags(&mut span);
        }
        span
    }
}

impl XRayParent {
    fn new(header: &str, setting: XRayContext, has_context: bool) -> Self {
        let root = header.split(';').find_map(|field| field.trim().strip_prefix("Root="));
        let mut xray = XRayParent { root: root.map(str::to_owned), ..XRayParent::default() };
        if setting == XRayContext::Ignore {
            return xray;
        }
        let Some(context) = read(header) else { return xray };
        let is_sampled = context.sampling() == Sampling::Sampled && context.is_valid();
        match setting {
            XRayContext::Parent if !has_context && is_sampled => xray.parent = Some(context),
            // With the root alone, the tracer decides on sampling.
            XRayContext::Parent if !has_context => xray.parent = root.and_then(|root| read(&format!("Root={root}"))),
            _ if is_sampled => xray.link = Some(context),
            _ => {}
        }
        xray
    }
}

/// Reads the header by the rules of its format, whichever formats the tracer reads.
fn read(header: &str) -> Option<SpanContext> {
    struct One<'h>(&'h str);

    impl TextMapReader for One<'_> {
        fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
            visit("X-Amzn-Trace-Id", self.0.as_bytes());
        }
    }

    let xray = Composite::empty().reading(XRay::new());
    Propagator::<HttpHeaders>::extract(&xray, &One(header)).ok().flatten()
}

/// A malformed context is none: the tracer has counted it.
fn valid<E>(context: Result<Option<SpanContext>, E>) -> Option<SpanContext> {
    context.ok().flatten()
}

/// `arn:aws:lambda:eu-west-1:123456789012:function:orders:live`
struct Arn<'a> {
    function: &'a str,
    region: &'a str,
    account: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(8, ':');
        let (arn, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account) = (parts.next()?, parts.next()?);
        let (_kind, _name) = (parts.next()?, parts.next()?);
        let qualifier = parts.next();
        let end = text.len() - qualifier.map_or(0, |qualifier| qualifier.len() + 1);
        (arn == "arn" && service == "lambda").then(|| Arn { function: &text[..end], region, account, qualifier })
    }

    /// The ARN with the version that an alias stands for.
    fn resource(&self, version: &str) -> String {
        match self.qualifier {
            Some(_) if !version.is_empty() => format!("{}:{version}", self.function),
            Some(qualifier) => format!("{}:{qualifier}", self.function),
            None => self.function.to_owned(),
        }
    }
}
