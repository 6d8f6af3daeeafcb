import * as z from 'zod/mini';
import { HOUR_MS } from '#domain/durations.ts';
import { MOST_DAYS } from '#domain/manifest/capture.ts';
import { parseJson } from '#domain/parse-json.ts';
import { dayOf } from './plan.ts';

// Counts of an hour may be told when the next has begun.
const LONGEST_WAY_MS = 2 * HOUR_MS;

const count = z.int().check(z.gte(0), z.lte(1e15));
const counts = z.object({
  seen: count,
  kept: count,
  full: count,
  large: count,
  private: count,
  form: count,
  failed: count,
});

const BASE64 = /^[A-Za-z0-9+/]+=*$/;
const base64 = z.string().check(z.regex(BASE64));
const common = {
  slipwayKept: z.literal(1),
  revision: z.string().check(z.regex(/^[a-z0-9-]{1,60}$/)),
};
const sealed = {
  at: count,
  rank: z.int().check(z.gte(0), z.lt(2 ** 32)),
  enc: base64,
  sealed: base64,
};

/** A line of a server's log that counts requests and may hold a sealed one; `most` is how many an hour may have, and `days` how long they may be opened, with the day itself. */
const ofServer = z.object({
  ...common,
  server: z.string().check(z.regex(/^[0-9a-f]{8}$/)),
  hour: count,
  most: z.int().check(z.gte(1), z.lte(10_000)),
  days: z.int().check(z.gte(1), z.lte(MOST_DAYS)),
  counts,
  ...z.partial(z.object(sealed)).shape,
});

/** A line that says, sealed, what the answer to a kept request should have been. */
const ofTruth = z.object({ ...common, isTruth: z.literal(true), ...sealed });

export type SealedLine = z.infer<typeof ofServer> | z.infer<typeof ofTruth>;

/** Counts of requests by their fate. `seen` is how many were answered with 200; of those that were drawn, `kept` were written, and the others were not: beyond the bytes of their hour, too large, with a private field, in a form whose fields are unknown, or the keeping failed. */
export type Counts = Readonly<z.infer<typeof counts>>;

/** The beginning of such a line; no other line of a server has it. */
export const SEALED_LINE = '{"slipwayKept":1,';

/** Longer lines are none: CloudWatch cuts them. */
export const MOST_LINE_BYTES = 262_144;

/** A line as a server or feedback wrote it; undefined for any other text. */
export function sealedLine(text: string): SealedLine | undefined {
  if (!text.startsWith(SEALED_LINE) || text.length > MOST_LINE_BYTES) return undefined;
  const said = parseJson(text);
  const isTruth = typeof said === 'object' && said !== null && 'isTruth' in said;
  return (isTruth ? ofTruth : ofServer).safeParse(said).data;
}

/** The day of a line that a server of this revision wrote now; undefined for any other text, since a model's code can write what it wants. */
export function dayOfLine(
  text: string,
  { revision, nowMs }: { readonly revision: string; readonly nowMs: number },
): string | undefined {
  const line = sealedLine(text);
  if (!line || 'isTruth' in line || line.revision !== revision) return undefined;
  const at = line.at ?? line.hour * HOUR_MS;
  return Math.abs(at - nowMs) < LONGEST_WAY_MS ? dayOf(at) : undefined;
}

/** The parts of a sealed request that are not secret; they are authenticated with it. */
export function aboutOf({
  revision,
  at,
  rank,
}: {
  readonly revision: string;
  readonly at: number;
  readonly rank: number;
}): string {
  return `slipway-kept 1\n${revision}\n${at}\n${rank}`;
}

/** One that holds a request, whoever wrote it. */
export type SealedRequest =
  | Extract<SealedLine, { isTruth: true }>
  | (SealedLine & { at: number; rank: number; enc: string; sealed: string });

export function isSealed(line: SealedLine): line is SealedRequest {
  return (
    line.at !== undefined &&
    line.rank !== undefined &&
    line.enc !== undefined &&
    line.sealed !== undefined
  );
}

/**
 * The sealed requests of all servers that are a sample of each hour: of as many as an hour may have, the ones with the lowest ranks. The newest first; each once.
 */
export function sampled(lines: readonly SealedLine[]): readonly SealedRequest[] {
  const hours = new Map<number, { most: number; lines: Map<string, SealedRequest> }>();
  for (const line of lines) {
    if ('isTruth' in line || !isSealed(line)) continue;
    const hour = Math.floor(line.at / HOUR_MS);
    const found = hours.get(hour) ?? { most: 0, lines: new Map() };
    found.most = Math.max(found.most, line.most);
    found.lines.set(`${line.rank} ${line.enc}`, line);
    hours.set(hour, found);
  }
  return [...hours.values()]
    .flatMap(({ most, lines }) =>
      [...lines.values()].sort((one, other) => one.rank - other.rank).slice(0, most),
    )
    .sort((one, other) => other.at - one.at);
}

/** The counts of all servers together: the last that each said of an hour, which is the highest. */
export function countsOf(lines: readonly SealedLine[]): Counts {
  const last = new Map<string, Counts>();
  for (const line of lines) {
    if ('isTruth' in line) continue;
    const key = `${line.revision} ${line.server} ${line.hour}`;
    const before = last.get(key);
    if (!before || before.seen <= line.counts.seen) last.set(key, line.counts);
  }
  return [...last.values()].reduce(added, NONE);
}

export const NONE: Counts = { seen: 0, kept: 0, full: 0, large: 0, private: 0, form: 0, failed: 0 };

export function added(one: Counts, other: Counts): Counts {
  return {
    seen: one.seen + other.seen,
    kept: one.kept + other.kept,
    full: one.full + other.full,
    large: one.large + other.large,
    private: one.private + other.private,
    form: one.form + other.form,
    failed: one.failed + other.failed,
  };
}
