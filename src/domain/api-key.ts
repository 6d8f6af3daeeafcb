import { Failure } from './failure.ts';
import { sha256Hex } from './hash.ts';
import { isModelName } from './identity.ts';

/** The models a key may call: the named ones, or all present and future ones. */
export type KeyModels = 'all' | readonly string[];

/**
 * The record of an API key, stored by the key's sha256 (64 hex digits). The key itself is shown once and stored nowhere.
 * `id` is the hash's first 16 digits: it names the key to people, and opens nothing.
 */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly models: KeyModels;
  readonly createdAtMs: number;
};

export type NewKey = { readonly key: string; readonly hash: string; readonly record: ApiKey };

const PREFIX = 'slw_';
const FORM = /^slw_[\w-]{43}$/;
const ID_HEX_DIGITS = 16;
const LONGEST_NAME = 80;

/** Makes a key of 32 random bytes: `slw_` and 43 characters of base64url. */
export function formKey(random: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...random));
  return `${PREFIX}${base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}

/** The hash under which a key is stored; undefined for text that cannot be a key. */
export async function keyHash(key: string): Promise<string | undefined> {
  return FORM.test(key) ? sha256Hex(key) : undefined;
}

/**
 * Makes a new key, its hash and its record.
 * Fails with `InputInvalid` for a name that is empty, over 80 characters or not printable, and for a list of models that is empty or has an invalid name.
 */
export async function newKey(random: Uint8Array, about: Omit<ApiKey, 'id'>): Promise<NewKey> {
  requireName(about.name);
  requireModels(about.models);
  const key = formKey(random);
  const hash = await sha256Hex(key);
  return { key, hash, record: { id: hash.slice(0, ID_HEX_DIGITS), ...about } };
}

export function mayCall({ models }: ApiKey, model: string): boolean {
  return models === 'all' || models.includes(model);
}

function requireName(name: string): void {
  if (name.trim() && name.length <= LONGEST_NAME && !/\p{C}/u.test(name)) return;
  throw new Failure(
    'InputInvalid',
    `a key's name has 1 to ${LONGEST_NAME} printable characters, not ${name.length}: ${JSON.stringify(name)}`,
  );
}

function requireModels(models: KeyModels): void {
  if (models === 'all') return;
  const wrong = models.find((model) => !isModelName(model));
  if (wrong !== undefined)
    throw new Failure('InputInvalid', `\`${wrong}\` is not a valid model name`);
  if (models.length > 0) return;
  throw new Failure('InputInvalid', 'a key needs at least one model, and none is given', {
    fix: 'Name them with --models a,b, or make a key for all models.',
  });
}
