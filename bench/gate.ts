// Counts what the gate sees in pairs of versions of real models: faults of a release, equal ones, retrained ones, and some that only the truth shows.
// `node bench/gate.ts [SEEDS [retrained]]`: 25 seeds make 600 faults, 1,000 equal pairs, 600 retrained ones and 150 that only the truth shows. Each pair is judged as the step CompareAnswers judges it, by 60 requests (400 beside the truth). `retrained` judges the retrained ones alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileSource } from '#adapters/local/bucket/file-source.ts';
import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { TensorSpec } from '#domain/artifact/signature.ts';
import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import type { AnswerEvidence } from '#domain/comparison/compare-answers.ts';
import { rangesBeside, requestsWithin } from '#domain/comparison/drawn-requests.ts';
import { type Judged, judgeComparison, TOLERATED } from '#domain/comparison/judge-comparison.ts';
import { precisionOf } from '#domain/comparison/precision.ts';
import { rangeDifferences } from '#domain/comparison/range-differences.ts';
import { signatureDifferences } from '#domain/comparison/signature-differences.ts';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { tensorPrints } from '#formats/bytes/tensor-prints.ts';
import { readSafetensors } from '#formats/huggingface/safetensors.ts';
import { inspectOnnx } from '#formats/onnx/inspect.ts';
import { inspectSklearn } from '#formats/sklearn/inspect.ts';
import { APART } from '#ports/comparing.ts';
import { askBoth } from '#steps/ask-both.ts';
import { minilm } from '../test/support/models/minilm.ts';
import { pythonOf } from './beside/python.ts';
import { others } from './gate/others.ts';
import { type Counted, share, table } from './gate/tables.ts';

type Row = string | readonly (number | null)[];
type Answer = readonly (number | null)[];
type Line = {
  readonly what:
    | 'fault'
    | 'fault again'
    | 'fault of a file'
    | 'file trained again'
    | 'equal'
    | 'retrained'
    | 'untrue';
  readonly kind: string;
  readonly form: 'labelled' | 'number' | 'vector';
  readonly labels: readonly [before: readonly string[], after: readonly string[]];
  /** The types of the weights of both versions, by the protocol's names. */
  readonly dtypes: readonly [before: readonly string[], after: readonly string[]];
  readonly rows: readonly Row[];
  readonly pairs: readonly { readonly before: Answer; readonly after: Answer }[];
  readonly truth?: readonly number[];
  /** How much worse a version is that was trained again: a share of accuracy, or of the spread of the truth. */
  readonly loss?: number;
  /** The files of both versions, where there are files. */
  readonly files: readonly (string | null)[];
  /** The statistics of the gates of other tools. */
  readonly beside?: Readonly<Record<string, number>>;
};
/** A version that was trained again, and is worse: it is no pair of the bench. */
type Worse = { readonly what: 'worse'; readonly kind: string };

const [, , SEEDS = '25', ...ONLY] = process.argv;
const HERE = import.meta.dirname;
/** So many rows are drawn where the columns of each version lay. */
const DRAWN = 30;
const COLUMNS = ['age', 'income', 'distance', 'share', 'count', 'price'];
// `smallest.ts` takes this status for a bench that cannot run here.
const CANNOT_RUN = 3;

const encoder = await minilm();
if (typeof encoder !== 'string') {
  console.error(encoder.missing);
  process.exit(CANNOT_RUN);
}
const python = await pythonOf(join(HERE, 'gate', 'requirements.txt'));
const script = spawn(python, [join(HERE, 'gate', 'answers.py'), SEEDS, encoder, ...ONLY], {
  stdio: ['pipe', 'pipe', 'inherit'],
  // Threads that wait for small matrices take more CPU time than the matrices.
  env: {
    ...process.env,
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    PYTHONWARNINGS: 'ignore',
  },
});
const ended = once(script, 'exit');
const lines = createInterface({ input: script.stdout })[Symbol.asyncIterator]();
type Found = Counted &
  Pick<Line, 'beside' | 'loss'> & {
    /** `unlabelled` is one that only the truth shows, without it. */
    readonly what: Line['what'] | 'unlabelled';
  };
