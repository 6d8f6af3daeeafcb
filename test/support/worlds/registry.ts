import type { BakeRecord, Candidate, Deployment } from '#domain/deployment.ts';
import { revisionName } from '#domain/identity.ts';
import type { Clock } from '#ports/clock.ts';
import type {
  Admission,
  Holder,
  LeaseRequest,
  Refusal,
  Registry,
  Request,
} from '#ports/registry.ts';
import { type FakeClock, fakeClock } from '../clock/fake-clock.ts';

export const START_MS = Date.parse('2026-01-02T03:04:05.678Z');
export const LEASE_SECONDS = 60;

export type MakeRegistry = (options: {
  readonly clock: Clock;
  readonly onEvents: () => void;
}) => Registry;

export type RegistryWorld = {
  readonly registry: Registry;
  readonly clock: FakeClock;
  /** How often the registry has said that there are events to publish. */
  wakes(): number;
};

export type OpenWorld = () => RegistryWorld;

export function registryWorld(make: MakeRegistry): RegistryWorld {
  let wakes = 0;
  const clock = fakeClock(START_MS);
  const onEvents = () => {
    wakes += 1;
  };
  return { registry: make({ clock, onEvents }), clock, wakes: () => wakes };
}

/** The id of the deployment of upload `n`. */
export function idOf(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** The `n`th upload of a model's one file: a higher `n` is newer. */
export function upload(n: number, model = 'shapes'): Admission {
  const key = `models/${model}/model.onnx`;
  const versionId = String(n);
  const content = { versionId, sizeBytes: 100 + n, checksum: `sha256:${n}` };
  return {
    deploymentId: idOf(n),
    model,
    artifact: {
      bucket: 'bucket',
      key,
      versionId,
      parts: [{ name: 'model.onnx', key, ...content }],
      manifest: null,
    },
    order: { key, versionId, sequencer: n.toString(16).padStart(8, '0'), lastModifiedMs: n },
    execution: `run-${n}`,
  };
}

export function refusal(n: number, phase: Refusal['phase'], model = 'shapes'): Refusal {
  const { order: _, ...rest } = upload(n, model);
  const announcement = { reason: `upload ${n} is not wanted`, fix: 'Upload another.' };
  return { ...rest, phase, announcement };
}

export function leaseFor(n: number, changes: Partial<LeaseRequest> = {}): LeaseRequest {
  const request = { deploymentId: idOf(n), execution: `run-${n}`, leaseSeconds: LEASE_SECONDS };
  return { ...request, over: null, ...changes };
}

export function candidateOf({ id, model, version }: Deployment): Candidate {
  return {
    target: 'lambda',
    revision: revisionName(model, version ?? 0),
    madeBy: id,
    attempt: 1,
    createdAtMs: START_MS,
    readyByMs: START_MS + 1000,
  };
}

/** A request for a model by its name, as deployment `n`: by default that version 1 is live again. */
export function asking(n: number, changes: Partial<Request> = {}): Request {
  const { order: _, ...rest } = upload(n);
  const reason = 'somebody asked for it';
  return { ...rest, kind: 'rollback', version: 1, work: {}, reason, ...changes };
}

export const BAKE: BakeRecord = {
  startedAtMs: 1,
  bakeSeconds: 2,
  probesSent: 0,
  probesFailed: 0,
  lastFailure: '',
  latenciesMs: [],
  previousLatenciesMs: [],
  isOver: false,
};

/** Admits upload `n` and takes the lease for it. */
export async function holding({ registry }: RegistryWorld, n: number): Promise<Holder> {
  await registry.admit(upload(n));
  return leased(registry, n);
}

/** Asks for something and takes the lease for it. */
export async function holdingRequest(
  { registry }: RegistryWorld,
  request: Request,
): Promise<Holder> {
  await registry.request(request);
  return leased(registry, Number.parseInt(request.deploymentId, 16));
}

async function leased(registry: Registry, n: number): Promise<Holder> {
  const lease = await registry.acquireLease(leaseFor(n));
  if (lease.kind !== 'acquired') throw new Error(`deployment ${n}: the lease is ${lease.kind}`);
  return { deploymentId: idOf(n), epoch: lease.epoch };
}

const WAY = ['Inspected', 'Provisioning', 'Ready', 'Shifting', 'Baking'] as const;

/** Takes a deployment that was just admitted along the way to `phase`. */
export async function walkTo(
  { registry }: RegistryWorld,
  holder: Holder,
  phase: (typeof WAY)[number],
): Promise<void> {
  for (const step of WAY.slice(0, WAY.indexOf(phase) + 1)) {
    const deployment = await registry.deployment(holder.deploymentId);
    const work = step === 'Provisioning' ? { candidate: candidateOf(deployment!) } : {};
    await registry.advance(holder, step, work, {});
  }
}

/** Takes upload `n` all the way to `Live`; its lease is still held. */
export async function goneLive(world: RegistryWorld, n: number): Promise<Holder> {
  const holder = await holding(world, n);
  await walkTo(world, holder, 'Baking');
  const live = (await world.registry.model('shapes'))?.live ?? null;
  const { version } = (await world.registry.deployment(holder.deploymentId))!;
  await world.registry.commit(
    holder,
    { version: version ?? 0, previous: live?.revision ?? null },
    { reason: `upload ${n} is live` },
  );
  return holder;
}

/** Every event of a deployment, oldest first. */
export async function eventsOf({ registry }: RegistryWorld, deploymentId: string) {
  const { events } = await registry.events({ after: '', limit: 1000, deploymentId });
  return events.map(({ event }) => event);
}

/** The states a deployment has announced, oldest first. */
export async function statesOf(world: RegistryWorld, deploymentId: string) {
  return (await eventsOf(world, deploymentId)).map(({ detail }) => detail.state);
}
