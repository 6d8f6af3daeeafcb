import { objectCreatedEvent } from '#adapters/local/object-created.ts';
import type { TaskHandler } from '#adapters/local/workflow-engine.ts';
import { type StepDeps, stepHandlers } from '#compose/local-workflow.ts';
import { type Deployment, deploymentId } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import type { Held, ObjectCreated, StepName } from '#domain/workflow.ts';
import type { Executions } from '#ports/executions.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { type MemoryBuilds, memoryBuilds } from './memory-builds.ts';
import { type MemoryExecutions, memoryExecutions } from './memory-executions.ts';
import { type MemoryMetrics, memoryMetrics } from './memory-metrics.ts';
import { type MemoryPlatform, memoryPlatform } from './memory-platform.ts';
import { type Asked, answered, type MemoryProber, memoryProber } from './memory-prober.ts';
import { memoryRegistry } from './memory-registry.ts';
import { type MemoryRouter, memoryRouter } from './memory-router.ts';
import { type MemoryStore, memoryStore } from './memory-store.ts';
import { addConstantModel } from './onnx-models.ts';
import { type Tap, tapped } from './tapped.ts';

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
};

type Upload = {
  readonly model?: string;
  readonly file?: string;
  readonly bytes?: Uint8Array;
  /** The text of the sidecar manifest. */
  readonly manifest?: string;
};

/** All ports in memory and virtual time, wired together, and the real steps over them. */
export type MemoryWorld = {
  readonly clock: FakeClock;
  readonly registry: Registry;
  readonly store: MemoryStore;
  readonly lambda: MemoryPlatform;
  readonly router: MemoryRouter;
  readonly prober: MemoryProber;
  readonly metrics: MemoryMetrics;
  readonly executions: MemoryExecutions;
  readonly builds: MemoryBuilds;
  readonly deps: StepDeps;
  readonly steps: ReturnType<typeof stepHandlers> & { readonly BuildImage: TaskHandler };
  /** A model file that differs from every one before, unless it is given; answers the event of its arrival. */
  upload(upload?: Upload): ObjectCreated;
  /** How a revision answers from now on; without a word it answers right. */
  behave(revision: string, answer: (asked: Asked) => ProbeAnswer): void;
  /** Deploys an upload by the real steps in the workflow's order, up to `state` and without it. */
  before(state: StepName, event?: ObjectCreated): Promise<Held>;
  /** Deploys an upload to the end. */
  deploy(event?: ObjectCreated): Promise<Held>;
  /** What the registry holds of a deployment. */
  recordOf(held: Pick<Held, 'deploymentId'>): Promise<Deployment>;
  /** What a deployment has announced, oldest first; without one, what all have. */
  told(deploymentId?: string): Promise<readonly SlipwayEvent['detail'][]>;
};

