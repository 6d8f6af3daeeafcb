import type { IncomingMessage } from 'node:http';
import { clientAddressFor, frontFor, isNetwork } from '#adapters/local/gateway/forwarded.ts';

type Sent = Readonly<Record<string, string>>;

/** How a client is seen to have reached the gateway, as one text: its address and prefix. */
function seen(headers: Sent, { from = '127.0.0.1', trusted = ['10.0.0.0/8'] } = {}): string {
  const request = { headers: { host: 'own:8080', ...headers }, socket: { remoteAddress: from } };
  const { protocol, host, prefix } = frontFor(trusted)(request as unknown as IncomingMessage);
  return `${protocol}://${host}${prefix}`;
}

describe('the address at which a client reaches the gateway', () => {
  it.each([
    ['the request itself, where no proxy says any', {}, 'http://own:8080'],
    [
      "a proxy's X-Forwarded headers",
      {
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'ml.example',
        'x-forwarded-prefix': '/ml/',
      },
      'https://ml.example/ml',
    ],
    [
      "a proxy's Forwarded header",
      { forwarded: 'for=192.0.2.60;proto=https;host=ml.example' },
      'https://ml.example',
    ],
    [
      'Forwarded with names of any case, quotes and escapes',
      { forwarded: 'For="[2001:db8::1]:4711"; Proto=https; HOST="ml.\\example:8443"' },
      'https://ml.example:8443',
    ],
    [
      'Forwarded with a port without its quotes',
      { forwarded: 'host=ml.example:8443' },
      'http://ml.example:8443',
    ],
    [
      'a prefix beside Forwarded, which has no word for it',
      { forwarded: 'proto=https;host=ml.example', 'x-forwarded-prefix': '/ml' },
      'https://ml.example/ml',
    ],
    [
      'X-Forwarded before Forwarded: most proxies replace only the former',
      { forwarded: 'host=claim.example;proto=http', 'x-forwarded-host': 'ml.example' },
      'http://ml.example',
    ],
  ])('is that of %s', (_what, headers, address) => {
    expect(seen(headers)).toBe(address);
  });

  it.each([
    [
      'Forwarded, of which a client has written the first',
      { forwarded: 'for=1.2.3.4;host=claim.example;proto=https, for=192.0.2.1;host=ml.example' },
      'http://ml.example',
    ],
    [
      'Forwarded, of which a proxy that is trusted has written one before',
      {
        forwarded:
          'host=claim.example, for=192.0.2.1;host=ml.example;proto=https, for=10.0.0.5;host=inner',
      },
      'https://ml.example',
    ],
    [
      'Forwarded, all by trusted proxies',
      { forwarded: 'for=10.1.1.1;host=ml.example, for="10.0.0.5:80";host=inner' },
      'http://ml.example',
    ],
    [
      'X-Forwarded, of which a client has written the first',
      { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-host': 'claim.example, ml.example' },
      'http://ml.example',
    ],
    [
      'X-Forwarded, of which a proxy that is trusted has written one before',
      {
        'x-forwarded-for': '192.0.2.1, 10.0.0.5',
        'x-forwarded-host': 'claim.example, ml.example, inner',
        'x-forwarded-proto': 'https',
      },
      'https://ml.example',
    ],
  ])('is that of the outermost trusted proxy in %s', (_what, headers, address) => {
    expect(seen(headers)).toBe(address);
  });

  it.each([
    ['127.0.0.1', 'http://ml.example'],
    ['::1', 'http://ml.example'],
    ['::ffff:127.0.0.1', 'http://ml.example'],
    ['10.9.9.9', 'http://ml.example'],
    ['192.0.2.7', 'http://own:8080'],
    ['', 'http://own:8080'],
  ])('is believed of a proxy at %s: %s', (from, address) => {
    expect(seen({ forwarded: 'host=ml.example' }, { from })).toBe(address);
    expect(seen({ 'x-forwarded-host': 'ml.example' }, { from })).toBe(address);
  });

  it.each([
    'host=<b>',
    'host="ml.example',
    'host=ml.example;host=other.example',
    'host',
    'host=ml example',
    '=ml.example',
    `host=${'x'.repeat(300)}`,
    ';;',
    '"',
  ])('is the own one where Forwarded is malformed: %s', (forwarded) => {
    expect(seen({ forwarded })).toBe('http://own:8080');
  });
});

it('takes as a trusted proxy an address or a network, and nothing else', () => {
  const right = ['10.0.0.5', '10.0.0.0/8', '::1', 'fd00::/8', '0.0.0.0/0'];
  const wrong = ['', '10.0.0.0/33', 'fd00::/129', '10.0.0', 'proxy', '10.0.0.0/8/8', '10.0.0.0/'];

  expect(right.filter((each) => !isNetwork(each))).toEqual([]);
  expect(wrong.filter(isNetwork)).toEqual([]);
});

describe('the address of a client', () => {
  const addressOf = (remoteAddress: string | undefined, headers: object) =>
    clientAddressFor(['10.0.0.0/8'])({
      headers,
      socket: { remoteAddress },
    } as unknown as IncomingMessage);

  it.each([
    ['203.0.113.9', {}, '203.0.113.9'],
    ['::ffff:203.0.113.9', {}, '203.0.113.9'],
    ['203.0.113.9', { 'x-forwarded-for': '198.51.100.1' }, '203.0.113.9'],
    ['127.0.0.1', {}, '127.0.0.1'],
    ['127.0.0.1', { 'x-forwarded-for': '198.51.100.1' }, '198.51.100.1'],
    ['127.0.0.1', { 'x-forwarded-for': '192.0.2.66, 198.51.100.1, 10.1.1.1' }, '198.51.100.1'],
    ['10.1.1.1', { forwarded: 'for=192.0.2.66, for=198.51.100.1' }, '198.51.100.1'],
    ['127.0.0.1', { 'x-forwarded-for': 'unknown' }, '127.0.0.1'],
    ['127.0.0.1', { 'x-forwarded-for': '"}\n{' }, '127.0.0.1'],
    [undefined, {}, null],
  ])('of a connection from %s with %j is %s', (peer, headers, address) => {
    expect(addressOf(peer, headers)).toBe(address);
  });
});
