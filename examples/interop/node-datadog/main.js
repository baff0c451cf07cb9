'use strict';

const { format, serve } = require('./hop');

const styles = { datadog: 'datadog', 'datadog+w3c': 'datadog,tracecontext,baggage', w3c: 'tracecontext,baggage', b3: 'b3 single header', b3multi: 'b3multi' };
process.env.DD_TRACE_PROPAGATION_STYLE = styles[format];
process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false';
process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';
process.env.DD_TRACE_AGENT_URL = 'http://127.0.0.1:9';
process.env.DD_TRACE_STARTUP_LOGS = 'false';
const tracer = require('dd-trace').init({ plugins: false, service: 'interop' });

serve(async (headers, call) => {
  const parent = tracer.extract('http_headers', headers);
  const server = tracer.startSpan('server', { childOf: parent });
  const client = tracer.startSpan('client', { childOf: server });
  const outgoing = {};
  tracer.inject(client, 'http_headers', outgoing);
  await call(outgoing);
  client.finish();
  server.finish();
  const context = client.context();
  return {
    trace: context.toTraceId(true),
    parent: parent ? parent.toSpanId(true) : null,
    server: server.context().toSpanId(true),
    client: context.toSpanId(true),
    sampled: context.toTraceparent().endsWith('-01'),
  };
});
