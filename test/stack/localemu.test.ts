import type { Shares } from '#domain/deployment.ts';
import { isLocalEmuHere, whyNoLocalEmu } from '../support/stack/localemu.ts';
import { type LocalEmuWorld, localEmuWorld } from '../support/stack/localemu-world.ts';

// Fewer than one run of fair draws in a million strays further: five standard deviations.
const STRAYS = 5;
const LOOKS = 80;
const AT_ONCE = 4;

if (!isLocalEmuHere) process.stderr.write(`skipped: requests in LocalEmu: ${whyNoLocalEmu}\n`);

(isLocalEmuHere ? describe : describe.skip)('requests through the API in LocalEmu', () => {
  let world: LocalEmuWorld;
  beforeAll(async () => {
    world = await localEmuWorld();
  });
  afterAll(() => world.close());

  it('need a key that may call the model, which no container gets to see', async () => {
    const { router } = world;
    await router.setShares('digits', { 'digits-v6': 100 }, await router.shares('digits'), 1);
    const key = await world.makeKey('digits');
    const asked = world.balanced.length;

    const answers = [
      await world.client('digits')(),
      await world.client('digits', await world.makeKey('words'))(),
      await world.client('digits', key)(),
    ];

    // A key for another model is 403 on AWS and in ministack, 401 here.
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
    const [passed, ...more] = world.balanced.slice(asked);
    expect(more).toEqual([]);
    expect(passed).toMatchObject({
      path: '/models/digits/invocations',
      headers: { authorization: '-', 'x-api-key': '-' },
    });
  });

  it.each([
    { to: 'an alias', model: 'digits', from: 'digits-v1', next: 'digits-v2' },
    { to: 'the load balancer', model: 'digits', from: 'digits-v6', next: 'digits-v7' },
  ])(
    'reach each revision behind $to by its share, and none is lost while it moves',
    async ({ model, from, next }) => {
      const { router } = world;
      await router.setShares(model, { [from]: 100 }, await router.shares(model), 1);
      const request = world.client(model, await world.makeKey(model));
      const stream = streamOf(request);

      const seen: Shares[] = [];
      let before: Shares = { [from]: 100 };
      for (const percent of [10, 50, 100]) {
        const shares =
          percent === 100 ? { [next]: 100 } : { [from]: 100 - percent, [next]: percent };
        await router.setShares(model, shares, before, 1);
        before = shares;
        seen.push(await drawn(request));
      }
      const answers = await stream.end();

      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ revision }) => revision))).toEqual(new Set([from, next]));
      for (const [index, share] of [0.1, 0.5, 1].entries()) {
        const spread = STRAYS * Math.sqrt(LOOKS * share * (1 - share));
        expect(Math.abs((seen[index]?.[next] ?? 0) - LOOKS * share)).toBeLessThanOrEqual(spread);
      }
      process.stdout.write(`LocalEmu: ${answers.length} requests during the moves, all answered\n`);
    },
  );
});

type Answer = Awaited<ReturnType<ReturnType<LocalEmuWorld['client']>>>;
type Request = () => Promise<Answer>;

/** Requests one after the other until the test ends them. */
function streamOf(request: Request) {
  const answers: Answer[] = [];
  let isOver = false;
  const sent = (async () => {
    while (!isOver) answers.push(await request());
  })();
  return {
    async end(): Promise<readonly Answer[]> {
      isOver = true;
      await sent;
      return answers;
    },
  };
}

/** How often each revision answers. */
async function drawn(request: Request): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const draw = async () => {
    for (let sent = 0; sent < LOOKS / AT_ONCE; sent += 1) {
      const { revision } = await request();
      counts[String(revision)] = (counts[String(revision)] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, draw));
  return counts;
}
