import * as z from 'zod/mini';
import type { RevisionLog } from './revision-log.ts';

/** Whose server generated it. */
export type GenerationOf = { readonly model: string; readonly revision: string };

/** One answer of a language model. What is undefined was not known: the tokens in of one that its client left, the pace of a single token. */
export type Generation = {
  readonly tokensIn?: number | undefined;
  readonly tokensOut: number;
  readonly firstTokenMs?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
};

// As runtimes/python/slipway_server/serving/generations.py writes it.
const START = Buffer.from('{"_aws":');
const LONGEST_LINE_BYTES = 4_096;
const COUNT = z.number().check(z.gte(0), z.lte(1e12));
const LINE = z.object({
  TokensIn: z.optional(COUNT),
  TokensOut: COUNT,
  TimeToFirstToken: z.optional(COUNT),
  TokensPerSecond: z.optional(COUNT),
});

/** A log that also tells what its server says of each answer, in lines of CloudWatch's embedded metric format. */
export function withGenerations(
  log: RevisionLog,
  onGeneration: (generation: Generation) => void,
): RevisionLog {
  let rest = Buffer.alloc(0);

  function read(bytes: Uint8Array): void {
    const text = Buffer.concat([rest, bytes]);
    let from = 0;
    for (let end = text.indexOf(10); end !== -1; end = text.indexOf(10, from)) {
      const generation = generationIn(text.subarray(from, end));
      if (generation) onGeneration(generation);
      from = end + 1;
    }
    const left = text.subarray(from);
    rest = left.length <= LONGEST_LINE_BYTES ? left : Buffer.alloc(0);
  }

  return {
    ...log,
    append(bytes) {
      read(bytes);
      return log.append(bytes);
    },
  };
}

function generationIn(line: Buffer): Generation | undefined {
  if (line.length > LONGEST_LINE_BYTES || !line.subarray(0, START.length).equals(START)) {
    return undefined;
  }
  const { success, data } = z.safeParse(LINE, parsed(line.toString()));
  if (!success) return undefined;
  const { TokensIn, TokensOut, TimeToFirstToken, TokensPerSecond } = data;
  return {
    tokensIn: TokensIn,
    tokensOut: TokensOut,
    firstTokenMs: TimeToFirstToken,
    tokensPerSecond: TokensPerSecond,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
