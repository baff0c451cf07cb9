'use strict';

const http = require('node:http');
const AWSXRay = require('aws-xray-sdk-core');
const { serve } = require('./hop');

AWSXRay.setContextMissingStrategy('IGNORE_ERROR');
AWSXRay.middleware.disableCentralizedSampling();
// Keeps each trace whose decision is up to this service.
AWSXRay.middleware.setSamplingRules({ version: 2, default: { fixed_target: 0, rate: 1 }, rules: [] });
AWSXRay.captureHTTPsGlobal(http, false);

serve((headers, call) => {
  const incoming = AWSXRay.middleware.processHeaders({ headers });
  const segment = new AWSXRay.Segment('interop', incoming.root, incoming.parent);
  AWSXRay.middleware.resolveSampling(incoming, segment, { req: { headers, method: 'GET', url: '/' } });
  return AWSXRay.getNamespace().runAndReturn(async () => {
    AWSXRay.setSegment(segment);
    // The wrapped http.get injects the header.
    await call({});
    segment.close();
    const [, seconds, rest] = segment.trace_id.split('-');
    return { trace: seconds + rest, parent: segment.parent_id ?? null, server: segment.id, sampled: !segment.notTraced };
  });
});
