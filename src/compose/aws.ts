import { createHash } from 'node:crypto';
import { systemClock } from '#adapters/clocks.ts';
import { BASE_IMAGES, byRuntime, RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import type { Trust } from '#domain/promotion/signed-release.ts';
import { AWS_SHIFTS } from '#domain/rollout/plan-shift.ts';
import { trustedSigners } from '#operations/signing/release-signing.ts';
import { APART } from '#ports/comparing.ts';
import { containerPlatformOf, PROVISIONING_SECONDS } from './aws-ports.ts';
import { type Environment, settings } from './aws-settings.ts';

// Each port of the steps by its name, as an account has it; those of InspectArtifact are in aws-inspection.ts.
// One function per port, so that the bundle of a step holds only what its row in steps.ts names.

// biome-ignore lint/performance/noBarrelFile: these are names of ports, and bundles have only those that they read.
export {
  accountLimitsOf as accountLimits,
  artifactsOf as artifacts,
  buildLogOf as buildLog,
  capsOf as caps,
  captureKeysOf as captureKeys,
  codeBuildsOf as builds,
  demandOf as demand,
  ec2VcpusOf as ec2Vcpus,
  environmentsOf as environments,
  executionsOf as executions,
  fargateVcpusOf as fargateVcpus,
  functionConcurrencyOf as functionConcurrency,
  gpusOf as gpus,
  keptRequestsOf as keptRequests,
  lambdaPlatformOf as lambda,
  metricsOf as metrics,
  offeredBy as offered,
  ownImagesOf as ownImages,
  platformsOf as platforms,
  pricesOf as prices,
  proberOf as prober,
  registryOf as registry,
  releasedImagesOf as images,
  routerOf as router,
  startsOf as starts,
} from './aws-ports.ts';

export const clock = () => systemClock;

export const fargate = (env: Environment) => containerPlatformOf(env, 'fargate');

export const ec2 = (env: Environment) => containerPlatformOf(env, 'ec2');

export const engine = () => 'image' as const;

/** One source builds all environments, so one hash names all runtimes. */
export function hashes(env: Environment) {
  const { ENVIRONMENT_HASH: hash } = settings(env, 'ENVIRONMENT_HASH');
  const baseImages = settings(env, ...BASE_IMAGES);
  return byRuntime((name: RuntimeName) => {
    const { base } = RUNTIMES[name].image;
    return base ? `${hash}-${shortHash(baseImages[base.setting] ?? '')}` : hash;
  });
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Each model is loaded in a container of its own. */
export const unwalled = () => null;

export const comparing = () => APART;

export const freeBytes = () => null;

export const mostMachine = (env: Environment) => settings(env, 'BUILD_COMPUTE').BUILD_COMPUTE;

export const requireApproval = (env: Environment) =>
  settings(env, 'REQUIRE_APPROVAL').REQUIRE_APPROVAL === 'true';

export function trust(env: Environment): Trust {
  const { BUCKET: here, TRUSTED_SIGNERS: list } = settings(env, 'BUCKET', 'TRUSTED_SIGNERS');
  return { here, signers: trustedSigners(list === 'none' ? '' : list) };
}

export const provisioningSeconds = () => PROVISIONING_SECONDS;

/** The workflow waits, so that no function does. */
export const waitMs = () => 0;

export const shifts = (env: Environment) => ({
  ...AWS_SHIFTS,
  bakeSeconds: Number(settings(env, 'BAKE_SECONDS').BAKE_SECONDS),
});

/** After a move between Lambda and containers, the previous side stays intact for a quarter of an hour. */
export const crossingDrainSeconds = () => 900;
