import data from '#domain/data/build-machines.json' with { type: 'json' };
import type { Inspection } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { RUNTIMES, type RuntimeName } from './runtime.ts';

/** A machine of CodeBuild: memory and disk in GB (10^9 bytes), `usdPerMinute` in us-east-1, null where it is unknown. */
export type BuildMachine = {
  /** CodeBuild's compute type. */
  readonly name: string;
  readonly memoryGb: number;
  readonly vcpus: number;
  readonly diskGb: number;
  readonly usdPerMinute: number | null;
};

/** The machines, the smallest first. */
export const BUILD_MACHINES: readonly BuildMachine[] = data.machines;

/** The machine of builds of environments, and of builds that were planned before there was a choice. */
export const USUAL_MACHINE = 'BUILD_GENERAL1_MEDIUM';

/** The inputs that determine the size of a build: the artifact's bytes, its facts, the runtime that will serve it, and its manifest's requests. */
export type BuildNeeds = {
  readonly artifactBytes: number;
  readonly facts: Pick<Inspection['facts'], 'memory' | 'unconverted' | 'unpacking'>;
  readonly runtime: RuntimeName;
  /** Whether the packages of its environment bring CUDA. */
  readonly hasCuda: boolean;
  /** The memory (MiB) that its manifest requests, which can enlarge the build beyond the estimate; null where it requests none. */
  readonly wantedMiB: number | null;
};

const GB = 1e9;
const MIB = 1024 * 1024;
// The memory of the container engine, of the build's commands, and of the processes that a CodeBuild image runs beside them.
const OWN_MEMORY_BYTES = 1 * GB;
// The framework and the converted model's runtime hold the model at the same time, and both have answered some requests by then.
const LOAD_HEADROOM = 1.5;
// The unpacked images of environments; those with CUDA are the largest.
const OWN_DISK_BYTES = 16 * GB;
const CUDA_DISK_BYTES = 50 * GB;
// The model as downloaded, in the layer that is pushed, as that is pulled, and as it is unpacked.
const COPIES = 4;
// The model as downloaded, and in the image: no build succeeds with less.
const LEAST_COPIES = 2;

/** The memory and the disk that a build is expected to take, in bytes. Models of a GPU runtime are not loaded, since the build has no GPU. */
export function buildNeeds(needs: BuildNeeds) {
  const { artifactBytes, facts, runtime, wantedMiB } = needs;
  const terms = RUNTIMES[runtime].gpu ? [] : [...facts.memory, ...(facts.unconverted ?? [])];
  const loadedBytes = terms.reduce((sum, { bytes }) => sum + bytes, 0);
  const usedBytes = Math.max(LOAD_HEADROOM * loadedBytes, (wantedMiB ?? 0) * MIB);
  // The unpacked content of an archive lies beside the archive.
  const copies = COPIES + facts.unpacking.length;
  return {
    memoryBytes: Math.ceil(OWN_MEMORY_BYTES + usedBytes),
    diskBytes: ownDisk(needs) + copies * artifactBytes,
  };
}

/**
 * The smallest machine that holds the build, at most `most` (a compute type). A build with a higher memory estimate than that is tried there: the estimate is cautious.
 * Fails with `ArtifactRejected` where the disk of `most` cannot hold the model even twice.
 */
export function buildMachine(needs: BuildNeeds, most: string): BuildMachine {
  const allowed = machinesUpTo(most);
  const { memoryBytes, diskBytes } = buildNeeds(needs);
  const holds = ({ memoryGb, diskGb }: BuildMachine) =>
    memoryGb * GB >= memoryBytes && diskGb * GB >= diskBytes;
  const largest = allowed.at(-1) ?? BUILD_MACHINES[0];
  if (!largest) throw new Failure('InputInvalid', 'there is no machine to build on');
  const leastBytes = ownDisk(needs) + LEAST_COPIES * needs.artifactBytes;
  if (leastBytes > largest.diskGb * GB) throw tooLarge(leastBytes, largest);
  return allowed.find(holds) ?? largest;
}

/** Fails with `StorageFull` when this machine's disk, with this many bytes free, cannot hold the model as downloaded and as built. */
export function requireDisk(artifactBytes: number, freeBytes: number): void {
  const bytes = LEAST_COPIES * artifactBytes;
  if (bytes <= freeBytes) return;
  throw new Failure(
    'StorageFull',
    `the build takes at least ${bytes} bytes, and the disk of the data folder has ${freeBytes} free`,
    { fix: 'Free some space (`slipway prune` finds what nothing needs), and upload it again.' },
  );
}

function machinesUpTo(most: string): readonly BuildMachine[] {
  const end = BUILD_MACHINES.findIndex(({ name }) => name === most);
  if (end >= 0) return BUILD_MACHINES.slice(0, end + 1);
  throw new Failure('InputInvalid', `CodeBuild has no compute type ${most}`);
}

function ownDisk({ runtime, hasCuda }: BuildNeeds): number {
  return hasCuda || RUNTIMES[runtime].gpu ? CUDA_DISK_BYTES : OWN_DISK_BYTES;
}

function tooLarge(bytes: number, { name, diskGb }: BuildMachine): Failure {
  const larger = BUILD_MACHINES.find((machine) => machine.diskGb * GB >= bytes);
  const needed = Math.ceil(bytes / GB);
  return new Failure(
    'ArtifactRejected',
    `its image needs at least ${needed} GB of disk to be built, and ${name} has ${diskGb}`,
    {
      fix: larger
        ? `Deploy with \`--param buildCompute=${larger.name}\`, and upload it again.`
        : 'CodeBuild has no larger machine. Make the model smaller, or build its image elsewhere and name it as `runtime.image` in model.yaml.',
    },
  );
}
