import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { sentBody } from '#domain/rollout/golden-request.ts';
import { describeProber } from '../../contracts/prober.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { memoryMetrics } from './metrics.ts';
import { type Asked, answered, memoryProber } from './prober.ts';
import { memoryRouter } from './router.ts';

const REQUEST: GoldenRequest = { protocol: 'infer', body: {} };

async function start() {
  const clock = fakeClock(0);
  const router = memoryRouter({ clock, spreadMs: 1_000 });
  const metrics = memoryMetrics({ clock, lateMs: 0 });
  const prober = memoryProber({ router, metrics });
  await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
  clock.advance(1_000);
  return { clock, router, metrics, prober };
}

function pathOf(asked: Asked): string {
  if (asked === 'ready') return '/ping';
  return asked.protocol === 'infer' ? '/v2/models/digits/infer' : '/invocations';
}

describeProber('memoryProber', async () => {
  const { prober, router } = await start();
  return {
    prober,
    addresses: {
      route: router.route('digits'),
      testPath: router.testPath({ revision: 'digits-v1', target: 'lambda' }),
      nobody: router.route('nobody'),
    },
    behave: (behaviour) =>
      prober.script('digits-v1', (asked) => {
        const sent = asked === 'ready' ? undefined : sentBody(asked);
        const answer = behaviour({
          path: pathOf(asked),
          contentType: sent?.contentType,
          body: sent && JSON.parse(sent.isBase64 ? atob(sent.body) : sent.body),
        });
        return answer === 'silent'
          ? answered(200, {}, Number.POSITIVE_INFINITY)
          : answered(answer.status, answer.body);
      }),
    close: async () => {},
  };
});

it('a probe of a model goes where clients go, not where the router was told to send them', async () => {
  const { clock, router, prober } = await start();
  prober.script('digits-v1', () => answered(200));
  prober.script('digits-v2', () => answered(200));
  await router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);

  const before = await prober.send('/models/digits', 'digits', REQUEST, 100);
  clock.advance(1_000);
  const after = await prober.send('/models/digits', 'digits', REQUEST, 100);

  expect([before, after]).toMatchObject([{ revision: 'digits-v1' }, { revision: 'digits-v2' }]);
  expect(prober.sent.map(({ revision }) => revision)).toEqual(['digits-v1', 'digits-v2']);
});

it('probes of a model are spread by its shares', async () => {
  const { clock, router, prober } = await start();
  prober.script('digits-v1', () => answered(200));
  prober.script('digits-v2', () => answered(200));
  await router.setShares('digits', { 'digits-v1': 3, 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);
  clock.advance(1_000);

  for (let probes = 0; probes < 8; probes += 1) await prober.ready('/models/digits', '/ping', 100);

  expect(prober.sent.filter(({ revision }) => revision === 'digits-v2')).toHaveLength(2);
});

it('probes of a model are counted as its traffic, those of a test path are not', async () => {
  const { clock, metrics, prober } = await start();
  prober.script('digits-v1', () => answered(500));

  await prober.send('/models/digits', 'digits', REQUEST, 100);
  await prober.send('/_candidate/digits-v1', 'digits', REQUEST, 100);
  clock.advance(60_000);

  expect(
    await metrics.traffic({ revision: 'digits-v1', target: 'lambda', madeBy: 'd1' }, 0),
  ).toEqual({
    requests: 1,
    serverErrors: 1,
    refused: 0,
  });
});

it('a revision without a script is not there', async () => {
  const { prober } = await start();

  const route = await prober.ready('/models/digits', '/ping', 100);
  const testPath = await prober.ready('/_candidate/digits-v1', '/ping', 100);

  expect([route, testPath]).toMatchObject([{ status: 503 }, { status: 404 }]);
});
