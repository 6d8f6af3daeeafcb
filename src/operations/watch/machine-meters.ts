import { statfs } from 'node:fs/promises';
import { type Family, gauge } from '#adapters/local/metrics/exposition.ts';
import type { Storage } from '#control/data-folder.ts';
import { hasBegun } from '#domain/phase.ts';
import type { Clock } from '#ports/clock.ts';
import type { Registry } from '#ports/registry.ts';

type Parts = {
  readonly dataDir: string;
  readonly registry: Registry;
  readonly clock: Pick<Clock, 'now'>;
  readonly storage: () => Promise<Storage>;
  readonly version: string;
  readonly engine: string;
};

const FIRST = 1;

/** The disk, the objects, the age of waiting deployments and events, and the version of this Slipway, for Prometheus. */
export async function machineMeters(parts: Parts): Promise<readonly Family[]> {
  const { version, engine } = parts;
  const [disk, objects, queues] = await Promise.all([
    diskMeters(parts.dataDir),
    objectMeters(parts.storage),
    queueMeters(parts),
  ]);
  const build = { version, node: process.versions.node, engine };
  return [
    ...disk,
    ...objects,
    queues,
    {
      name: 'slipway_build_info',
      help: 'Always 1; its labels say which Slipway runs, on which Node, and how models are served.',
      type: 'gauge',
      values: [{ labels: build, value: 1 }],
    },
  ];
}

async function diskMeters(dataDir: string): Promise<readonly Family[]> {
  const { bavail, blocks, bsize } = await statfs(dataDir);
  return [
    gauge('slipway_disk_free_bytes', 'Free space on the disk of the data folder.', bavail * bsize),
    gauge('slipway_disk_size_bytes', 'The size of that disk.', blocks * bsize),
  ];
}

async function objectMeters(storage: Parts['storage']): Promise<readonly Family[]> {
  const { objects, objectBytes, prunableBytes } = await storage();
  return [
    gauge('slipway_objects', 'Objects in the data folder.', objects),
    gauge('slipway_object_bytes', 'The bytes of those objects.', objectBytes),
    gauge('slipway_prunable_bytes', 'The bytes that a prune would free.', prunableBytes),
  ];
}

/** Zero where no deployment waits. */
async function queueMeters({ registry, clock }: Parts): Promise<Family> {
  const [unended, unpublished] = await Promise.all([
    registry.unended(),
    registry.unpublished(FIRST),
  ]);
  const waiting = unended
    .filter(({ phase, work }) => !hasBegun(phase) || work.candidate?.waitsFor !== undefined)
    // Waiting for a person may take any time.
    .filter(({ phase }) => phase !== 'AwaitingApproval')
    .map(({ phaseChangedAtMs }) => phaseChangedAtMs);
  const told = unpublished.map(({ detail }) => Date.parse(detail.time));
  const ages = { deployments: waiting, events: told };
  return {
    name: 'slipway_queue_age_seconds',
    help: 'How long the oldest has waited: of the deployments that wait for their turn or for room, and of the events that are not in events.ndjson yet.',
    type: 'gauge',
    values: Object.entries(ages).map(([queue, sinceMs]) => ({
      labels: { queue },
      value: Math.max(0, ...sinceMs.map((atMs) => (clock.now() - atMs) / 1000)),
    })),
  };
}
