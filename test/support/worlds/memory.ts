import { randomUUID } from 'node:crypto';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { objectCreatedEvent } from '#adapters/local/bucket/object-created.ts';
import { inspectingBy } from '#compose/inspection.ts';
import { stepHandlers } from '#compose/local-workflow.ts';
import type { StepPorts } from '#compose/step-ports.ts';
import type { StepHandler } from '#compose/steps.ts';
import type { OwnImages } from '#domain/build/own-image.ts';
import { type Deployment, deploymentId } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { type Caps, NO_CAPS } from '#domain/placement/caps.ts';
import type { Gpus } from '#domain/placement/gpu-need.ts';
import { mechanismOf, placementOf, TARGETS, type Target } from '#domain/placement/target.ts';
import type { Signer } from '#domain/promotion/signed-release.ts';
import { AWS_SHIFTS } from '#domain/rollout/plan-shift.ts';
import type { Held, ObjectCreated, StepName } from '#domain/workflow.ts';
import type { AccountLimits } from '#ports/account-limits.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';
import { APART } from '#ports/comparing.ts';
import type { Executions } from '#ports/executions.ts';
import type { KeptLines } from '#ports/kept-lines.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { Prices } from '#ports/prices.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import { type FakeClock, fakeClock } from '../clock/fake-clock.ts';
import { type Tap, tapped } from '../faults/tapped.ts';
import { memoryAccountLimits } from '../memory/account-limits.ts';
import { type MemoryBuilds, memoryBuilds } from '../memory/builds.ts';
import { memoryCaptureKeys, memoryKeptLines } from '../memory/capture.ts';
import { type MemoryDemand, memoryDemand } from '../memory/demand.ts';
import { type MemoryEnvironments, memoryEnvironments } from '../memory/environments.ts';
import { type MemoryExecutions, memoryExecutions } from '../memory/executions.ts';
import { type MemoryImages, memoryImages } from '../memory/images.ts';
import { type MemoryMetrics, memoryMetrics } from '../memory/metrics.ts';
import { type MemoryPlatform, memoryPlatform } from '../memory/platform.ts';
import { memoryPrices } from '../memory/prices.ts';
import { type Asked, answered, type MemoryProber, memoryProber } from '../memory/prober.ts';
import { type MemoryRegistry, memoryRegistry } from '../memory/registry.ts';
import { type MemoryRouter, memoryRouter } from '../memory/router.ts';
import { type MemoryStore, memoryStore } from '../memory/store.ts';
import { addConstantModel } from '../models/onnx.ts';
import type { BuildName } from '../walk/script.ts';
import { HERE } from './inspector.ts';
import { type Start, walker } from './memory-way.ts';

export type { Start } from './memory-way.ts';

export const START_MS = Date.parse('2026-01-02T03:04:05.678Z');
export const BUCKET = 'bucket';
export const MODEL = 'digits';

export type WorldOptions = {
  /** Around every call that a step makes of a port. */
  readonly tap?: Tap;
  readonly executions?: Executions;
  /** `image`: every artifact is built into an image first. */
  readonly engine?: 'image' | 'process';
  /** How long a change of shares takes to reach clients. */
  readonly spreadMs?: number;
  readonly pendingMs?: number;
  /** How late the counts of client traffic come. */
  readonly lateMs?: number;
  /** The targets that the installation has; all by default. */
  readonly offered?: readonly Target[];
  readonly caps?: Partial<Caps>;
  /** The most memory (MiB) that the account gives a function. */
  readonly functionMemoryMiB?: number;
  /** How many executions the account's functions may have at once; no limit by default. */
  readonly functionConcurrency?: number;
  readonly fargateVcpus?: number;
  readonly ec2Vcpus?: number;
  readonly gpus?: Partial<Gpus>;
  readonly ownImages?: OwnImages;
  readonly unwalled?: string;
  /** The largest machine that a build may have; null, as on one machine, without a word. */
  readonly mostMachine?: string;
  /** How much the disk that builds are on has free; nobody looks without a word. */
  readonly freeBytes?: number;
  /** Whether a person is to approve each promotion. */
  readonly requireApproval?: boolean;
  /** The signers of a promotion; none by default. */
  readonly signers?: readonly Signer[];
};

