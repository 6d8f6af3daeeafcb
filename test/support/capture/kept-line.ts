import { gzipSync } from 'node:zlib';
import { seal } from '#adapters/capture/hpke.ts';
import { dayOf, slotOf } from '#domain/capture/plan.ts';
import { aboutOf } from '#domain/capture/sealed-line.ts';

const KEY_BYTES = 32;
const HOUR_MS = 3_600_000;

export type KeptExchange = {
  readonly id: string;
  readonly revision: string;
  /** When the client sent it (epoch), and its place among those of its hour. */
  readonly at: number;
  readonly rank: number;
  readonly body: string;
  readonly answer: string;
};

/** The line that a server writes to keep a request, sealed by the revision's public keys (in base64); `most` of an hour are kept. */
export function keptLine(
  publicKeys: string,
  { id, revision, at, rank, body, answer }: KeptExchange,
  most = 100,
): string {
  const slot = slotOf(dayOf(at)) - 1;
  const key = Buffer.from(publicKeys, 'base64').subarray(slot * KEY_BYTES, (slot + 1) * KEY_BYTES);
  const type = 'application/json';
  const head = JSON.stringify({ id, path: '/invocations', type, bodyBytes: body.length });
  const about = { revision, at, rank };
  const { enc, sealed } = seal(
    key,
    gzipSync(`${head}\n${body}${answer}`),
    Buffer.from(aboutOf(about)),
  );
  const [seen, none] = [rank + 1, 0];
  return JSON.stringify({
    ...{ slipwayKept: 1, revision, server: '00000001', hour: Math.floor(at / HOUR_MS) },
    ...{ most, days: 7, at, rank },
    counts: { seen, kept: seen, full: none, large: none, private: none, form: none, failed: none },
    enc: Buffer.from(enc).toString('base64'),
    sealed: Buffer.from(sealed).toString('base64'),
  });
}
