import { createHash } from 'node:crypto';

const DIGITS = 32;
const MOST_SETTINGS = 50;
const LONGEST_SETTING = 100;

/** The first 128 bits of the sha256 of a text, as hex: enough to tell versions apart, and short in a record. */
export function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
}

/** Settings as JSON, without those that are not set; so few and so short that a record holds them. */
export function writtenSettings(
  settings: readonly (readonly [name: string, value: unknown])[],
): Readonly<Record<string, string>> {
  const set = settings.filter(([, value]) => value !== undefined && value !== null);
  const short = set.filter(([name]) => name.length <= LONGEST_SETTING);
  return Object.fromEntries(
    short.slice(0, MOST_SETTINGS).map(([name, value]) => [name, written(JSON.stringify(value))]),
  );
}

/** A long setting is its digest. */
function written(setting: string): string {
  return setting.length <= LONGEST_SETTING ? setting : `sha256 ${shortDigest(setting)}`;
}
