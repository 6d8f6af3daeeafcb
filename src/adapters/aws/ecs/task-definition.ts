import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { serverEnvironment } from '#adapters/aws/server-environment.ts';
import { revisionTags, TAG } from '#adapters/aws/tags.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import capabilities from '#domain/data/docker-capabilities.json' with { type: 'json' };
import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { clusterOf } from './managed-requirement.ts';
import { CONTAINER, DRAIN_SECONDS, type EcsSettings, familyPrefix } from './settings.ts';

const GIB = 1024 ** 3;
// Writable space for a server, beside its image.
const SCRATCH_GIB = 2;
const TMP = 'tmp';
const SHARED_MEMORY_MIB = 8192;

/** The task that serves a revision; its tags hold everything that is needed of the revision later. Fails with `InputInvalid` without an image. */
export function taskDefinition(
  spec: RevisionSpec,
  settings: EcsSettings,
): RegisterTaskDefinitionCommandInput {
  const { image } = spec;
  if (!image) throw new Failure('InputInvalid', `${spec.revision} has no image to run`);
  const tags = [...revisionTags(spec, settings), [TAG.cluster, clusterOf(spec, settings)] as const];
  return {
    family: familyPrefix(settings) + spec.revision,
    ...(settings.capacity.target === 'fargate'
      ? { requiresCompatibilities: ['FARGATE'], ...ephemeralStorage(image) }
      : { requiresCompatibilities: ['MANAGED_INSTANCES'] }),
    networkMode: 'awsvpc',
    runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
    cpu: String(spec.cpuUnits),
    memory: String(spec.memoryMiB),
    executionRoleArn: settings.executionRole,
    containerDefinitions: [container(spec, settings, image.digest)],
    ...(RUNTIMES[spec.runtime].container.isReadOnly && { volumes: [{ name: TMP }] }),
    tags: tags.map(([key, value]) => ({ key, value })),
  };
}

function container(spec: RevisionSpec, settings: EcsSettings, digest: string): ContainerDefinition {
  const environment = Object.entries(serverEnvironment(spec, digest, settings));
  const { user, isReadOnly, capabilities } = RUNTIMES[spec.runtime].container;
  return {
    name: CONTAINER.name,
    image: `${settings.repository}@${digest}`,
    essential: true,
    portMappings: [{ containerPort: spec.server.port, protocol: 'tcp' }],
    environment: environment.map(([name, value]) => ({ name, value })),
    readonlyRootFilesystem: isReadOnly,
    ...(isReadOnly && { mountPoints: [{ sourceVolume: TMP, containerPath: '/tmp' }] }),
    // The user that Slipway's images have; set here so that no image can override it.
    ...(user !== null && { user }),
    linuxParameters: { capabilities: { drop: dropped(capabilities) }, ...sharedMemory(spec) },
    stopTimeout: DRAIN_SECONDS,
    ...gpu(spec, settings),
    logConfiguration: {
      logDriver: 'awslogs',
      options: {
        'awslogs-group': settings.logGroup,
        'awslogs-region': settings.region,
        'awslogs-stream-prefix': spec.revision,
      },
    },
  };
}

// Docker's default capabilities. On Fargate, a task that drops ALL can only add SYS_PTRACE.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
const DEFAULT_CAPABILITIES: readonly string[] = capabilities;

/** All but those to keep; listed one by one if any is kept. */
function dropped(kept: readonly string[]): string[] {
  if (kept.length === 0) return ['ALL'];
  return DEFAULT_CAPABILITIES.filter((name) => !kept.includes(name));
}

function gpu(
  { accelerator }: RevisionSpec,
  { capacity }: EcsSettings,
): Pick<ContainerDefinition, 'resourceRequirements'> {
  if (!accelerator || capacity.target !== 'ec2') return {};
  return { resourceRequirements: [{ type: 'GPU', value: String(accelerator.count) }] };
}

/** GPUs of one instance exchange what they computed through it; Docker gives 64 MiB. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html */
function sharedMemory({ gpuServing, accelerator }: RevisionSpec) {
  const isShared = gpuServing !== undefined && (accelerator?.count ?? 1) > 1;
  return isShared ? { sharedMemorySize: SHARED_MEMORY_MIB } : {};
}

/** While it is unpacked, an image is on the disk twice. */
function ephemeralStorage({
  compressedBytes,
  uncompressedBytes,
}: BuiltImage): Pick<RegisterTaskDefinitionCommandInput, 'ephemeralStorage'> {
  const neededGiB = Math.ceil((compressedBytes + uncompressedBytes) / GIB) + SCRATCH_GIB;
  if (neededGiB <= fargate.storageFreeGiB) return {};
  return { ephemeralStorage: { sizeInGiB: Math.min(neededGiB, fargate.storageMaxGiB) } };
}
