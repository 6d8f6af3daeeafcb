// Counts what the gate sees in pairs of versions of a real language model, SmolLM2-135M-Instruct in GGUF: faults of a release, and versions that should answer as before.
// `node bench/gate-texts.ts [PROMPTS [DRAWS [CLIENTS [PAUSE [KIND]]]]]`: 50 prompts; 20 draws of 12 of them make 200 faults and 400 equal pairs; 4 clients ask the live version meanwhile, each PAUSE seconds (none) after it was answered; KIND is a part of a kind's name, such as "template" or "weights", to measure it alone. Both versions run in Slipway's own server. Each pair is judged as the step CompareAnswers judges it, but without its limit of time.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_ANSWERS } from '#domain/comparison/compare-answers.ts';
import { factDifferences, type KnownVersion } from '#domain/comparison/fact-differences.ts';
import { judgeComparison, TOLERATED } from '#domain/comparison/judge-comparison.ts';
import { seededOrder } from '#domain/comparison/seeded-random.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { APART } from '#ports/comparing.ts';
import { askBoth } from '#steps/ask-both.ts';
import { modelFolder, startModel, stopServers } from '../test/runtimes/model-server.ts';
import { pythonWith } from '../test/runtimes/python-environment.ts';
import { pythonRuntime } from '../test/runtimes/python-runtime.ts';
import { fileSource } from '../test/support/bytes/sources.ts';
import { smollm } from '../test/support/models/smollm.ts';
import { pythonOf } from './beside/python.ts';
import { type Counted, table } from './gate/tables.ts';
import { PROMPTS } from './gate-texts/prompts.ts';

type Version = { readonly what: 'fault' | 'equal'; readonly kind: string; readonly path: string };
type Ask = (request: GoldenRequest) => Promise<GoldenAnswer>;

const [prompts = 50, draws = 20, clients = 4, pause = 0] = process.argv.slice(2, 6).map(Number);
const only = process.argv[6] ?? '';
const EACH = 12;
// There are ten versions with a fault, and three that are equal.
const EQUAL_DRAWS = Math.ceil(draws * 6.67);
// `smallest.ts` takes this status for a bench that cannot run here.
const CANNOT_RUN = 3;
const MANIFEST = manifestSchema.parse({ runtime: { contextTokens: 512 } });

const model = await smollm();
const runtime = await pythonRuntime();
const python = await pythonWith(
  'requirements.txt',
  'numpy.txt',
  '../../test/runtimes/llama-requirements.txt',
);
if (typeof model !== 'string' || typeof python !== 'string' || 'missing' in runtime) {
  console.error(
    [model, python, runtime].find((each) => typeof each === 'object' && 'missing' in each),
  );
  process.exit(CANNOT_RUN);
}
const command = [python, '-m', 'slipway_server'] as const;
const server = { ...runtime, command };
const folder = await mkdtemp(join(tmpdir(), 'slipway-texts-'));
const requests = PROMPTS.slice(0, prompts).map(requestOf);
const found: (Counted & Pick<Version, 'what'>)[] = [];
try {
  const known = await knownOf(model);
  const before = { known, server: await serverOf(model, known) };
  const live = remembered(before.server.ask);
  for await (const version of versions(model)) {
    if (!version.kind.includes(only)) {
      await rm(version.path);
      continue;
    }
    const known = await knownOf(version.path);
    const after = { known, server: await serverOf(version.path, known) };
    const candidate = remembered(after.server.ask);
    const crowd = crowdOf(before.server.ask);
    const differences = factDifferences(before.known, after.known);
    const isBroken = differences.some(({ weight }) => weight === 'breaking');
    for (let draw = 0; draw < (version.what === 'fault' ? draws : EQUAL_DRAWS); draw += 1) {
      const drawn = seededOrder(requests, `draw ${draw}`, (each) => JSON.stringify(each));
      // Such a version is asked nothing.
      const answers = isBroken
        ? NO_ANSWERS
        : await askBoth({
            requests: drawn.slice(0, EACH).map((request, index) => ({
              what: `prompt ${index + 1}`,
              isDrawn: false,
              request,
            })),
            live: live(draw),
            candidate: candidate(draw),
            comparing: APART,
            monotonicMs: () => 0,
            tolerated: TOLERATED,
            truth: { margin: 0.02 },
            isScored: true,
          });
      const judged = judgeComparison({ isSameModel: false, differences, answers });
      const { asked, changed } = answers.kept;
      found.push({ ...version, ...judged, changed: changed / Math.max(1, asked) });
      if (draw === 0)
        console.error(
          JSON.stringify([
            version.kind,
            judged.verdict,
            judged.reason,
            answers.scores,
            differences.map(({ what }) => what),
          ]),
        );
    }
    const times = await crowd.stop();
    console.error(
      `${times.length} requests of ${clients} clients meanwhile, median ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms`,
    );
    after.server.stop();
    await rm(version.path);
  }
} finally {
  await stopServers();
  await rm(folder, { recursive: true, force: true });
}
console.log(
  table(
    'Faults of a language model',
    found.filter(({ what }) => what === 'fault'),
  ),
);
console.log(
  table(
    'Equal or equivalent',
    found.filter(({ what }) => what === 'equal'),
  ),
);

