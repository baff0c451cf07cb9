'use strict';

const { ConstSampler, NoopReporter, Tracer, opentracing } = require('jaeger-client');
const { serve, format } = require('./hop');

// The format `jaeger-64` starts traces with ids of 64 bits.
const options = { traceId128bit: format !== 'jaeger-64' };
const tracer = new Tracer('interop', new NoopReporter(), new ConstSampler(true), options);

serve(async (headers, call) => {
  const parent = tracer.extract(opentracing.FORMAT_HTTP_HEADERS, headers);
  const server = tracer.startSpan('server', { childOf: parent, tags: { 'span.kind': 'server' } });
  const client = tracer.startSpan('client', { childOf: server, tags: { 'span.kind': 'client' } });
  const outgoing = {};
  tracer.inject(client, opentracing.FORMAT_HTTP_HEADERS, outgoing);
  await call(outgoing);
  client.finish();
  server.finish();
  const context = client.context();
  return {
    trace: context.traceIdStr,
    parent: server.context().parentIdStr ?? null,
    server: server.context().spanIdStr,
    client: context.spanIdStr,
    sampled: context.isSampled(),
  };
});
