import { linesOf, truthLine } from '#adapters/capture/kept-requests.ts';
import type { CaptureState } from '#control/capture.ts';
import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { DAYS_OF_A_MONTH, dayOf, slotOf } from '#domain/capture/plan.ts';
import { countsOf, sampled } from '#domain/capture/sealed-line.ts';
import type { Model } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { revisionName } from '#domain/identity.ts';
import { parseJson } from '#domain/parse-json.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';
import type { Clock } from '#ports/clock.ts';
import type { KeptLines } from '#ports/kept-lines.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import type { Registry } from '#ports/registry.ts';

export type Captured = {
  readonly keptLines: KeptLines;
  readonly captureKeys: CaptureKeys;
  readonly keptRequests: KeptRequests;
};

const MOST_BYTES = 10_000_000;
const DAY = /^\d{4}-\d\d-\d\d$/;
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

type Counting = Captured & {
  readonly clock: Clock;
  readonly registry: Pick<Registry, 'deployment'>;
};

/** The kept requests of a model, counted day by day, and what its live version may keep. */
export async function captureOf(
  { keptLines, captureKeys, clock, registry }: Counting,
  { name: model, live }: Pick<Model, 'name' | 'live'>,
): Promise<CaptureState> {
  const deployment = live && (await registry.deployment(live.deploymentId));
  const today = dayOf(clock.now());
  const keys = await captureKeys.open(model);
  const days: CaptureState['days'][number][] = [];
  for (const day of await keptLines.days(model)) {
    const lines = await linesOf(keptLines, model, { day, today });
    if (lines.length === 0) continue;
    const sample = sampled(lines);
    days.push({
      day,
      counts: countsOf(lines),
      sampled: sample.length,
      opens: sample.filter(({ revision, at }) => keys?.(revision, slotOf(dayOf(at)))).length,
      bytes: lines.reduce((sum, line) => sum + JSON.stringify(line).length, 0),
    });
  }
  return { budget: deployment?.work.inspection?.manifest.capture ?? null, days };
}

/** The kept requests of a model as JSON has them, the newest first. */
export async function* exported({ keptRequests }: Captured, model: string) {
  for await (const { at, body, answer, caller: _, ...request } of keptRequests.of(model)) {
    yield {
      ...request,
      at: new Date(at).toISOString(),
      body: contentOf(body),
      answer: contentOf(answer),
    };
  }
}

/** Drops the key of a day, or with null of all days, and removes the lines. Fails with `InputInvalid` for what is no day. */
export async function forget(
  { keptLines, captureKeys }: Captured,
  model: string,
  day: string | null,
): Promise<{ readonly days: readonly string[] }> {
  if (day !== null && !isDay(day)) {
    throw new Failure('InputInvalid', `${day} is not a day`, {
      fix: 'Give it as 2026-01-31, in UTC, or `all`.',
    });
  }
  const days = day === null ? await keptLines.days(model) : [day];
  // The keys first: a line without a key is nothing, and a key without its line still opens a copy of it.
  await captureKeys.drop(model, day === null ? DAYS_OF_A_MONTH : [slotOf(day)]);
  await keptLines.remove(model, days);
  return { days };
}

/**
 * Joins truths to kept requests by their ids; the last one of an id holds. `text` has a line of JSON for each: `{"id": …, "truth": …}`.
 * Fails with `InputInvalid` for any other text, and then joins none.
 */
export async function joinTruths(
  { keptLines, captureKeys, keptRequests, clock }: Captured & { readonly clock: Clock },
  model: string,
  text: string,
): Promise<{ readonly joined: number; readonly unknown: readonly string[] }> {
  const truths = truthsIn(text);
  const keys = await captureKeys.open(model);
  const found = await withIds(keptRequests.of(model), new Set(truths.keys()));
  for (const { id, at, version } of found) {
    const revision = revisionName(model, version);
    const day = dayOf(at);
    const key = keys?.(revision, slotOf(day));
    if (key) {
      const line = truthLine(
        key.public,
        { id, at, revision },
        { truth: truths.get(id), saidAtMs: clock.now() },
      );
      await keptLines.add(model, day, line);
    }
    truths.delete(id);
  }
  return { joined: found.length, unknown: [...truths.keys()] };
}

async function withIds(
  requests: AsyncIterable<KeptRequest>,
  ids: Set<string>,
): Promise<readonly KeptRequest[]> {
  const found: KeptRequest[] = [];
  for await (const request of requests) {
    if (ids.delete(request.id)) found.push(request);
    if (ids.size === 0) break;
  }
  return found;
}

function truthsIn(text: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const said = parseJson(line);
    if (!isTruth(said)) throw notTruth(index + 1);
    found.set(said.id, said.truth);
  }
  return found;
}

function isTruth(said: unknown): said is { id: string; truth: unknown } {
  return (
    typeof said === 'object' &&
    said !== null &&
    'id' in said &&
    typeof said.id === 'string' &&
    'truth' in said
  );
}

function notTruth(line: number): Failure {
  return new Failure(
    'InputInvalid',
    `line ${line} of the feedback is not JSON with an "id" and a "truth"`,
    {
      fix: 'Write a line for each request: {"id": "the x-request-id of its answer", "truth": "what it should have been"}.',
    },
  );
}

/** The text of a body. Fails with `InputInvalid` for one that is over 10 MB or not UTF-8. */
export async function feedbackText(bytes: ReadableStream<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bytes ?? []) {
    size += piece.length;
    if (size > MOST_BYTES) {
      throw new Failure('InputInvalid', 'the feedback is over 10 MB', { fix: 'Send it in parts.' });
    }
    pieces.push(piece);
  }
  try {
    return UTF_8.decode(Buffer.concat(pieces));
  } catch {
    throw new Failure('InputInvalid', 'the feedback is not UTF-8');
  }
}

function isDay(text: string): boolean {
  return DAY.test(text) && new Date(text).toJSON()?.startsWith(text) === true;
}

function contentOf(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: UTF_8.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
