import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { comparisonReport } from '#operations/models/comparison-report.ts';
import { diffVersions } from '#operations/models/diff-versions.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { type Asked, answered } from '../../support/memory/prober.ts';
import { identityModel } from '../../support/models/onnx.ts';
import { MODEL, memoryWorld } from '../../support/worlds/memory.ts';

// Markup, a terminal's escape, and a mark that turns the direction of writing.
const HOSTILE =
  '"><script src="https://evil.example/x.js"></script><svg onload=x>\u{1b}[31m\u{202e}';
const NAMES = { model: MODEL, from: 'v1', to: 'v2' };

const request = (row: readonly number[]) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: row }],
});
const examples = (rows: readonly (readonly number[])[]) =>
  `examples: ${JSON.stringify(rows.map((row) => ({ request: request(row) })))}\n`;
const ROWS = Array.from({ length: 25 }, (_, row) => [row, row * row - 40, 7 - row, 1]);

const computes = (f: (value: number) => unknown) => (asked: Asked) => {
  if (asked === 'ready') return answered(200);
  const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
  const [{ shape = [], data = [] } = {}] = inputs;
  return answered(200, {
    outputs: [
      { name: 'y', datatype: 'FP32', shape, data: data.map(f) },
      { name: HOSTILE, datatype: 'BYTES', shape: [1], data: [HOSTILE] },
    ],
  });
};

const keptBy = (version: number, row: readonly number[]): KeptRequest => ({
  id: `id-${row[0]}`,
  at: Date.parse('2026-01-02T03:00:00Z'),
  version,
  path: `/v2/models/${MODEL}/infer`,
  contentType: 'application/json',
  body: new TextEncoder().encode(JSON.stringify(request(row))),
  answer: new TextEncoder().encode(
    JSON.stringify({ outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 4], data: row }] }),
  ),
});

/** The report of a version that answers some requests otherwise. */
async function reportOf({
  manifest = examples(ROWS),
  own = '',
  kept = [] as readonly KeptRequest[],
  answers = computes((value) => (value > 300 ? value + 5 : value)),
}) {
  const world = memoryWorld();
  const bytes = identityModel({ datatype: 'FP32', shape: ['n', 4] });
  await world.deploy(world.upload({ bytes, manifest }));
  const other = identityModel({ datatype: 'FP32', shape: ['rows', 4] });
  const held = await world.before(
    'CompareAnswers',
    world.upload({ bytes: other, ...(own && { manifest: own }) }),
  );
  world.behave(
    'digits-v1',
    computes((value) => value),
  );
  world.behave('digits-v2', answers);
  const keptRequests = {
    async *of() {
      yield* kept;
    },
  };
  await compareAnswers({ ...world.deps, keptRequests })({ ...held, attempt: 0 });
  const model = await world.registry.model(MODEL);
  if (!model) throw new Error('there is a model');
  const found = await diffVersions(world.registry, model, { from: null, to: 2 });
  return { found, page: comparisonReport(NAMES, found), told: await world.told(held.deploymentId) };
}

