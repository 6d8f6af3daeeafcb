import { maxArtifactBytes } from '#domain/artifact-limit.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest-yaml.ts';
import { inspectArtifact } from '#steps/inspect-artifact.ts';
import { artifactsOf, offeredBy, registryOf } from './aws-ports.ts';
import type { Environment } from './aws-settings.ts';

// Apart from the other steps: what reads formats and YAML is in no other bundle.
export const inspectArtifactOnAws = (env: Environment) =>
  inspectArtifact({
    registry: registryOf(env),
    artifacts: artifactsOf(env),
    inspect: (files, manifest) =>
      inspectFiles(files, { maxBytes: maxArtifactBytes(offeredBy(env)), manifest }),
    parseManifest,
  });
