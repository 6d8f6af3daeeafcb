import { runtimeOf } from '#domain/artifact/format.ts';
import { servedBy } from '#domain/build/image.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import { serverPlace } from '#domain/build/runtime.ts';
import type { DeploymentWork, Inspection } from '#domain/deployment.ts';
import type { Declared, Example } from '#domain/rollout/golden-request.ts';

// A framework's answers have its own floating-point precision, and the artifact's sample output was written in another run.
const RTOL = 1e-4;

// How many times the measured difference an answer may be off: another processor rounds sums differently again.
const CONVERTED = 10;

/** The knowledge about a deployment's model before it answers. Its build, which loaded it, takes precedence over its bytes. */
export function declaredOf({ facts, manifest }: Inspection, { image }: DeploymentWork): Declared {
  const proof = image?.proof;
  const example: Example | undefined =
    exampleIn(proof) ?? (facts.example ? { request: facts.example, rtol: RTOL } : undefined);
  const planned = { runtime: runtimeOf(facts), modelFile: facts.modelFile };
  return {
    signature: proof?.signature ?? facts.signature,
    manifest,
    server: serverPlace(servedBy(planned, image).runtime, manifest.runtime),
    ...(example ? { example } : {}),
  };
}

/** The build's example, with the framework's answer. A converted model is slightly off, and near a probability of 0 that error is larger than the value. */
function exampleIn(proof: BuildProof | null | undefined): Example | undefined {
  if (!proof?.example) return undefined;
  const { kept, maxDifference } = proof.conversion;
  return kept ? { ...proof.example, atol: CONVERTED * (maxDifference ?? 0) } : proof.example;
}
