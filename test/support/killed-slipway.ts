import { rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { SlipwayEvent } from '#domain/event.ts';
import type { Target } from '#domain/target.ts';
import { type Answer, call } from './clients.ts';
import { eventually } from './eventually.ts';
import { addConstantModel, unknownOperatorModel } from './onnx-models.ts';
import {
  isEnding,
  processesOf,
  type RunningSlipway,
  servedIn,
  startSlipway,
  temporaryFolder,
} from './running-slipway.ts';
import { behaving } from './servers/behaviour.ts';

/** What was found after one kill, once what it had interrupted was over. */
export type Aftermath = {
  /** From the restart until a model that was live has answered (ms). */
  readonly serveMs: number;
  /** The terminal events of what was interrupted. */
  readonly endings: readonly SlipwayEvent['detail'][];
  readonly live: string | null;
  readonly answer: Answer;
  /** The revisions that have a process. */
  readonly served: readonly string[];
};

/** What is killed: a machine's work on the model `shapes`, again and again on one data folder. */
export type Machine = {
  /** Whether the model itself is live all the time; else another one is there that is. */
  readonly keepsLive: boolean;
  /** Brings the model to where the work begins. */
  setUp(slipway: RunningSlipway): Promise<void>;
  /** Begins the work, so that it comes to that state. */
  begin(slipway: RunningSlipway, state: string): Promise<void>;
  /** Takes back what `begin` broke. */
  mend?(dataDir: string): Promise<void>;
};

const MODEL = 'shapes';
const KEY = `models/${MODEL}/model.onnx`;
const SPECIAL = { hasAnyServer: true, isMortal: true, config: { bakeSeconds: 0 } };

/** Kills Slipway at each of these moments of the work, one after another, and answers what came of each. */
export function killings(
  machine: Machine,
  moments: readonly string[],
): ReadonlyMap<string, Promise<Aftermath>> {
  const found = new Map(moments.map((moment) => [moment, Promise.withResolvers<Aftermath>()]));
  const run = async () => {
    await using folder = await temporaryFolder();
    let slipway = await startSlipway(folder.path, SPECIAL);
    try {
      if (!machine.keepsLive) await deploySteady(slipway);
      for (const [moment, { resolve }] of found) {
        await machine.setUp(slipway);
        const ended = (await slipway.endings(MODEL)).length;
        await die(slipway, moment, machine);
        const startedMs = performance.now();
        slipway = await startSlipway(folder.path, SPECIAL);
        await answering(slipway, machine.keepsLive ? MODEL : 'steady');
        const serveMs = performance.now() - startedMs;
        await machine.mend?.(folder.path);
        resolve({ serveMs, ...(await aftermath(slipway, machine, moment, ended)) });
      }
    } finally {
      await slipway[Symbol.asyncDispose]();
    }
  };
  void run().catch((error) => {
    for (const { reject } of found.values()) reject(error);
  });
  const promises = [...found].map(([moment, { promise }]) => [moment, promise] as const);
  for (const [, promise] of promises) promise.catch(() => {});
  return new Map(promises);
}

/** Begins the work, and resolves once Slipway is dead and no process of its models is left. */
async function die(slipway: RunningSlipway, moment: string, machine: Machine): Promise<void> {
  const dieAt = join(slipway.dataDir, 'die-at');
  writeFileSync(dieAt, moment);
  const [state = ''] = moment.split(' ');
  // The answer is lost where Slipway dies before it has sent one.
  const beginning = machine.begin(slipway, state).catch(() => {});
  await eventually(() => slipway.process.signalCode === 'SIGKILL');
  await beginning;
  rmSync(dieAt);
  await eventually(() => processesOf(slipway.dataDir).length === 0);
}

async function aftermath(
  slipway: RunningSlipway,
  machine: Machine,
  moment: string,
  ended: number,
): Promise<Omit<Aftermath, 'serveMs'>> {
  // What was asked for and not recorded is asked for again by whoever got no answer; an upload is found by Slipway itself.
  if (/^Admit(Rollback|Undeploy) begins$/.test(moment)) await machine.begin(slipway, '');
  await slipway.ending(MODEL, ended + 1);
  await settled(slipway);
  const endings = (await slipway.events(MODEL)).filter(isEnding).slice(ended);
  const { live } = (await slipway.get(`/models/${MODEL}`)) as { live: { revision: string } | null };
  return {
    endings: endings.map(({ detail }) => detail),
    live: live?.revision ?? null,
    answer: await call(slipway, MODEL),
    served: servedIn(slipway.dataDir).filter((revision) => !revision.startsWith('steady-')),
  };
}

async function deploySteady(slipway: RunningSlipway): Promise<void> {
  slipway.drop('models/steady/model.onnx', addConstantModel({ constant: 1 }));
  await slipway.ending('steady', 1);
}

async function answering(slipway: RunningSlipway, model: string): Promise<void> {
  await eventually(async () => (await call(slipway, model)).status === 200);
}

/** Nothing is under way any more. */
async function settled(slipway: RunningSlipway): Promise<void> {
  await eventually(async () => {
    const ids = new Set((await slipway.events(MODEL)).map(({ detail }) => detail.deploymentId));
    const all = await Promise.all([...ids].map((id) => slipway.get(`/deployments/${id}`)));
    return (all as { endedAtMs: number | null }[]).every(({ endedAtMs }) => endedAtMs !== null);
  });
}

let constant = 10;
/** A model like none before it. */
const freshModel = () => addConstantModel({ constant: constant++ });

async function deploy(slipway: RunningSlipway, target: Target): Promise<void> {
  const ended = (await slipway.endings(MODEL)).length;
  slipway.drop(`${KEY}.yaml`, `placement: { target: ${target} }\n`);
  slipway.drop(KEY, freshModel());
  await slipway.ending(MODEL, ended + 1);
  await settled(slipway);
}

const liveRevision = async (slipway: RunningSlipway) =>
  ((await slipway.get(`/models/${MODEL}`)) as { live: { revision: string } | null }).live?.revision;

/** An upgrade of a live version. */
export const deployOn = (target: Target): Machine => ({
  keepsLive: true,
  async setUp(slipway) {
    const status = await slipway.get('/models');
    if (!JSON.stringify(status).includes(`"${MODEL}"`)) await deploy(slipway, target);
  },
  async begin(slipway, state) {
    slipway.drop(KEY, brokenFor(state) ?? freshModel());
  },
});

/** A rollback between two versions that take turns. */
export function rollbackOn(target: Target): Machine {
  let broken: { readonly path: string } | undefined;
  return {
    keepsLive: true,
    async setUp(slipway) {
      const status = JSON.stringify(await slipway.get('/models'));
      if (status.includes(`"${MODEL}"`)) return;
      await deploy(slipway, target);
      await deploy(slipway, target);
    },
    async begin(slipway, state) {
      const bytes = brokenFor(state);
      if (bytes) {
        const kept = (await liveRevision(slipway)) === `${MODEL}-v1` ? 2 : 1;
        const path = join(slipway.dataDir, 'revisions', `${MODEL}-v${kept}/artifact/model.onnx`);
        await rename(path, `${path}.whole`);
        writeFileSync(path, bytes);
        broken = { path };
      }
      await slipway.ask(MODEL, 'rollback');
    },
    async mend() {
      if (broken) await rename(`${broken.path}.whole`, broken.path);
      broken = undefined;
    },
  };
}

/** An undeploy of two versions; the next one begins with an upload. */
export const undeployOn = (target: Target): Machine => ({
  keepsLive: false,
  async setUp(slipway) {
    await deploy(slipway, target);
  },
  async begin(slipway, state) {
    // The last of its work finds no folder, so that it fails.
    if (state === 'Compensate') {
      await rename(join(slipway.dataDir, 'logs'), join(slipway.dataDir, 'logs-aside'));
    }
    await slipway.ask(MODEL, 'undeploy');
  },
  async mend(dataDir) {
    rmSync(join(dataDir, 'logs-aside'), { recursive: true, force: true });
  },
});

/** Bytes with which a version fails so that the machine comes to this state. */
function brokenFor(state: string): Uint8Array | undefined {
  if (state === 'RollBack') return behaving('crashes-in-use', freshModel());
  return state === 'Compensate' ? unknownOperatorModel() : undefined;
}
