import type { IncomingMessage } from 'node:http';
import type { Place } from './place.ts';

// Clients that know one address for all models name theirs in the path: boto3's sagemaker-runtime and mlflow.deployments, those of the Open Inference Protocol, and KServe's first protocol.
const BY_NAME: readonly RegExp[] = [
  /^\/endpoints\/([a-z0-9-]+)\/invocations\/?(?:\?|$)/,
  /^\/v2\/models\/([a-z0-9-]+)(?:[/?]|$)/,
  /^\/v1\/models\/([a-z0-9-]+)(?:[:/?]|$)/,
];

/** The model that a path at the gateway's root names, whose server answers that path too; undefined for any other. */
export function placeNamedIn(url: string): Place | undefined {
  const name = BY_NAME.map((path) => path.exec(url)?.[1]).find((found) => found !== undefined);
  return name === undefined ? undefined : { kind: 'model', name, rest: url };
}

// OpenAI's clients name it in the body, as those of servers that rank texts; some leave `/v1` out.
const BY_BODY =
  /^\/(?:v1\/)?(?:chat\/completions|completions|embeddings|responses|(?:v[12]\/)?rerank)\/?(?:\?|$)/;

/** Whether the model of a request to the gateway's root stands in its body. */
export function isNamedInBody({ method, url = '' }: IncomingMessage): boolean {
  return method === 'POST' && BY_BODY.test(url);
}

/** The `model` of a body, null where it says none; undefined for one that is no JSON object. */
export function modelIn(body: Buffer | null): string | null | undefined {
  try {
    const said: unknown = JSON.parse(body?.toString() ?? '');
    if (typeof said !== 'object' || said === null) return undefined;
    return 'model' in said && typeof said.model === 'string' ? said.model : null;
  } catch {
    return undefined;
  }
}
