import type { Shares } from '#domain/deployment.ts';
import { IS_THOROUGH } from '../../../support/fuzz/runs.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
});

afterEach(() => world.close());

const CLIENTS = 16;
const CHANGES = IS_THOROUGH ? 300 : 40;

it('changes of shares under traffic lose no request, and each is answered by a revision that had a share', async () => {
  for (const revision of ['digits-v1', 'digits-v2', 'digits-v3']) {
    await world.revisions.serve(revision, (request, response) => request.pipe(response));
  }
  const history: Shares[] = [{ 'digits-v1': 1 }];
  await world.route('digits', history[0]!);
  const statuses: number[] = [];
  const strays: string[] = [];
  let isChanging = true;

  const callUntilChanged = async () => {
    while (isChanging) {
      const first = history.length - 1;
      const answer = await world.call('/models/digits/', {
        method: 'POST',
        body: 'x'.repeat(2_000),
      });
      const body = await answer.body.text();
      statuses.push(body.length === 2_000 ? answer.statusCode : 0);
      const revision = String(answer.headers['x-slipway-revision']);
      const isKnown = history.slice(first).some((shares) => (shares[revision] ?? 0) > 0);
      if (!isKnown) strays.push(revision);
    }
  };
  const changeShares = async () => {
    for (let change = 0; change < CHANGES; change += 1) {
      const leaving = `digits-v${(change % 3) + 1}`;
      const coming = `digits-v${((change + 1) % 3) + 1}`;
      const next = change % 2 === 0 ? { [coming]: 1 } : { [coming]: 999, [leaving]: 1 };
      const before = history.at(-1)!;
      history.push(next);
      await world.gateway.router.setShares('digits', next, before, 1);
      await Promise.race(Array.from({ length: 4 }, () => nextAnswer()));
    }
    isChanging = false;
  };
  const nextAnswer = async () => (await world.call('/models/digits/ping')).body.dump();

  await Promise.all([changeShares(), ...Array.from({ length: CLIENTS }, callUntilChanged)]);

  expect(statuses.length).toBeGreaterThan(3 * CHANGES);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(strays).toEqual([]);
  expect(new Set(history.flatMap((shares) => Object.keys(shares))).size).toBe(3);
});

it('a request that is being answered is answered by its revision though the share is gone', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  await world.revisions.serve('digits-v1', async (_, response) => {
    arrive();
    await gate;
    response.end('from the first');
  });
  await world.route('digits', { 'digits-v1': 1 });
  const calling = world.call('/models/digits/');
  await arrived;

  await world.gateway.router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);
  await world.gateway.router.remove('digits', 1);
  open();

  const answer = await calling;
  expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
  expect(await answer.body.text()).toBe('from the first');
});
