import type { Target } from '#domain/placement/target.ts';
import { eventually } from '../support/clock/eventually.ts';
import { IS_THOROUGH } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { clients, kinds, REQUEST } from '../support/slipway/clients.ts';
import {
  isEnding,
  processesOf,
  type RunningSlipway,
  servedIn,
  startSlipway,
  temporaryFolder,
} from '../support/slipway/running.ts';

// One machine runs a version on EC2 as on Fargate, but for its GPU.
const ON: readonly Target[] = ['lambda', 'fargate'];

type Broken = {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly manifest?: string;
  readonly state: 'Failed' | 'RolledBack';
  readonly reason: RegExp;
};

// A light model: only its continuing answers count.
const V1 = behaving('echoes', addConstantModel({ constant: 10 }));
const V2 = addConstantModel({ constant: 20 });

// On a busy machine a look of 5 s may show too little, so the bake ends only once it is breached.
const CANARY = 'rollout: { strategy: canary, bakeSeconds: 1800 }\n';
// The bake begins, or the deployment fails before it.
const JUDGED = { Baking: true, Failed: true };

const SLOW =
  /a request takes \d+ ms, and \d+ ms on the revision it replaces; the limit is \d+ ms, (5 times as long|100 ms more)/;
const KILLED =
  /\d+ of \d+ probes failed since the shift; the last: .*used \d+ MiB; the limit is \d+ MiB/;

const FAILED =
  /\d+ of \d+ (probes failed|requests since the shift were answered by a server error)/;

const BROKEN: readonly Broken[] = [
  {
    name: 'does not load',
    bytes: unknownOperatorModel(),
    state: 'Failed',
    reason: /did not start/,
  },
  {
    name: 'never gets ready',
    bytes: behaving('never-ready', V2),
    manifest: 'server: { startupTimeoutSeconds: 1 }\n',
    state: 'Failed',
    reason: /not ready/,
  },
  {
    name: 'answers wrong',
    bytes: V2,
    manifest: `examples:\n  - request: ${JSON.stringify(REQUEST)}\n    expect: { outputs: [{ name: y, data: [11, 12] }] }\n`,
    state: 'Failed',
    reason: /the golden request got a wrong answer/,
  },
  {
    name: 'crashes only in use',
    bytes: behaving('crashes-in-use', V2),
    state: 'RolledBack',
    reason: /\d+ of \d+ probes failed since the shift; the last: .*exited with code 139/,
  },
  {
    name: 'leaks until it is killed',
    bytes: behaving('leaks', V2),
    manifest: 'resources: { memory: 512Mi }\n',
    state: 'RolledBack',
    // On a busy machine the first symptom may be that a server with so much memory is slow, or that clients got an error.
    reason: new RegExp(`${KILLED.source}|${SLOW.source}|${FAILED.source}`),
  },
  {
    name: 'fails one request in ten',
    bytes: behaving('fails-one-in-ten', V2),
    state: 'RolledBack',
    reason: FAILED,
  },
  {
    name: 'is many times slower',
    bytes: behaving('ponders', V2),
    state: 'RolledBack',
    reason: SLOW,
  },
];

/** The broken versions that are tried on a target: each on one of both in a run, which the seed chooses, and in a thorough run on both. */
function brokenOn(target: Target): readonly Broken[] {
  const place = ON.indexOf(target) + SEED;
  return BROKEN.filter((_, index) => IS_THOROUGH || (place + index) % ON.length === 0);
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
let runs: ReadonlyMap<string, ReturnType<typeof upgrade>>;

// All at once: most of the time they wait.
beforeAll(async () => {
  process.stdout.write(`each on one target; SLIPWAY_SEED=${SEED}\n`);
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path, { hasAnyServer: true });
  runs = new Map(
    ON.flatMap((target) =>
      brokenOn(target).map((broken, index) => [
        `${target}: ${broken.name}`,
        upgrade(`${target}-${index}`, target, broken),
      ]),
    ),
  );
  await Promise.allSettled(runs.values());
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

describe.each(ON)('on %s v1 goes on answering when v2', (target) => {
  it.each(brokenOn(target))('$name', async ({ name, state, reason }) => {
    const { model, end, answers } = await runs.get(`${target}: ${name}`)!;

    const ofV1 = answers.filter(({ revision }) => revision !== `${model}-v2`);
    expect(end.detail).toMatchObject({
      state,
      version: 2,
      reason: expect.stringMatching(reason),
      data: expect.objectContaining({ degraded: false, left: [] }),
    });
    expect(kinds(ofV1)).toEqual([`200 ${model}-v1 1,2`]);
    // Clients see a version that breaks only under traffic for a canary's share, and little of the next step.
    expect(ofV1.length).toBeGreaterThan(answers.length * 0.5);
    if (state === 'Failed') expect(ofV1).toHaveLength(answers.length);
    expect((await slipway.events(model)).filter(isEnding)).toHaveLength(2);
    expect(await slipway.get(`/models/${model}`)).toMatchObject({
      live: { revision: `${model}-v1`, target },
      newest: { version: 2, phase: state, trouble: { reason: expect.stringMatching(reason) } },
    });
    expect(servedIn(folder.path)).not.toContain(`${model}-v2`);
    expect((await fetch(`${slipway.gateway}/_candidate/${model}-v2/ping`)).status).toBe(404);
  });
});

it('no process is left behind when Slipway stops', async () => {
  expect(processesOf(folder.path).length).toBeGreaterThan(0);

  await slipway.stop();

  await eventually(() => processesOf(folder.path).length === 0);
});

/** Deploys v1, then the broken v2, with a client that calls all the time from when v1 is live until v2 has been gone for a while. */
async function upgrade(model: string, target: Target, { bytes, manifest = '' }: Broken) {
  const key = `models/${model}/model.onnx`;
  const placement = `placement: { target: ${target} }\n`;
  slipway.drop(`${key}.yaml`, placement);
  slipway.drop(key, V1);
  await slipway.ending(model, 1);
  const load = clients(slipway, model, { pauseMs: 50 });
  await load.more(5);

  slipway.drop(`${key}.yaml`, placement + CANARY + manifest);
  slipway.drop(key, bytes);
  await slipway.told(model, ({ version, state }) => version === 2 && state in JUDGED);
  load.pauseFor(500);
  const end = await slipway.ending(model, 2);
  load.pauseFor(50);
  await slipway.settled(model);
  await load.more(20);
  await load.stop();
  return { model, end, answers: load.answers };
}
