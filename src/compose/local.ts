import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { requirePort } from '#adapters/local/http/listen.ts';
import { dataFolderFailure } from '#adapters/local/registry/data-folder-failure.ts';
import { keepReserve } from '#adapters/local/registry/reserve.ts';
import type { StepObserver } from '#adapters/local/workflow/workflow-engine.ts';
import { Failure } from '#domain/failure.ts';
import type { WallsReport } from '#domain/walls.ts';
import { type LocalConfig, portsOf } from './config.ts';
import { requireBuildSettings } from './local-engine.ts';
import { openControl } from './machine/control.ts';
import { openTls, openToOthers, requireTls } from './machine/others.ts';
import { type Machine, openServing } from './machine/serving.ts';
import { BUCKET, openState, type State } from './machine/state.ts';
import { openWorkflows, STEPS_MS, timeout } from './machine/workflows.ts';
import { tracesUrl } from './traces.ts';

/** A Slipway that runs in this process. */
export type LocalSlipway = {
  /** The endpoint's base, `http://HOST:PORT`; a model answers under `/models/NAME`. */
  readonly gateway: string;
  readonly control: string;
  /** The secret that the control API wants. */
  readonly token: string;
  /** Where the bucket's S3 API answers; undefined while it is not open. */
  s3(): string | undefined;
  /** Where callers on other machines reach the models; undefined where they cannot. */
  readonly others: string | undefined;
  /** Where the control API answers other machines; undefined where it does not. */
  readonly othersControl: string | undefined;
  /** A link that opens the console once. */
  consoleLink(): string;
  /** How its models are isolated. */
  readonly walls: WallsReport;
  /** The folder to drop models in. */
  readonly bucketDir: string;
  isLive(model: string): Promise<boolean>;
  /** Stops everything that runs; the next start resumes deployments in progress. */
  stop(): Promise<void>;
};

type Surroundings = Machine & {
  /** Reports, in one line, a problem outside any deployment. */
  readonly report: (problem: string) => void;
  readonly onStep?: StepObserver;
};

/**
 * Starts Slipway on this machine with its state in `config.dataDir`, and resumes what an earlier one left.
 * Fails with `InputInvalid` when another Slipway has the folder or an environment variable is wrong, with `StorageFull`, `PlatformDenied` or `PlatformUnavailable` when nothing can be written there.
 */
export async function startLocal(
  config: LocalConfig,
  surroundings: Surroundings,
): Promise<LocalSlipway> {
  const dataDir = resolve(config.dataDir);
  return startIn(dataDir, config, surroundings).catch((error: unknown) => {
    throw dataFolderFailure(error, dataDir);
  });
}

/** Each stage takes what the ones before it have made. */
async function startIn(
  dataDir: string,
  config: LocalConfig,
  { report, onStep = async () => {}, ...machine }: Surroundings,
): Promise<LocalSlipway> {
  // Said before anything is opened, though they are used later.
  tracesUrl(machine.environment);
  requireBuildSettings(machine.environment);
  requireTls(config);
  const state = await openState(dataDir, config, report);
  const tls = openTls(state, config);
  await requireCallerKey(state, config);
  // Live models start before the ports are opened.
  await requirePorts(config);
  const serving = await openServing(state, config, machine);
  const { environment } = machine;
  const workflows = await openWorkflows(state, serving, config, {
    environment,
    async onStep(at) {
      state.steps.observe(at);
      await onStep(at);
    },
  });
  const control = await openControl(state, serving, workflows, config);
  const { gateway, runtime } = serving;
  const others = await openToOthers({ state, serving, control, config, tls });
  const instance = state.folder('instance.json');
  writeInstance(instance, {
    pid: process.pid,
    gateway: gateway.origin,
    control: control.origin,
    token: control.token,
  });
  keepOrTell(state, report);

  state.published.wake();
  await state.store.watch();
  void state.scan();
  // Once whoever has asked for the start was told of it.
  const warming = setImmediate(() => {
    workflows.warm();
    runtime.keepSpare();
  });
  const sweeping = workflows.startSweep();
  const watching = control.startWatch();
  const looking = control.startHistory();
  const expiring = control.startExpiry();
  const weighing = workflows.startWeighing();
  const metering = workflows.startMetering();

  return {
    gateway: gateway.origin,
    control: control.origin,
    token: control.token,
    s3: control.s3,
    others: others?.origin,
    othersControl: others?.control,
    consoleLink: control.consoleLink,
    walls: runtime.walls,
    bucketDir: state.folder(BUCKET),
    isLive: async (model) => ((await state.registry.model(model))?.live ?? null) !== null,
    async stop() {
      clearImmediate(warming);
      serving.stopStarting();
      workflows.stopResending();
      await Promise.race([
        Promise.all(
          [sweeping, watching, looking, expiring, weighing, metering].map((each) => each.stop()),
        ),
        timeout(STEPS_MS),
      ]);
      await others?.close();
      await state.audit.written();
      await state.store.close();
      // Executions stop before builds: otherwise a killed build would count as failed.
      await workflows.stop();
      await runtime.stop();
      await state.stopTelling();
      await control.close();
      state.check.close();
      await control.stopKeeping();
      // Closed before the model servers: a step that still waits for its model fails at its next write, as if Slipway had been killed, instead of blaming the model for its server's end.
      state.database.close();
      state.views.close();
      await serving.close();
      rmSync(instance, { force: true });
      state.unlock();
    },
  };
}

/** Nobody could call a gateway that wants keys before there is one; and one that is opened by mistake stays closed. */
async function requireCallerKey({ callerKeys }: State, { othersHost }: LocalConfig): Promise<void> {
  if (othersHost === undefined || (await callerKeys.list()).length > 0) return;
  throw new Failure(
    'InputInvalid',
    `--host ${othersHost} lets other machines call the models, and there is no key to call them with`,
    {
      fix: 'Start Slipway without --host, make a key with `slipway keys create NAME --all --calls`, and start it again.',
    },
  );
}

const OTHERS: readonly string[] = ['--host-port', '--host-control-port'];

async function requirePorts(config: LocalConfig): Promise<void> {
  for (const [askedBy, port] of Object.entries(portsOf(config))) {
    const host = OTHERS.includes(askedBy) ? config.othersHost : config.host;
    if (port !== undefined && host !== undefined) await requirePort({ host, port, askedBy });
  }
}

/** Keeps some space for the registry; a disk that has none left serves what it has. */
function keepOrTell({ dataDir, isFull }: State, report: (problem: string) => void): void {
  if (!isFull) keepReserve(dataDir);
  else {
    report(
      `${dataDir}: its disk is full → What was live is served, and nothing new is taken until some space on it is free.`,
    );
  }
}

function writeInstance(path: string, instance: object): void {
  // A file that is there already would keep its mode.
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, JSON.stringify(instance), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
