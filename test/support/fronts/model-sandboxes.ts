import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { awsClient } from '../aws/clients.ts';
import type { Moto } from '../aws/moto.ts';
import { type Environment, type Sandbox, type StartServer, sandbox } from './model-sandbox.ts';
import type { ProxyEvent } from './web-adapter.ts';

export type SandboxesOptions = {
  readonly moto: Pick<Moto, 'endpoint'>;
  /** The log group of the servers' output; the test makes it. */
  readonly logGroup: string;
  readonly startServer: StartServer;
};

export type Version = {
  readonly functionName: string;
  readonly number: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
};

// The time that each start of an environment is said to have taken.
const INIT_MS = 870.25;

/** One sandbox for each version, started by its first event, as again after its end. */
export function modelSandboxes({ moto, logGroup, startServer }: SandboxesOptions) {
  const open = new Map<string, Sandbox>();
  const all: Sandbox[] = [];
  const starts = new Map<string, number>();
  const log = logWriter(moto, logGroup);

  function sandboxOf(version: Version): Sandbox {
    const key = JSON.stringify([version.functionName, version.number, version.environment]);
    const known = open.get(key);
    if (known && known.dead() === undefined) return known;
    const revision = String(version.environment['SLIPWAY_REVISION']);
    starts.set(revision, (starts.get(revision) ?? 0) + 1);
    const fresh = sandbox(startServer, version.environment, (line) => log.say(fresh.id, line));
    open.set(key, fresh);
    all.push(fresh);
    return fresh;
  }

  return {
    starts: (revision: string) => starts.get(revision) ?? 0,
    async invoke(version: Version, event: ProxyEvent) {
      const before = all.length;
      const box = sandboxOf(version);
      const outcome = await settle(box.invoke(event, version.timeoutMs));
      const initMs = all.length > before ? INIT_MS : null;
      await log.flush(box.id, `${version.functionName}[${version.number}][${box.id}]`);
      return { outcome, tail: box.tail(), initMs };
    },
    async close() {
      await Promise.all(all.map((each) => each.stop()));
    },
  };
}

/** Writes the output of sandboxes to CloudWatch, with Lambda's own lines around it. */
function logWriter(moto: Pick<Moto, 'endpoint'>, logGroupName: string) {
  const logs = awsClient(CloudWatchLogsClient, moto);
  const waiting = new Map<string, string[]>();

  return {
    say(id: string, line: string): void {
      waiting.set(id, [...(waiting.get(id) ?? []), line]);
    },
    async flush(id: string, name: string): Promise<void> {
      const timestamp = Date.now();
      const logStreamName = `${new Date(timestamp).toISOString().slice(0, 10).replaceAll('-', '/')}/${name}`;
      const logEvents = around(waiting.get(id) ?? []).map((message) => ({ timestamp, message }));
      waiting.delete(id);
      const stream = { logGroupName, logStreamName };
      await logs.send(new CreateLogStreamCommand(stream)).catch(() => undefined);
      await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
    },
  };
}

/** The lines of an invocation; `initMs` of one that started its environment. */
export function around(lines: readonly string[], initMs: number | null = null): readonly string[] {
  const init = initMs === null ? '' : `\tInit Duration: ${initMs.toFixed(2)} ms`;
  const report = `REPORT RequestId: 1\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 1769 MB\tMax Memory Used: 90 MB${init}\t`;
  return ['START RequestId: 1 Version: 1', ...lines, 'END RequestId: 1', report];
}

export type Outcome = { readonly value: unknown } | { readonly error: object };

/** The answer of a call, or the error that it throws. */
export async function settle(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await call };
  } catch (error) {
    if (!(error instanceof Error)) return { error: error as object };
    return { error: { errorType: error.name, errorMessage: error.message } };
  }
}
