import { artifactsOf, registryOf } from '#compose/aws-ports.ts';
import type { Environment } from '#compose/aws-settings.ts';
import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { boundedInspector, type InspectionBudget } from '#operations/inspection/bounded.ts';
import { inspectArtifact } from '#steps/inspect-artifact.ts';

// A function has 512 MB, which is all that many new accounts give one: its own process takes up to 150 while it reads, and that of the inspection 80 before it has read anything.
// 60 s of CPU take 210 s there, with 0.29 of a vCPU.
export const FUNCTION_BUDGET: InspectionBudget = { cpuSeconds: 60, memoryMiB: 192 };

// Separate from the other steps, so that no other bundle holds the readers of formats and YAML.
export function inspectArtifactOnAws(env: Environment) {
  const inspector = boundedInspector(FUNCTION_BUDGET, env);
  return inspectArtifact({
    registry: registryOf(env),
    artifacts: artifactsOf(env),
    inspect: (files, manifest) =>
      // One that only a container holds waits for one, if there is none.
      inspector.inspect(files, { maxBytes: maxArtifactBytes(TARGETS), manifest }),
    parseManifest: inspector.parseManifest,
  });
}
