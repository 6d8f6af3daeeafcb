import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import { systemClock } from '#adapters/clocks.ts';
import { BUCKET, NAMED, type S3Door, s3Door } from '../../../support/doors/s3-door.ts';

const KEY = 'models/digits/digits.onnx';
const PATH = `/${BUCKET}/${KEY}`;

let door: S3Door;
beforeAll(async () => {
  door = await s3Door();
});
afterAll(() => door.close());
afterEach(async () => {
  for (const key of door.versions.keys()) await door.store.remove(key);
});

type Ask = {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  /** Headers that are sent, and not signed. */
  readonly unsigned?: Record<string, string>;
  readonly payload?: string;
  readonly body?: string;
};

/** Sends a signed request as it is, and answers all that comes back. */
async function raw(ask: Ask): Promise<string> {
  return send((await signedHead(ask)) + (ask.body ?? ''));
}

async function signedHead(ask: Ask): Promise<string> {
  const { method = 'PUT', path = PATH, query = {}, body = '', unsigned = {} } = ask;
  const signer = new SignatureV4({
    credentials: { accessKeyId: door.key.id, secretAccessKey: door.key.secret },
    region: 'us-east-1',
    service: 's3',
    sha256: Hash.bind(null, 'sha256'),
    uriEscapePath: false,
  });
  const headers = {
    host: `127.0.0.1:${door.port}`,
    'x-amz-content-sha256': ask.payload ?? createHash('sha256').update(body).digest('hex'),
    ...ask.headers,
  };
  const signed = await signer.sign(
    { method, path: asSigned(path), query, headers, protocol: 'http:', hostname: '127.0.0.1' },
    { signingDate: new Date(systemClock.now()) },
  );
  const search = new URLSearchParams(query).toString();
  const length = 'transfer-encoding' in unsigned ? {} : { 'content-length': String(body.length) };
  const lines = Object.entries({
    ...signed.headers,
    ...length,
    ...unsigned,
    connection: 'close',
  });
  return `${method} ${path}${search && `?${search}`} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** S3 signs a path encoded in one way, however it was sent. */
function asSigned(path: string): string {
  try {
    return decodeURIComponent(path).split('/').map(encodeURIComponent).join('/');
  } catch {
    return path;
  }
}

function send(text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  const socket = connect(door.port, '127.0.0.1', () => socket.write(text));
  socket.on('data', (data) => {
    said += data;
  });
  socket.on('close', () => resolve(said));
  socket.on('error', reject);
  return promise;
}

const shortly = (said: string) =>
  `${/^HTTP\/1.1 (\d+)/.exec(said)?.[1]} ${/<Code>(\w+)/.exec(said)?.[1] ?? ''}`.trim();

describe('a request as bytes', () => {
  it('that waits for a word before its body gets one only once its head is good', async () => {
    const unsigned = { expect: '100-continue' };
    const head = await signedHead({ body: 'hello', unsigned });

    const taken = await send(`${head}hello`);
    const unread = await send(head.replace(/Signature=\w+/, `Signature=${'0'.repeat(64)}`));
    const alive = await send(
      head.replace(/Signature=\w+/, 'Signature=0').replace('connection: close', 'x: y'),
    );

    expect(taken).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    expect(shortly(unread)).toBe('403 SignatureDoesNotMatch');
    expect(shortly(alive)).toMatch(/^40[03] /);
    expect(alive).toMatch(/connection: close/i);
  });

  it('names the bucket in its path where its host is a name of the machine', async () => {
    const ofMachine = { host: `${NAMED}:${door.port}` };
    const ofBucket = { host: `${BUCKET}.localhost:${door.port}` };

    expect(shortly(await raw({ headers: ofMachine, body: 'one' }))).toBe('200');
    expect(shortly(await raw({ headers: ofBucket, path: '/models/x/y', body: 'two' }))).toBe('200');

    expect([...door.versions.keys()].toSorted()).toEqual([KEY, 'models/x/y']);
  });

  it('is taken with a length', async () => {
    expect(shortly(await raw({ body: 'hello' }))).toBe('200');
  });

  it.each([
    [
      'no length',
      { body: '', unsigned: { 'transfer-encoding': 'chunked' } },
      '411 MissingContentLength',
    ],
    [
      'two framings',
      { body: '0\r\n\r\n', unsigned: { 'transfer-encoding': 'chunked', 'content-length': '5' } },
      '400',
    ],
    [
      'two lengths',
      { body: 'hello', unsigned: { 'content-length': '5', 'Content-Length': '6' } },
      '400',
    ],
    [
      'another body than it has signed',
      { body: 'hello', payload: '0'.repeat(64) },
      '400 XAmzContentSHA256Mismatch',
    ],
    [
      'a payload that nobody knows',
      { body: 'hello', payload: 'STREAMING-OTHER' },
      '501 NotImplemented',
    ],
    ['a payload that is no hash', { body: 'hello', payload: 'hello' }, '400 InvalidRequest'],
    [
      'a payload that every object has',
      {
        body: '0\r\n\r\n',
        payload: 'constructor',
        headers: { 'x-amz-decoded-content-length': '0' },
      },
      '400 InvalidRequest',
    ],
    [
      'metadata that no header can have',
      { query: { 'x-amz-meta-a': 'b\nc' }, body: 'hello' },
      '400 InvalidArgument',
    ],
    [
      'metadata whose name no header can have',
      { query: { 'x-amz-meta-a b': 'c' }, body: 'hello' },
      '400 InvalidArgument',
    ],
    [
      'fewer bytes in its chunks than said',
      {
        payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        headers: { 'x-amz-decoded-content-length': '6' },
        body: '5\r\nhello\r\n0\r\n\r\n',
      },
      '400 IncompleteBody',
    ],
    [
      'more bytes in its chunks than said',
      {
        payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        headers: { 'x-amz-decoded-content-length': '4' },
        body: '5\r\nhello\r\n0\r\n\r\n',
      },
      '400 IncompleteBody',
    ],
    [
      'a trailer that says another checksum',
      {
        payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        headers: { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' },
        body: '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n',
      },
      '400 BadDigest',
    ],
    [
      'a trailer that does not come',
      {
        payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        headers: { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' },
        body: '5\r\nhello\r\n0\r\n\r\n',
      },
      '400 MalformedTrailerError',
    ],
    [
      'a header of AWS that is not signed',
      { unsigned: { 'x-amz-meta-a': 'b' } },
      '403 AccessDenied',
    ],
    ['another name of this machine', { headers: { host: 'evil.example' } }, '403 AccessDenied'],
    [
      'a parameter twice',
      { method: 'GET', path: `${PATH}`, query: { versionId: '1' }, unsigned: {} },
      '404 NoSuchVersion',
    ],
    ['what is no URL', { method: 'GET', path: `${PATH}%zz` }, '400 InvalidURI'],
    ['bytes that are no UTF-8', { method: 'GET', path: `${PATH}%ff` }, '400 InvalidURI'],
    [
      'dots that are encoded',
      { path: `/${BUCKET}/models/%2e%2e/%2E%2E/outside` },
      '400 InvalidArgument',
    ],
    ['slashes that are encoded', { path: `/${BUCKET}/..%2f..%2foutside` }, '400 InvalidArgument'],
    ['a NUL', { path: `/${BUCKET}/models/a%00b` }, '400 InvalidArgument'],
    ['a bucket that is encoded', { method: 'GET', path: '/%2e%2e/keys' }, '404 NoSuchBucket'],
    ['another method', { method: 'PATCH' }, '405 MethodNotAllowed'],
    ['a form of a browser', { method: 'POST', path: `/${BUCKET}` }, '405 MethodNotAllowed'],
  ] as [string, Ask, string][])('is refused with %s', async (_, ask, refusal) => {
    expect(shortly(await raw(ask))).toBe(refusal);
    expect(door.versions.keys()).toEqual([]);
  });

  it.each(['日本', 'é', '"quoted"'])('keeps the metadata %s for its readers', async (city) => {
    const described = {
      'content-disposition': `attachment; filename="${city}.onnx"`,
      'x-amz-meta-city': city,
    };
    await raw({ headers: described, body: 'hello' });

    const said = await raw({ method: 'GET' });

    expect(shortly(said)).toBe('200');
    for (const [name, value] of Object.entries(described)) {
      expect(said).toContain(`\r\n${name}: ${value}\r\n`);
    }
    expect(shortly(await raw({ method: 'HEAD' }))).toBe('200');
  });

  it('may have its bucket in the name of the host', async () => {
    const host = `${BUCKET}.localhost:${door.port}`;
    await raw({
      path: `/${KEY}`,
      headers: { host },
      body: 'hello',
    });

    const said = await raw({ method: 'GET', path: `/${KEY}`, headers: { host } });

    expect(shortly(said)).toBe('200');
    expect(said.endsWith('hello')).toBe(true);
  });

  it('has chunks without signatures, and a checksum after them', async () => {
    const said = await raw({
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: {
        'content-encoding': 'gzip,aws-chunked',
        'x-amz-decoded-content-length': '5',
        'x-amz-trailer': 'x-amz-checksum-crc32',
      },
      body: '3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
    });

    expect(shortly(said)).toBe('200');
    expect(door.versions.aboutOf(door.versions.latest(KEY)!.versionId)).toMatchObject({
      headers: { 'content-encoding': 'gzip' },
      checksum: { algorithm: 'crc32', value: 'NhCmhg==' },
    });
  });

  it.each([
    ['no XML', 'hello', '400 MalformedXML'],
    ['XML without an end', '<Delete><Object>', '400 MalformedXML'],
    [
      'entities',
      '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&b;</Key></Object></Delete>',
      '200',
    ],
    ['a million elements in each other', '<a>'.repeat(300_000), '400 MalformedXML'],
    ['another document', '<Other/>', '400 MalformedXML'],
    [
      'too many keys',
      `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`,
      '400 MalformedXML',
    ],
    [
      'a character that the parser would read as another one',
      '<Delete><Object><Key>models/digits/&#x1F600;</Key></Object></Delete>',
      '400 MalformedXML',
    ],
    [
      'the same in decimals',
      '<Delete><Object><Key>models/digits/&#128512;</Key></Object></Delete>',
      '400 MalformedXML',
    ],
    ['too many bytes', `<Delete>${' '.repeat(2 ** 21)}</Delete>`, '400 EntityTooLarge'],
  ])('deletes nothing by %s', async (_, body, answer) => {
    await raw({ body: 'hello' });

    const said = await raw({
      method: 'POST',
      path: `/${BUCKET}`,
      query: { delete: '' },
      body,
    });

    expect(shortly(said)).toBe(answer);
    expect(said).not.toContain('root:');
    expect(door.versions.keys()).toEqual([KEY]);
  });

  it('that breaks off leaves nothing', async () => {
    const events = door.events.length;
    const { promise: isGone, resolve } = Promise.withResolvers<void>();
    const head = await signedHead({ body: 'hello' });
    const socket = connect(door.port, '127.0.0.1', () => socket.write(`${head}hel`));
    socket.on('error', () => undefined).on('close', resolve);
    setImmediate(() => socket.destroySoon());
    await isGone;

    expect(door.problems).toEqual([]);
    expect(shortly(await raw({ method: 'GET' }))).toBe('404 NoSuchKey');
    expect(door.versions.keys()).toEqual([]);
    expect(door.events.length).toBe(events);
  });
});
