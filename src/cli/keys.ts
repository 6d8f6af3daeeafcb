import type { ApiKey, KeyModels } from '#domain/api-key.ts';
import { Failure } from '#domain/failure.ts';
import type { accountKeys } from '#operations/account/keys.ts';
import { accountOf, type Place } from './command.ts';
import { table } from './views/table.ts';

type Keys = Omit<ReturnType<typeof accountKeys>, 'move'>;

/** A key's JSON for programs; it holds the key itself only when just created. */
type KeyInfo = Pick<ApiKey, 'id' | 'name' | 'models'> & { readonly createdAt: string };

/** The keys of the named account, and the base of its endpoints' URLs. Fails with `InputInvalid` for this machine, which needs no keys. */
export async function openKeys(
  place: Place,
): Promise<{ readonly keys: Keys; readonly endpoint: string }> {
  const account = accountOf(place);
  if (!account) {
    throw new Failure(
      'InputInvalid',
      'Slipway on this machine listens on 127.0.0.1 only and needs no keys',
      { fix: 'For the keys of a Slipway in AWS, give its --stage.' },
    );
  }
  const { findStack } = await import('#operations/account/stack.ts');
  const { accountKeys } = await import('#operations/account/keys.ts');
  const stack = await findStack(account);
  return { keys: accountKeys(account, stack), endpoint: stack.outputs.Endpoint };
}

/** The options: `models`, comma-separated, or `all` for all models. Exactly one of the two. */
export type KeyOptions = { readonly models?: string; readonly all?: boolean };

export async function createKey(
  keys: Keys,
  name: string,
  options: KeyOptions,
): Promise<KeyInfo & { readonly key: string }> {
  const { key, record } = await keys.create(name, readModels(options));
  return { key, ...infoOf(record) };
}

export async function listKeys(keys: Keys): Promise<readonly KeyInfo[]> {
  return (await keys.list()).map(infoOf);
}

/** Revokes the key even if the list does not show it; then fails with `InputInvalid` for an unknown id. */
export async function revokeKey(keys: Keys, id: string): Promise<void> {
  const isKnown = (await keys.list()).some((key) => key.id === id);
  await keys.revoke(id);
  if (isKnown) return;
  throw new Failure('InputInvalid', `no key has the id \`${id}\``, {
    fix: '`slipway keys list` shows the ids.',
  });
}

export function createdLines(
  { key, models }: Awaited<ReturnType<typeof createKey>>,
  endpoint: string,
): readonly string[] {
  const model = models === 'all' ? 'NAME' : models[0];
  return [
    key,
    '',
    `The key is shown only this once and is not kept: store it now. It may call ${modelsText(models)}.`,
    'To see what a model takes, with the key in SLIPWAY_KEY:',
    `  curl -H "Authorization: Bearer $SLIPWAY_KEY" ${endpoint}/models/${model}/openapi.json`,
  ];
}

/** A table with one line per key. */
export function keyLines(keys: readonly KeyInfo[]): readonly string[] {
  if (keys.length === 0)
    return ['no keys yet; make one with `slipway keys create NAME --models MODEL`'];
  const rows = keys.map(({ id, name, models, createdAt }) => [
    id,
    name,
    createdAt.slice(0, 10),
    modelsText(models),
  ]);
  return table(['ID', 'NAME', 'CREATED', 'MODELS'], rows);
}

/** Fails with `InputInvalid` when no option is given: a key for all models also opens future ones, so `all` is no default. */
function readModels({ models, all }: KeyOptions): KeyModels {
  if (models !== undefined && !all) return models.split(',').map((model) => model.trim());
  if (models === undefined && all) return 'all';
  throw new Failure('InputInvalid', 'a key is for named models, or for all of them', {
    fix: 'Name them with --models NAME,NAME, or use --all.',
  });
}

function infoOf({ id, name, models, createdAtMs }: ApiKey): KeyInfo {
  return { id, name, models, createdAt: new Date(createdAtMs).toISOString() };
}

function modelsText(models: KeyModels): string {
  return models === 'all' ? 'all models' : models.join(', ');
}