export function memoryWorld(options: WorldOptions = {}): MemoryWorld {
  const { tap, engine = 'process', spreadMs = 0, pendingMs = 0, lateMs = 60_000 } = options;
  const clock = fakeClock(START_MS);
  const registry = memoryRegistry({ clock });
  const store = memoryStore({ clock, bucket: BUCKET });
  const router = memoryRouter({ clock, spreadMs });
  const metrics = memoryMetrics({ clock, lateMs });
  const prober = memoryProber({ router, metrics });
  const lambda = memoryPlatform({ clock, pendingMs });
  const executions = memoryExecutions();
  const builds = memoryBuilds();
  const behaviours = new Map<string, (asked: Asked) => ProbeAnswer>();
  const serves = (revision: string) =>
    prober.script(revision, (asked) =>
      lambda.existing().includes(revision)
        ? (behaviours.get(revision) ?? answersRight)(asked)
        : answered(503),
    );

  const ports = {
    registry,
    artifacts: store,
    lambda: {
      ...lambda,
      create: (spec: Parameters<typeof lambda.create>[0]) => {
        serves(spec.revision);
        return lambda.create(spec);
      },
    },
    router,
    prober,
    metrics,
    executions: options.executions ?? executions,
    buildLog: builds.log,
  };
  const deps = {
    ...(tap ? tapped(ports, tap) : ports),
    clock,
    environmentHash: 'environment-1',
    engine,
    provisioningSeconds: 0,
    waitMs: 0,
    bakeSeconds: 60,
  };
  const steps = { ...stepHandlers(deps), BuildImage: builds.build };
  const upload = uploader(store, clock);
  const walk = walker({ steps, clock, executions });

  return {
    ...{ clock, registry, store, lambda, router, prober, metrics, executions, builds },
    ...{ deps, steps, upload },
    behave: (revision, answer) => void behaviours.set(revision, answer),
    before: (state, event) => walk(event ?? upload(), state),
    deploy: (event) => walk(event ?? upload()),
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

/** The id of the deployment that an event starts. */
export async function idOf({ detail: { bucket, object } }: ObjectCreated): Promise<string> {
  return deploymentId(bucket.name, object.key, object['version-id'] ?? '');
}

/** What an uploaded model answers unless it was told to behave otherwise. */
export function answersRight(asked: Asked): ProbeAnswer {
  const y = { name: 'y', datatype: 'FP32', shape: [1], data: [1] };
  return asked === 'ready' ? answered(200) : answered(200, { outputs: [y] });
}

/** Loads, but answers its golden request by an output that it never declared. */
export function answersWrong(asked: Asked): ProbeAnswer {
  const z = { name: 'z', datatype: 'FP32', shape: [1], data: [1] };
  return asked === 'ready' ? answered(200) : answered(200, { outputs: [z] });
}

function uploader(store: MemoryStore, clock: FakeClock): MemoryWorld['upload'] {
  let uploads = 0;
  return ({ model = MODEL, file = 'model.onnx', bytes, manifest } = {}) => {
    uploads += 1;
    clock.advance(1000);
    const key = `models/${model}/${file}`;
    if (manifest !== undefined) store.put(`${key}.yaml`, Buffer.from(manifest));
    return objectCreatedEvent(store.put(key, bytes ?? addConstantModel({ constant: uploads })));
  };
}

const WAY: readonly StepName[] = [
  'AdmitDeployment',
  'AcquireLease',
  'InspectArtifact',
  'PlanBuild',
  'ChooseTarget',
  'ProvisionLambda',
  'DescribeCandidate',
  'CheckHealth',
  'ShiftTraffic',
  'VerifyTraffic',
  'JudgeBake',
  'CommitDeployment',
  'RetirePrevious',
  'ReleaseLease',
];

const GOES_ON = [
  ...[undefined, 'admitted', 'acquired', 'built', 'needed', 'ready'],
  ...['healthy', 'verified', 'done', 'Live'],
];
const LOOKS_AGAIN: readonly (string | undefined)[] = ['held', 'pending', 'baking'];
const LOOK_MS = 10_000;

type Answer = {
  readonly kind?: string;
  readonly id?: string;
  readonly epoch?: number;
  readonly imageTag?: string;
};
type Built = { readonly Build: { readonly ExportedEnvironmentVariables: unknown[] } };
type Input = Held & { readonly event: ObjectCreated; readonly execution: string };

/** Walks the way to Live as the workflow does; an answer that leads elsewhere is an error of the test. */
function walker({ steps, clock, executions }: Pick<MemoryWorld, 'steps' | 'clock' | 'executions'>) {
  let runs = 0;
  let variables: unknown[] = [];

  async function build(imageTag: string | undefined): Promise<void> {
    const override = [{ Name: 'IMAGE_TAG', Value: imageTag }];
    const answer = await steps.BuildImage({ EnvironmentVariablesOverride: override });
    variables = (answer as Built).Build.ExportedEnvironmentVariables;
  }

  async function pass(state: StepName, input: Input): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = (await steps[state]({ ...input, attempt, variables })) as Answer;
      if (answer.kind === 'needed') await build(answer.imageTag);
      if (GOES_ON.includes(answer.kind)) return answer;
      if (!LOOKS_AGAIN.includes(answer.kind)) throw new Error(`${state} answered ${answer.kind}`);
      clock.advance(LOOK_MS);
    }
  }

  return async (event: ObjectCreated, until?: StepName): Promise<Held> => {
    runs += 1;
    variables = [];
    const execution = `execution-${runs}`;
    let held: Held = { deploymentId: '', epoch: 0 };
    executions.begin(execution);
    for (const state of WAY.slice(0, until && WAY.indexOf(until))) {
      const answer = await pass(state, { event, execution, ...held });
      const { id = held.deploymentId, epoch = held.epoch } = answer;
      held = { deploymentId: id, epoch };
    }
    if (!until) executions.end(execution);
    return held;
  };
}
