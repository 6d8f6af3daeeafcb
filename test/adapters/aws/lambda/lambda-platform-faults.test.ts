import { type LambdaClient, ListVersionsByFunctionCommand } from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { type RevisionSpec, type RevisionState, textsOf } from '#ports/platform.ts';
import { itBearsFaultsInOneAccount } from '../../../support/aws/fault-matrix.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { lambdaPlatformWorld } from '../../../support/aws/lambda-platform.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { retry } from '../../../support/aws/retry.ts';
import type { AnyClient } from '../../../support/aws/rules/rules.ts';
import type { StartServer } from '../../../support/fronts/model-sandbox.ts';
import { scriptedServer } from '../../../support/fronts/scripted-server.ts';

const EPOCH = 1;
const LONG = { waitMs: 60_000 };
const START_LOOK_MS = 10_000;
const NAME = 'slipway-test-m-digits';
const MODEL = new Uint8Array();

// Faults in calls to AWS do not depend on the models' servers; other tests, without faults, use real ones.
const answers = scriptedServer(() => (_request, response) => response.end('{}'));
const startServer: StartServer = (environment, say) => {
  setImmediate(say, 'the model is loaded');
  return answers(environment);
};

type World = Awaited<ReturnType<typeof lambdaPlatformWorld>>;
type Platform = World['platform'];

const specs = (world: World) =>
  [1, 2].map((version) => world.spec(MODEL, { version })) as [RevisionSpec, RevisionSpec];

async function made(platform: Platform, spec: RevisionSpec) {
  await platform.create(spec, EPOCH);
  return withoutStart(await platform.describe(spec.revision, LONG));
}

/** How long the server took to start is known to the look that started it: if its answer is lost, to none. */
function withoutStart(state: RevisionState): Omit<RevisionState, 'startMs'> {
  const { startMs: _, ...rest } = { startMs: null, ...state };
  return rest;
}

/** The revisions of the published versions; undefined where there is no function. */
async function publishedIn(world: World) {
  const list = new ListVersionsByFunctionCommand({ FunctionName: NAME });
  const found = await world.lambda().send(list).catch(absentIfNotFound);
  return found?.Versions?.flatMap(({ Version, Description }) =>
    Version === '$LATEST' ? [] : [Description],
  );
}

/** The deeds of a platform over two revisions, and how many of these exist before. */
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
  {
    deed: 'the end of a log',
    before: 1,
    // Revisions of that name before it have left lines too.
    run: async (on, [{ revision }]) => textsOf(await on.logTail(revision, { lines: 1 })),
  },
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
    const open = () => lambdaPlatformWorld(moto(), START_LOOK_MS, startServer);
    const prepare = async (world: World) => {
      const wanted = specs(world);
      for (const spec of wanted.slice(0, before)) await retry(() => made(world.platform, spec));
      return {
        deed(outer: (client: AnyClient) => void) {
          const table = world.dynamo.client(undefined, { maxAttempts: 1, outer });
          const lambda = world.lambda({ maxAttempts: 1, outer });
          return run(world.platformOver(lambda, table), wanted);
        },
        async left() {
          const published = await publishedIn(world);
          const states = [];
          for (const { revision } of wanted) {
            states.push(await world.platform.describe(revision, LONG));
          }
          for (const { revision } of wanted) await world.platform.remove(revision, EPOCH);
          for (const { model } of wanted) await world.platform.forget(model, EPOCH);
          return { states, published, removed: await publishedIn(world) };
        },
      };
    };
    itBearsFaultsInOneAccount(deed, { open, prepare });
  }

  it.each([
    { command: 'CreateFunction', name: 'PlatformDenied', fault: 'denied' },
    { command: 'CreateFunction', name: 'PlatformThrottled', fault: 'throttled' },
    { command: 'CreateFunction', name: 'PlatformUnavailable', fault: 'broken' },
  ] as const)('a creation that is $fault fails with $name', async ({ command, name, fault }) => {
    const world = await lambdaPlatformWorld(moto(), START_LOOK_MS, startServer);
    const outer = (client: LambdaClient) => void awsFault(client, command, fault);

    const creation = world
      .platformOver(world.lambda({ maxAttempts: 1, outer }))
      .create(world.spec(MODEL), EPOCH);

    await expect(creation).rejects.toMatchObject({ name });
    await world.close();
  });
});