type Upload = {
  readonly model?: string;
  readonly file?: string;
  readonly bytes?: Uint8Array;
  /** The text of the sidecar manifest. */
  readonly manifest?: string;
  /** The text of the file of examples beside it. */
  readonly examples?: string;
};

/** All ports in memory and virtual time, wired together as on AWS, and the real steps over them. */
export type MemoryWorld = {
  readonly clock: FakeClock;
  readonly registry: MemoryRegistry;
  readonly accountLimits: AccountLimits;
  readonly store: MemoryStore;
  readonly platforms: Readonly<Record<Target, MemoryPlatform>>;
  /** The platform that a model without a wish runs on. */
  readonly lambda: MemoryPlatform;
  readonly router: MemoryRouter;
  readonly prober: MemoryProber;
  readonly metrics: MemoryMetrics;
  readonly demand: MemoryDemand;
  readonly prices: Prices;
  /** The keys of kept requests, and the lines that servers have kept. */
  readonly captureKeys: CaptureKeys;
  readonly keptLines: KeptLines;
  readonly executions: MemoryExecutions;
  readonly builds: MemoryBuilds;
  /** The images of environments, none at first; used only where artifacts are built into images. */
  readonly environments: MemoryEnvironments;
  /** The releases that a promotion finds; none at first. */
  readonly images: MemoryImages;
  readonly deps: StepPorts;
  readonly steps: ReturnType<typeof stepHandlers> & Readonly<Record<BuildName, StepHandler>>;
  /** The revisions there are, on any target. */
  existing(): readonly string[];
  /** The revisions with a server that runs. */
  running(): readonly string[];
  /** A model file that differs from every one before, unless it is given; answers the event of its arrival. */
  upload(upload?: Upload): ObjectCreated;
  /** A request to make a version live again: `to` is null for the one before. */
  rollback(to?: number | null, kind?: 'rollback' | 'repair'): Extract<Start, { to: unknown }>;
  undeploy(): Extract<Start, { kind: 'undeploy' }>;
  /** How a revision answers from now on; without a word it answers right. */
  behave(revision: string, answer: (asked: Asked) => ProbeAnswer): void;
  /** Carries out a request by the real steps in the workflow's order, up to `state` and without it. */
  before(state: StepName, start?: Start): Promise<Held>;
  /** Carries out a request to the end; by default, deploys an upload. */
  deploy(start?: Start): Promise<Held>;
  /** A deployment in the registry. */
  recordOf(held: Pick<Held, 'deploymentId'>): Promise<Deployment>;
  /** The events of a deployment, oldest first; without an id, the events of all. */
  told(deploymentId?: string): Promise<readonly SlipwayEvent['detail'][]>;
};

export function memoryWorld(options: WorldOptions = {}): MemoryWorld {
  const parts = memoryPorts(options);
  const { clock, registry, store, platforms, executions, builds } = parts;
  const deps = stepDeps(parts, options);
  const steps = {
    ...stepHandlers(deps),
    BuildEnvironment: builds.buildEnvironment,
    BuildOwnImage: builds.buildOwnImage,
    BuildImage: builds.build,
  };
  const upload = uploader(store, clock);
  const walk = walker({ steps, clock, executions });
  const everywhere = (look: 'existing' | 'running') =>
    TARGETS.flatMap((target) => platforms[target][look]());

  return {
    ...parts,
    deps,
    steps,
    upload,
    ...requests(),
    lambda: platforms.lambda,
    existing: () => everywhere('existing'),
    running: () => everywhere('running'),
    before: (state, start) => walk(start ?? upload(), state),
    deploy: (start) => walk(start ?? upload()),
    async recordOf(held) {
      const deployment = await registry.deployment(held.deploymentId);
      if (!deployment) throw new Error(`there is no deployment ${held.deploymentId}`);
      return deployment;
    },
    async told(id) {
      const filter = id === undefined ? {} : { deploymentId: id };
      const { events } = await registry.events({ after: '', limit: 10_000, ...filter });
      return events.map(({ event }) => event.detail);
    },
  };
}

