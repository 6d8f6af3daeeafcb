import { CORS } from '#domain/cors.ts';
import { type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const HERE = 'https://app.example';

/** The headers that let pages read answers in an account, where API Gateway adds none. */
export function describeCors(runtime: Runtime): void {
  const model = ['addConstant', { constant: 1 }] as const;
  let server: ModelServer;
  beforeAll(async () => {
    server = await sharedModel(runtime, model, {
      CORS_ORIGINS: `http://localhost:3000,${HERE}`,
      CORS_EXPOSED_HEADERS: CORS.exposedHeaders,
    });
  });

  const told = ({ headers }: { readonly headers: Headers }) => ({
    origin: headers.get('access-control-allow-origin'),
    exposed: headers.get('access-control-expose-headers'),
    vary: headers.get('vary'),
  });

  it('a page of a listed origin may read an answer, and a refusal', async () => {
    const answer = await server.post('/invocations', { inputs: [1] }, { origin: HERE });
    const refused = await server.get('/nope', { headers: { origin: HERE } });

    const readable = { origin: HERE, exposed: CORS.exposedHeaders, vary: 'origin' };
    expect([answer.status, refused.status]).toEqual([200, 404]);
    expect([answer, refused].map(told)).toEqual([readable, readable]);
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it.each(['https://evil.example', 'https://app.example:8443', 'null', ''])(
    'a page of %j may not, and no cache gives it what another may',
    async (origin) => {
      const answer = await server.post('/invocations', { inputs: [1] }, { origin });

      expect(told(answer)).toEqual({ origin: null, exposed: null, vary: 'origin' });
    },
  );

  it('an answer that also varies by its coding says both', async () => {
    const inputs = Array.from({ length: 400 }, (_, index) => index);

    const answer = await server.post('/invocations', { inputs }, { origin: HERE });

    expect(told(answer)).toMatchObject({ origin: HERE, vary: 'accept-encoding, origin' });
  });

  it.each([
    { said: 'nobody has listed an origin', env: {} },
    { said: 'the list is empty', env: { CORS_ORIGINS: '', CORS_EXPOSED_HEADERS: '' } },
  ])('says nothing of it where $said', async ({ env }) => {
    const other = await sharedModel(runtime, model, env);

    const answer = await other.post('/invocations', { inputs: [1] }, { origin: HERE });

    expect(told(answer)).toEqual({ origin: null, exposed: null, vary: null });
  });
}
