import { once } from 'node:events';
import { Agent, request as nodeRequest, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Shares } from '#domain/deployment.ts';
import { IS_THOROUGH } from '../../../support/fuzz/runs.ts';
import { openArrivals } from '../../../support/gateway/arrivals.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
});

afterEach(() => world.close());

const FLIPS = IS_THOROUGH ? 100 : 10;
const CLIENTS = 8;
const FUNCTION = { 'digits-v1': 1 };
const CONTAINERS = { 'digits-v2': 1 };

const echo: RequestListener = (request, response) => request.pipe(response);

/** The answer to one POST through `agent`; fails when no answer comes. */
async function post(agent: Agent) {
  const sending = nodeRequest(`${world.gateway.origin}/models/digits/infer`, {
    method: 'POST',
    agent,
  });
  sending.end('x'.repeat(2_000));
  const [answer] = await once(sending, 'response');
  const isWhole = (await text(answer)).length === 2_000;
  return {
    status: isWhole ? answer.statusCode : 0,
    revision: String(answer.headers['x-slipway-revision']),
  };
}

it('a model moves between Lambda and containers under load, and no request fails or goes astray', async () => {
  await world.revisions.serve('digits-v1', echo);
  await world.replicas.serve('digits-v2', [echo, echo]);
  await world.route('digits', FUNCTION);
  const held: Shares[] = [FUNCTION];
  const seen = { failed: 0, strays: 0, answered: new Map<string, number>() };
  let isFlipping = true;

  const client = async (agent: Agent) => {
    while (isFlipping) {
      const first = held.length - 1;
      const { status, revision } = await post(agent);
      if (status !== 200) seen.failed += 1;
      if (!held.slice(first).some((shares) => revision in shares)) seen.strays += 1;
      seen.answered.set(revision, (seen.answered.get(revision) ?? 0) + 1);
    }
    agent.destroy();
  };
  const flip = async () => {
    for (let flips = 0; flips < FLIPS; flips += 1) {
      const [from, to] = flips % 2 === 0 ? [FUNCTION, CONTAINERS] : [CONTAINERS, FUNCTION];
      held.push(to);
      await world.gateway.router.setShares('digits', to, from, 1);
      const agent = new Agent();
      for (let answers = 0; answers < 3; answers += 1) await post(agent);
      agent.destroy();
    }
    isFlipping = false;
  };
  const agents = [true, false].map((keepAlive) =>
    Array.from({ length: CLIENTS }, () => client(new Agent({ keepAlive }))),
  );
  await Promise.all([flip(), ...agents.flat()]);

  expect(seen).toMatchObject({ failed: 0, strays: 0 });
  expect([...seen.answered.keys()].sort()).toEqual(['digits-v1', 'digits-v2']);
});

it.each([
  { name: 'Lambda', from: FUNCTION, to: CONTAINERS, by: 'digits-v1' },
  { name: 'containers', from: CONTAINERS, to: FUNCTION, by: 'digits-v2' },
])(
  'a streamed answer of $name goes on while its model moves away, and ends as it began',
  async ({ from, to, by }) => {
    const arrivals = openArrivals();
    await world.revisions.serve('digits-v1', arrivals.listener);
    await world.replicas.serve('digits-v2', [arrivals.listener]);
    await world.route('digits', from);
    const arriving = arrivals.next();
    const calling = world.call('/models/digits/');
    const [, response] = await arriving;
    response.write('data: 1\n\n');
    const answer = await calling;

    await world.gateway.router.setShares('digits', to, from, 1);
    response.end('data: 2\n\n');

    expect(answer.headers['x-slipway-revision']).toBe(by);
    expect(await answer.body.text()).toBe('data: 1\n\ndata: 2\n\n');
  },
);
