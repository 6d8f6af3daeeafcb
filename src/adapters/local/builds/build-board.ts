import { join } from 'node:path';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { revisionLog } from '#adapters/local/files/revision-log.ts';
import { type BuildProgress, lastLines, stageOf } from '#domain/build/build-progress.ts';
import type { Phase } from './build-spec.ts';
import { buildTimes } from './build-times.ts';

/** The deployment that a build belongs to, the environment in which it proves its model (null for a build that makes an environment), and the path of its log. */
export type BuildEntry = {
  readonly deploymentId: string;
  readonly environment: string | null;
  readonly log: string;
};

/** The progress of a build while it waits and runs, until it is disposed of. */
export type TrackedBuild = Disposable & {
  onPlace(place: number | null): void;
  onPhase(phase: Phase): void;
  succeeded(): void;
};

/** The builds of one machine that wait or run. */
export type BuildBoard = {
  add(entry: BuildEntry): TrackedBuild;
  /** In the order in which they were asked for. */
  list(): Promise<readonly BuildProgress[]>;
};

type Tracked = BuildEntry & { place: number | null; provingSinceMs: number | null };

// An image's build prints much between two stages.
const LINES = 1_000;

/** Keeps in `directory` how long builds took. */
export function buildBoard(directory: string, timers: Timers = realTimers): BuildBoard {
  const builds = new Set<Tracked>();
  const times = buildTimes(join(directory, 'took.json'));

  const provedMs = ({ provingSinceMs }: Tracked) =>
    provingSinceMs === null ? null : timers.nowMs() - provingSinceMs;

  function leftMs(build: Tracked): number | null {
    const [sinceMs, tookMs] = [provedMs(build), build.environment && times.of(build.environment)];
    return sinceMs === null || !tookMs ? null : Math.max(0, tookMs - sinceMs);
  }

  return {
    add(entry) {
      const build: Tracked = { ...entry, place: null, provingSinceMs: null };
      builds.add(build);
      return {
        onPlace(place) {
          build.place = place;
        },
        onPhase(phase) {
          // Before it comes what is made once for all models that need the same, and takes its own time.
          build.provingSinceMs = phase === 'build' ? timers.nowMs() : build.provingSinceMs;
        },
        succeeded() {
          const tookMs = provedMs(build);
          if (build.environment && tookMs !== null) times.put(build.environment, tookMs);
        },
        [Symbol.dispose]: () => void builds.delete(build),
      };
    },
    list: () =>
      Promise.all(
        [...builds].map(async (build) => {
          const lines = await revisionLog(build.log).tail(LINES);
          return {
            deploymentId: build.deploymentId,
            place: build.place,
            stage: stageOf(lines),
            leftMs: leftMs(build),
            lines: lastLines(lines),
          };
        }),
      ),
  };
}
