import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { CaptureConfig } from './config.ts';
import { type Asked, type Fields, keptOf, type Unkept } from './fields.ts';
import { seal } from './seal.ts';

/** A request that was answered with 200; `id` is the `x-request-id` of its answer, and `caller` names who sent it, empty where nobody knows. */
export type Answered = Asked & { readonly id: string; readonly caller: string };

/**
 * Keeps some requests of clients: of each hour the ones with the lowest ranks, which are drawn at random, so that those of several servers are a sample of all when the lowest of them are taken.
 * Each is sealed at once, by the public key of its day, and written as a line of the log: a server that is killed loses none. Nothing of it is ever thrown.
 */
export type Capture = {
  /** Counts a request that is about to be answered with 200; undefined unless it is drawn. */
  draw(id: string): Draw | undefined;
  /** Keeps one that is drawn, once its client has the answer. */
  keep(draw: Draw, answered: Answered, fields: () => Fields): void;
  /** Writes what it has counted since its last line. */
  flush(): void;
};

/** When a request was drawn, and its rank among those of the hour. */
export type Draw = { readonly at: number; readonly rank: number };

/** Counts of an hour's requests by their fate: `seen` is all of them, and the others are those that were drawn. */
type Counts = Record<'seen' | 'kept' | 'full' | 'large' | 'failed' | Unkept, number>;

export type CaptureWorld = {
  readonly write: (line: string) => void;
  readonly now: () => number;
  /** A whole number below 2^32. */
  readonly draw: () => number;
  readonly later: (ms: number, act: () => void) => void;
};

const HOUR_MS = 3_600_000;
const COUNTS_MS = 60_000;
const MOST_BODY_BYTES = 200_000;
// CloudWatch takes 256 KiB as one event, and cuts what is longer.
const MOST_LINE_BYTES = 250_000;
// The other bytes of a line, beside the sealed ones.
const AROUND_BYTES = 500;
// Answers to Slipway's own probes carry such an id: nobody's requests.
const PROBE = 'slipway-probe';

export function openCapture(
  { keys, requests, bytes, days, private: secret }: CaptureConfig,
  revision: string,
  { write, now, draw, later }: CaptureWorld = REAL,
): Capture {
  // Tells the counts of one server from those of another.
  const server = randomBytes(4).toString('hex');
  let hour = 0;
  let ranks: number[] = [];
  let counts = none();
  let bytesLeft = bytes;
  let isUntold = false;

  function turn(at: number): void {
    const its = Math.floor(at / HOUR_MS);
    if (its === hour) return;
    flush();
    hour = its;
    ranks = [];
    counts = none();
    bytesLeft = bytes;
  }

  const isLow = (rank: number) => ranks.length < requests || rank < (ranks.at(-1) ?? 0);

  function flush(): void {
    if (isUntold) tell({});
  }

  function tell(more: object): void {
    isUntold = false;
    const most = requests;
    const said = { slipwayKept: 1, revision, server, hour, most, days, counts, ...more };
    write(`${JSON.stringify(said)}\n`);
  }

  /** Keeps a request, and says what became of it. */
  function keep(answered: Answered, fields: Fields, at: number, rank: number): keyof Counts {
    const { id, path, type, answer, body, caller } = answered;
    if (body.length > MOST_BODY_BYTES || answer.length > MOST_BODY_BYTES) return 'large';
    const kept = keptOf(answered, { ...fields, private: secret });
    if (typeof kept === 'string') return kept;
    const said = { id, path, type, bodyBytes: kept.length, caller: fingerprint(caller) };
    const head = Buffer.from(`${JSON.stringify(said)}\n`);
    const message = gzipSync(Buffer.concat([head, kept, answer]));
    // The 31 keys are those of the days of a month.
    const key = keys[new Date(at).getUTCDate() - 1] ?? NO_KEY;
    const about = `slipway-kept 1\n${revision}\n${at}\n${rank}`;
    const { enc, sealed } = seal(key, message, Buffer.from(about));
    const size = Math.ceil((sealed.length * 4) / 3) + AROUND_BYTES;
    if (size > MOST_LINE_BYTES) return 'large';
    if (size > bytesLeft) return 'full';
    bytesLeft -= size;
    ranks = [...ranks, rank].sort((one, other) => one - other).slice(0, requests);
    counts.kept += 1;
    tell({ at, rank, enc: enc.toString('base64'), sealed: sealed.toString('base64') });
    return 'kept';
  }

  return {
    draw(id) {
      if (id.startsWith(PROBE)) return undefined;
      const at = now();
      turn(at);
      counts.seen += 1;
      if (!isUntold) later(COUNTS_MS, flush);
      isUntold = true;
      const rank = draw();
      return isLow(rank) ? { at, rank } : undefined;
    },
    keep({ at, rank }, answered, fields) {
      // Others came meanwhile, and perhaps another hour.
      if (Math.floor(at / HOUR_MS) !== hour || !isLow(rank)) return;
      const outcome = tried(() => keep(answered, fields(), at, rank));
      if (outcome !== 'kept') counts[outcome] += 1;
    },
    flush,
  };
}

/** A failure is counted, and its message shown to nobody: it may quote the request. */
function tried(keep: () => keyof Counts): keyof Counts {
  try {
    return keep();
  } catch {
    return 'failed';
  }
}

/** Tells one client from another, and says nothing else of it. */
function fingerprint(caller: string): string {
  if (caller === '') return '';
  return createHash('sha256').update(`slipway-caller\n${caller}`).digest('hex').slice(0, 8);
}

const NO_KEY = new Uint8Array(0);

function none(): Counts {
  return { seen: 0, kept: 0, full: 0, large: 0, private: 0, form: 0, failed: 0 };
}

const REAL: CaptureWorld = {
  write: (line) => void process.stdout.write(line),
  now: Date.now,
  draw: () => Math.floor(Math.random() * 2 ** 32),
  later: (ms, act) => void setTimeout(act, ms).unref(),
};
