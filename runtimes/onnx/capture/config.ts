import { worded } from '../worded.ts';

/** Which requests are kept, and for whom: public keys of X25519, one for each day of a month; the most requests of an hour, the most bytes of their lines, and the fields that are private. */
export type CaptureConfig = {
  readonly keys: readonly Uint8Array[];
  readonly requests: number;
  readonly bytes: number;
  /** How long they may be opened. */
  readonly days: number;
  readonly private: readonly string[];
};

const KEY_BYTES = 32;
const DAYS = 31;

/** Reads the variable CAPTURE; null where it is empty. Throws an error of one line for any other value. */
export function readCapture(value: string): CaptureConfig | null {
  if (value === '') return null;
  try {
    const { keys, requests, bytes, days, private: secret } = JSON.parse(value);
    const all = Buffer.from(keys, 'base64');
    const isRight =
      all.length === DAYS * KEY_BYTES &&
      [requests, bytes, days].every((number) => Number.isInteger(number) && number > 0) &&
      Array.isArray(secret) &&
      secret.every((name) => typeof name === 'string');
    if (isRight) return { keys: inParts(all), requests, bytes, days, private: secret };
  } catch {}
  throw new Error(worded('captureTakes'));
}

function inParts(all: Buffer): readonly Uint8Array[] {
  return Array.from({ length: DAYS }, (_, day) =>
    all.subarray(day * KEY_BYTES, (day + 1) * KEY_BYTES),
  );
}
