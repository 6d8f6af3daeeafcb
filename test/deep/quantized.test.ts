import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;
const TEXTS = [
  'The delivery was late, and the box was damaged.',
  'This film was wonderful!',
  'Where is the nearest station?',
  'Der Zug nach Köln fährt heute erst um 17:45 Uhr ab.',
];
const ASKED = 'runtime: { optimize: int8 }';

type Labelled = { readonly label: string; readonly score: number };

if (DEEP_PYTHON) describeQuantized();
else it.skip('weights in int8: .ci/deep installs what they need', () => undefined);

function describeQuantized(): void {
  describeOnOneMachine('a classifier of texts, asked for in int8', (slipway) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let answers: Readonly<Record<string, readonly Labelled[]>>;
    beforeAll(async () => {
      folder = await temporaryFolder();
      await python('./make_quantized.py', folder.path, JSON.stringify(TEXTS));
      answers = JSON.parse(readFileSync(join(folder.path, 'answers.json'), 'utf8'));
    }, LONGEST_MS);
    afterAll(() => folder[Symbol.asyncDispose]());

    const dropped = async (network: string, version: number) => {
      const files = readdirSync(join(folder.path, network));
      for (const file of files) {
        const bytes = readFileSync(join(folder.path, network, file));
        slipway().drop(`models/kinds/v${version}/${file}`, bytes);
      }
      slipway().drop(`models/kinds/v${version}/model.yaml`, ASKED);
      return (await slipway().ending('kinds', version)).detail;
    };
    const labelled = async () => {
      const body = JSON.stringify({ inputs: TEXTS });
      const headers = { 'content-type': 'application/json' };
      const url = `${slipway().gateway}/models/kinds/invocations`;
      const answer = await fetch(url, { method: 'POST', headers, body });
      return (await answer.json()) as readonly Labelled[];
    };
    const conversion = async (version: number) => {
      const said = await slipway().get(`/models/kinds/explain?version=${version}`);
      return (said as { runtime: { proof: { conversion: object } } }).runtime.proof.conversion;
    };

    it(
      'is served so where its labels hold',
      async () => {
        expectLive(await dropped('holds', 1));

        expect(await conversion(1)).toMatchObject({ kept: true, int8: { kept: true } });
        expect((await labelled()).map(({ label }) => label)).toEqual(
          answers['holds']?.map(({ label }) => label),
        );
      },
      LONGEST_MS,
    );

    it(
      'is served in full where they break, which the events and explain say, while the version before answers',
      async () => {
        const ending = dropped('breaks', 2);
        const provisioning = await slipway().told(
          'kinds',
          ({ state, version }) => state === 'Provisioning' && version === 2,
        );
        const meanwhile = await labelled();

        expect(JSON.stringify(provisioning.detail)).toMatch(
          /served in full: of all weights \d+ of 200 answers to 200 golden texts are the same; at least 99% are kept; of the matrices alone \d+ of 200/,
        );
        expect(meanwhile.map(({ label }) => label)).toEqual(
          answers['holds']?.map(({ label }) => label),
        );
        expectLive(await ending);
        expect(await conversion(2)).toMatchObject({ kept: true, int8: { kept: false } });
        expect(await labelled()).toEqual(
          answers['breaks']?.map(({ label, score }) => ({
            label,
            score: expect.closeTo(score, 4),
          })),
        );
        const { out } = await slipway().command('explain', 'kinds');
        expect(out).toMatch(/not in int8: of all weights \d+ of 200 answers/);
      },
      LONGEST_MS,
    );
  });
}
