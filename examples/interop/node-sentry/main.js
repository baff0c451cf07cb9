'use strict';

const Sentry = require('@sentry/node');

// Wraps http: a span for each request and each call, and the headers of each call.
Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  propagateTraceparent: process.argv[2] === 'sentry+w3c',
});
const { serve } = require('./hop');

serve(async (headers, call) => {
  const span = Sentry.getActiveSpan();
  await call({});
  const { trace_id: trace, span_id: server, parent_span_id: parent } = Sentry.spanToJSON(Sentry.getRootSpan(span));
  return { trace, parent: parent ?? null, server, sampled: span.spanContext().traceFlags === 1 };
});
