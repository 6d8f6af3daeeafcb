import { CORS } from '#domain/cors.ts';

/** The status of an answer to a preflight request, which has no body. */
export const PREFLIGHT_STATUS = '204';

const HEADERS = {
  'Access-Control-Allow-Methods': CORS.methods,
  'Access-Control-Max-Age': String(CORS.maxAgeSeconds),
} as const;

/** All headers that the answer may have. */
export const PREFLIGHT_HEADERS = [
  'Vary',
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Headers',
  ...Object.keys(HEADERS),
] as const;

/** API Gateway gives a template a header by its name as the client wrote it, which is in small letters over HTTP/2. */
function header(variable: string, name: string): string {
  const read = (written: string) => `#set($${variable} = $input.params().header.get("${written}"))`;
  return `${read(name)}\n#if(!$${variable} || $${variable} == "")${read(name.toLowerCase())}#end`;
}

/**
 * The mapping template by which API Gateway itself answers a preflight request like the gateway of one machine: a listed origin by its own name, any other by no name.
 * Source: a template may create a header of an answer, each once. https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html;
 * for a listed origin, as osls has it in its `api-gateway/lib/cors.js`, and the CDK in `aws-apigateway/lib/resource.ts`.
 */
export function preflightTemplate(origins: readonly string[]): string {
  const isListed = origins.map((origin) => `$origin == "${origin}"`).join(' || ');
  const set = (name: string, value: string) =>
    `#set($context.responseOverride.header.${name} = ${value})`;
  return [
    header('origin', 'Origin'),
    header('asked', 'Access-Control-Request-Headers'),
    set('Vary', '"origin"'),
    `#if(${isListed})`,
    set('Access-Control-Allow-Origin', '$origin'),
    ...Object.entries(HEADERS).map(([name, value]) => set(name, `"${value}"`)),
    `#if($asked && $asked != "")${set('Access-Control-Allow-Headers', '$asked')}#end`,
    '#end',
  ].join('\n');
}
