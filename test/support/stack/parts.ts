import type { Json } from '../../template/template.ts';
import { AWS_REGION } from '../aws/clients.ts';

/** A resource of the template, resolved for where it is. */
export type Resolved = {
  readonly id: string;
  readonly properties: Json;
};

export type Endpoint = { readonly endpoint: string };

/** A resource as its own service describes it, under the names of the template's properties; throws, or has less, where it is not as it should be. */
export type Look = (resource: Resolved, aws: Endpoint) => Promise<Json>;

/** One part of a resource's description; undefined where there is no such part. */
export function part(tell: () => Promise<Json>): Promise<Json> {
  return tell().catch(() => undefined);
}

type Ask = {
  readonly service: string;
  /** A version such as `2016-11-15` means AWS's query protocol; else it is the JSON protocol, with a target such as `AmazonSQS.GetQueueUrl`. */
  readonly target: string;
  readonly version?: string;
  readonly input: Readonly<Record<string, unknown>>;
};

/** Asks a service of which no client is a dependency; answers JSON, or XML as a text. */
export async function ask(
  { endpoint }: Endpoint,
  { service, target, version, input }: Ask,
): Promise<Json> {
  const scope = `AKIAIOSFODNN7EXAMPLE/20260101/${AWS_REGION}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
  const form = { Action: target, Version: version ?? '', ...input } as Record<string, string>;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization,
      ...(version ? {} : { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' }),
    },
    body: version ? new URLSearchParams(form) : JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${target}: ${response.status} ${text}`);
  return version ? text.replaceAll(/>\s+</g, '><') : JSON.parse(text);
}

/** The text of the first element of a name. */
export function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

/** The fields of a service's answer by the template's names, which begin with a capital; a map of others' names is left as it is. */
export function capital(value: Json): Json {
  if (Array.isArray(value)) return value.map(capital);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      /(?:parameters|templates)$/i.test(name) ? each : capital(each),
    ]),
  );
}
