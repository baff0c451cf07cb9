'use strict';

// Wraps http: a transaction for each request, and the headers of each call.
const apm = require('elastic-apm-node').start({
  serviceName: 'interop',
  serverUrl: 'http://127.0.0.1:9',
  centralConfig: false,
  cloudProvider: 'none',
  metricsInterval: '0s',
  disableSend: true,
  logLevel: 'off',
});
const { serve } = require('./hop');

serve(async (headers, call) => {
  const transaction = apm.currentTransaction;
  await call({});
  return {
    trace: transaction.traceId,
    parent: transaction.parentId ?? null,
    server: transaction.id,
    sampled: transaction.sampled,
  };
});
