import type { Family, Sample } from '#adapters/local/metrics/exposition.ts';
import { cpuSeconds, openFiles, residentMiB } from '#adapters/local/processes/process-usage.ts';
import type { ModelServer } from '#adapters/local/servers/model-server.ts';
import type { Clock } from '#ports/clock.ts';
import type { RevisionHost } from './invocation.ts';
import type { ServerEnd } from './revision.ts';

/** The servers of each revision, and how often they ended by themselves; in memory, so a restart begins at 0. */
export type ServerMeters = {
  started(of: Of, server: ModelServer): void;
  /** Counts a server that ended although nobody had told it to. */
  ended(of: Of, end: ServerEnd): void;
  /** How many servers of the revision ended so since then (by the monotonic clock); at most 100 are remembered. */
  endsSince(revision: string, sinceMs: number): number;
  /** The CPU time of a revision's servers so far, in seconds; null where nothing of it has run, or the system does not tell. */
  cpuSeconds(revision: string): number | null;
  /** Revisions that no longer exist are forgotten. A metric that the system does not report has no samples: only Linux reports the usage of a process or a container. */
  families(revisions: Pick<RevisionHost, 'placement'>): readonly Family[];
};

type Of = { readonly model: string; readonly revision: string };

type Running = { readonly server: ModelServer; isReady: boolean; cpuSeconds: number };

type Series = {
  readonly model: string;
  readonly running: Set<Running>;
  readonly ends: Map<ServerEnd['cause'], number>;
  readonly lastEndsMs: number[];
  /** The resources that ended servers had used at the last look. */
  endedCpuSeconds: number;
};

const MEBIBYTE = 1024 * 1024;
const REMEMBERED_ENDS = 100;
const CAUSES: readonly ServerEnd['cause'][] = ['crash', 'hang', 'memory'];

export function serverMeters(clock: Pick<Clock, 'monotonicMs'>): ServerMeters {
  const series = new Map<string, Series>();

  const seriesOf = ({ model, revision }: Of): Series => {
    const known = series.get(revision);
    if (known) return known;
    const begun = {
      model,
      running: new Set<Running>(),
      ends: new Map(),
      lastEndsMs: [],
      endedCpuSeconds: 0,
    };
    series.set(revision, begun);
    return begun;
  };

  return {
    started(of, server) {
      const mine = { server, isReady: false, cpuSeconds: 0 };
      const { running } = seriesOf(of);
      running.add(mine);
      void server.started.then(({ kind }) => {
        mine.isReady = kind === 'ready';
      });
      void server.ended.then(() => {
        running.delete(mine);
        seriesOf(of).endedCpuSeconds += mine.cpuSeconds;
      });
    },
    ended(of, { cause }) {
      const { ends, lastEndsMs } = seriesOf(of);
      ends.set(cause, (ends.get(cause) ?? 0) + 1);
      lastEndsMs.push(clock.monotonicMs());
      if (lastEndsMs.length > REMEMBERED_ENDS) lastEndsMs.shift();
    },
    endsSince: (revision, sinceMs) =>
      (series.get(revision)?.lastEndsMs ?? []).filter((atMs) => atMs >= sinceMs).length,
    cpuSeconds(revision) {
      const known = series.get(revision);
      return known ? cpuOf(known) : null;
    },
    families(revisions) {
      for (const [revision, { running }] of series) {
        if (running.size === 0 && revisions.placement(revision) === undefined)
          series.delete(revision);
      }
      return familiesOf(series);
    },
  };
}

function familiesOf(series: ReadonlyMap<string, Series>): readonly Family[] {
  const each = (read: (one: Series) => number | null) =>
    [...series].flatMap(([revision, one]): readonly Sample[] => {
      const value = read(one);
      return value === null ? [] : [{ labels: { model: one.model, revision }, value }];
    });
  return [
    {
      name: 'slipway_model_servers_ready',
      help: 'Model servers that have loaded their model and answer.',
      type: 'gauge',
      values: each(({ running }) => [...running].filter(isReady).length),
    },
    {
      name: 'slipway_model_server_restarts_total',
      help: 'Model servers that ended although nobody had told them to, by cause: crash, hang (no answer in time) or memory (over its limit).',
      type: 'counter',
      values: [...series].flatMap(([revision, { model, ends }]) =>
        CAUSES.map((cause) => ({
          labels: { model, revision, cause },
          value: ends.get(cause) ?? 0,
        })),
      ),
    },
    {
      name: 'slipway_model_server_memory_bytes',
      help: 'Resident memory of the model servers, without their children; of containers, the memory of all their processes.',
      type: 'gauge',
      values: each(({ running }) => sumOf(running, memoryOf)),
    },
    {
      name: 'slipway_model_server_cpu_seconds_total',
      help: 'CPU time of the model servers; of one that has ended, as it was last looked at.',
      type: 'counter',
      values: each(cpuOf),
    },
    {
      name: 'slipway_model_server_open_files',
      help: 'Open descriptors of the model servers, where the system tells.',
      type: 'gauge',
      values: each(({ running }) => sumOf(running, (server) => ofProcess(server, openFiles))),
    },
  ];
}

function isReady({ server, isReady }: Running): boolean {
  return isReady && server.diagnosis() === undefined;
}

function cpuOf({ running, endedCpuSeconds }: Series): number | null {
  for (const one of running) {
    const { server } = one;
    const now = ofProcess(server, cpuSeconds) ?? server.container()?.cpuSeconds();
    one.cpuSeconds = now ?? one.cpuSeconds;
  }
  const sum = [...running].reduce((total, one) => total + one.cpuSeconds, endedCpuSeconds);
  return sum === 0 && running.size > 0 ? null : sum;
}

/** Null where something runs of which nothing is known; 0 where nothing runs. */
function sumOf(
  running: ReadonlySet<Running>,
  read: (server: ModelServer) => number | null,
): number | null {
  const values = [...running].flatMap(({ server }) => read(server) ?? []);
  if (values.length === 0 && running.size > 0) return null;
  return values.reduce((total, value) => total + value, 0);
}

function memoryOf(server: ModelServer): number | null {
  const mebibytes = ofProcess(server, residentMiB) ?? server.container()?.memoryMiB() ?? null;
  return mebibytes === null ? null : mebibytes * MEBIBYTE;
}

/** Null where the server is no process of this machine, or none any more. */
function ofProcess(server: ModelServer, read: (pid: number) => number | null): number | null {
  const pid = server.pid();
  return pid === undefined ? null : read(pid);
}