function memoryPorts({ spreadMs = 0, pendingMs = 0, lateMs = 60_000 }: WorldOptions) {
  const clock = fakeClock(START_MS);
  const platforms = {
    lambda: memoryPlatform({ clock, pendingMs, target: 'lambda' }),
    fargate: memoryPlatform({ clock, pendingMs, target: 'fargate' }),
    ec2: memoryPlatform({ clock, pendingMs, target: 'ec2' }),
  };
  const placed = (revision: string) => {
    const target = TARGETS.find((each) => platforms[each].existing().includes(revision));
    return (
      target && placementOf({ target, isStreaming: platforms[target].spec(revision)?.isStreaming })
    );
  };
  const router = memoryRouter({ clock, spreadMs, placementOf: placed });
  const metrics = memoryMetrics({ clock, lateMs });
  const behaviours = new Map<string, (asked: Asked) => ProbeAnswer>();
  const environments = memoryEnvironments();
  return {
    clock,
    platforms,
    router,
    metrics,
    demand: memoryDemand(),
    prices: memoryPrices(),
    captureKeys: memoryCaptureKeys(),
    keptLines: memoryKeptLines(),
    behaviours,
    environments,
    images: memoryImages(),
    registry: memoryRegistry({ clock }),
    accountLimits: memoryAccountLimits(clock),
    store: memoryStore({ clock, bucket: BUCKET }),
    prober: memoryProber({ router, metrics }),
    executions: memoryExecutions(),
    builds: memoryBuilds(environments),
    behave: (revision: string, answer: (asked: Asked) => ProbeAnswer) =>
      void behaviours.set(revision, answer),
  };
}

type Parts = ReturnType<typeof memoryPorts>;

function stepDeps(parts: Parts, options: WorldOptions): StepPorts {
  const { tap, engine = 'process', offered = TARGETS, caps } = options;
  const { clock, registry, store, router, prober, metrics, builds, environments, images } = parts;
  const { demand, prices, captureKeys, keptLines } = parts;
  const ports = {
    registry,
    artifacts: store,
    router,
    prober,
    metrics,
    demand,
    prices,
    environments,
    images,
    captureKeys,
    keptLines,
    lambda: refusing(parts, options.functionMemoryMiB),
    fargate: served(parts, 'fargate'),
    ec2: served(parts, 'ec2'),
    executions: options.executions ?? parts.executions,
    buildLog: builds.log,
    builds: builds.builds,
  };
  const { lambda, fargate, ec2, ...rest } = tap ? tapped(ports, tap) : ports;
  return {
    ...rest,
    environments: engine === 'image' ? rest.environments : null,
    comparing: APART,
    ...{ clock, engine, offered, lambda, fargate, ec2 },
    platforms: { lambda, fargate, ec2 },
    caps: { ...NO_CAPS, ...caps },
    accountLimits: parts.accountLimits,
    functionConcurrency: async () => options.functionConcurrency ?? null,
    fargateVcpus: async () => options.fargateVcpus ?? null,
    ec2Vcpus: async () => options.ec2Vcpus ?? null,
    starts: rest.registry.starts,
    keptRequests: keptRequests({ lines: rest.keptLines, keys: rest.captureKeys, clock }),
    gpus: { areChosen: true, baseImages: { VLLM_IMAGE: 'vllm@sha256:1' }, ...options.gpus },
    ownImages: options.ownImages ?? 'built',
    unwalled: options.unwalled ?? null,
    mostMachine: options.mostMachine ?? null,
    freeBytes: options.freeBytes === undefined ? null : async () => options.freeBytes ?? 0,
    hashes: {
      custom: 'custom-1',
      onnx: 'environment-1',
      python: 'python-1',
      vllm: 'vllm-1',
    },
    requireApproval: options.requireApproval ?? false,
    trust: { here: BUCKET, signers: options.signers ?? [] },
    ...inspectingBy(HERE),
    provisioningSeconds: { lambda: 0, fargate: 0, ec2: 0 },
    waitMs: 0,
    shifts: { ...AWS_SHIFTS, bakeSeconds: 60 },
    crossingDrainSeconds: 900,
  };
}

