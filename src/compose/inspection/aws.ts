import { artifactsOf, offeredBy, registryOf } from '#compose/aws-ports.ts';
import type { Environment } from '#compose/aws-settings.ts';
import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import { inspectArtifact } from '#steps/inspect-artifact.ts';
import { boundedInspector, INSPECTION_BUDGET } from './bounded.ts';

// Separate from the other steps, so that no other bundle holds the readers of formats and YAML.
export function inspectArtifactOnAws(env: Environment) {
  const inspector = boundedInspector(INSPECTION_BUDGET, env);
  return inspectArtifact({
    registry: registryOf(env),
    artifacts: artifactsOf(env),
    inspect: (files, manifest) =>
      inspector.inspect(files, { maxBytes: maxArtifactBytes(offeredBy(env)), manifest }),
    parseManifest: inspector.parseManifest,
  });
}
