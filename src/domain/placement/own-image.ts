import { RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';

// The port of Lambda's own runtime API. https://github.com/awslabs/aws-lambda-web-adapter#configurations
const LAMBDA_PORT = 9001;

/** Why Lambda cannot start a server on the manifest's port; undefined where it can. */
export function portRefusal({ runtime: { port } }: Manifest): string | undefined {
  return port === LAMBDA_PORT
    ? `its server listens on port ${port} (runtime.port), which Lambda reserves`
    : undefined;
}

/** The loss of an image on Lambda, and the owner's remedy; one sentence each. */
export type Loss = { readonly reason: string; readonly fix: string };

const LOSS: Loss = {
  reason:
    'on Lambda in AWS an image of your own sees its callers’ keys (authorization, x-api-key), and the body of each 5xx that it answers is lost',
  fix: 'Where either matters, set `placement: { target: fargate }` in model.yaml: it strips the keys and keeps the bodies.',
};

/**
 * The loss of an image that is its own server, since on Lambda no server of Slipway's stands between it and its callers; undefined for Slipway's own servers, which count their errors and strip keys.
 * A proxy integration passes all headers to a function. Source: adr/0014, https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function lossOnLambda(runtime: RuntimeName): Loss | undefined {
  return RUNTIMES[runtime].image.madeBy === 'dockerfile' ? LOSS : undefined;
}