const found: Found[] = [];
/** The same pairs, judged without a kept request. */
const alone: Found[] = [];
let worse = 0;
for (let next = await lines.next(); !next.done; next = await lines.next()) {
  const line = JSON.parse(next.value) as Line | Worse;
  if (line.what === 'worse') {
    worse += 1;
    continue;
  }
  found.push(await countedOf(line, line.what));
  const { truth, ...unlabelled } = line;
  if (truth) found.push(await countedOf(unlabelled, 'unlabelled'));
  alone.push(...(await withoutKept(unlabelled, line.what)));
  script.stdin.write('\n');
}
const [code] = await ended;
if (code !== 0) throw new Error(`answers.py ended with ${code}`);

const of = (what: Found['what']) => found.filter((each) => each.what === what);
show('Faults of a release: the weights are the same', of('fault'));
show('Such faults in versions that were trained again too', of('fault again'));
show('Damaged files of ONNX and safetensors', of('fault of a file'));
show('Such files, trained again', of('file trained again'));
show('Equal or equivalent', of('equal'));
show('Trained again, and as good', of('retrained'));
const better = of('retrained').filter(({ loss = 0 }) => loss <= 0);
show('Trained again, and at least as good', better);
console.log(`left out, since they are worse: ${worse}\n`);
for (const [what, title] of [
  ['fault', 'Faults of a release, without a kept request'],
  ['fault again', 'Such faults in versions that were trained again, without a kept request'],
  ['fault of a file', 'Damaged files of ONNX and safetensors, without a kept request'],
  ['file trained again', 'Such files, trained again, without a kept request'],
  ['equal', 'Equal or equivalent, without a kept request'],
  ['retrained', 'Trained again, and as good, without a kept request'],
] as const) {
  show(
    title,
    alone.filter((each) => each.what === what),
  );
}
show('Only the truth shows it, by 400 labelled rows', of('untrue'));
show('The same without the truth', of('unlabelled'));
if (ONLY.length === 0) {
  const isSeen = ({ verdict }: Counted) => verdict === 'broken' || verdict === 'changed';
  const ours = share(of('fault'), isSeen);
  console.log(
    others({
      ours: { caught: ours, falseAlarms: share(of('equal'), isSeen) },
      faults: of('fault').flatMap(({ beside }) => (beside ? [beside] : [])),
      equal: of('equal').flatMap(({ beside }) => (beside ? [beside] : [])),
    }),
  );
}

function show(title: string, pairs: readonly Counted[]): void {
  if (pairs.length > 0) console.log(table(title, pairs));
}

async function countedOf(line: Line, what: Found['what']): Promise<Found> {
  const { answers, judged } = await judge(line);
  const { asked, changed } = answers.kept;
  const { kind, beside, loss } = line;
  return {
    what,
    kind,
    ...judged,
    changed: changed / Math.max(1, asked),
    ...(beside && { beside }),
    ...(loss !== undefined && { loss }),
  };
}

/** As the step CompareAnswers judges two versions that nobody has asked before: by rows from where the columns lay in the training. Undefined for texts, and for what no file says. */
async function withoutKept(line: Line, what: Found['what']): Promise<readonly Found[]> {
  const facts = await Promise.all(line.files.map(factsOf));
  const signature = signatureOf(line, line.labels[0]);
  const [theirs = [], own = []] = facts.map((each) => each?.ranges ?? []);
  const drawn = [theirs, rangesBeside(own, theirs)].flatMap((ranges) =>
    requestsWithin(signature, ranges, DRAWN),
  );
  if (drawn.length === 0) return [];
  const { judged } = await judge(
    line,
    drawn.map(({ body }, index) => ({
      what: `drawn request ${index + 1}`,
      isDrawn: true,
      request: { protocol: 'invocations', body: { inputs: [rowIn(body)] } },
    })),
  );
  return [{ what, kind: line.kind, ...judged, changed: 0 }];
}

/** The row of a tensor, or of a list, where it lacks a value. */
function rowIn(body: unknown): Row {
  const { inputs } = body as {
    readonly inputs: readonly ({ readonly data: readonly number[] } | readonly (number | null)[])[];
  };
  return inputs.flatMap((input) => ('data' in input ? input.data : input));
}

/** The rows of a pair, as clients have sent them. */
function sentRows({ rows, truth, form }: Line): readonly ComparedRequest[] {
  return rows.map((each, index) => ({
    what: `row ${index + 1}`,
    isDrawn: false,
    isSent: true,
    request: { protocol: 'invocations', body: { inputs: [each] } },
    ...(truth && { truth: truthOf(truth[index], form) }),
  }));
}

