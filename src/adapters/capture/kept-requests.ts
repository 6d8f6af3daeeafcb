import { setImmediate as turn } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { dayOf, firstOf, slotOf } from '#domain/capture/plan.ts';
import {
  aboutOf,
  isSealed,
  type SealedLine,
  type SealedRequest,
  sampled,
} from '#domain/capture/sealed-line.ts';
import { versionOf } from '#domain/identity.ts';
import { parseJson } from '#domain/parse-json.ts';
import type { CaptureKeys, PrivateKeys } from '#ports/capture-keys.ts';
import type { Clock } from '#ports/clock.ts';
import type { KeptLines } from '#ports/kept-lines.ts';
import type { IsEnough, KeptRequests } from '#ports/kept-requests.ts';
import { open, seal } from './hpke.ts';

type Deps = {
  readonly lines: KeptLines;
  readonly keys: CaptureKeys;
  readonly clock: Clock;
};

// A body and its answer of 200 kB each, and a head.
const MOST_BYTES = 500_000;
const NEWLINE = 10;
const head = z.object({
  id: z.string(),
  path: z.string(),
  type: z.string(),
  bodyBytes: z.int().check(z.gte(0)),
  // Servers of an earlier version named none.
  caller: z._default(z.string(), ''),
});
// Feedback of an earlier version says no time.
const truth = z.object({
  id: z.string(),
  truth: z.unknown(),
  saidAtMs: z.exactOptional(z.number()),
});

/** Opens kept requests from their lines, a day at a time. The gateway of one machine answers clients between two of them: to open a thousand takes some 0.2 s. */
export function keptRequests({ lines, keys, clock }: Deps): KeptRequests {
  return {
    async *of(model, isEnough = () => false, sinceMs = 0) {
      const privateKeys = await keys.open(model);
      // A log group is that of all models, and most of them keep nothing.
      if (!privateKeys) return;
      const today = dayOf(clock.now());
      const isRead = summed(isEnough);
      for (const day of await lines.days(model)) {
        if (isRead(0) || day < dayOf(sinceMs)) return;
        const found = await linesOf(lines, model, { day, today, isRead, sinceMs });
        const truths = await truthsIn(found, privateKeys);
        for (const line of sampled(found)) {
          await turn();
          const request = requestIn(line, model, privateKeys);
          if (request) yield { ...request, ...truths.get(request.id) };
        }
      }
    },
  };
}

/** Whether it is enough with so many bytes more. */
function summed(isEnough: IsEnough): IsEnough {
  let bytes = 0;
  return (more) => {
    bytes += more;
    return isEnough(bytes);
  };
}

/** The sealed lines of a day that may still be opened today, or the first of them until `isRead` says so: it is told the bytes of each. */
export async function linesOf(
  lines: KeptLines,
  model: string,
  {
    day,
    today,
    isRead = () => false,
    sinceMs = 0,
  }: {
    readonly day: string;
    readonly today: string;
    readonly isRead?: IsEnough;
    readonly sinceMs?: number;
  },
): Promise<readonly SealedLine[]> {
  const found: SealedLine[] = [];
  for await (const { text, said } of lines.of(model, day, () => isRead(0), sinceMs)) {
    if (isRead(text.length)) break;
    await turn();
    if (versionOf(said.revision, model) === undefined) continue;
    const isAsked =
      'isTruth' in said || ((said.at ?? 0) >= sinceMs && day >= firstOf(said.days, today));
    if (isAsked) found.push(said);
  }
  return found;
}

/** A line that says, sealed by the key of the request's day, what its answer should have been, and when somebody said so. */
export function truthLine(
  key: Uint8Array,
  { id, at, revision }: Pick<KeptRequest, 'id' | 'at'> & { readonly revision: string },
  said: Required<Pick<KeptRequest, 'truth' | 'saidAtMs'>>,
): string {
  const about = { revision, at, rank: 0 };
  const message = gzipSync(JSON.stringify({ id, ...said }));
  const { enc, sealed } = seal(key, message, Buffer.from(aboutOf(about)));
  return JSON.stringify({
    slipwayKept: 1,
    isTruth: true,
    ...about,
    enc: base64(enc),
    sealed: base64(sealed),
  });
}

type Truth = Pick<KeptRequest, 'truth' | 'saidAtMs'>;

/** The newest truth of each request, by its id. One that is only said again is as old as before. */
async function truthsIn(
  lines: readonly SealedLine[],
  keys: PrivateKeys,
): Promise<ReadonlyMap<string, Truth>> {
  const found = new Map<string, Truth>();
  for (const line of lines) {
    if (!('isTruth' in line) || !isSealed(line)) continue;
    await turn();
    const said = truth.safeParse(jsonIn(openedLine(line, keys))).data;
    if (!said) continue;
    const { id, ...newest } = said;
    const before = found.get(id);
    const isAgain = before && JSON.stringify(before.truth) === JSON.stringify(newest.truth);
    if (!isAgain) found.set(id, newest);
  }
  return found;
}

function requestIn(line: SealedRequest, model: string, keys: PrivateKeys): KeptRequest | undefined {
  const bytes = openedLine(line, keys);
  const end = bytes?.indexOf(NEWLINE) ?? -1;
  const said = head.safeParse(jsonIn(bytes?.subarray(0, end))).data;
  if (!bytes || !said) return undefined;
  const { id, path, type, bodyBytes, caller } = said;
  const start = end + 1;
  return {
    id,
    at: line.at,
    version: versionOf(line.revision, model) ?? 0,
    ...(caller && { caller }),
    path,
    contentType: type,
    body: bytes.subarray(start, start + bodyBytes),
    answer: bytes.subarray(start + bodyBytes),
  };
}

/** Undefined where the key is dropped, and for a line that nobody sealed so: a model's code can write any. */
function openedLine(line: SealedRequest, keys: PrivateKeys): Buffer | undefined {
  const key = keys(line.revision, slotOf(dayOf(line.at)));
  if (!key) return undefined;
  try {
    const sealed = {
      enc: Buffer.from(line.enc, 'base64'),
      sealed: Buffer.from(line.sealed, 'base64'),
    };
    return gunzipSync(open(key, sealed, Buffer.from(aboutOf(line))), {
      maxOutputLength: MOST_BYTES,
    });
  } catch {
    return undefined;
  }
}

function jsonIn(bytes: Uint8Array | undefined): unknown {
  return bytes && parseJson(Buffer.from(bytes).toString());
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
