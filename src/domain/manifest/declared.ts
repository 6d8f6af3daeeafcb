import { SERVED } from '#domain/artifact/format.ts';
import { servedBy } from '#domain/build/image.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import { serverPlace } from '#domain/build/runtime.ts';
import type { DeploymentWork, Inspection } from '#domain/deployment.ts';
import type { Declared, Example } from '#domain/rollout/golden-request.ts';

// A framework computes in its own precision, and answers with it: what the artifact says of its output was written in another run.
const RTOL = 1e-4;

// Of the difference that was seen between both; another processor adds up a little differently again.
const CONVERTED = 10;

/** What is known of a deployment's model before it is asked: of its build, which loaded it, before what its bytes say. */
export function declaredOf({ facts, manifest }: Inspection, { image }: DeploymentWork): Declared {
  const proof = image?.proof;
  const example: Example | undefined =
    exampleIn(proof) ?? (facts.example ? { request: facts.example, rtol: RTOL } : undefined);
  const planned = { runtime: SERVED[facts.format].runtime, modelFile: facts.modelFile };
  return {
    signature: proof?.signature ?? facts.signature,
    manifest,
    server: serverPlace(servedBy(planned, image).runtime, manifest.runtime),
    ...(example ? { example } : {}),
  };
}

/** With the framework's answer; a conversion is a little off, and of a probability near 0 that is all of it. */
function exampleIn(proof: BuildProof | null | undefined): Example | undefined {
  if (!proof?.example) return undefined;
  const { kept, maxDifference } = proof.conversion;
  return kept ? { ...proof.example, atol: CONVERTED * (maxDifference ?? 0) } : proof.example;
}
