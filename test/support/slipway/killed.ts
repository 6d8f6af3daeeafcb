import type { StepMoment } from '#adapters/local/workflow/workflow-engine.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { eventually } from '../clock/eventually.ts';
import { type Answer, call } from './clients.ts';
import { deployOther, type Machine } from './killed-work.ts';
import {
  processesOf,
  type RunningSlipway,
  servedIn,
  startSlipway,
  temporaryFolder,
} from './running.ts';

/** The state after one kill, once the interrupted work was over. */
export type Aftermath = {
  /** The live model's answer after the restart, before any step had begun again. */
  readonly first: Answer;
  /** The terminal events of the interrupted work. */
  readonly endings: readonly SlipwayEvent['detail'][];
  readonly live: string | null;
  readonly answer: Answer;
  /** The revisions that have a process. */
  readonly served: readonly string[];
};

/** Work that is interrupted at each of these moments. */
export type Work = {
  readonly name: string;
  readonly machine: (model: string) => Machine;
  readonly moments: readonly string[];
};

/** One model of a work, and its part of the moments. */
type Lane = {
  readonly work: string;
  readonly machine: Machine;
  readonly moments: readonly string[];
};

/** One moment of a lane. */
type Interruption = {
  readonly machine: Machine;
  readonly moment: string;
  readonly ended: number;
  isReached: boolean;
};

// One kill interrupts every lane; a lane has at most this many.
const MOST_KILLS = 10;
const SPECIAL = { hasAnyServer: true, config: { bakeSeconds: 0 } };

/** Kills Slipway at each of these moments of each work, and returns the aftermath of each, by the work's name and the moment. */
export function killings(
  works: readonly Work[],
): (work: string, moment: string) => Promise<Aftermath> {
  const lanes = works.flatMap(lanesOf);
  const found = new Map(
    lanes.flatMap(({ work, moments }) =>
      moments.map((moment) => [`${work}: ${moment}`, Promise.withResolvers<Aftermath>()] as const),
    ),
  );
  killAll(lanes, (lane, moment, seen) => found.get(`${lane.work}: ${moment}`)?.resolve(seen)).catch(
    (error) => {
      for (const { reject } of found.values()) reject(error);
    },
  );
  for (const { promise } of found.values()) promise.catch(() => {});
  return async (work, moment) => {
    const one = found.get(`${work}: ${moment}`);
    if (!one) throw new Error(`${work} has no moment ${moment}`);
    return one.promise;
  };
}

/** The moments of a work, dealt out to as few models as there must be. */
function lanesOf({ name, machine, moments }: Work): readonly Lane[] {
  const count = Math.ceil(moments.length / MOST_KILLS);
  const size = Math.ceil(moments.length / count);
  return Array.from({ length: count }, (_, index) => ({
    work: name,
    machine: machine(`${name.replaceAll(/[^a-z0-9]+/g, '-')}-${index}`),
    moments: moments.slice(index * size, (index + 1) * size),
  }));
}

async function killAll(
  lanes: readonly Lane[],
  onSeen: (lane: Lane, moment: string, seen: Aftermath) => void,
): Promise<void> {
  await using folder = await temporaryFolder();
  let interruptions: readonly Interruption[] = [];
  // No step of a Slipway that has just started begins before this.
  let released = Promise.withResolvers<void>();
  const atStep = async (at: StepMoment) => {
    await released.promise;
    const one = interruptions.find((it) => !it.isReached && isAt(it, at));
    if (!one) return;
    one.isReached = true;
    // It stays there until the kill.
    await new Promise(() => {});
  };
  const start = () => startSlipway(folder.path, SPECIAL, atStep);

  let slipway = await start();
  try {
    released.resolve();
    await deployOther(slipway);
    for (let kill = 0; kill < MOST_KILLS; kill += 1) {
      const round = lanes.filter(({ moments }) => kill < moments.length);
      const begun = await Promise.all(
        round.map(({ machine, moments }) => setUp(slipway, machine, moments[kill] ?? '')),
      );
      interruptions = begun;
      await die(slipway, begun);
      interruptions = [];
      released = Promise.withResolvers();
      slipway = await start();
      const first = await Promise.all(begun.map(({ machine }) => answer(slipway, machine.steady)));
      for (const { machine } of begun) await machine.mend?.(folder.path);
      released.resolve();
      await Promise.all(
        round.map(async (lane, index) => {
          const one = begun[index] as Interruption;
          const after = await aftermath(slipway, one);
          onSeen(lane, one.moment, { first: first[index] as Answer, ...after });
        }),
      );
    }
  } finally {
    await slipway[Symbol.asyncDispose]();
  }
}

async function setUp(
  slipway: RunningSlipway,
  machine: Machine,
  moment: string,
): Promise<Interruption> {
  await machine.setUp(slipway);
  const ended = (await slipway.endings(machine.model)).length;
  return { machine, moment, ended, isReached: false };
}

/** An execution is named after its model: `NAME-ID-aN`, or `NAME-rollback-ID-aN`. */
function isAt({ machine, moment }: Interruption, at: StepMoment): boolean {
  return (
    moment === `${at.state} ${at.moment}` &&
    at.execution.replace(/(-(rollback|undeploy))?-[0-9a-f]{16}-a\d+$/, '') === machine.model
  );
}

/** Begins all that is to be interrupted, and resolves once Slipway is dead and no process of its models is left. */
async function die(slipway: RunningSlipway, begun: readonly Interruption[]): Promise<void> {
  const beginnings = begun.map(({ machine, moment }) =>
    // The answer is lost where Slipway dies before it has sent one.
    machine.begin(slipway, moment.split(' ')[0] ?? '').catch(() => {}),
  );
  await eventually(() => begun.every(({ isReached }) => isReached));
  await slipway.kill();
  await Promise.all(beginnings);
  await eventually(() => processesOf(slipway.dataDir).length === 0);
}

/** A request to a live model waits for its server, and is refused only when that server ends. */
async function answer(slipway: RunningSlipway, model: string): Promise<Answer> {
  return eventually(async () => {
    const found = await call(slipway, model);
    return found.status === 200 && found;
  });
}

async function aftermath(
  slipway: RunningSlipway,
  { machine, moment, ended }: Interruption,
): Promise<Omit<Aftermath, 'first'>> {
  const { model } = machine;
  // A client that got no answer repeats a request that was not recorded; Slipway itself finds an upload.
  if (/^Admit(Rollback|Undeploy) begins$/.test(moment)) await machine.begin(slipway, '');
  await slipway.ending(model, ended + 1);
  await slipway.settled(model);
  const { live } = (await slipway.get(`/models/${model}`)) as { live: { revision: string } | null };
  return {
    endings: (await slipway.endings(model)).slice(ended),
    live: live?.revision ?? null,
    answer: await call(slipway, model),
    served: servedIn(slipway.dataDir).filter((revision) => revision.startsWith(`${model}-v`)),
  };
}
