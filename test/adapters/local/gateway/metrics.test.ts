import { gatewayMetrics } from '#adapters/local/gateway/metrics.ts';
import type { MadeRevision } from '#ports/metrics.ts';
import { describeMetrics } from '../../../contracts/metrics.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { gatewayWorld } from '../../../support/gateway/world.ts';

const DIGITS: MadeRevision = { revision: 'digits-v1', target: 'lambda', madeBy: 'd1' };

describeMetrics('gatewayMetrics', async () => {
  const world = await gatewayWorld();
  for (const revision of ['digits-v1', 'digits-v2']) {
    await world.revisions.serve(revision, (request, response) =>
      response.writeHead(Number(request.url?.slice(1))).end(),
    );
    await world.route(revision, { [revision]: 1 });
  }
  return {
    metrics: world.gateway.metrics,
    target: 'lambda',
    now: world.clock.now,
    answer: async (revision, status) => {
      await (await world.call(`/models/${revision}/${status}`)).body.dump();
    },
    write: async (revision, tokensPerSecond) =>
      world.generations.observe({ model: 'digits', revision }, { tokensOut: 9, tokensPerSecond }),
    pass: world.clock.advance,
    close: world.close,
  };
});

it('answers that the gateway gave for a revision are counted as its own', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (request) => request.socket.destroy());
  await world.route('digits', { 'digits-v1': 1 });

  await (await world.call('/models/digits/')).body.dump();

  expect(await world.gateway.metrics.traffic(DIGITS, 0)).toEqual({
    requests: 1,
    serverErrors: 1,
    refused: 0,
  });
  await world.close();
});

it('an answer that broke off is an error of the server, though it began with 200', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (request, response) =>
    response.write('begun', () => request.socket.destroy()),
  );
  await world.route('digits', { 'digits-v1': 1 });

  const answer = await world.call('/models/digits/');
  await answer.body.text().catch(() => 'broken off');

  expect(await world.gateway.metrics.traffic(DIGITS, 0)).toEqual({
    requests: 1,
    serverErrors: 1,
    refused: 0,
  });
  await world.close();
});

it('what is asked on a test path is no traffic', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (_, response) => response.writeHead(500).end());

  await (await world.call('/_candidate/digits-v1/')).body.dump();

  expect(await world.gateway.metrics.traffic(DIGITS, 0)).toEqual({
    requests: 0,
    serverErrors: 0,
    refused: 0,
  });
  await world.close();
});

it('counts are kept by the second, for an hour', async () => {
  const clock = fakeClock(10_000_000);
  const { metrics, record } = gatewayMetrics(clock);
  record('digits-v1', 200, 'client');
  clock.advance(1_000);
  record('digits-v1', 200, 'client');
  const sinceMs = clock.now();
  const recent = await metrics.traffic(DIGITS, sinceMs);

  clock.advance(3_599_000);
  record('digits-v1', 200, 'client');

  expect(recent.requests).toBe(1);
  expect((await metrics.traffic(DIGITS, 0)).requests).toBe(2);
});
