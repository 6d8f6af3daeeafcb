import * as z from 'zod/mini';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';

/** The model and the revision whose server generated an answer. */
export type GenerationOf = { readonly model: string; readonly revision: string };

/** One answer of a language model. A field is undefined if it is not known: the input tokens of an answer that its client left, the pace of a single token. */
export type Generation = {
  readonly tokensIn?: number | undefined;
  readonly tokensOut: number;
  readonly firstTokenMs?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
};

// As runtimes/python/slipway_server/serving/generations.py writes it.
const START = Buffer.from('{"_aws":');
const LONGEST_LINE_BYTES = 4_096;
const NOTHING = Buffer.alloc(0);
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
  // A server writes to two streams, and several servers write to one log.
  const unfinished = new WeakMap<object, Buffer>();

  function read(bytes: Uint8Array, from: object): void {
    const text = Buffer.concat([unfinished.get(from) ?? NOTHING, bytes]);
    let start = 0;
    for (let end = text.indexOf(10); end !== -1; end = text.indexOf(10, start)) {
      const generation = generationIn(text.subarray(start, end));
      if (generation) onGeneration(generation);
      start = end + 1;
    }
    const rest = text.subarray(start);
    unfinished.set(from, rest.length <= LONGEST_LINE_BYTES ? rest : NOTHING);
  }

  return {
    ...log,
    append(bytes, from = log) {
      read(bytes, from);
      return log.append(bytes, from);
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
