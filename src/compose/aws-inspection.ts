import type { Environment } from '#compose/aws-settings.ts';
import { boundedInspector, type InspectionBudget } from '#operations/inspection/bounded.ts';
import { inspectingBy } from './inspection.ts';

// A function has 512 MB, which is all that many new accounts give one: its own process takes up to 150 while it reads, and that of the inspection 80 before it has read anything.
// 60 s of CPU take 210 s there, with 0.29 of a vCPU.
export const FUNCTION_BUDGET: InspectionBudget = { cpuSeconds: 60, memoryMiB: 192 };

// The ports of InspectArtifact, separate from those of aws.ts: no other bundle holds the readers of formats and YAML.

let made: ReturnType<typeof inspectingBy> | undefined;

function inspecting(env: Environment) {
  made ??= inspectingBy(boundedInspector(FUNCTION_BUDGET, env));
  return made;
}

export const inspect = (env: Environment) => inspecting(env).inspect;

export const parseManifest = (env: Environment) => inspecting(env).parseManifest;