/** As the step CompareAnswers judges two versions; the answers to single rows are there already. */
async function judge(
  line: Line,
  requests: readonly ComparedRequest[] = sentRows(line),
): Promise<{ readonly answers: AnswerEvidence; readonly judged: Judged }> {
  const { labels, rows, pairs, form } = line;
  const [before, after] = labels.map((classes) => signatureOf(line, classes));
  if (!before || !after) throw new Error('two versions are compared');
  const known = new Map(rows.map((each, index) => [JSON.stringify(each), pairs[index]]));
  const answersOf = async (side: 'before' | 'after', { body }: GoldenRequest) => {
    const { inputs } = body as { inputs: readonly Row[] };
    const isKnown = inputs.every((each) => known.has(JSON.stringify(each)));
    const answered = inputs.flatMap((each) => {
      const pair = known.get(JSON.stringify(each));
      return pair ? [pair[side]] : [];
    });
    return answer(said(isKnown ? answered : (await ask(inputs))[side], form));
  };
  const answers = await askBoth({
    requests,
    live: (request) => answersOf('before', request),
    candidate: (request) => answersOf('after', request),
    comparing: APART,
    monotonicMs: () => 0,
    tolerated: TOLERATED,
    truth: { margin: 0.02 },
    isEmbedder: form === 'vector',
    precision: precisionOf(weightsOfTypes(line.dtypes[0]), weightsOfTypes(line.dtypes[1])),
    names: ['label', 'odds', 'value', 'embedding', ...labels.flat().map((each) => `class ${each}`)],
  });
  const [theirs, own] = await Promise.all(line.files.map(factsOf));
  const differences = [
    ...rangeDifferences(theirs?.ranges, own?.ranges, after.inputs),
    ...weightDifferences(theirs?.weights, own?.weights),
    ...signatureDifferences(before, after),
  ];
  return { answers, judged: judgeComparison({ isSameModel: false, differences, answers }) };
}

/** Weights of these types, as a manifest without wishes serves them. */
function weightsOfTypes(dtypes: readonly string[]) {
  return { facts: { dtypes }, manifest: { runtime: { optimize: 'auto' } } } as const;
}

/** The prints of the numbers in a file, and where its columns lay, as the inspection reads them. */
async function factsOf(
  path: string | null,
): Promise<Pick<ModelFacts, 'weights' | 'ranges'> | undefined> {
  if (path === null) return undefined;
  const { size } = await stat(path);
  const source = fileSource(path, size);
  if (path.endsWith('.onnx')) return inspectOnnx(source, path, []);
  if (path.endsWith('.safetensors')) {
    const weights = await tensorPrints((await readSafetensors(source, path)).fitted);
    return weights && { weights };
  }
  return inspectSklearn(source, path, []);
}

type Answered = { readonly before: readonly Answer[]; readonly after: readonly Answer[] };

/** The answers of both versions to rows that nobody has asked them. */
async function ask(rows: readonly Row[]): Promise<Answered> {
  script.stdin.write(`${JSON.stringify(rows)}\n`);
  const line = await lines.next();
  if (line.done) throw new Error('answers.py ended');
  return JSON.parse(line.value) as Answered;
}

/** The answer of a server to some rows, as JSON. */
function said(answers: readonly Answer[], form: Line['form']): object {
  switch (form) {
    case 'labelled':
      return {
        label: answers.map(([label]) => `class ${label}`),
        odds: answers.map(([, ...odds]) => odds),
      };
    case 'number':
      return { value: answers.flat() };
    case 'vector':
      return { embedding: answers };
  }
}

function truthOf(value: number | undefined, form: Line['form']): unknown {
  return form === 'labelled' ? [`class ${value}`] : [value];
}

function answer(body: object) {
  return { kind: 'answer', status: 200, body: JSON.stringify(body) } as const;
}

function signatureOf({ rows, form, pairs }: Line, classes: readonly string[]) {
  const isText = typeof rows[0] === 'string';
  const input: TensorSpec = {
    name: isText ? 'text' : 'x',
    datatype: isText ? 'BYTES' : 'FP64',
    shape: isText ? [-1] : [-1, COLUMNS.length],
  };
  const width = pairs[0]?.before.length ?? 1;
  const outputs: Record<Line['form'], TensorSpec> = {
    labelled: { name: 'odds', datatype: 'FP32', shape: [-1, classes.length], classes },
    number: { name: 'value', datatype: 'FP32', shape: [-1] },
    vector: { name: 'embedding', datatype: 'FP32', shape: [-1, width] },
  };
  return { inputs: [input], outputs: [outputs[form]] };
}
