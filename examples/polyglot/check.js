// Asks Jaeger for the purchase in the shop of four languages, prints its trace, and fails unless it is one complete trace.
// usage: node check.js JAEGER_QUERY
'use strict';

// Caller and called service of each call in a purchase.
const CALLS = [
  'front-end → user',
  'front-end → catalog',
  'front-end → cart',
  'front-end → order',
  'order → cart',
  'order → catalog',
  'order → payment',
];
const DEADLINE = Date.now() + 20_000;

async function purchases(query) {
  const response = await fetch(`${query}/api/traces?service=front-end&limit=100`);
  const { data } = await response.json();
  return (data ?? []).filter((trace) => trace.spans.some((span) => span.operationName === 'POST /buy'));
}

/** The spans, with their service and their parent. */
function tree(trace) {
  const spans = new Map();
  for (const { spanID, operationName, processID, references, startTime } of trace.spans) {
    const parent = references.find((reference) => reference.traceID === trace.traceID)?.spanID;
    spans.set(spanID, { id: spanID, name: operationName, service: trace.processes[processID].serviceName, parent, startTime });
  }
  return spans;
}

/** What is wrong with the trace, or an empty list. */
function problems(spans) {
  const all = [...spans.values()];
  const roots = all.filter((span) => !span.parent);
  const orphans = all.filter((span) => span.parent && !spans.has(span.parent));
  const calls = new Set(
    all
      .filter((span) => spans.has(span.parent) && spans.get(span.parent).service !== span.service)
      .map((span) => `${spans.get(span.parent).service} → ${span.service}`),
  );
  return [
    ...(roots.length === 1 && roots[0].service === 'front-end' ? [] : [`roots: ${roots.map((root) => root.service)}`]),
    ...orphans.map((span) => `the parent of ${span.service} ${span.name} is missing`),
    ...CALLS.filter((call) => !calls.has(call)).map((call) => `no call ${call}`),
    ...[...calls].filter((call) => !CALLS.includes(call)).map((call) => `unexpected call ${call}`),
  ];
}

function print(spans, parent, depth) {
  const children = [...spans.values()].filter((span) => span.parent === parent).sort((a, b) => a.startTime - b.startTime);
  for (const span of children) {
    console.log(`${'  '.repeat(depth)}${span.service.padEnd(24 - 2 * Math.min(depth, 6))} ${span.name}`);
    print(spans, span.id, depth + 1);
  }
}

async function main() {
  let found = ['no trace of a purchase'];
  let spans = new Map();
  // Services send their spans within a second or so after the response.
  while (found.length > 0 && Date.now() < DEADLINE) {
    const traces = await purchases(process.argv[2]);
    if (traces.length > 1) found = [`${traces.length} traces of one purchase`];
    if (traces.length === 1) {
      spans = tree(traces[0]);
      found = problems(spans);
    }
    if (found.length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
  }
  print(spans, undefined, 0);
  found.forEach((problem) => console.error(problem));
  const services = new Set([...spans.values()].map((span) => span.service));
  console.log(`${spans.size} spans of ${services.size} services`);
  process.exitCode = found.length > 0 ? 1 : 0;
}

main();
