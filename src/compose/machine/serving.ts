import { consoleFiles } from '#adapters/console-files.ts';
import { generationMeters } from '#adapters/local/gateway/generation-meters.ts';
import { requestLog } from '#adapters/local/gateway/request-log.ts';
import { localCeilings } from '#adapters/local/revisions/ceilings.ts';
import { localPlatforms } from '#adapters/local/revisions/local-platforms.ts';
import { serverMeters } from '#adapters/local/revisions/server-meters.ts';
import { provenServers } from '#adapters/local/servers/proven-servers.ts';
import { serverRoom } from '#adapters/local/servers/server-room.ts';
import type { Walls } from '#adapters/local/servers/walls.ts';
import { dayOfLine } from '#domain/capture/sealed-line.ts';
import containerLimits from '#domain/data/container-limits.json' with { type: 'json' };
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import { incidents } from '#operations/watch/incidents.ts';
import { keptProof } from '#operations/watch/kept-proof.ts';
import {
  availableMiB,
  machineBudgetMiB,
  STARTS_AT_ONCE,
} from '#operations/watch/machine-budget.ts';
import { startLive } from '#operations/watch/start-live.ts';
import { applicantOf } from '../applicants.ts';
import type { LocalConfig } from '../config.ts';
import { localEngine } from '../local-engine.ts';
import type { State } from './state.ts';

/** The variables and the parts of this process that model servers are made with. */
export type Machine = {
  /** Slipway's own environment variables; a model server gets only a few harmless ones. */
  readonly environment: NodeJS.ProcessEnv;
  /** The script that serves models as processes, instead of Slipway's own. */
  readonly serverEntry?: string;
  /** The walls that the machine has around models, where a check for them has already begun. */
  readonly walls?: Promise<Walls>;
};

/** The servers of models, the gateway in front of them, and the builds for them. */
export type Serving = Awaited<ReturnType<typeof openServing>>;

/** Starts the live versions, and then the gateway. */
export async function openServing(state: State, config: LocalConfig, machine: Machine) {
  const { folder, store, checked, registry, database, clock, noted, problem } = state;
  const room = serverRoom({
    budgetMiB: config.memoryMiB ?? machineBudgetMiB(),
    startsAtOnce: STARTS_AT_ONCE,
  });
  const runtime = await localEngine(config.engine, {
    folder,
    objectPath: store.objectPath,
    objects: { checked, problem: store.problem },
    applicantOf: (id) => applicantOf(registry, id),
    noted,
    clock,
    availableMiB: () => availableMiB(room.use()),
    environment: machine.environment,
    serverEntry: machine.serverEntry,
    walls: machine.walls,
    codeWithoutWalls: config.codeWithoutWalls,
  });
  const generations = generationMeters(clock);
  const servers = serverMeters(clock);
  const told = incidents({ registry, clock, onProblem: problem });
  const ceilings = localCeilings();
  const local = localPlatforms({
    database,
    ceilings,
    onGeneration: generations.observe,
    async onKept({ model, revision, capture }, line) {
      const day = dayOfLine(line, { revision, nowMs: clock.now() });
      if (capture && day) await state.keptLines.keep(model, day, line, capture);
    },
    watcher: {
      started: servers.started,
      ended(of, end) {
        servers.ended(of, end);
        told.ended(of, end);
      },
    },
    logDirectory: folder('logs'),
    servers: provenServers(runtime.servers, { problem: keptProof(registry), noted }),
    clock,
    room,
    lambda: {
      maxInstances: config.maxInstances,
      idleSeconds: config.idleSeconds,
      requestTimeoutMs: config.requestTimeoutMs,
      // A request that only Lambda would refuse is answered here, with a warning.
      maxRequestBytes: containerLimits.requestMaxBytes,
      streamed: { timeoutMs: limits.streamTimeoutSeconds * 1000 },
    },
  });
  // Live models serve before anything else is done: their servers start while the rest is loaded.
  const stopping = new AbortController();
  startLive(
    (await registry.models()).flatMap(({ live }) => live ?? []),
    { start: local.start, signal: stopping.signal, onProblem: problem },
  );
  const consoleOrigins: string[] = [];
  const { startGateway } = await import('#adapters/local/gateway/gateway.ts');
  const gateway = await startGateway({
    host: config.host,
    port: config.gatewayPort ?? USUAL_PORTS.gateway,
    askedBy: config.gatewayPort === undefined ? undefined : '--port',
    except: config.gatewayPort === undefined ? config.controlPort : undefined,
    revisions: local.host,
    generations,
    servers,
    database,
    clock,
    requestLog: config.requestLog ? requestLog(folder('requests.ndjson')) : undefined,
    corsOrigins: config.corsOrigins,
    allowedHosts: [
      ...config.allowedHosts,
      ...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname]),
    ],
    trustedProxies: config.trustedProxies,
    pages: consoleFiles(),
    consoleOrigins: () => consoleOrigins,
  });
  return {
    runtime,
    room,
    servers,
    incidents: told,
    platforms: local.platforms,
    ceilings,
    gateway,
    /** Lets the console of these origins call models, and has the gateway's own page name the first. */
    allowConsole: (...origins: readonly string[]) => void consoleOrigins.push(...origins),
    /** Starts no more servers of live versions. */
    stopStarting: () => stopping.abort(),
    close: () => Promise.all([gateway.close(), local.close()]),
  };
}
