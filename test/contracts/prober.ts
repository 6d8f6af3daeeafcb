import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { Prober } from '#ports/prober.ts';

/** A revision's server, as the suite scripts it; `silent` never answers. */
export type Behaviour = (asked: {
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: unknown;
}) => { readonly status: number; readonly body: unknown } | 'silent';

export type ProberUnderTest = {
  readonly prober: Prober;
  /** The route of the model `digits`, all of whose traffic `digits-v1` has; its test path; and the route of a model that is not there. */
  readonly addresses: {
    readonly route: string;
    readonly testPath: string;
    readonly nobody: string;
  };
  /** How `digits-v1` behaves from now on. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
};

const INFER: GoldenRequest = {
  protocol: 'infer',
  body: { inputs: [{ name: 'x', data: [1, 2.5] }] },
};
const INVOCATIONS: GoldenRequest = { protocol: 'invocations', body: { inputs: [[0]] } };
// Only a hanging probe would take so long.
const TIMEOUT_MS = 600_000;

/** The promises of every Prober. */
export function describeProber(name: string, start: () => Promise<ProberUnderTest>): void {
  describe(`${name} keeps the promises of a Prober`, () => {
    let world: ProberUnderTest;

    beforeEach(async () => {
      world = await start();
    });

    afterEach(() => world.close());

    it.each([
      { request: INFER, path: '/v2/models/digits/infer' },
      { request: INVOCATIONS, path: '/invocations' },
    ])('sends what it is given to $path', async ({ request, path }) => {
      world.behave((asked) => ({ status: 200, body: { path: asked.path, body: asked.body } }));

      const answer = await world.prober.send(world.addresses.route, 'digits', request, TIMEOUT_MS);

      expect(answer).toMatchObject({ kind: 'answer', status: 200, revision: 'digits-v1' });
      expect(answer.kind === 'answer' && JSON.parse(answer.body)).toEqual({
        path,
        body: request.body,
      });
    });

    it.each([
      { request: INVOCATIONS, says: ['application/json', { inputs: [[0]] }] },
      {
        request: { ...INVOCATIONS, body: btoa('[2, 3]'), contentType: 'application/jsonlines' },
        says: ['application/jsonlines', [2, 3]],
      },
    ])('says the type of a body, and sends the bytes of $says.0', async ({ request, says }) => {
      world.behave(({ contentType, body }) => ({ status: 200, body: [contentType, body] }));

      const answer = await world.prober.send(world.addresses.route, 'digits', request, TIMEOUT_MS);

      expect(answer.kind === 'answer' && JSON.parse(answer.body)).toEqual(says);
    });

    it('reaches a candidate by its test path', async () => {
      world.behave(({ path }) => ({ status: 200, body: path }));

      const answer = await world.prober.send(world.addresses.testPath, 'digits', INFER, TIMEOUT_MS);

      expect(answer).toMatchObject({ kind: 'answer', status: 200, revision: 'digits-v1' });
    });

    it.each([200, 400, 429, 500, 503])('answers %i as a value', async (status) => {
      world.behave(() => ({ status, body: { error: 'because' } }));

      const answer = await world.prober.send(world.addresses.route, 'digits', INFER, TIMEOUT_MS);

      const seen = { status, body: '{"error":"because"}' };
      expect(answer).toMatchObject({ kind: 'answer', revision: 'digits-v1', ...seen });
      expect(answer.kind === 'answer' && answer.latencyMs).toBeGreaterThan(0);
    });

    it.each([200, 503])('asks whether the server is ready, and answers %i', async (status) => {
      world.behave(({ path }) => ({ status: path === '/ping' ? status : 400, body: {} }));

      const answer = await world.prober.ready(world.addresses.testPath, '/ping', TIMEOUT_MS);

      expect(answer).toMatchObject({ kind: 'answer', status });
    });

    it('answers that there was no answer within the time', async () => {
      world.behave(() => 'silent');

      const sent = await world.prober.send(world.addresses.route, 'digits', INFER, 50);
      const ready = await world.prober.ready(world.addresses.testPath, '/ping', 50);

      expect(sent).toEqual({ kind: 'none', reason: 'no answer within 50 ms' });
      expect(ready).toEqual({ kind: 'none', reason: 'no answer within 50 ms' });
    });

    it('is answered 404, by no revision, where there is no model', async () => {
      const answer = await world.prober.send(world.addresses.nobody, 'nobody', INFER, TIMEOUT_MS);

      expect(answer).toMatchObject({ kind: 'answer', status: 404, revision: null });
    });
  });
}
