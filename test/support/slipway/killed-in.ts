import type { StepMoment } from '#adapters/local/workflow/workflow-engine.ts';
import type { StepName } from '#domain/workflow.ts';
import { eventually } from '../clock/eventually.ts';
import type { Special } from './configured.ts';
import { pauseAt } from './pause.ts';
import { processesOf, type RunningSlipway, startSlipway } from './running.ts';

/** A kill while a version is asked its `nth` request since a step has begun, from 1. */
export type Kill = { readonly version: 1 | 2; readonly nth: number };

/** One machine takes up a deployment at most so often. */
export const MOST_KILLS = 9;

export type Killed = {
  /** The Slipway that runs now. */
  now(): RunningSlipway;
  /** Has `begin` start a deployment, kills the whole Slipway at each of the kills in turn, and starts it again; `MOST_KILLS` at most. Returns the bodies of the requests at which it was killed. */
  killAt(
    model: string,
    kills: readonly Kill[],
    begin: (slipway: RunningSlipway) => void,
  ): Promise<readonly string[]>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** A Slipway whose models `pauses-when-told`, to be killed while they are asked in a step. `atStep` is called before each moment of each step. */
export async function killedIn(
  step: StepName,
  dataDir: string,
  special: Special,
  atStep: (at: StepMoment, slipway: () => RunningSlipway) => Promise<void> = async () => {},
): Promise<Killed> {
  let armed: ReturnType<typeof armedBy>;
  let pause: ReturnType<typeof pauseAt> | undefined;
  const start = () =>
    startSlipway(dataDir, { ...special, hasAnyServer: true }, async (at) => {
      await atStep(at, () => slipway);
      const isIt = at.state === step && at.moment === 'begins';
      if (!armed || !isIt || !at.execution.startsWith(`${armed.model}-`)) return;
      const { model, kill } = armed;
      armed = undefined;
      pause = pauseAt(dataDir, `${model}-v${kill.version}`, kill.nth);
    });
  let slipway = await start();
  return {
    now: () => slipway,
    async killAt(model, kills, begin) {
      const reached: string[] = [];
      armed = armedBy(model, kills[0]);
      begin(slipway);
      for (const [at] of kills.entries()) {
        reached.push(await eventually(() => pause?.reached()));
        await slipway.kill();
        await eventually(() => processesOf(dataDir).length === 0);
        pause?.takeBack();
        pause = undefined;
        armed = armedBy(model, kills[at + 1]);
        slipway = await start();
      }
      return reached;
    },
    [Symbol.asyncDispose]: () => slipway[Symbol.asyncDispose](),
  };
}

const armedBy = (model: string, kill: Kill | undefined) => kill && { model, kill };
