import { type LambdaClient, ListVersionsByFunctionCommand } from '@aws-sdk/client-lambda';
import type { RevisionSpec } from '#ports/platform.ts';
import { itBearsFaults } from '../../support/aws-fault-matrix.ts';
import { awsFault } from '../../support/aws-faults.ts';
import { lambdaPlatformWorld } from '../../support/lambda-platform-world.ts';
import { describeOnMoto } from '../../support/moto.ts';
import { persist } from '../../support/persist.ts';
import { behaving } from '../../support/servers/behaviour.ts';

const ANSWERS = behaving('answers');
const EPOCH = 1;
const LONG = { waitMs: 60_000 };
const NAME = 'slipway-test-m-digits';

type World = Awaited<ReturnType<typeof lambdaPlatformWorld>>;
type Platform = World['platform'];

const specs = (world: World) =>
  [1, 2].map((version) => world.spec(ANSWERS, { version })) as [RevisionSpec, RevisionSpec];

async function made(platform: Platform, spec: RevisionSpec) {
  await platform.create(spec, EPOCH);
  return platform.describe(spec.revision, LONG);
}

/** What is done by a platform over two revisions, and how many of them there are before. */
const DEEDS: readonly {
  readonly deed: string;
  readonly before: 0 | 1 | 2;
  run(platform: Platform, specs: [RevisionSpec, RevisionSpec]): Promise<unknown>;
}[] = [
  { deed: 'a first revision', before: 0, run: (on, [first]) => made(on, first) },
  { deed: 'a next revision', before: 1, run: (on, [, second]) => made(on, second) },
  { deed: 'the same revision again', before: 1, run: (on, [first]) => made(on, first) },
  { deed: 'a retirement', before: 1, run: (on, [{ revision }]) => on.retire(revision, EPOCH) },
  { deed: 'a removal', before: 2, run: (on, [, { revision }]) => on.remove(revision, EPOCH) },
  { deed: 'the last removal', before: 1, run: (on, [{ revision }]) => on.remove(revision, EPOCH) },
  { deed: 'a list', before: 2, run: (on) => on.revisions() },
  { deed: 'the end of a log', before: 1, run: (on, [{ revision }]) => on.logTail(revision, 5) },
  {
    deed: 'the end of a model',
    before: 1,
    async run(on, [{ revision, model }]) {
      await on.remove(revision, EPOCH);
      await on.forget(model, EPOCH);
    },
  },
];

describeOnMoto('lambdaPlatform on moto', (moto) => {
  for (const { deed, before, run } of DEEDS) {
    itBearsFaults(deed, async () => {
      const world = await lambdaPlatformWorld(moto());
      const wanted = specs(world);
      for (const spec of wanted.slice(0, before)) await persist(() => made(world.platform, spec));
      return {
        deed(outer) {
          const table = world.dynamo.client(undefined, { maxAttempts: 1, outer });
          const lambda = world.lambda({ maxAttempts: 1, outer });
          return run(world.platformOver(lambda, table), wanted);
        },
        async left() {
          const list = new ListVersionsByFunctionCommand({ FunctionName: NAME });
          const { Versions = [] } = await world
            .lambda()
            .send(list)
            .catch(() => ({ Versions: [] }));
          const states = [];
          for (const { revision } of wanted) {
            states.push(await world.platform.describe(revision, LONG));
          }
          const published = Versions.filter(({ Version }) => Version !== '$LATEST');
          return { states, published: published.map(({ Description }) => Description) };
        },
        close: world.close,
      };
    });
  }

  it.each([
    { command: 'CreateFunction', name: 'PlatformDenied', fault: 'denied' },
    { command: 'CreateFunction', name: 'PlatformThrottled', fault: 'throttled' },
    { command: 'CreateFunction', name: 'PlatformUnavailable', fault: 'broken' },
  ] as const)('a creation that is $fault fails with $name', async ({ command, name, fault }) => {
    const world = await lambdaPlatformWorld(moto());
    const outer = (client: LambdaClient) => void awsFault(client, command, fault);

    const creation = world
      .platformOver(world.lambda({ maxAttempts: 1, outer }))
      .create(world.spec(ANSWERS), EPOCH);

    await expect(creation).rejects.toMatchObject({ name });
    await world.close();
  });
});
