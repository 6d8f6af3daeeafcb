import { createServer } from 'node:net';
import * as z from 'zod/mini';
import type { WallsReport } from '#domain/walls.ts';
import { isAlive } from '#operations/is-alive.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import { type Check, fail, ok, warn } from './doctor.ts';

/** Where a Slipway on a data folder listens, or did: `answers` is whether it confirms that itself, `isBusy` whether it runs and has not confirmed it in time. */
export type FoundSlipway = {
  readonly pid: number;
  readonly gateway: string;
  readonly control: string;
  readonly answers: boolean;
  readonly isBusy?: boolean;
  /** The part of their memory that its model servers use, and the number of waiting candidates. */
  readonly memory?:
    | { readonly budgetMiB: number; readonly usedMiB: number; readonly waiting: number }
    | undefined;
  /** The walls that it found as it started; undefined where it has not reported them. */
  readonly walls?: WallsReport | undefined;
};

const LIMIT_MS = 5000;
const BUSY_FIX = 'Ask again in a while; if it stays so, stop that process and run `slipway start`.';

/** Whether the Slipway of the data folder runs and answers at its recorded address; where none runs, whether its ports are free, or those that a start tries first. */
export function slipwayChecks(
  found: FoundSlipway | undefined,
  limitMs: number = LIMIT_MS,
): readonly Check[] {
  const slipway = { check: 'slipway', look: async () => lookAtSlipway(found) };
  if (found?.isBusy) return [slipway];
  if (!found?.answers) {
    const ports = found
      ? [found.gateway, found.control].map(portOf)
      : [USUAL_PORTS.gateway, USUAL_PORTS.control];
    return [slipway, ...ports.map((port) => checkOf(port, () => lookAtPort(port)))];
  }
  const { gateway, control } = found;
  return [
    slipway,
    checkOf(portOf(gateway), () => lookAtOwn('its gateway', `${gateway}/metrics`, limitMs)),
    checkOf(portOf(control), () => lookAtHealth(`${control}/healthz`, limitMs)),
  ];
}

function checkOf(port: number, look: Check['look']): Check {
  return { check: `port ${port}`, look };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function lookAtSlipway(found: FoundSlipway | undefined) {
  if (!found) return ok('none runs with this data folder');
  const { pid, control, answers, isBusy, memory } = found;
  if (isBusy) {
    return warn(`runs as process ${pid}, and has not answered in time: it is busy`, BUSY_FIX);
  }
  if (answers) return ok(`runs as process ${pid}${memory ? memoryWords(memory) : ''}`);
  return isAlive(pid)
    ? warn(
        `process ${pid} was one with this data folder, and ${control} is not answered by it`,
        'Give it a few seconds; if it is Slipway and stays so, end it and start it again.',
      )
    : warn(
        `process ${pid} was one with this data folder, and was killed`,
        'Start it again with `slipway start`: it resumes what was under way.',
      );
}

function memoryWords(memory: NonNullable<FoundSlipway['memory']>): string {
  const { usedMiB, budgetMiB, waiting } = memory;
  const candidates = waiting === 0 ? '' : `; candidates that wait: ${waiting}`;
  return `; its model servers hold ${usedMiB} of the ${budgetMiB} MiB that they may${candidates}`;
}

/** `late`: the port is open, but no answer came in time. */
async function ask(url: string, limitMs: number): Promise<Response | 'late' | 'silent'> {
  const signal = AbortSignal.timeout(limitMs);
  return fetch(url, { signal }).catch(() => (signal.aborted ? 'late' : 'silent'));
}

async function lookAtOwn(what: string, url: string, limitMs: number) {
  const answer = await ask(url, limitMs);
  if (typeof answer === 'string') return unanswered(what, answer, limitMs);
  return answer.ok ? ok(`${what} answers`) : silent(what);
}

const health = z.object({
  troubles: z.array(z.object({ check: z.string(), reason: z.string(), fix: z.string() })),
});

/** The faults that the running Slipway finds in itself. */
async function lookAtHealth(url: string, limitMs: number) {
  const what = 'its control API';
  const response = await ask(url, limitMs);
  if (typeof response === 'string') return unanswered(what, response, limitMs);
  if (response.ok) return ok(`${what} answers`);
  if (response.status !== 503) return silent(what);
  const said = health.safeParse(await response.json().catch(() => null));
  const { troubles } = said.success ? said.data : { troubles: [] };
  const reasons = troubles.map(({ check, reason }) => `${check}: ${reason}`);
  return fail(
    `${what} says that something is wrong${reasons.map((reason) => `; ${reason}`).join('')}`,
    [...new Set(troubles.map(({ fix }) => fix))].join(' '),
  );
}

function unanswered(what: string, how: 'late' | 'silent', limitMs: number) {
  if (how === 'silent') return silent(what);
  return warn(`${what} has not answered in ${limitMs / 1000} s: it is busy`, BUSY_FIX);
}

function silent(what: string) {
  return fail(`${what} does not answer`, 'Stop this Slipway and start it again.');
}

async function lookAtPort(port: number) {
  if (await isFree(port)) return ok('free');
  return warn(
    `held by ${await holderOf(port)}`,
    'Nothing needs to be done: `slipway start` tries the next one.',
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)));
  });
}

const control = z.object({ status: z.enum(['ok', 'failing']), pid: z.int() });
const gateway = z.object({ models: z.array(z.unknown()) });

/** A Slipway's control API names its process, and its gateway at least its models. */
async function holderOf(port: number): Promise<string> {
  const url = `http://127.0.0.1:${port}/healthz`;
  const said: unknown = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) })
    .then((response) => response.json())
    .catch(() => undefined);
  const { success, data } = control.safeParse(said);
  if (success) return `a Slipway with another data folder, process ${data.pid}`;
  return gateway.safeParse(said).success ? 'a Slipway with another data folder' : 'another program';
}