/** A platform whose revisions answer: those of Lambda as long as they exist, those in containers while they run. */
function served({ platforms, prober, behaviours }: Parts, target: Target): MemoryPlatform {
  const platform = platforms[target];
  const able = mechanismOf({ target }) === 'function' ? platform.existing : platform.running;
  return {
    ...platform,
    create(spec: RevisionSpec, epoch: number) {
      const { revision } = spec;
      prober.script(revision, (asked) =>
        able().includes(revision)
          ? (behaviours.get(revision) ?? answersRight)(asked)
          : answered(503),
      );
      return platform.create(spec, epoch);
    },
  };
}

/** Lambda in an account that gives its functions so little memory; its adapter reports the refusal. */
function refusing(parts: Parts, mostMiB = Number.POSITIVE_INFINITY): MemoryPlatform {
  const lambda = served(parts, 'lambda');
  return {
    ...lambda,
    async create(spec, epoch) {
      if (spec.memoryMiB <= mostMiB) return lambda.create(spec, epoch);
      await parts.accountLimits.learnFunctionMemory(mostMiB);
      throw new Failure('TargetRefused', `a function has ${mostMiB} MB at most`);
    },
  };
}

/** The id of the deployment that an event starts. */
export async function idOf({ detail: { bucket, object } }: ObjectCreated): Promise<string> {
  return deploymentId(bucket.name, object.key, object['version-id'] ?? '');
}

/** The answer of an uploaded model by default. */
export function answersRight(asked: Asked): ProbeAnswer {
  return asked === 'ready' ? READY : RIGHT;
}

/** Loads, but answers its golden request by an output that it never declared. */
export function answersWrong(asked: Asked): ProbeAnswer {
  return asked === 'ready' ? READY : WRONG;
}

const READY = answered(200);
const RIGHT = answeredBy('y');
const WRONG = answeredBy('z');

function answeredBy(name: string): ProbeAnswer {
  return answered(200, { outputs: [{ name, datatype: 'FP32', shape: [1], data: [1] }] });
}

function uploader(store: MemoryStore, clock: FakeClock): MemoryWorld['upload'] {
  let uploads = 0;
  return ({ model = MODEL, file = 'model.onnx', bytes, manifest, examples } = {}) => {
    uploads += 1;
    clock.advance(1000);
    const key = `models/${model}/${file}`;
    if (manifest !== undefined) store.put(`${key}.yaml`, Buffer.from(manifest));
    if (examples !== undefined) store.put(`${key}.examples.jsonl`, Buffer.from(examples));
    return objectCreatedEvent(store.put(key, bytes ?? modelOf(uploads)));
  };
}

const models = new Map<number, Uint8Array>();

/** The model of an upload, which is the same in each world. */
function modelOf(upload: number): Uint8Array {
  const model = models.get(upload) ?? addConstantModel({ constant: upload });
  models.set(upload, model);
  return model;
}

function requests(): Pick<MemoryWorld, 'rollback' | 'undeploy'> {
  const request = () => ({ deploymentId: randomUUID().replaceAll('-', ''), model: MODEL });
  return {
    rollback: (to = null, kind = 'rollback') => ({
      ...request(),
      kind,
      to,
      reason: 'somebody asked for it',
    }),
    undeploy: () => ({ ...request(), kind: 'undeploy' }),
  };
}
