import { type ApiKey, isForModel, type KeyModels, requireModels } from './api-key.ts';
import { Failure } from './failure.ts';
import { type Role, readRoles } from './key-role.ts';

/** Roles, and the models for which they count. */
export type Grant = { readonly models: KeyModels; readonly roles: readonly Role[] };

/** A grant to the members of a group, which has the name that the identity provider gives it. */
export type GroupGrant = Grant & { readonly group: string };

/**
 * Somebody who is known, and what they may do: each of the grants by itself.
 * `name` is how others read of them. Messages use `title`, and say what to do about a role or a model that is missing.
 */
export type Holder = {
  readonly name: string;
  readonly title: string;
  readonly grants: readonly Grant[];
  readonly fixes: { readonly role: (role: Role) => string; readonly model: string };
};

/** A person who has signed in, as the identity provider knows them: `subject` never changes, `name` is for people. */
export type Person = {
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
};

// The group may hold any character: the last `=` ends it.
const FORM = /^(.+)=([^=:]+):([^=:]+)$/;

/**
 * Reads a grant as `slipway start --oidc-grant` takes it: `GROUP=ROLES:MODELS`, such as `ml-a=see,drop:team-a-*`. `*` stands for all models.
 * Fails with `InputInvalid` for another form, an unknown role, or an invalid name of a model.
 */
export function readGroupGrant(text: string): GroupGrant {
  const [, group = '', roles = '', models = ''] = FORM.exec(text) ?? [];
  if (group === '') {
    throw new Failure('InputInvalid', `\`${text}\` does not grant anything`, {
      fix: 'Write GROUP=ROLES:MODELS, such as `ml-team-a=see,drop,promote,call:team-a-*`; `*` stands for all models.',
    });
  }
  const names = models.split(',').map((name) => name.trim());
  const grant = { group, roles: readRoles(roles), models: models === '*' ? 'all' : names } as const;
  requireModels(grant.models);
  return grant;
}

/** The groups that a claim of an identity provider names: a list of texts, or one text. An e-mail address counts only where the provider has verified it. */
export function groupsIn(
  claims: Readonly<Record<string, unknown>>,
  claim: string,
): readonly string[] {
  if (claim === 'email' && claims['email_verified'] !== true) return [];
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === 'string');
}

/** Gives a person the grants of their groups. */
export function holderOfPerson({ name, groups }: Person, granted: readonly GroupGrant[]): Holder {
  const grants = granted.filter(({ group }) => groups.includes(group));
  const ask = 'Ask whoever runs Slipway: its option --oidc-grant says what each group may do.';
  return { name, title: name, grants, fixes: { role: () => ask, model: ask } };
}

/** Gives the holder of a key the key's roles. */
export function holderOfKey({
  name,
  models,
  roles = ['call'],
}: Pick<ApiKey, 'name' | 'models' | 'roles'>): Holder {
  return {
    name,
    title: `the key ${name}`,
    grants: [{ models, roles }],
    fixes: {
      role: (role) =>
        `Use a key that \`slipway keys create NAME --models MODEL --role ${role}\` has made.`,
      model: 'Use a key for it; `slipway keys list` on the machine shows which models each is for.',
    },
  };
}

/** Whether one of the grants has the role, for whichever models. */
export function mayAnywhere({ grants }: Holder, role: Role): boolean {
  return grants.some(({ roles }) => roles.includes(role));
}

export function mayWith({ grants }: Holder, role: Role, model: string): boolean {
  return grants.some((grant) => grant.roles.includes(role) && isForModel(grant, model));
}

export function mayWithAll({ grants }: Holder, role: Role): boolean {
  return grants.some(({ roles, models }) => roles.includes(role) && models === 'all');
}

/** Fails with `PlatformDenied` where no grant has the role. */
export function requireRole(holder: Holder, role: Role): void {
  if (mayAnywhere(holder, role)) return;
  const { title, grants, fixes } = holder;
  const roles = [...new Set(grants.flatMap((grant) => grant.roles))];
  const own = roles.length > 0 ? roles.join(', ') : 'none';
  throw new Failure('PlatformDenied', `${title} lacks the role ${role}; it has ${own}`, {
    fix: fixes.role(role),
  });
}

/** Fails with `PlatformDenied` where no grant has the role for this model. */
export function requireModel(holder: Holder, role: Role, model: string): void {
  requireRole(holder, role);
  if (!mayWith(holder, role, model)) throw notForModel(holder, role, model);
}

/** `model` may say what is more than one of them. */
export function notForModel({ title, grants, fixes }: Holder, role: Role, model: string): Failure {
  const models = grants
    .filter(({ roles }) => roles.includes(role))
    .flatMap((grant) => (grant.models === 'all' ? ['all models'] : grant.models));
  return new Failure(
    'PlatformDenied',
    `${title} has the role ${role} for ${models.join(', ')}, and not for ${model}`,
    { fix: fixes.model },
  );
}
