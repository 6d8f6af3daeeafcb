import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import { TARGETS } from '#domain/placement/target.ts';
import type { Inspector } from '#operations/inspection/bounded.ts';
import type { StepPorts } from './step-ports.ts';

/** The ports of InspectArtifact, over an inspector. A model that only a container can hold waits for containers if there are none. */
export function inspectingBy(inspector: Inspector): Pick<StepPorts, 'inspect' | 'parseManifest'> {
  const maxBytes = maxArtifactBytes(TARGETS);
  return {
    inspect: (files, manifest) => inspector.inspect(files, { maxBytes, manifest }),
    parseManifest: inspector.parseManifest,
  };
}