describe('the report of a comparison', () => {
  it('says the verdict, what decided it, what was asked, and what changed most', async () => {
    const { page, found } = await reportOf({});

    expect(found.from).toBe(1);
    expect(page).toContain('<p class="verdict changed">changed</p>');
    expect(page).toContain('a count of all kept requests, which is exact');
    expect(page).toMatch(/<td>examples of the version before<\/td><td class="number">25<\/td>/);
    expect(page).toContain('6 of 25 kept requests are answered otherwise: 24 %');
    const worst = found.comparison?.answers.worst ?? [];
    expect(worst).toHaveLength(10);
    expect(worst[0]?.distance).toBeGreaterThan(worst[5]?.distance ?? 1);
    expect(worst[0]).toMatchObject({
      what: 'example 20 of the version before',
      request: expect.stringContaining('"data":[19,321,-12,1]'),
      before: expect.stringContaining('"data":[19,321,-12,1]'),
      after: expect.stringContaining('"data":[19,326,-12,1]'),
    });
  });

  it('draws both distributions, in ranges with round ends', async () => {
    const { found, page } = await reportOf({});

    const [{ kind, bins } = { kind: '', bins: [] }] = found.comparison?.answers.distributions ?? [];
    expect(kind).toBe('numbers');
    expect(bins.reduce((sum, bin) => sum + bin.before, 0)).toBe(100);
    expect(bins.reduce((sum, bin) => sum + bin.after, 0)).toBe(100);
    for (const { name } of bins) expect(name).toMatch(/^-?\d+0? to -?\d+0?$/);
    expect(page.match(/<svg class="bar"/g)).toHaveLength(2 * (bins.length + 1));
  });

  it('says which changes its owner declared', async () => {
    const declared = await reportOf({
      own: 'gate: { expect: { outputs: { y: { scale: 2 } } } }',
      answers: computes((value) => value * 2),
    });
    const { page } = await reportOf({});

    expect(declared.found.comparison).toMatchObject({
      verdict: 'same',
      answers: { declared: ['"y" is 2 × that of before'] },
    });
    expect(declared.page).toContain('<li><bdi>&quot;y&quot; is 2 × that of before</bdi></li>');
    expect(page).not.toContain('Declared in gate.expect');
  });

  it('has no script, no address, and no markup of others', async () => {
    const { page } = await reportOf({ manifest: examples(ROWS) });

    expect(page).toContain('&lt;script src=&quot;https://evil.example/x.js&quot;&gt;');
    expect(page).not.toMatch(/<script|<svg onload/);
    for (const mark of ['\u{1b}', '\u{202e}']) expect(page).not.toContain(mark);
    expect(page).not.toMatch(/<[^>]*\b(src|href|style|on\w+)=(?!&)/);
    expect(page).toMatch(/content="default-src 'none'; style-src 'sha256-[\w+/=]+'"/);
  });

  it('never shows what a client sent or got, and says that it does not', async () => {
    const rows = ROWS.map((row) => row.map((value) => value + 0.123));
    const { page, found, told } = await reportOf({
      manifest: '',
      kept: rows.map((row) => keptBy(1, row)),
    });

    expect(page).toContain('kept requests of clients');
    expect(page).toContain('What clients send and get is not shown');
    expect(page).not.toContain('.123');
    expect(JSON.stringify(found)).not.toContain('.123');
    expect(JSON.stringify(told)).not.toContain('.123');
  });

  it('of two versions that were never compared has what is known of both', () => {
    const differences = [{ weight: 'breaking', what: 'it no longer takes the input "x"' }];

    const page = comparisonReport(NAMES, { differences, comparison: null });

    expect(page).toContain('never compared by their answers');
    expect(page).toContain('it no longer takes the input &quot;x&quot;');
  });

  it('is what the event of the comparison is too short for', async () => {
    const { told } = await reportOf({});

    const compared = told.find(({ state }) => state === 'Compared');
    expect(compared?.data['answers']).toMatchObject({ kept: { asked: 25, changed: 6 } });
    expect(JSON.stringify(compared)).not.toContain('distributions');
  });
});

describe('a text that clients got', () => {
  it('has no name in the distributions, and is counted where it is frequent', async () => {
    const texts = (name: (value: number) => string) => (asked: Asked) => {
      if (asked === 'ready') return answered(200);
      const { inputs } = asked.body as { inputs: { data: number[] }[] };
      return answered(200, { label: name(inputs[0]?.data[0] ?? 0) });
    };
    const often = texts((value) => (value < 20 ? 'frequent' : `of patient ${value}`));
    const kept = ROWS.map((row) => ({
      ...keptBy(1, row),
      version: 0,
    }));
    const world = memoryWorld();
    const bytes = identityModel({ datatype: 'FP32', shape: ['n', 4] });
    await world.deploy(world.upload({ bytes }));
    const other = identityModel({ datatype: 'FP32', shape: ['rows', 4] });
    const held = await world.before('CompareAnswers', world.upload({ bytes: other }));
    for (const revision of ['digits-v1', 'digits-v2']) world.behave(revision, often);
    const keptRequests = {
      async *of() {
        yield* kept;
      },
    };

    await compareAnswers({ ...world.deps, keptRequests })({ ...held, attempt: 0 });

    const { answers } = (await world.recordOf(held)).work.comparison ?? {};
    expect(answers?.distributions).toEqual([
      {
        place: '/label',
        kind: 'labels',
        moved: 0,
        bins: [
          { name: 'text 1', before: 20, after: 20 },
          { name: 'other', before: 5, after: 5 },
        ],
      },
    ]);
  });
});
