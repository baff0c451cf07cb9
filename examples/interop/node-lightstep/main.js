'use strict';

const opentracing = require('opentracing');
const lightstep = require('lightstep-tracer');
const { format, serve } = require('./hop');

const b3 = format === 'b3multi' ? new lightstep.B3Propagator() : null;
const tracer = new lightstep.Tracer({
  access_token: 'none',
  component_name: 'interop',
  disable_reporting_loop: true,
  disable_report_on_exit: true,
  propagators: b3 ? { [opentracing.FORMAT_HTTP_HEADERS]: b3 } : undefined,
});
// Reports its warnings to the tracer, which cannot exist before its propagators.
if (b3) b3._tracer = tracer;

serve(async (headers, call) => {
  const parent = tracer.extract(opentracing.FORMAT_HTTP_HEADERS, headers);
  const server = tracer.startSpan('server', { childOf: parent ?? undefined });
  const client = tracer.startSpan('client', { childOf: server });
  const outgoing = {};
  tracer.inject(client.context(), opentracing.FORMAT_HTTP_HEADERS, outgoing);
  await call(outgoing);
  client.finish();
  server.finish();
  return {
    // The tracer records the lower half of longer ids, but passes them on whole.
    trace: client.context()._upperTraceGUID ? undefined : client.context()._traceGUID,
    parent: parent?._guid ?? null,
    server: server.context()._guid,
    client: client.context()._guid,
  };
});
