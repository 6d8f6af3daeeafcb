import { createHash } from 'node:crypto';
import type {
  CapacityOptionType,
  InstanceLaunchTemplate,
  InstanceRequirementsRequest,
} from '@aws-sdk/client-ecs';
import { instanceMiB, storageGiB } from '#domain/placement/instance-types.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { EcsSettings } from './settings.ts';

/** A capacity provider that the revision's tasks need; equal requirements have the same name, and so share a provider. */
export type ManagedRequirement = {
  readonly name: string;
  readonly cluster: string;
  readonly launch: Pick<
    InstanceLaunchTemplate,
    'capacityOptionType' | 'instanceRequirements' | 'storageConfiguration'
  >;
};

// Turns off EC2's price protection. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceRequirementsRequest.html
const ANY_PRICE = 999_999;
const HASH_HEX_DIGITS = 12;

/** One cluster per GPU model, and one for models without: one kind's instances are never considered for another. */
export function clusterOf(
  { accelerator }: Pick<RevisionSpec, 'accelerator'>,
  { stage, capacity }: EcsSettings,
): string {
  if (capacity.target === 'fargate') return capacity.cluster;
  const hardware = (accelerator?.name ?? 'CPU').replaceAll(/[^A-Za-z0-9]+/g, '-');
  return `${managedPrefix(stage)}${hardware}`;
}

/** The prefix of the names of a stage's clusters and capacity providers. */
export function managedPrefix(stage: string): string {
  return `slipway-${stage}-`;
}

/** On demand or, beside it, on Spot. */
export function managedRequirement(
  spec: RevisionSpec,
  settings: EcsSettings,
  capacityOptionType: CapacityOptionType,
): ManagedRequirement {
  const cluster = clusterOf(spec, settings);
  const launch = {
    capacityOptionType,
    instanceRequirements: {
      // The image is only built for this architecture.
      cpuManufacturers: ['intel' as const, 'amd' as const],
      ...(spec.instanceTypes.length > 0 && allowed(spec.instanceTypes, capacityOptionType)),
      vCpuCount: { min: Math.ceil(spec.cpuUnits / 1024) },
      memoryMiB: { min: instanceMiB(spec.memoryMiB) },
    },
    storageConfiguration: { storageSizeGiB: storageGiB(spec.image?.uncompressedBytes ?? 0) },
  };
  const hash = createHash('sha256')
    .update(JSON.stringify([cluster, launch]))
    .digest('hex');
  return {
    name: managedPrefix(settings.stage) + hash.slice(0, HASH_HEX_DIGITS),
    cluster,
    launch,
  };
}

/** Turns price protection off: by default it excludes types that cost 20 % more than the cheapest. */
function allowed(
  types: readonly string[],
  option: CapacityOptionType,
): Partial<InstanceRequirementsRequest> {
  return {
    allowedInstanceTypes: [...types],
    ...(option === 'SPOT'
      ? { spotMaxPricePercentageOverLowestPrice: ANY_PRICE }
      : { onDemandMaxPricePercentageOverLowestPrice: ANY_PRICE }),
  };
}
