import type { DeploymentWork, Inspection } from './deployment.ts';
import type { Declared, Example } from './golden-request.ts';

// A framework computes in its own precision, and answers with it: what the artifact says of its output was written in another run.
const RTOL = 1e-4;

/** What is known of a deployment's model before it is asked: of its build, which loaded it, before what its bytes say. */
export function declaredOf({ facts, manifest }: Inspection, { image }: DeploymentWork): Declared {
  const proof = image?.proof;
  const example: Example | undefined =
    proof?.example ?? (facts.example ? { request: facts.example, rtol: RTOL } : undefined);
  return {
    signature: proof?.signature ?? facts.signature,
    manifest,
    ...(example ? { example } : {}),
  };
}