/** Written one after another, so that the disk holds one at a time. */
async function* versions(path: string): AsyncIterable<Version> {
  const writer = await pythonOf(join(import.meta.dirname, 'gate-texts', 'requirements.txt'));
  const script = spawn(
    writer,
    [join(import.meta.dirname, 'gate-texts', 'write.py'), path, folder],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  for await (const line of createInterface({ input: script.stdout })) {
    yield JSON.parse(line) as Version;
    script.stdin.write('\n');
  }
}

function requestOf(content: string): GoldenRequest {
  return {
    protocol: 'invocations',
    path: '/v1/chat/completions',
    body: { messages: [{ role: 'user', content }], temperature: 0, max_tokens: 16 },
  };
}

async function knownOf(path: string): Promise<KnownVersion> {
  const { size } = await stat(path);
  const file = {
    name: basename(path),
    sizeBytes: size,
    open: async () => fileSource(path),
  };
  const facts = await inspectFiles([file], { maxBytes: 1e9, manifest: MANIFEST });
  return { facts, manifest: MANIFEST, signature: facts.signature, takesColumns: false };
}

/** Slipway's server for the model. */
async function serverOf(
  path: string,
  { facts: { language } }: KnownVersion,
): Promise<{ readonly ask: Ask; readonly stop: () => void }> {
  const facts = JSON.stringify({ format: 'gguf', listens: true, language });
  const place = await modelFolder({ 'facts.json': facts });
  const started = await startModel(server, {
    MODEL_PATH: path,
    MODEL_FACTS: `${place}/facts.json`,
  });
  return {
    stop: () => void started.child.kill(),
    async ask(request) {
      const own = { 'x-slipway-own': '1' };
      const { status, text } = await started.post(
        request.path ?? '/invocations',
        request.body,
        own,
      );
      return { kind: 'answer', status, body: text };
    },
  };
}

/** All draws share the answers of a version; where a draw asks twice, the second answer is another one. */
function remembered(ask: Ask): (draw: number) => Ask {
  const known = new Map<string, Promise<GoldenAnswer>>();
  return () => {
    const asked = new Map<string, number>();
    return (request) => {
      const key = JSON.stringify(request);
      const time = (asked.get(key) ?? 0) + 1;
      asked.set(key, time);
      const answer = known.get(`${time} ${key}`) ?? ask(request);
      known.set(`${time} ${key}`, answer);
      return answer;
    };
  };
}

/** Clients that ask the version, each another prompt each time, until they are stopped; how long each request took, ms. */
function crowdOf(ask: Ask) {
  let isOver = false;
  const times: number[] = [];
  const client = async (first: number) => {
    for (let at = first; !isOver; at += 1) {
      const began = performance.now();
      await ask(requestOf(PROMPTS[at % PROMPTS.length] ?? ''));
      times.push(performance.now() - began);
      await sleep(pause * 1000);
    }
  };
  const all = Array.from({ length: clients }, (_, at) => client(at * 11));
  return {
    async stop() {
      isOver = true;
      await Promise.all(all);
      return times;
    },
  };
}

function percentile(times: readonly number[], part: number): string {
  return (times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * part)] ?? 0).toFixed(0);
}
