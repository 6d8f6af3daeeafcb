import type { MachineControl } from '#control/operations.ts';
import type { ApiKey, KeyModels } from '#domain/api-key.ts';
import { Failure } from '#domain/failure.ts';
import type { accountKeys } from '#operations/account/keys.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import { findInstance } from './client.ts';
import { accountOf, type Place } from './command.ts';
import { machineControl } from './one-machine.ts';
import { table } from './views/table.ts';

/** Where the S3 API of one machine answers. */
type S3Place = { readonly endpoint: string; readonly bucket: string };

type Created = { readonly key: string; readonly record: ApiKey; readonly s3?: S3Place };

/** Whether a key of this machine is for calls from other machines, instead of for the S3 API. */
type Use = { readonly calls?: boolean };

type Keys = Pick<ReturnType<typeof accountKeys>, 'list' | 'revoke'> & {
  create(name: string, models: KeyModels): Promise<Created>;
};

/** A key's JSON for programs; it holds the key itself only when just created. */
type KeyInfo = Pick<ApiKey, 'id' | 'name' | 'models'> & { readonly createdAt: string };

/** The keys by which clients call the models of the named account, and the base of its endpoints' URLs; or those of the S3 API of this machine, whose models need no keys. */
export async function openKeys(
  place: Place & Use,
): Promise<{ readonly keys: Keys; readonly endpoint: string }> {
  const account = accountOf(place);
  if (!account) return machineKeys(machineControl(await findInstance(place.data)), place);
  const { findStack } = await import('#operations/account/stack.ts');
  const { accountKeys } = await import('#operations/account/keys.ts');
  const stack = await findStack(account);
  return { keys: accountKeys(account, stack), endpoint: stack.outputs.Endpoint };
}

function machineKeys(
  control: MachineControl,
  { calls }: Use,
): { readonly keys: Keys; readonly endpoint: string } {
  const keys: Keys = {
    async create(name, models) {
      const wanted = models === 'all' ? { all: true } : { all: false, models: models.join(',') };
      const use = calls ? 'calls' : 's3';
      const made = await control.createKey({ name, ...wanted, use });
      const { secret, endpoint, bucket, ...record } = made;
      const s3 = endpoint !== null && bucket !== null && { endpoint, bucket };
      return { key: secret, record, ...(s3 && { s3 }) };
    },
    list: async () => (await control.listKeys()).keys,
    revoke: async (id) => void (await control.revokeKey({ id })),
  };
  return { keys, endpoint: `http://THIS-MACHINE:${USUAL_PORTS.others}` };
}

/** The options: `models`, comma-separated, or `all` for all models. Exactly one of the two. */
export type KeyOptions = { readonly models?: string; readonly all?: boolean };

export async function createKey(
  keys: Keys,
  name: string,
  options: KeyOptions,
): Promise<KeyInfo & { readonly key: string; readonly s3?: S3Place }> {
  const { key, record, s3 } = await keys.create(name, readModels(options));
  return { key, ...infoOf(record), ...(s3 && { s3 }) };
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
  created: Awaited<ReturnType<typeof createKey>>,
  endpoint: string,
): readonly string[] {
  const { key, models, s3 } = created;
  if (s3) return s3Lines(created, s3);
  const model = models === 'all' ? 'NAME' : models[0];
  return [
    key,
    '',
    `The key is shown only this once and is not kept: store it now. It may call ${modelsText(models)}.`,
    'To see what a model takes, with the key in SLIPWAY_KEY:',
    `  curl -H "Authorization: Bearer $SLIPWAY_KEY" ${endpoint}/models/${model}/openapi.json`,
  ];
}

/** The lines can be pasted in a shell; the notes among them are comments there. */
function s3Lines(
  { id, key, models }: Pick<Awaited<ReturnType<typeof createKey>>, 'id' | 'key' | 'models'>,
  { endpoint, bucket }: S3Place,
): readonly string[] {
  const model = models === 'all' ? 'NAME' : models[0];
  return [
    `export AWS_ACCESS_KEY_ID=${id}`,
    `export AWS_SECRET_ACCESS_KEY=${key}`,
    `export AWS_ENDPOINT_URL_S3=${endpoint} AWS_REGION=us-east-1`,
    '',
    `# The secret is shown only this once: store it now. The key reads and writes ${foldersText(models)} of the bucket.`,
    '# To deploy a model with it:',
    `aws s3 cp FILE s3://${bucket}/models/${model}/`,
  ];
}

function foldersText(models: KeyModels): string {
  return models === 'all' ? 'all' : models.map((model) => `models/${model}/`).join(', ');
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
