import { Failure } from './failure.ts';
import { sha256Hex } from './hash.ts';
import { isModelName } from './identity.ts';
import type { KeyRate } from './key-limits.ts';
import type { Role } from './key-role.ts';

/** The models a key is for: the named ones, or all present and future ones. A name that ends in `*` stands for all models whose names begin so: `team-a-*`. */
export type KeyModels = 'all' | readonly string[];

/**
 * The record of an API key, stored by the key's sha256 (64 hex digits). The key itself is shown once and stored nowhere.
 * `id` is the hash's first 16 digits: it names the key to people, and opens nothing.
 */
export type ApiKey = KeyLimits & {
  readonly id: string;
  readonly name: string;
  readonly models: KeyModels;
  readonly createdAtMs: number;
};

/** The bounds of a key besides its models. It is valid until `expiresAtMs` (epoch), or until it is revoked; it has `rate`, or 100 requests a second and 200 at once; it may do what `roles` say, or only call. */
export type KeyLimits = {
  readonly expiresAtMs?: number | undefined;
  readonly rate?: KeyRate | undefined;
  readonly roles?: readonly Role[] | undefined;
};

export type NewKey = { readonly key: string; readonly hash: string; readonly record: ApiKey };

const PREFIX = 'slw_';
const FORM = /^slw_[\w-]{43}$/;
const ID_HEX_DIGITS = 16;
const LONGEST_NAME = 80;
const EVERY = '*';

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
 * Fails with `InputInvalid` for a name that is empty, over 80 characters or not printable, for a list of models that is empty or has an invalid name, and for an expiry that is not after the creation.
 */
export async function newKey(random: Uint8Array, about: Omit<ApiKey, 'id'>): Promise<NewKey> {
  requireName(about.name);
  requireModels(about.models);
  requireFuture(about);
  const key = formKey(random);
  const hash = await sha256Hex(key);
  return { key, hash, record: { id: hash.slice(0, ID_HEX_DIGITS), ...about } };
}

/** Whether the key is for this model, whatever it may do with it. */
export function isForModel({ models }: Pick<ApiKey, 'models'>, model: string): boolean {
  if (models === 'all') return true;
  return models.some((name) =>
    name.endsWith(EVERY) ? model.startsWith(name.slice(0, -1)) : name === model,
  );
}

export function hasRole({ roles = ['call'] }: Pick<ApiKey, 'roles'>, role: Role): boolean {
  return roles.includes(role);
}

export function mayCall(key: ApiKey, model: string): boolean {
  return hasRole(key, 'call') && isForModel(key, model);
}

/** A key is valid until the moment at which it expires. */
export function hasExpired({ expiresAtMs }: Pick<ApiKey, 'expiresAtMs'>, nowMs: number): boolean {
  return expiresAtMs !== undefined && nowMs >= expiresAtMs;
}

function requireName(name: string): void {
  if (name.trim() && name.length <= LONGEST_NAME && !/\p{C}/u.test(name)) return;
  throw new Failure(
    'InputInvalid',
    `a key's name has 1 to ${LONGEST_NAME} printable characters, not ${name.length}: ${JSON.stringify(name)}`,
  );
}

/** Fails with `InputInvalid` for a list of models that is empty or has an invalid name. */
export function requireModels(models: KeyModels): void {
  if (models === 'all') return;
  const wrong = models.find((model) => !isModelName(model) && !isPrefix(model));
  if (wrong !== undefined)
    throw new Failure('InputInvalid', `\`${wrong}\` is not a valid model name`);
  if (models.length > 0) return;
  throw new Failure('InputInvalid', 'a key needs at least one model, and none is given', {
    fix: 'Name them with --models a,b, or make a key for all models.',
  });
}

/** Such as `team-a-*`: the beginning of a model's name, and a star. */
function isPrefix(text: string): boolean {
  return text.endsWith(EVERY) && isModelName(text.slice(0, -1).replace(/-$/, ''));
}

function requireFuture({ createdAtMs, expiresAtMs }: Omit<ApiKey, 'id'>): void {
  if (expiresAtMs === undefined || expiresAtMs > createdAtMs) return;
  throw new Failure(
    'InputInvalid',
    `the key would expire at ${new Date(expiresAtMs).toISOString()}, which is not in the future`,
  );
}
