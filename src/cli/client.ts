import { constants, readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Asking } from '#control/client.ts';
import { anyHealth } from '#control/models.ts';
import { Failure, type FailureName } from '#domain/failure.ts';
import { isAlive } from '#operations/is-alive.ts';
import { patiently } from './patience.ts';

const instance = z.object({
  pid: z.int(),
  gateway: z.string(),
  control: z.string(),
  // A Slipway of an earlier version has none, and asks for none.
  token: z.optional(z.string()),
});

export type Instance = z.infer<typeof instance>;

/** A control API: its address, and the token that it wants. */
export type Control = Pick<Instance, 'control' | 'token'>;

type Health = z.infer<typeof anyHealth>;

// On a machine at ten times its load an answer takes ten seconds.
const LONGEST_MS = 60_000;

/**
 * Finds the Slipway that runs on a data folder, by the file it keeps there.
 * Fails with `PlatformUnavailable` when none runs, or when the one that runs has not answered in a minute; with `PlatformDenied` when the folder cannot be read.
 */
export async function findInstance(dataDir: string, longestMs = LONGEST_MS): Promise<Instance> {
  const found = await runningInstance(dataDir, longestMs);
  if (found) return found;
  await requireReadable(dataDir);
  throw new Failure(
    'PlatformUnavailable',
    `no Slipway is running with the data folder ${dataDir}`,
    {
      fix: 'Start one with `slipway start`, or name its folder with --data.',
    },
  );
}

/** The same; undefined where none runs. */
export async function runningInstance(
  dataDir: string,
  longestMs = LONGEST_MS,
): Promise<Instance | undefined> {
  const found = await patiently(async (at) => {
    at(`the Slipway of ${dataDir} is busy; waiting for its answer`);
    return lookForInstance(dataDir, longestMs);
  });
  if (found?.state === 'busy') throw busy(dataDir, found, longestMs);
  return found?.state === 'answers' ? found : undefined;
}

function busy(dataDir: string, { pid }: Instance, waitedMs: number): Failure {
  return new Failure(
    'PlatformUnavailable',
    `the Slipway of the data folder ${dataDir} runs as process ${pid}, and has not answered in ${waitedMs / 1000} s: it is busy`,
    { fix: 'Ask again in a while; if it stays so, stop that process and run `slipway start`.' },
  );
}

/** Not to be able to look is no sign that none runs. */
async function requireReadable(dataDir: string): Promise<void> {
  const error = await access(fileOf(dataDir), constants.R_OK).catch((error) => error);
  if (!error || ABSENT.includes(error.code)) return;
  throw new Failure(
    'PlatformDenied',
    `the data folder ${dataDir} cannot be read (${error.code}), so whether a Slipway runs there cannot be told`,
    {
      cause: error,
      fix: 'Run the command as the user that started Slipway, or name another folder with --data.',
    },
  );
}

const ABSENT: readonly string[] = ['ENOENT', 'ENOTDIR'];

/** `busy`: its process runs and its port is open, but nothing has answered there in time. `gone`: it was killed, or another program has its port. */
export type InstanceState = 'answers' | 'busy' | 'gone';

type Look = { readonly state: InstanceState } & Partial<Pick<Health, 'memory' | 'walls'>>;

/** The Slipway that a data folder's file names, and its state; undefined where there is no such file. */
export async function lookForInstance(
  dataDir: string,
  longestMs: number,
): Promise<(Instance & Look) | undefined> {
  const found = readInstance(fileOf(dataDir));
  return found && { ...found, ...(await lookAt(found, longestMs)) };
}

/** A Slipway that was killed has left its file, and another program may have its ports by now. */
async function lookAt({ pid, control }: Instance, longestMs: number): Promise<Look> {
  if (!isAlive(pid)) return { state: 'gone' };
  const signal = AbortSignal.timeout(longestMs);
  try {
    const said = await healthOf({ control }, signal);
    return said.pid === pid ? { ...said, state: 'answers' } : { state: 'gone' };
  } catch {
    return { state: signal.aborted ? 'busy' : 'gone' };
  }
}

/** The answer of a Slipway's own health check; one that reports faults answers too. */
export async function healthOf({ control, token }: Control, signal?: AbortSignal): Promise<Health> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${control}/healthz`, { headers, ...(signal && { signal }) }).catch(
    lost,
  );
  return anyHealth.parse(await answer.json());
}

function fileOf(dataDir: string): string {
  return join(dataDir, 'instance.json');
}

function readInstance(path: string): Instance | undefined {
  try {
    return instance.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The control API's answer as it is. An error answer becomes a Failure with its message and fix. */
export async function askedOf(
  { control, token }: Control,
  path: string,
  { headers: given, ...asking }: Partial<Asking> = {},
): Promise<Response> {
  const headers = { ...given, ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${control}${path}`, { ...asking, headers }).catch(lost);
  if (response.ok) return response;
  const { error, fix } = problem.parse(await response.json());
  throw new Failure(NAMES[response.status] ?? 'PlatformUnavailable', error, { fix });
}

const NAMES: Readonly<Record<number, FailureName>> = {
  400: 'InputInvalid',
  401: 'PlatformDenied',
  403: 'PlatformDenied',
  404: 'InputInvalid',
  409: 'PhaseConflict',
  429: 'PlatformThrottled',
};

// `fetch` says only that a connection failed, not why.
export function lost(cause: unknown): never {
  throw new Failure('PlatformUnavailable', 'Slipway no longer answers', {
    cause,
    fix: 'Start it again with `slipway start`: it resumes a deployment that was under way.',
  });
}

const problem = z.object({
  error: z._default(z.string(), 'no reason given'),
  fix: z._default(z.string(), ''),
});
