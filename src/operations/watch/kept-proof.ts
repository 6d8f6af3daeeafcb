import type { Proven } from '#adapters/local/servers/proven-servers.ts';
import { isProof, judgeGolden } from '#domain/rollout/golden-verdict.ts';
import type { Registry } from '#ports/registry.ts';
import { PROBE_TIMEOUT_MS } from '#steps/probe.ts';
import { proofOf } from '#steps/proof.ts';

/** Sends a server the request that proved its version. Only an answer gives a verdict: a server that is too busy to answer, or that refuses, says nothing about its earlier answers. */
export function keptProof(registry: Registry): Proven['problem'] {
  return async ({ deploymentId, model }, origin) => {
    const maker = await registry.deployment(deploymentId);
    if (!maker?.work.golden) return undefined;
    const { request, declared } = await proofOf(registry, maker);
    if (!request) return undefined;
    // Imported here with its libraries, so that the start does not wait for them.
    const { httpProber } = await import('#adapters/local/gateway/http-prober.ts');
    const prober = httpProber({ origin, probeMark: '' });
    const answer = await prober.send('', model, request, PROBE_TIMEOUT_MS);
    if (!isProof(answer)) return undefined;
    const verdict = judgeGolden(declared, { request, answer });
    return verdict.kind === 'unhealthy' ? verdict.reason : undefined;
  };
}
