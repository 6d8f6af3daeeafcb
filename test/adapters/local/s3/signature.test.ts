import { createHash, createHmac } from 'node:crypto';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { systemClock } from '#adapters/clocks.ts';
import { awsChunks } from '#adapters/local/s3/aws-chunked.ts';
import type { Asked } from '#adapters/local/s3/request.ts';
import { type Signed, verified } from '#adapters/local/s3/signature.ts';
import { BUCKET as Bucket, type S3Door, s3Door } from '../../../support/doors/s3-door.ts';

// The examples that AWS publishes, with their signatures: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html and sigv4-streaming.html.
const DAY = Date.parse('2013-05-24T00:00:00Z');
const EMPTY = createHash('sha256').digest('hex');
const EXAMPLE = {
  id: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  name: 'example',
  models: 'all',
  createdAtMs: 0,
} as const;
const find = (id: string) => (id === EXAMPLE.id ? EXAMPLE : undefined);
const at = { find, nowMs: DAY };

const authorization = (signedHeaders: string, signature: string) =>
  `AWS4-HMAC-SHA256 Credential=${EXAMPLE.id}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;

const GET: Asked = {
  method: 'GET',
  path: '/test.txt',
  query: {},
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': EMPTY,
    'x-amz-date': '20130524T000000Z',
    authorization: authorization(
      'host;range;x-amz-content-sha256;x-amz-date',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ),
  },
};

const URL_OF_AWS: Asked = {
  method: 'GET',
  path: '/test.txt',
  query: {
    'X-Amz-Algorithm': ['AWS4-HMAC-SHA256'],
    'X-Amz-Credential': [`${EXAMPLE.id}/20130524/us-east-1/s3/aws4_request`],
    'X-Amz-Date': ['20130524T000000Z'],
    'X-Amz-Expires': ['86400'],
    'X-Amz-SignedHeaders': ['host'],
    'X-Amz-Signature': ['aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'],
  },
  headers: { host: 'examplebucket.s3.amazonaws.com' },
};

const withHeaders = (asked: Asked, headers: Asked['headers']): Asked => ({
  ...asked,
  headers: { ...asked.headers, ...headers },
});
const withQuery = (asked: Asked, query: Asked['query']): Asked => ({
  ...asked,
  query: { ...asked.query, ...query },
});
const codeOf = (asked: Asked, nowMs = DAY) => {
  try {
    verified(asked, { find, nowMs });
    return 'verified';
  } catch (error) {
    return ((error as Error).cause as { code: string }).code;
  }
};

describe("AWS's own examples", () => {
  it.each([
    ['a GET with a range', GET],
    [
      'a PUT',
      {
        method: 'PUT',
        path: '/test$file.text',
        query: {},
        headers: {
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          host: 'examplebucket.s3.amazonaws.com',
          'x-amz-content-sha256':
            '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
          'x-amz-date': '20130524T000000Z',
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
          authorization: authorization(
            'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
            '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
          ),
        },
      },
    ],
    [
      'a parameter without a value',
      {
        method: 'GET',
        path: '/',
        query: { lifecycle: [''] },
        headers: {
          host: 'examplebucket.s3.amazonaws.com',
          'x-amz-content-sha256': EMPTY,
          'x-amz-date': '20130524T000000Z',
          authorization: authorization(
            'host;x-amz-content-sha256;x-amz-date',
            'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
          ),
        },
      },
    ],
    [
      'a list',
      {
        method: 'GET',
        path: '/',
        query: { 'max-keys': ['2'], prefix: ['J'] },
        headers: {
          host: 'examplebucket.s3.amazonaws.com',
          'x-amz-content-sha256': EMPTY,
          'x-amz-date': '20130524T000000Z',
          authorization: authorization(
            'host;x-amz-content-sha256;x-amz-date',
            '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
          ),
        },
      },
    ],
    ['a signed URL', URL_OF_AWS],
  ] satisfies [string, Asked][])('%s is verified', (_, asked) => {
    expect(verified(asked, at).caller).toBe(EXAMPLE);
  });

  it.each([
    ['another method', { ...GET, method: 'HEAD' }, 'SignatureDoesNotMatch'],
    ['another path', { ...GET, path: '/test.txt2' }, 'SignatureDoesNotMatch'],
    ['a parameter more', withQuery(GET, { versionId: ['1'] }), 'SignatureDoesNotMatch'],
    ['another range', withHeaders(GET, { range: 'bytes=0-99' }), 'SignatureDoesNotMatch'],
    ['another host', withHeaders(GET, { host: 'other' }), 'SignatureDoesNotMatch'],
    ['a header of AWS that is not signed', withHeaders(GET, { 'x-amz-acl': 'x' }), 'AccessDenied'],
    ['a session', withHeaders(GET, { 'x-amz-security-token': 'x' }), 'InvalidToken'],
    ['no signature', withHeaders(GET, { authorization: '' }), 'InvalidRequest'],
    [
      'the signature before this one',
      withHeaders(GET, { authorization: 'AWS a:b' }),
      'InvalidRequest',
    ],
    ['a token', withHeaders(GET, { authorization: 'Bearer x' }), 'InvalidRequest'],
    ['no headers of its own', { ...GET, headers: { host: 'x' } }, 'AccessDenied'],
    ['both ways at once', withQuery(GET, URL_OF_AWS.query), 'InvalidArgument'],
    [
      'a host that is not signed',
      withQuery(URL_OF_AWS, { 'X-Amz-SignedHeaders': ['range'] }),
      'AccessDenied',
    ],
    [
      'a longer life',
      withQuery(URL_OF_AWS, { 'X-Amz-Expires': ['90000'] }),
      'SignatureDoesNotMatch',
    ],
    [
      'a life of over a week',
      withQuery(URL_OF_AWS, { 'X-Amz-Expires': ['604801'] }),
      'AuthorizationQueryParametersError',
    ],
    [
      'two dates',
      withQuery(URL_OF_AWS, { 'X-Amz-Date': ['20130524T000000Z', '20130525T000000Z'] }),
      'AuthorizationQueryParametersError',
    ],
    [
      'the scope of another day',
      withQuery(URL_OF_AWS, { 'X-Amz-Date': ['20130525T000000Z'] }),
      'AuthorizationQueryParametersError',
    ],
    [
      'the scope of another service',
      withQuery(URL_OF_AWS, {
        'X-Amz-Credential': [`${EXAMPLE.id}/20130524/us-east-1/sqs/aws4_request`],
      }),
      'AuthorizationQueryParametersError',
    ],
    [
      'a key that nobody has',
      withQuery(URL_OF_AWS, { 'X-Amz-Credential': ['AKID/20130524/us-east-1/s3/aws4_request'] }),
      'InvalidAccessKeyId',
    ],
  ] satisfies [string, Asked, string][])('with %s are refused', (_, asked, code) => {
    expect(codeOf(asked)).toBe(code);
  });

  it.each([
    ['a request', GET, -15 * 60, 'verified'],
    ['a request', GET, 15 * 60, 'verified'],
    ['a request', GET, 15 * 60 + 1, 'RequestTimeTooSkewed'],
    ['a request', GET, -15 * 60 - 1, 'RequestTimeTooSkewed'],
    ['a URL', URL_OF_AWS, 86_400, 'verified'],
    ['a URL', URL_OF_AWS, 86_401, 'AccessDenied'],
    ['a URL', URL_OF_AWS, -15 * 60 - 1, 'AccessDenied'],
  ] satisfies [string, Asked, number, string][])(
    '%s %#: %s after %d seconds is %s',
    (_, asked, seconds, code) => {
      expect(codeOf(asked, DAY + seconds * 1000)).toBe(code);
    },
  );
});

describe('a body in signed chunks', () => {
  const SIGNATURES = {
    head: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    first: 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    second: '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    last: 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  };
  const HEAD: Asked = {
    method: 'PUT',
    path: '/examplebucket/chunkObject.txt',
    query: {},
    headers: {
      host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
      'content-length': '66824',
      authorization: authorization(
        'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
        SIGNATURES.head,
      ),
    },
  };
  const chunk = (size: number, signature: string) =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(size)}\r\n`;
  const BODY =
    chunk(65_536, SIGNATURES.first) + chunk(1024, SIGNATURES.second) + chunk(0, SIGNATURES.last);

  async function decoded(
    body: string,
    pieceBytes: number,
    signed: Signed | undefined,
    hasTrailer: boolean,
  ) {
    async function* pieces() {
      for (let from = 0; from < body.length; from += pieceBytes) {
        yield Buffer.from(body.slice(from, from + pieceBytes));
      }
    }
    const chunks = awsChunks(pieces(), { signed, hasTrailer });
    let text = '';
    for (;;) {
      const { done, value } = await chunks.next();
      if (done) return { text, trailer: value };
      text += Buffer.from(value).toString();
    }
  }
  const refused = (body: string, signed?: Signed, hasTrailer = false) =>
    decoded(body, 1000, signed, hasTrailer).then(
      () => 'taken',
      (error: Error) => (error.cause as { code: string }).code,
    );

  it.each([1, 7, 1000, 70_000])("is AWS's example, in pieces of %d bytes", async (pieceBytes) => {
    const { text } = await decoded(BODY, pieceBytes, verified(HEAD, at), false);

    expect(text).toBe('a'.repeat(66_560));
  });

  it.each([
    ['another letter', BODY.replace('aa', 'ab'), 'SignatureDoesNotMatch'],
    ['another signature', BODY.replace('ad80c7', 'bd80c7'), 'SignatureDoesNotMatch'],
    ['no last chunk', BODY.slice(0, BODY.lastIndexOf('0;chunk')), 'IncompleteBody'],
    ['half a chunk', BODY.slice(0, 1000), 'IncompleteBody'],
    [
      'a chunk left out',
      chunk(65_536, SIGNATURES.first) + chunk(0, SIGNATURES.last),
      'SignatureDoesNotMatch',
    ],
    ['more after the end', `${BODY}GET / HTTP/1.1\r\n\r\n`, 'IncompleteBody'],
    ['a chunk without a signature', BODY.replace(/;chunk-signature=\w+/, ''), 'IncompleteBody'],
    ['another extension', BODY.replace(';chunk', ';a=b;chunk'), 'IncompleteBody'],
    [
      'a trailer that nobody has announced',
      `${BODY.slice(0, -2)}x-amz-checksum-crc32:AAAAAA==\r\n\r\n`,
      'IncompleteBody',
    ],
  ])('is refused with %s', async (_, body, code) => {
    expect(await refused(body, verified(HEAD, at))).toBe(code);
  });

  it.each([
    ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a size as in C', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a size with a space', '5 \r\nhello\r\n0\r\n\r\n'],
    ['an empty size', '\r\nhello\r\n0\r\n\r\n'],
    ['a size of 17 digits', '00000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['bare line feeds', '5\nhello\n0\n\n'],
    ['a chunk longer than said', '4\r\nhello\r\n0\r\n\r\n'],
    ['a chunk shorter than said', '6\r\nhello\r\n0\r\n\r\n'],
    ['a line without end', '5'.repeat(10_000)],
    ['a second body', '5\r\nhello\r\n0\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('is not read by guesses: %s', async (_, body) => {
    expect(await refused(body)).toBe('IncompleteBody');
  });

  it('has a trailer that is signed too', async () => {
    const signed = verified(HEAD, at);
    const sign = (text: string) =>
      createHmac('sha256', signed.signingKey).update(text).digest('hex');
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const chunkText = (before: string, text: string) =>
      ['AWS4-HMAC-SHA256-PAYLOAD', signed.longDate, signed.scope, before, EMPTY, sha256(text)].join(
        '\n',
      );
    const one = sign(chunkText(signed.signature, 'hello'));
    const last = sign(chunkText(one, ''));
    const line = 'x-amz-checksum-crc32:NhCmhg==';
    const trailer = sign(
      ['AWS4-HMAC-SHA256-TRAILER', signed.longDate, signed.scope, last, sha256(`${line}\n`)].join(
        '\n',
      ),
    );
    const body = `5;chunk-signature=${one}\r\nhello\r\n0;chunk-signature=${last}\r\n${line}\r\nx-amz-trailer-signature:${trailer}\r\n\r\n`;

    expect(await decoded(body, 5, signed, true)).toEqual({
      text: 'hello',
      trailer: { 'x-amz-checksum-crc32': 'NhCmhg==' },
    });
    expect(await refused(body.replace('NhCmhg', 'AAAAAA'), signed, true)).toBe(
      'SignatureDoesNotMatch',
    );
  });
});

