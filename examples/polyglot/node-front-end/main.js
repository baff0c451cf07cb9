// The pages that customers see. Calls the services at CATALOG_URL, USER_URL, CART_URL and ORDER_URL.
'use strict';

require('./tracing');
const http = require('node:http');

const { CATALOG_URL, USER_URL, CART_URL, ORDER_URL } = process.env;

class Failure extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

async function home() {
  const [products, lines] = await Promise.all([get(`${CATALOG_URL}/products`), get(`${CART_URL}/carts/ada`)]);
  const inCart = lines.reduce((sum, line) => sum + line.quantity, 0);
  return page('AcmeShop', [...products.map((product) => `${product.name} ${euros(product.price)}`), `in the cart: ${inCart}`]);
}

async function buy(form) {
  const quantity = Number(form.get('quantity') ?? 1);
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > 99) throw new Failure(400, 'from 1 to 99, please');
  const user = await get(`${USER_URL}/users/${encodeURIComponent(form.get('user'))}`);
  const product = await get(`${CATALOG_URL}/products/${encodeURIComponent(form.get('sku'))}`);
  await call('POST', `${CART_URL}/carts/${encodeURIComponent(user.id)}/items`, { sku: product.sku, quantity });
  const order = await call('POST', `${ORDER_URL}/orders`, { user: user.id, card: user.card });
  return page(`Thank you, ${user.name}`, [`Order ${order.number}: ${euros(order.total)} paid, ${order.receipt}`]);
}

const get = (url) => call('GET', url);

/** The JSON of the response, or null if it is empty. Passes on client errors of the other service; others become 502. */
function call(method, url, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = http.request(url, { method, headers, timeout: 10_000 }, async (response) => {
      try {
        const text = await read(response);
        const { statusCode } = response;
        if (statusCode < 300) return resolve(text ? JSON.parse(text) : null);
        reject(new Failure(statusCode < 500 ? statusCode : 502, JSON.parse(text).error));
      } catch (error) {
        reject(new Failure(502, `${url}: ${error.message}`));
      }
    });
    request.on('error', (error) => reject(new Failure(502, `${url}: ${error.message}`)));
    request.on('timeout', () => request.destroy(new Error('timed out')));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function read(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

const euros = (cents) => `€ ${(cents / 100).toFixed(2)}`;
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const page = (title, lines) => `<h1>${escaped(title)}</h1>${lines.map((line) => `<p>${escaped(line)}</p>`).join('')}`;

async function answer(request) {
  const { pathname } = new URL(request.url, 'http://shop');
  if (request.method === 'GET' && pathname === '/') return home();
  if (request.method === 'POST' && pathname === '/buy') return buy(new URLSearchParams(await read(request)));
  throw new Failure(404, 'there is no such page');
}

const server = http.createServer(async (request, response) => {
  const [status, body] = await answer(request).then(
    (body) => [200, body],
    (error) => [error.status ?? 500, page('Sorry', [error.message])],
  );
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
  response.end(body);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`front-end  listening on http://127.0.0.1:${server.address().port}`);
});
