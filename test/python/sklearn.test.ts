import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Explanation } from '#control/explanation.ts';
import { eventually } from '../support/clock/eventually.ts';
import {
  CONVERTED,
  type Dropped,
  fixtureOf,
  pushed,
  throughGateway,
  wrongAnswers,
} from '../support/models/dropped.ts';
import { processesOf } from '../support/slipway/running.ts';
import { describeOnOneMachine, itAnswersAsItsFramework } from './right-answers.ts';

/** A version of each kind and the next one; each has once differed in how it reads tables, or in its answers. */
const CASES: readonly Dropped[] = [
  CONVERTED,
  {
    what: 'a forest of scikit-learn',
    folder: 'sklearn',
    versions: ['forest-1.3-zlib.joblib', 'tied-forest-1.8.pkl'],
    asOnnx: [true, true],
  },
  {
    what: 'a model that knows what is missing, and one that takes what it knows alone,',
    folder: 'sklearn',
    versions: ['missing-forest-1.8.pkl', 'coded-pipeline-1.8.pkl'],
    asOnnx: [true, true],
  },
  {
    what: 'a model that chooses the columns of a table by their places',
    folder: 'sklearn',
    versions: ['sliced-pipeline-1.8.pkl', 'masked-pipeline-1.8.pkl'],
    asOnnx: [true, true],
  },
  {
    what: 'a model of texts, of texts in a table, behind an imputer, and several together,',
    folder: 'sklearn',
    versions: [
      'texts-pipeline-1.8.pkl',
      'cutting-pipeline-1.8.pkl',
      'imputed-pipeline-1.8.pkl',
      'voting-pipelines-1.8.pkl',
    ],
  },
  {
    what: 'a model of texts of which some are missing, and one that imputes them,',
    folder: 'sklearn',
    versions: ['missing-texts-1.8.pkl', 'imputed-texts-1.8.pkl'],
    asOnnx: [true, false],
  },
  {
    what: 'a model of whole numbers of 18 digits',
    folder: 'sklearn',
    versions: ['long-ids-1.8.pkl'],
  },
  {
    what: 'a model of several labels',
    folder: 'sklearn',
    versions: ['several-labels-1.8.pkl'],
  },
  {
    what: 'a model that is calibrated by a temperature',
    folder: 'sklearn',
    versions: ['tempered-1.8.pkl'],
  },
];

