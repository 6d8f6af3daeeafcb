import { httpProber } from '#adapters/local/gateway/http-prober.ts';
import { type Behaviour, describeProber } from '../../../contracts/prober.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { gatewayWorld } from '../../../support/gateway/world.ts';

// Only a hanging probe would take so long.
const LONG_MS = 600_000;

describeProber('httpProber', async () => {
  const world = await gatewayWorld();
  let behaviour: Behaviour = () => 'silent';
  await world.revisions.serve('digits-v1', async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    const body = text === '' ? undefined : JSON.parse(text);
    const contentType = request.headers['content-type'];
    const answer = behaviour({ path: request.url ?? '', contentType, body });
    if (answer !== 'silent') response.writeHead(answer.status).end(JSON.stringify(answer.body));
  });
  await world.route('digits', { 'digits-v1': 1 });
  const { router } = world.gateway;
  return {
    prober: httpProber(world.gateway),
    addresses: {
      route: router.route('digits'),
      testPath: router.testPath({ revision: 'digits-v1', target: 'lambda' }),
      nobody: router.route('nobody'),
    },
    behave: (next) => {
      behaviour = next;
    },
    close: world.close,
  };
});

it('a probe says that its body is JSON', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (request, response) =>
    response.end(request.headers['content-type']),
  );
  const prober = httpProber(world.gateway);

  const answer = await prober.send(
    '/_candidate/digits-v1',
    'digits',
    { protocol: 'infer', body: {} },
    LONG_MS,
  );

  expect(answer).toMatchObject({ body: 'application/json' });
  await world.close();
});

it('a picture is sent byte by byte', async () => {
  const world = await gatewayWorld();
  const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00, 0xfe]);
  await world.revisions.serve('digits-v1', async (request, response) =>
    response.end(Buffer.concat(await request.toArray()).toString('hex')),
  );
  const prober = httpProber(world.gateway);

  const answer = await prober.send(
    '/_candidate/digits-v1',
    'digits',
    { protocol: 'invocations', body: picture.toString('base64'), contentType: 'image/png' },
    LONG_MS,
  );

  expect(answer).toMatchObject({ body: picture.toString('hex') });
  await world.close();
});

it('a body that never ends is no answer when its time is over', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (_, response) => void response.write('begun'));
  const prober = httpProber(world.gateway);

  const answer = await prober.ready('/_candidate/digits-v1', '/ping', 100);

  expect(answer).toEqual({ kind: 'none', reason: 'no answer within 100 ms' });
  await world.close();
});

it.each([
  { sizeBytes: 10_000_000, kind: 'answer' },
  { sizeBytes: 10_000_001, kind: 'none' },
])('a body of $sizeBytes bytes gives $kind', async ({ sizeBytes, kind }) => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (_, response) => response.end(Buffer.alloc(sizeBytes)));
  const prober = httpProber(world.gateway);

  const answer = await prober.ready('/_candidate/digits-v1', '/ping', LONG_MS);

  expect(answer.kind).toBe(kind);
  await world.close();
});

it('an answer that breaks off is no answer', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (request, response) =>
    response.write('begun', () => request.socket.destroy()),
  );
  const prober = httpProber(world.gateway);

  const answer = await prober.ready('/_candidate/digits-v1', '/ping', LONG_MS);

  expect(answer).toMatchObject({ kind: 'none', reason: expect.any(String) });
  await world.close();
});

it('a gateway that is not there is no answer, and the reason names it', async () => {
  const prober = httpProber({ origin: 'http://127.0.0.1:1', probeMark: '' });

  const answer = await prober.ready('/models/digits', '/ping', LONG_MS);

  expect(answer).toEqual({ kind: 'none', reason: 'connect ECONNREFUSED 127.0.0.1:1' });
});

it('the time that a probe waits in line behind clients is not the revision’s', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (_, response) => response.end('answered'));
  const line = world.revisions.keepInLine('digits-v1');
  const prober = httpProber(world.gateway);

  const asked = prober.ready('/_candidate/digits-v1', '/ping', LONG_MS);
  await eventually(() => line.waiting() > 0);
  world.timers.advance(120_000);
  line.serveLine();

  expect(await asked).toMatchObject({ kind: 'answer', body: 'answered', latencyMs: 0 });
  await world.close();
});

it('clients are not told how long they waited in line', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (_, response) => response.end());
  await world.route('digits', { 'digits-v1': 1 });

  const { headers, body } = await world.call('/models/digits/');
  await body.dump();

  expect(headers).not.toHaveProperty('x-slipway-waited-ms');
  await world.close();
});

it('a revision cannot say that it was quicker than it is', async () => {
  const world = await gatewayWorld();
  await world.revisions.serve('digits-v1', (_, response) => {
    response.setHeader('x-slipway-waited-ms', '1000000').end();
  });
  const prober = httpProber(world.gateway);

  const answer = await prober.ready('/_candidate/digits-v1', '/ping', LONG_MS);

  expect(answer.kind === 'answer' && answer.latencyMs).toBeGreaterThan(0);
  await world.close();
});
