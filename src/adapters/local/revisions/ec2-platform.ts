import { type GpuLook, missingGpu } from '#adapters/local/servers/gpus.ts';
import { type ModelServer, serverAfter } from '#adapters/local/servers/model-server.ts';
import { ANY_GPU } from '#domain/manifest/manifest.ts';
import { AS_FITS } from '#domain/placement/gpu-memory.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { alwaysOnRevision } from './always-on-revision.ts';
import type { InvocationLimits } from './invocation.ts';
import { type LocalPlatform, type PlatformOptions, revisionPlatform } from './revision-platform.ts';

/**
 * Emulates EC2 on one machine: as Fargate, plus the GPU that the model asks for, which is looked for before each start.
 * Replicas share this machine's GPUs; on AWS each has its own. No model has yet been served on a GPU this way; only the GPU's detection and refusal are tested.
 */
export function ec2Platform(
  options: PlatformOptions,
  limits: InvocationLimits,
  gpus: GpuLook,
): LocalPlatform {
  return revisionPlatform(options, {
    target: 'ec2',
    limits: () => limits,
    open(record, deps) {
      const start = (spec: RevisionSpec) => startWithGpu(spec, gpus, deps.start);
      return alwaysOnRevision(record, { ...deps, start, requestTimeoutMs: limits.timeoutMs });
    },
  });
}

/** Where any GPU will do it is that of this machine, not the one that costs least on AWS. */
function asHere(spec: RevisionSpec): RevisionSpec {
  const { takesAnyGpu, gpuServing } = spec;
  if (!takesAnyGpu) return spec;
  const accelerator = { name: ANY_GPU, count: 1 };
  return { ...spec, accelerator, ...(gpuServing && { gpuServing: AS_FITS }) };
}

function startWithGpu(
  spec: RevisionSpec,
  look: GpuLook,
  start: (spec: RevisionSpec) => ModelServer,
): ModelServer {
  const { accelerator, allowCpu } = asHere(spec);
  if (!accelerator) return start(spec);
  const decided = look().then((seen) => {
    const missing = missingGpu(accelerator, seen);
    if (missing === undefined) return () => start(asHere(spec));
    return allowCpu ? () => start({ ...spec, accelerator: null }) : missing;
  });
  return serverAfter(decided);
}
