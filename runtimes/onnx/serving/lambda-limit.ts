import type { Header } from '../protocols/api-gateway.ts';
import { worded } from '../worded.ts';

export const TOO_LARGE = worded('overLambda');

type Packed = {
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string | number>>;
};

// The limit of a function's whole answer, as JSON; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MOST_BYTES = 6_291_556;
// The bytes that the web adapter writes around the body, headers included.
const AROUND_BYTES = 4096;

/** Whether Lambda would refuse an answer that the web adapter hands it whole: then its client would learn only that the function failed. */
export function isOverLambda(
  env: Readonly<Record<string, string | undefined>>,
  header: Header,
  { body, headers }: Packed,
): boolean {
  const isWhole = env['AWS_LWA_INVOKE_MODE'] === 'buffered';
  if (!isWhole || header('x-amzn-lambda-context') === undefined) return false;
  const type = String(headers['content-type'] ?? 'application/json');
  const isText = !headers['content-encoding'] && /^(text\/|application\/json)/.test(type);
  return AROUND_BYTES + sizeOf(body, isText) > MOST_BYTES;
}

/** The size of the body as the adapter writes it: texts unchanged, all else in base64. */
function sizeOf(body: string | Uint8Array, isText: boolean): number {
  const bytes = Buffer.byteLength(body);
  if (!isText) return (bytes * 4) / 3;
  // Only bodies near the limit are measured exactly.
  if (bytes < MOST_BYTES / 2) return bytes;
  return Buffer.byteLength(JSON.stringify(typeof body === 'string' ? body : String(body)));
}
