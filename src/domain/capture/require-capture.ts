import { RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import { Failure } from '#domain/failure.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';

/** Fails with `ArtifactRejected` where the manifest asks a server to keep requests that is not Slipway's own. */
export function requireCapture(runtime: RuntimeName, { capture }: Manifest): void {
  const { keepsRequests, title } = RUNTIMES[runtime];
  if (!capture || keepsRequests) return;
  throw new Failure(
    'ArtifactRejected',
    `its manifest asks to keep requests (capture), which ${title.replace(' {python}', '')} cannot do`,
    {
      fix: 'Remove `capture` from model.yaml; `examples` there are requests to judge versions by, too.',
    },
  );
}
