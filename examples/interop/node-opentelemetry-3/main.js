'use strict';

const { ROOT_CONTEXT, SpanKind, TraceFlags, defaultTextMapGetter, defaultTextMapSetter, trace } = require('@opentelemetry/api');
const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');
const { AWSXRayPropagator } = require('@opentelemetry/propagator-aws-xray');
const { B3InjectEncoding, B3Propagator } = require('@opentelemetry/propagator-b3');
const { TracerProvider } = require('@opentelemetry/sdk-trace');
const { format, serve } = require('./hop');

const propagators = {
  w3c: () => new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  b3: () => new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }),
  b3multi: () => new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
  xray: () => new AWSXRayPropagator(),
};
const propagator = propagators[format]();
const tracer = new TracerProvider().getTracer('interop');

serve(async (headers, call) => {
  const incoming = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const server = tracer.startSpan('server', { kind: SpanKind.SERVER }, incoming);
  const client = tracer.startSpan('client', { kind: SpanKind.CLIENT }, trace.setSpan(incoming, server));
  const outgoing = {};
  propagator.inject(trace.setSpan(incoming, client), outgoing, defaultTextMapSetter);
  await call(outgoing);
  client.end();
  server.end();
  const { traceId, spanId, traceFlags } = client.spanContext();
  return {
    trace: traceId,
    // Spans that are not recorded do not tell their parents.
    parent: trace.getSpanContext(incoming)?.spanId ?? null,
    server: server.spanContext().spanId,
    client: spanId,
    sampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
  };
});
