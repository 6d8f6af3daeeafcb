import type { IncomingHttpHeaders } from 'node:http';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { Mechanism } from '#domain/placement/target.ts';
import { inMegabytes } from './refusal.ts';

const HEADER = 'x-slipway-warning';

type Asked = { readonly mechanism: Mechanism; readonly body: Buffer | null };

/**
 * The answer's `x-slipway-warning` with what Lambda in AWS would not have taken of this exchange: one machine answers it all the same.
 * Undefined where there is nothing to warn of. An answer of unknown length is not measured.
 */
export function lambdaWarning(
  { mechanism, body }: Asked,
  answered: IncomingHttpHeaders,
): string | undefined {
  if (mechanism === 'container') return undefined;
  const said = answered[HEADER];
  const warnings = [
    ...(said === undefined ? [] : [said].flat()),
    ...over('the body of this request', body?.length ?? 0, limits.requestMaxBytes),
    // A function that answers as its server writes is only measured by the stream's end.
    ...(mechanism === 'function' ? overAnswer(answered) : []),
  ];
  return warnings.length > 0 ? warnings.join('; ') : undefined;
}

function overAnswer(answered: IncomingHttpHeaders): readonly string[] {
  return over('this answer', Number(answered['content-length'] ?? 0), limits.responseMaxBytes);
}

function over(what: string, bytes: number, maxBytes: number): readonly string[] {
  if (bytes <= maxBytes) return [];
  return [
    `${what} has ${inMegabytes(bytes)}, of which Lambda in AWS takes about ${inMegabytes(maxBytes)}: there \`placement: { target: fargate }\` in model.yaml takes more`,
  ];
}
