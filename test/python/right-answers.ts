import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { share, someInARow } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import {
  answerToOwnExample,
  type Dropped,
  fixtureOf,
  pushed,
  servedAsOnnx,
  throughGateway,
  wrongAnswers,
} from '../support/models/dropped.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

/** A suite on one Slipway, whose models of one framework share its environments. */
export function describeOnOneMachine(
  name: string,
  body: (slipway: () => RunningSlipway) => void,
): void {
  describe(name, () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let slipway: RunningSlipway;
    beforeAll(async () => {
      folder = await temporaryFolder();
      slipway = await startSlipway(
        join(folder.path, 'as/deep/as/the/folder/of/a/project/.slipway'),
      );
    });
    afterAll(async () => {
      await slipway[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });
    body(() => slipway);
  });
}

type Tried = Dropped & { readonly model: string };

// The next version takes the place of one before it.
const VERSIONS_TRIED = 2;

/** Declares a test for each case, which is a separate model. A run tries a third of them, and two versions of each that follow one another: the seed chooses. A thorough run tries all. Returns the cases that it tries. */
export function itAnswersAsItsFramework(
  cases: readonly Dropped[],
  open: () => RunningSlipway,
): readonly Tried[] {
  const tried = share(cases).map((given, index) => {
    return {
      ...given,
      versions: someInARow(given.versions, VERSIONS_TRIED),
      model: `case-${index}`,
    };
  });
  const [some, all] = [tried, cases].map((each) => each.flatMap(({ versions }) => versions).length);
  const counts = `${tried.length} of ${cases.length} cases, ${some} of ${all} versions`;
  process.stdout.write(`${counts}; SLIPWAY_SEED=${SEED}\n`);
  it.each(tried)(
    '$what answers as its framework does, and so does the next version',
    async ({ model, folder, versions, asOnnx }) => {
      const slipway = open();

      for (const name of versions) {
        const fixture = fixtureOf(folder, name);

        const { state, reason } = await pushed(slipway, fixture, model);
        expect(state === 'Live' || reason).toBe(true);
        expect(await wrongAnswers(throughGateway(slipway, model), fixture)).toEqual([]);
        const { status = 200, body } = (await answerToOwnExample(slipway, model)) ?? {};
        expect(status === 200 || body).toBe(true);
      }
      if (asOnnx) expect(await servedAsOnnx(slipway, model)).toEqual(asOnnx);
    },
  );

  it('is in environments that are compiled, as nothing is while a model is loaded', () => {
    const environments = join(open().dataDir, 'images', 'environments');
    const serving = readdirSync(environments).filter((name) => !name.includes('-convert'));
    const compiled = serving.map((name) => {
      const [python = ''] = readdirSync(join(environments, name, 'lib'));
      const server = join(environments, name, 'lib', python, 'site-packages/uvicorn');
      return existsSync(join(server, '__pycache__')) || name;
    });

    expect(new Set(compiled)).toEqual(new Set([true]));
  });
  return tried;
}
