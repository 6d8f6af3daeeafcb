import { systemClock } from '#adapters/clocks.ts';
import type { MachineControl } from '#control/operations.ts';
import type { ApiKey, KeyLimits, KeyModels } from '#domain/api-key.ts';
import { Failure } from '#domain/failure.ts';
import { type KeyRate, rateText, readExpiry, readRate } from '#domain/key-limits.ts';
import { readRoles } from '#domain/key-role.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import { findInstance } from './client.ts';
import { accountOf, type Place, requireHere } from './command.ts';
import { machineControl } from './one-machine.ts';
import { table } from './views/table.ts';

/** Where the S3 API of one machine answers. */
type S3Place = { readonly endpoint: string; readonly bucket: string };

type Created = { readonly key: string; readonly record: Shown; readonly s3?: S3Place };

/** On this machine, `calls` is short for `role: 'call'`, and a key without either is for the S3 API. */
type Use = { readonly calls?: boolean; readonly s3?: boolean };

type Keys = {
  create(name: string, models: KeyModels, limits: KeyLimits): Promise<Created>;
  list(): Promise<readonly Shown[]>;
  revoke(id: string): Promise<void>;
};

/** A key as it is listed; `roles` are words of the control API. */
type Shown = Omit<ApiKey, 'roles' | 'rate'> & {
  readonly roles?: readonly string[] | undefined;
  readonly rate?: KeyRate | undefined;
};

/** A key's JSON for programs; it holds the key itself only when just created. */
type KeyInfo = Pick<ApiKey, 'id' | 'name' | 'models'> & {
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly rate: string | null;
  readonly roles: readonly string[];
};

/** The keys by which clients call the models of the named account, and the base of its endpoints' URLs; or those of the S3 API of this machine, whose models need no keys. */
export async function openKeys(
  place: Place & Use,
): Promise<{ readonly keys: Keys; readonly endpoint: string }> {
  requireHere(place);
  const account = accountOf(place);
  if (!account) return machineKeys(machineControl(await findInstance(place.data)), place);
  const { findStack } = await import('#operations/account/stack.ts');
  const { accountKeys } = await import('#operations/account/keys.ts');
  const stack = await findStack(account);
  const keys = accountKeys(account, stack);
  return {
    keys: {
      ...keys,
      async create(name, models, limits) {
        requireInAccount(limits, stack.outputs.KeyExpiry !== undefined);
        return keys.create(name, models, limits);
      },
    },
    endpoint: stack.outputs.Endpoint,
  };
}

/** Refuses what an account would not keep to: its usage plan gives all keys one rate, and IAM decides who else may do what. */
export function requireInAccount(
  { roles, rate, expiresAtMs }: KeyLimits,
  knowsExpiry: boolean,
): void {
  if (rate !== undefined) {
    throw new Failure('InputInvalid', '--rate is for keys of one machine', {
      fix: 'In an account every key has 100 requests a second, 200 at once: leave --rate out.',
    });
  }
  const role = roles?.find((each) => each !== 'call');
  if (role !== undefined) {
    throw new Failure('InputInvalid', `the role ${role} is for keys of one machine`, {
      fix: 'A key of an account calls models; IAM decides who may drop and promote there.',
    });
  }
  if (expiresAtMs === undefined || knowsExpiry) return;
  throw new Failure(
    'InputInvalid',
    'the Slipway of this account is older, and no key expires there',
    {
      fix: 'Run `slipway deploy` first.',
    },
  );
}

function machineKeys(
  control: MachineControl,
  { calls, s3: isS3 }: Use,
): { readonly keys: Keys; readonly endpoint: string } {
  const keys: Keys = {
    async create(name, models, { roles, rate, expiresAtMs }) {
      const wanted = models === 'all' ? { all: true } : { all: false, models: models.join(',') };
      const use = !isS3 && (calls || roles !== undefined) ? 'calls' : 's3';
      const made = await control.createKey({
        name,
        ...wanted,
        use,
        roles: roles?.join(),
        rate: rate && rateText(rate),
        expires: expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString(),
      });
      const { secret, endpoint, bucket, ...record } = made;
      const s3 = endpoint !== null && bucket !== null && { endpoint, bucket };
      return { key: secret, record, ...(s3 && { s3 }) };
    },
    list: async () => (await control.listKeys()).keys,
    revoke: async (id) => void (await control.revokeKey({ id })),
  };
  return { keys, endpoint: `http://THIS-MACHINE:${USUAL_PORTS.others}` };
}

/** The options: `models`, comma-separated, or `all` for all models. Exactly one of the two. `expires` is 12h, 30d or a time, `rate` 10/s or 600/min, `role` one role, or several separated by commas. */
export type KeyOptions = {
  readonly models?: string;
  readonly all?: boolean;
  readonly expires?: string;
  readonly rate?: string;
  readonly role?: string;
};

