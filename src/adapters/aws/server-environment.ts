import { runtimeEnvironment } from '#domain/build/runtime.ts';
import { CORS } from '#domain/cors.ts';
import { answerEnvironment, type RevisionSpec } from '#ports/platform.ts';

/** The environment of a model's server on every target; `digest` is the image's. Pages of `corsOrigins` may read its answers. */
export function serverEnvironment(
  spec: RevisionSpec,
  digest: string,
  { corsOrigins }: { readonly corsOrigins: readonly string[] },
): Record<string, string> {
  return {
    MODEL_PATH: `/opt/model/${spec.modelFile}`,
    MODEL_NAME: spec.model,
    MODEL_VERSION: String(spec.version),
    SLIPWAY_REVISION: spec.revision,
    SLIPWAY_DEPLOYMENT: spec.deploymentId,
    SLIPWAY_IMAGE: digest,
    PORT: String(spec.server.port),
    ORT_DISABLE_TELEMETRY: '1',
    ...runtimeEnvironment(spec),
    ...answerEnvironment(spec),
    // API Gateway passes on the headers of a model's answer, and cannot add any to it.
    ...(corsOrigins.length > 0 && {
      CORS_ORIGINS: corsOrigins.join(','),
      CORS_EXPOSED_HEADERS: CORS.exposedHeaders,
    }),
  };
}
