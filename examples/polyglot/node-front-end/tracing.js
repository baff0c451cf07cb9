// OpenTelemetry: spans for requests and calls, sent by OTLP. The calls carry W3C Trace Context, and the header of Jaeger's clients.
'use strict';

const { CompositePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { JaegerPropagator } = require('@opentelemetry/propagator-jaeger');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');

const exporter = new OTLPTraceExporter({ url: `${process.env.JAEGER_OTLP_URL}/v1/traces` });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'front-end' }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
provider.register({
  propagator: new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new JaegerPropagator()] }),
});
registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation({
      // The exporter's own requests.
      ignoreOutgoingRequestHook: (request) => request.path === '/v1/traces',
      requestHook: (span, request) => span.updateName(`${request.method} ${(request.url ?? request.path).split('?')[0]}`),
    }),
  ],
});
