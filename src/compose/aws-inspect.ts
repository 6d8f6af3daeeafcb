import { boundedInspector, INSPECTION_BUDGET } from '#compose/inspection/bounded.ts';
import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import { inspectArtifact } from '#steps/inspect-artifact.ts';
import { artifactsOf, offeredBy, registryOf } from './aws-ports.ts';
import type { Environment } from './aws-settings.ts';

// Apart from the other steps: what reads formats and YAML is in no other bundle.
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