export async function createKey(
  keys: Keys,
  name: string,
  options: KeyOptions,
): Promise<KeyInfo & { readonly key: string; readonly s3?: S3Place }> {
  const { key, record, s3 } = await keys.create(name, readModels(options), limitsIn(options));
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
  const { key, models, s3, roles } = created;
  if (s3) return s3Lines(created, s3);
  const model = exampleOf(models);
  return [
    key,
    '',
    `The key is shown only this once and is not kept: store it now. It may ${rolesText(created)} ${modelsText(models)}.${untilText(created)}`,
    ...(roles.includes('call') ? callLines(endpoint, model) : []),
  ];
}

function callLines(endpoint: string, model: string | undefined): readonly string[] {
  return [
    'To see what a model takes, with the key in SLIPWAY_KEY:',
    `  curl -H "Authorization: Bearer $SLIPWAY_KEY" ${endpoint}/models/${model}/openapi.json`,
  ];
}

/** The lines can be pasted in a shell; the notes among them are comments there. */
function s3Lines(
  created: Awaited<ReturnType<typeof createKey>>,
  { endpoint, bucket }: S3Place,
): readonly string[] {
  const { id, key, models, roles } = created;
  const model = exampleOf(models);
  return [
    `export AWS_ACCESS_KEY_ID=${id}`,
    `export AWS_SECRET_ACCESS_KEY=${key}`,
    `export AWS_ENDPOINT_URL_S3=${endpoint} AWS_REGION=us-east-1`,
    '',
    `# The secret is shown only this once: store it now. The key ${s3RolesText(roles)} ${foldersText(models)} of the bucket.${untilText(created)}`,
    ...(roles.includes('drop')
      ? ['# To deploy a model with it:', `aws s3 cp FILE s3://${bucket}/models/${model}/`]
      : []),
  ];
}

/** The name of a model that the key is for, as an example. */
function exampleOf(models: KeyModels): string {
  const [first = 'NAME'] = models === 'all' ? [] : models;
  return first.replace('*', 'NAME');
}

function foldersText(models: KeyModels): string {
  return models === 'all' ? 'all' : models.map((model) => `models/${model}/`).join(', ');
}

/** A table with one line per key. */
export function keyLines(keys: readonly KeyInfo[]): readonly string[] {
  if (keys.length === 0)
    return ['no keys yet; make one with `slipway keys create NAME --models MODEL`'];
  const rows = keys.map(({ id, name, models, roles, rate, createdAt, expiresAt }) => [
    id,
    name,
    createdAt.slice(0, 10),
    expiresAt?.slice(0, 10) ?? 'never',
    rate ?? '100/s',
    roles.join(','),
    modelsText(models),
  ]);
  return table(['ID', 'NAME', 'CREATED', 'EXPIRES', 'RATE', 'ROLES', 'MODELS'], rows);
}

/** Fails with `InputInvalid` when no option is given: a key for all models also opens future ones, so `all` is no default. */
function readModels({ models, all }: KeyOptions): KeyModels {
  if (models !== undefined && !all) return models.split(',').map((model) => model.trim());
  if (models === undefined && all) return 'all';
  throw new Failure('InputInvalid', 'a key is for named models, or for all of them', {
    fix: 'Name them with --models NAME,NAME, or use --all.',
  });
}

function limitsIn({ expires, rate, role }: KeyOptions): KeyLimits {
  return {
    ...(expires !== undefined && { expiresAtMs: readExpiry(expires, systemClock.now()) }),
    ...(rate !== undefined && { rate: readRate(rate) }),
    ...(role !== undefined && { roles: readRoles(role) }),
  };
}

function infoOf({ id, name, models, createdAtMs, ...limits }: Shown): KeyInfo {
  const { expiresAtMs, rate, roles = ['call'] } = limits;
  return {
    id,
    name,
    models,
    createdAt: new Date(createdAtMs).toISOString(),
    expiresAt: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    rate: rate ? rateText(rate) : null,
    roles,
  };
}

function rolesText({ roles }: Pick<KeyInfo, 'roles'>): string {
  return roles.length < 2 ? roles.join() : `${roles.slice(0, -1).join(', ')} and ${roles.at(-1)}`;
}

function s3RolesText(roles: readonly string[]): string {
  const verbs = [
    ...(roles.includes('see') ? ['reads'] : []),
    ...(roles.includes('drop') ? ['writes'] : []),
  ];
  return verbs.join(' and ');
}

function untilText({ expiresAt }: Pick<KeyInfo, 'expiresAt'>): string {
  return expiresAt === null ? '' : ` It expires at ${expiresAt}.`;
}

function modelsText(models: KeyModels): string {
  return models === 'all' ? 'all models' : models.join(', ');
}
