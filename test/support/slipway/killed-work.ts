import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '#domain/placement/target.ts';
import { addConstantModel, unknownOperatorModel } from '../models/onnx.ts';
import { behaving } from '../servers/behaviour.ts';
import { type Breakage, breakServers } from './break.ts';
import type { RunningSlipway } from './running.ts';

/** A workflow's work on one model, again and again. */
export type Machine = {
  readonly model: string;
  /** The model that stays live all the time: this one, or another. */
  readonly steady: string;
  /** Brings the model to where the work begins. */
  setUp(slipway: RunningSlipway): Promise<void>;
  /** Begins the work, so that it comes to that state. */
  begin(slipway: RunningSlipway, state: string): Promise<void>;
  /** Repairs the damage of `begin`. */
  mend?(dataDir: string): Promise<void>;
};

const OTHER = 'other';

let constant = 10;
/** A model that differs from every one before it. */
const freshBytes = () => addConstantModel({ constant: constant++ });
/** The server is a light one, since these tests kill Slipway and not the server. */
const freshModel = () => behaving('echoes', freshBytes());

/** Deploys the model that stays live while another one comes and goes. */
export async function deployOther(slipway: RunningSlipway): Promise<void> {
  await deploy(slipway, OTHER, 'lambda');
}

async function deploy(
  slipway: RunningSlipway,
  model: string,
  target: Target,
  bytes = freshModel(),
): Promise<void> {
  const ended = (await slipway.endings(model)).length;
  slipway.drop(`${keyOf(model)}.yaml`, `placement: { target: ${target} }\n`);
  slipway.drop(keyOf(model), bytes);
  await slipway.ending(model, ended + 1);
  await slipway.settled(model);
}

const keyOf = (model: string) => `models/${model}/model.onnx`;

const isKnown = async (slipway: RunningSlipway, model: string) =>
  (await slipway.endings(model)).length > 0;

const liveRevision = async (slipway: RunningSlipway, model: string) =>
  ((await slipway.get(`/models/${model}`)) as { live: { revision: string } | null }).live?.revision;

/** An upgrade of a live version. */
export const deployOn =
  (target: Target) =>
  (model: string): Machine => ({
    model,
    steady: model,
    async setUp(slipway) {
      if (!(await isKnown(slipway, model))) await deploy(slipway, model, target);
    },
    async begin(slipway, state) {
      slipway.drop(keyOf(model), brokenFor(state) ?? freshModel());
    },
  });

/** A rollback between two versions that take turns. */
export const rollbackOn =
  (target: Target) =>
  (model: string): Machine => {
    let broken: { takeBack(): void } | undefined;
    const breakable = () => behaving('breaks-when-told', freshBytes());
    return {
      model,
      steady: model,
      async setUp(slipway) {
        if (await isKnown(slipway, model)) return;
        await deploy(slipway, model, target, breakable());
        await deploy(slipway, model, target, breakable());
      },
      async begin(slipway, state) {
        const when = BREAKAGES[state];
        if (when) {
          const kept = (await liveRevision(slipway, model)) === `${model}-v1` ? 2 : 1;
          broken = breakServers(slipway.dataDir, `${model}-v${kept}`, when);
        }
        await slipway.ask(model, 'rollback');
      },
      async mend() {
        broken?.takeBack();
        broken = undefined;
      },
    };
  };

/** An undeploy of two versions; the next one begins with an upload. */
export const undeployOn =
  (target: Target) =>
  (model: string): Machine => ({
    model,
    steady: OTHER,
    async setUp(slipway) {
      await deploy(slipway, model, target);
    },
    async begin(slipway, state) {
      // The last of its work finds a folder for a log, so that it fails.
      if (state === 'Compensate') await mkdir(noLog(slipway.dataDir, model));
      await slipway.ask(model, 'undeploy');
    },
    async mend(dataDir) {
      rmSync(noLog(dataDir, model), { recursive: true, force: true });
    },
  });

const noLog = (dataDir: string, model: string) => join(dataDir, 'logs', `${model}-v999.log`);

/** How a version breaks so that the machine comes to this state. */
const BREAKAGES: Readonly<Record<string, Breakage>> = { RollBack: 'in use', Compensate: 'at load' };

/** Bytes with which a version breaks so. */
function brokenFor(state: string): Uint8Array | undefined {
  if (BREAKAGES[state] === 'in use') return behaving('crashes-in-use', freshBytes());
  return BREAKAGES[state] && unknownOperatorModel();
}
