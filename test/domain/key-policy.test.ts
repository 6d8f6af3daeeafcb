import fc from 'fast-check';
import { type KeyModels, mayCall } from '#domain/api-key.ts';
import { keyPolicy, offeredKey } from '#domain/key-policy.ts';

const KEY = 'slw_1';
const HASH = 'f'.repeat(64);
const API = 'arn:aws:execute-api:us-east-1:123456789012:abc123/v1';
const keyFor = (models: KeyModels) => ({ id: 'id-1', name: 'ci', models, createdAtMs: 0 });

/** Decides like IAM: `*` stands for any characters, slashes too. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html */
function allows(models: KeyModels, request: string): boolean {
  const policy = keyPolicy(keyFor(models), HASH, `${API}/${request}`);
  const [{ Effect, Resource }] = policy.policyDocument.Statement;
  const matches = Resource.some((resource) => {
    const pattern = resource.split('*').map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${pattern.join('.*')}$`).test(`${API}/${request}`);
  });
  // One or the other: a request that nothing matches would be denied without a reason.
  expect(matches).toBe(true);
  return Effect === 'Allow';
}

describe('the key that a request offers', () => {
  it.each([
    { headers: [['Authorization', `Bearer ${KEY}`]] },
    { headers: [['AUTHORIZATION', `bearer  ${KEY} `]] },
    { headers: [['x-api-key', KEY]] },
    { headers: [['X-Api-Key', ` ${KEY} `]] },
    {
      headers: [
        ['authorization', `Bearer ${KEY}`],
        ['x-api-key', KEY],
        ['X-API-KEY', KEY],
      ],
    },
    {
      headers: [
        ['authorization', 'Basic dXNlcg=='],
        ['x-api-key', KEY],
        ['accept', '*/*'],
      ],
    },
  ] as const)('is told by $headers', ({ headers }) => {
    expect(offeredKey(headers, `${API}/POST/models/x/invocations`)).toBe(KEY);
  });

  it.each([
    { what: 'no headers', headers: [] },
    {
      what: 'a browser that fetches the script of a service worker',
      headers: [
        ['x-api-key', KEY],
        ['Service-Worker', 'script'],
      ],
    },
    { what: 'an empty key', headers: [['x-api-key', ' ']] },
    { what: 'another scheme', headers: [['authorization', `Basic ${KEY}`]] },
    { what: 'two tokens in one header', headers: [['authorization', `Bearer ${KEY} slw_2`]] },
    {
      what: 'two different keys',
      headers: [
        ['authorization', `Bearer ${KEY}`],
        ['x-api-key', 'slw_2'],
      ],
    },
    {
      what: 'a header that came twice with different keys',
      headers: [
        ['x-api-key', KEY],
        ['x-api-key', 'slw_2'],
      ],
    },
  ] as const)('is none for $what', ({ headers }) => {
    expect(offeredKey(headers, `${API}/GET/models/x`)).toBeUndefined();
  });

  describe('by the password that a browser asked for', () => {
    const basic = ['Authorization', `Basic ${btoa(`me:${KEY}`)}`] as const;

    it.each([
      { request: 'GET/models/x', from: 'cross-site', isTaken: true },
      { request: 'HEAD/models/x/docs', from: 'none', isTaken: true },
      { request: 'POST/models/x/invocations', from: 'same-origin', isTaken: true },
      { request: 'POST/models/x/invocations', from: 'cross-site', isTaken: false },
      { request: 'POST/models/x/GET/models/x', from: 'same-site', isTaken: false },
      { request: 'DELETE/models/x', from: 'none', isTaken: false },
    ])('$request from $from', ({ request, from, isTaken }) => {
      const key = offeredKey([basic, ['sec-fetch-site', from]], `${API}/${request}`);

      expect(key).toBe(isTaken ? KEY : undefined);
    });

    it('not for a client that does not say from where', () => {
      expect(offeredKey([basic], `${API}/POST/models/x/invocations`)).toBeUndefined();
    });

    it.each(['', '?', 'a', 'YQ==', btoa('me:')])('not where it is %j', (password) => {
      const headers = [['authorization', `Basic ${password}`]] as const;

      expect(offeredKey(headers, `${API}/GET/models/x`)).toBeUndefined();
    });
  });
});

describe('the policy of a key', () => {
  it('is counted against the hash, and names the key', () => {
    expect(keyPolicy(keyFor('all'), HASH, `${API}/GET/models/x`)).toMatchObject({
      principalId: 'id-1',
      usageIdentifierKey: HASH,
      policyDocument: { Version: '2012-10-17' },
    });
  });

  it('is for the API and stage that were asked, in any partition', () => {
    const api = 'arn:aws-cn:execute-api:cn-north-1:123456789012:api/stage';

    const policy = keyPolicy(keyFor(['digits']), HASH, `${api}/POST/models/digits/invocations`);

    const { Resource } = policy.policyDocument.Statement[0];
    expect(Resource).toEqual([`${api}/POST/models/digits`, `${api}/POST/models/digits/*`]);
  });

  it.each([
    'GET/models/digits',
    'POST/models/digits/',
    'POST/models/digits/invocations',
    'DELETE/models/digits/v2/models/digits/infer',
    'HEAD/models/shapes/ping',
  ])('allows the holder of a key for digits and shapes %s', (request) => {
    expect(allows(['digits', 'shapes'], request)).toBe(true);
  });

  it.each([
    'GET/models',
    'GET/models/digits2',
    'GET/models/digit',
    'POST/models/other/invocations',
    'POST/models/other/v2/models/digits/infer',
    'GET/models/other/models/digits',
    'GET/digits',
    'GET/',
  ])('does not allow the holder of a key for digits %s', (request) => {
    expect(allows(['digits'], request)).toBe(false);
  });

  it.each([
    ['GET/models/digits', true],
    ['POST/models/other/invocations', true],
    ['GET/models', false],
    ['GET/admin/models/x', false],
  ])('for all models allows %s: %s', (request, isAllowed) => {
    expect(allows('all', request)).toBe(isAllowed);
  });

  it('allows a model’s paths exactly when the key may call it', () => {
    const model = fc.stringMatching(/^[a-c]{1,2}$/);
    const path = fc.array(fc.constantFrom('models', 'a', 'b', 'aa', 'v2'), { maxLength: 4 });
    const method = fc.constantFrom('GET', 'POST', 'PUT');
    fc.assert(
      fc.property(
        fc.array(model, { minLength: 1 }),
        model,
        method,
        path,
        (own, asked, how, rest) => {
          const request = [how, 'models', asked, ...rest].join('/');
          expect(allows(own, request)).toBe(mayCall(keyFor(own), asked));
        },
      ),
    );
  });

  it('fits the 512 characters that API Gateway takes of a resource', () => {
    const longest = 'a'.repeat(40);
    const policy = keyPolicy(keyFor([longest]), HASH, `${API}/GET/models/${longest}`);

    for (const resource of policy.policyDocument.Statement[0].Resource) {
      expect(resource.length).toBeLessThanOrEqual(512);
    }
  });
});