describeOnOneMachine('dropped, as it is, on one machine', (slipway) => {
  // The first: no other model has left a server that waits.
  it('a server that waits with scikit-learn imported goes on for one that was killed', async () => {
    const fixture = fixtureOf('sklearn', 'several-labels-1.8.pkl');
    await pushed(slipway(), fixture, 'waited');
    const waits = join(slipway().dataDir, 'spares/python');
    const waiting = await eventually(() => processesOf(waits)[0]);
    const [serving = 0] = processesOf(join(slipway().dataDir, 'images'));

    process.kill(serving, 'SIGKILL');
    // The process has been reaped, so Slipway knows that it is gone: earlier requests are answered with 502, as by a container of one replica.
    await eventually(() => !existsSync(`/proc/${serving}`));

    expect(await wrongAnswers(throughGateway(slipway(), 'waited'), fixture)).toEqual([]);
    expect(readdirSync(`/proc/${waiting}/cwd/artifact`)).toContain('facts.json');
    await eventually(() => processesOf(waits).some((pid) => pid !== waiting));
  });

  itAnswersAsItsFramework(CASES, slipway);

  it('whole numbers of 18 digits reach the encoder as they are, however they are written', async () => {
    await pushed(slipway(), fixtureOf('sklearn', 'long-ids-1.8.pkl'), 'ids');
    const ask = async (body: string, type = 'application/json') => {
      const url = `${slipway().gateway}/models/ids/invocations`;
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
      return answer.text();
    };
    const [odd, even] = ['400000000000000001', '400000000000000002'];
    const shapes = (id: string) => [
      ask(`{"dataframe_split":{"columns":["length","id"],"data":[[5,${id}]]}}`),
      ask(`{"dataframe_records":[{"id":${id},"length":5}]}`),
      ask(`{"dataframe_records":[{"id":${id},"length":5},{"id":null,"length":5}]}`),
      ask(`{"instances":[[${id},5]]}`),
      ask(`{"inputs":{"id":[${id}],"length":[5]}}`),
      ask(`[{"id":"${id}","length":5}]`),
      ask(`{"id":${id},"length":5}`, 'application/x-ndjson'),
      ask(`id,length\n${id},5\n`, 'text/csv'),
    ];

    const answers = await Promise.all([...shapes(odd), ...shapes(even)]);

    const labels = answers.map((text) => text.includes('true'));
    expect(labels).toEqual([...shapes(odd).map(() => false), ...shapes(even).map(() => true)]);
  });

  it.each([
    // ONNX Runtime answers a row so quickly that joining saves something on a slow machine alone.
    ['auto', /rows in one run take|so little would be saved/],
    ['none', /rows in one run take/],
  ])(
    'requests that come together are answered as each is alone, optimized: %s',
    async (optimize, because) => {
      const { path, requests } = fixtureOf('sklearn', 'forest-1.8.joblib');
      const name = `together-${optimize}`;
      slipway().drop(`models/${name}/m/m.joblib`, readFileSync(path));
      slipway().drop(`models/${name}/m/model.yaml`, `runtime: { optimize: ${optimize} }\n`);
      await slipway().told(name, ({ state }) => state === 'Live');
      const request = requests.find(({ protocol }) => protocol === 'invocations');
      const { instances } = request!.body as { instances: readonly (readonly number[])[] };
      const bodies = Array.from({ length: 60 }, (_, at) =>
        at % 7 === 3
          ? { instances: [['bad']] }
          : { instances: [instances[at % instances.length]?.map((each) => each + at / 10)] },
      );
      const ask = async (body: object) => {
        const answer = await fetch(`${slipway().gateway}/models/${name}/invocations`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        return { status: answer.status, json: await answer.json() };
      };

      const alone = [];
      for (const body of bodies) alone.push(await ask(body));
      const together = await Promise.all(bodies.map(ask));
      const explained = (await slipway().get(`/models/${name}/explain?version=1`)) as Explanation;

      expect(together).toEqual(alone);
      expect(alone.map(({ status }) => status)).toEqual(
        bodies.map((_, at) => (at % 7 === 3 ? 400 : 200)),
      );
      expect(explained.runtime?.proof?.batching?.reason).toMatch(because);
    },
  );

  it('what its framework refuses is refused by the conversion too', async () => {
    await pushed(slipway(), fixtureOf('sklearn', 'logistic-1.8.pkl'), 'refuses');
    const rows = { dataframe_split: { data: [[null, 1, 2, 3]] } };

    const answer = await throughGateway(slipway(), 'refuses')('invocations', rows);

    expect(answer).toEqual({
      status: 400,
      body: {
        error:
          'the model refused the inputs: input "input" has null in row 0, column 0; the model takes no missing or infinite number',
      },
    });
  });

  it('a conversion says where a category is that it refuses', async () => {
    await pushed(slipway(), fixtureOf('sklearn', 'coded-pipeline-1.8.pkl'), 'coded');
    const columns = ['petal length', 'petals in all', 'is wide'];
    const dataWith = (value: number | null) => [
      [1, 1, true],
      [1, 1, true],
      [1, value, true],
      [null, 1, true],
    ];

    for (const value of [null, 99]) {
      const answer = await throughGateway(slipway(), 'coded')('invocations', {
        dataframe_split: { columns, data: dataWith(value) },
      });

      expect(answer).toEqual({
        status: 400,
        body: {
          error: `the model refused the inputs: input "petals in all" has ${value} in row 2, a category that the model does not know`,
        },
      });
    }
  });

  it('a text of a client is never a missing one, though a conversion has a text for that', async () => {
    await pushed(slipway(), fixtureOf('sklearn', 'missing-texts-1.8.pkl'), 'texts');
    const columns = ['sepal_length', 'sepal_width', 'hue', 'site'];
    const ask = (hue: string | null) =>
      throughGateway(slipway(), 'texts')('invocations', {
        dataframe_split: { columns, data: [[5.1, 3.5, hue, null]] },
      });

    const [missing, sent] = [await ask(null), await ask('\ufdd0')];

    expect(missing.status).toBe(200);
    expect(sent).toEqual({
      status: 400,
      body: {
        error:
          'the model refused the inputs: input "hue" has "\ufdd0" in row 0, a category that the model does not know',
      },
    });
  });

  it('a probability is between 0 and 1, though a conversion adds up in single precision', async () => {
    await pushed(slipway(), fixtureOf('sklearn', 'tied-forest-1.8.pkl'), 'tied');
    // Its trees add up to -1.2e-7 and 1.0000001 here.
    const data = [7.5, 3, 8, 3, 8.5, 3];
    const input = { name: 'input', datatype: 'FP64', shape: [3, 2], data };

    const { body } = await throughGateway(slipway(), 'tied')('infer', { inputs: [input] });

    const explained = await slipway().get('/models/tied/explain?version=1');
    expect(explained).toMatchObject({ runtime: { name: 'onnx' } });
    const { outputs } = body as { outputs: readonly { name: string; data: readonly number[] }[] };
    const probabilities = outputs.find(({ name }) => name === 'probabilities')?.data ?? [];
    expect(probabilities).toHaveLength(6);
    expect(probabilities.filter((each) => each < 0 || each > 1)).toEqual([]);
  });

  it('a converted classifier says what its classes are called, and shows the request that proved it', async () => {
    await pushed(slipway(), fixtureOf('sklearn', 'forest-1.8.pkl'), 'named');
    const read = async (path: string) =>
      (await fetch(`${slipway().gateway}/models/named${path}`)).json() as Promise<{
        readonly inputs: unknown;
        readonly outputs?: readonly { name: string; labels?: readonly string[] }[];
      }>;

    const { outputs } = await read('/');
    const { inputs } = await read('/example.json');

    expect(outputs?.find(({ name }) => name === 'probabilities')?.labels).toEqual([
      'setosa',
      'versicolor',
      'virginica',
    ]);
    expect(JSON.stringify(inputs)).toMatch(/[1-9]/);
  });
});