describe('at the door', () => {
  const KEY = 'models/digits/digits.onnx';
  let door: S3Door;
  beforeAll(async () => {
    door = await s3Door();
    await door.client().send(new PutObjectCommand({ Bucket, Key: KEY, Body: 'the model' }));
  });
  beforeEach(() => {
    door.aheadMs = 0;
  });
  afterAll(() => door.close());

  const read = () => new GetObjectCommand({ Bucket, Key: KEY });
  const said = async (response: Response) =>
    `${response.status} ${/<Code>(\w+)/.exec(await response.text())?.[1]}`;
  const refusalOf = (sent: Promise<unknown>) =>
    sent.then(
      () => 'no refusal',
      (error: Error) => error.name,
    );

  it('a signed URL works until its time is over', async () => {
    const url = await getSignedUrl(door.client(), read(), { expiresIn: 3600 });

    const response = await fetch(url);
    expect(await response.text()).toBe('the model');
    door.aheadMs = 86_400_000;
    expect(await said(await fetch(url))).toBe('403 AccessDenied');
  });

  it('a signed URL is for what it says', async () => {
    const url = await getSignedUrl(door.client(), read());

    expect(await said(await fetch(url.replace('digits.onnx', 'other.onnx')))).toBe(
      '403 SignatureDoesNotMatch',
    );
    expect(await said(await fetch(url, { method: 'PUT', body: 'x' }))).toBe(
      '403 SignatureDoesNotMatch',
    );
    expect(await said(await fetch(url, { method: 'DELETE' }))).toBe('403 SignatureDoesNotMatch');
    expect(await said(await fetch(`${url}&versionId=1`))).toBe('403 SignatureDoesNotMatch');
  });

  it('a signed URL puts an object', async () => {
    const command = new PutObjectCommand({
      Bucket,
      Key: 'notes/by-url.txt',
      ContentType: 'text/plain',
    });
    const url = await getSignedUrl(door.client(), command);

    const response = await fetch(url, { method: 'PUT', body: 'by URL' });

    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(door.versions.latest('notes/by-url.txt')?.sizeBytes).toBe(6);
  });

  it('nobody comes in without a key, or with that of another', async () => {
    expect(await said(await fetch(`${door.origin}/${Bucket}/${KEY}`))).toBe('403 AccessDenied');
    expect(await said(await fetch(`${door.origin}/`))).toBe('403 AccessDenied');
    expect(await said(await fetch(`${door.origin}/none`, { method: 'DELETE' }))).toBe(
      '403 AccessDenied',
    );
    const known = door.client({ ...door.key, secret: 'slw_other' });
    const unknown = door.client({ ...door.key, id: '0123456789abcdef' });

    expect(await refusalOf(known.send(read()))).toBe('SignatureDoesNotMatch');
    expect(await refusalOf(unknown.send(read()))).toBe('InvalidAccessKeyId');
  });

  it('a key is refused from the moment on when it is revoked', async () => {
    const key = await door.keys.create('short', 'all');
    const client = door.client(key);
    await client.send(read());

    expect(await door.keys.revoke(key.id)).toBe(true);

    expect(await refusalOf(client.send(read()))).toBe('InvalidAccessKeyId');
  });

  it('a key for some models reads and writes their folders alone', async () => {
    const client = door.client(await door.keys.create('shapes', ['shapes']));
    const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const list = (Prefix?: string) => client.send(new ListObjectsV2Command({ Bucket, Prefix }));

    await put('models/shapes/shapes.onnx');
    expect((await list('models/shapes/')).KeyCount).toBe(1);

    for (const key of ['models/digits/a.onnx', 'models/shapes', 'models/shapes2/a.onnx', 'a.txt']) {
      expect([key, await refusalOf(put(key))]).toEqual([key, 'AccessDenied']);
    }
    for (const prefix of [undefined, '', 'models/', 'models/shapes', 'models/digits/']) {
      expect([prefix, await refusalOf(list(prefix))]).toEqual([prefix, 'AccessDenied']);
    }
    expect(await refusalOf(client.send(read()))).toBe('AccessDenied');
  });

  it('a key that has expired is refused, and its holder alone learns that', async () => {
    const key = await door.keys.create('guest', 'all', {
      expiresAtMs: systemClock.now() + 86_400_000,
    });
    const [client, thief] = [door.client(key), door.client({ ...key, secret: 'slw_other' })];
    await client.send(read());
    const url = await getSignedUrl(client, read(), { expiresIn: 7 * 86_400 });
    const stolen = await getSignedUrl(thief, read(), { expiresIn: 7 * 86_400 });
    door.aheadMs = 86_401_000;

    const refused = await fetch(url);

    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('the key guest expired at');
    expect(await (await fetch(stolen)).text()).not.toContain('expired');
    door.aheadMs = 0;
  });

  it('a key without a role is refused what needs it', async () => {
    const reader = door.client(await door.keys.create('reader', 'all', { roles: ['see'] }));
    const writer = door.client(await door.keys.create('writer', 'all', { roles: ['drop'] }));
    const put = () => new PutObjectCommand({ Bucket, Key: 'notes/role.txt', Body: 'x' });
    const copy = () =>
      new CopyObjectCommand({
        Bucket,
        Key: 'notes/copy.txt',
        CopySource: `${Bucket}/notes/role.txt`,
      });
    const remove = () => new DeleteObjectCommand({ Bucket, Key: 'notes/role.txt' });

    expect(await refusalOf(writer.send(put()))).toBe('no refusal');
    expect(await refusalOf(reader.send(read()))).toBe('no refusal');
    expect(await refusalOf(reader.send(put()))).toBe('AccessDenied');
    expect(await refusalOf(reader.send(remove()))).toBe('AccessDenied');
    expect(await refusalOf(writer.send(read()))).toBe('AccessDenied');
    expect(await refusalOf(writer.send(copy()))).toBe('AccessDenied');
    expect(await refusalOf(writer.send(remove()))).toBe('no refusal');
  });

  it('what a key has changed is noted, and what it was refused', async () => {
    const key = await door.keys.create('writer', ['shapes'], { roles: ['drop'] });
    const writer = door.client(key);
    const put = (Key: string) => writer.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const shapes = 'models/shapes/shapes.onnx';

    await put(shapes);
    await refusalOf(put('models/digits/digits.onnx'));
    await refusalOf(writer.send(read()));
    await writer.send(new DeleteObjectCommand({ Bucket, Key: shapes }));

    const noted = door.audited.filter((entry) => entry.key === key.id);
    expect(noted.map(({ action, model, outcome }) => [action, model, outcome])).toEqual([
      ['putObject', 'shapes', 'done'],
      ['putObject', 'digits', 'PlatformDenied'],
      ['readObject', 'digits', 'PlatformDenied'],
      ['removeObject', 'shapes', 'done'],
    ]);
    expect(noted[0]).toMatchObject({ by: 'writer', door: 's3', object: shapes });
    expect(JSON.stringify(door.audited)).not.toContain(key.secret);
  });

  it('a key is kept to its rate', async () => {
    const rate = { requests: 1, everySeconds: 60 } as const;
    const client = door.client(await door.keys.create('slow', 'all', { rate }));
    expect(await refusalOf(client.send(read()))).toBe('no refusal');

    const refused = await fetch(await getSignedUrl(client, read()));

    expect(await said(refused)).toBe('503 SlowDown');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
  });

  it('a clock that is wrong by more than 15 minutes is told of', async () => {
    door.aheadMs = 16 * 60_000;
    expect(await refusalOf(door.client().send(read()))).toBe('RequestTimeTooSkewed');
    door.aheadMs = -14 * 60_000;
    expect(await refusalOf(door.client().send(read()))).toBe('no refusal');
    expect(systemClock.now()).toBeGreaterThan(DAY);
  });

  it('a page in a browser is refused, whatever it has signed', async () => {
    const url = await getSignedUrl(door.client(), read());

    const response = await fetch(url, { headers: { origin: 'https://evil.example' } });

    expect(await said(response)).toBe('403 AccessDenied');
  });
});
