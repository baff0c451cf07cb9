// One hop in a chain of services, with the interface of the relay: GET /call?next=URL. Prints its address, as the relay does.
'use strict';

const http = require('node:http');

/** The format that the peer must read and write. */
exports.format = process.argv[2];

/**
 * Serves until the process is killed.
 *
 * `handle(headers, call)` continues the trace of `headers`, awaits `call(outgoing)` with the headers that it injected, and returns
 * what its tracer made of the context: trace, parent, server and client as hexadecimal ids, and sampled. The parent is left out if
 * the tracer does not tell it.
 */
exports.serve = function serve(handle) {
  const server = http.createServer(async (request, response) => {
    try {
      const next = new URL(request.url, 'http://hop').searchParams.get('next');
      let answer = null;
      const seen = await handle(request.headers, async (outgoing) => {
        answer = await get(next, outgoing);
      });
      const pairs = request.rawHeaders.flatMap((name, at, all) => (at % 2 ? [] : [[name.toLowerCase(), all[at + 1]]]));
      reply(response, 200, { ...seen, received: pairs, next: answer });
    } catch (error) {
      reply(response, 500, { error: error.stack });
    }
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
};

function reply(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function get(url, headers) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
