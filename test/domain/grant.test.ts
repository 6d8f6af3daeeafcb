import {
  groupsIn,
  holderOfKey,
  holderOfPerson,
  mayAnywhere,
  mayWith,
  mayWithAll,
  notForModel,
  readGroupGrant,
  requireModel,
  requireRole,
} from '#domain/grant.ts';
import { ROLES } from '#domain/key-role.ts';

it.each([
  ['ml-a=see,drop:team-a-*', { group: 'ml-a', roles: ['see', 'drop'], models: ['team-a-*'] }],
  ['ops=see, call:*', { group: 'ops', roles: ['see', 'call'], models: 'all' }],
  ['/keycloak/ml=drop:a, b', { group: '/keycloak/ml', roles: ['drop'], models: ['a', 'b'] }],
  ['CN=ml,OU=x=see:a', { group: 'CN=ml,OU=x', roles: ['see'], models: ['a'] }],
] as const)('reads %s', (text, grant) => {
  expect(readGroupGrant(text)).toEqual(grant);
});

it.each([
  ['ml', /does not grant anything/],
  ['ml=see', /does not grant anything/],
  ['=see:a', /does not grant anything/],
  ['ml=see:', /does not grant anything/],
  ['ml=rule:a', /`rule` is not a role/],
  ['ml=see:A b', /`A b` is not a valid model name/],
  ['ml=see:a,*', /`\*` is not a valid model name/],
])('refuses %s', (text, says) => {
  expect(() => readGroupGrant(text)).toThrow(says);
});

it.each([
  [{ groups: ['a', 'b'] }, 'groups', ['a', 'b']],
  [{ role: 'a' }, 'role', ['a']],
  [{ groups: ['a', 1, null, { a: 1 }] }, 'groups', ['a']],
  [{ groups: { a: true } }, 'groups', []],
  [{}, 'groups', []],
  [{}, 'constructor', []],
  [{ email: 'a@b', email_verified: true }, 'email', ['a@b']],
  [{ email: 'a@b' }, 'email', []],
  [{ email: 'a@b', email_verified: 'true' }, 'email', []],
])('of %j the claim %s names %j', (claims, claim, groups) => {
  expect(groupsIn(claims, claim)).toEqual(groups);
});

const ann = holderOfPerson({ subject: '1', name: 'ann', groups: ['a', 'b'] }, [
  { group: 'a', roles: ['see'], models: 'all' },
  { group: 'b', roles: ['drop'], models: ['team-b-*'] },
  { group: 'other', roles: ['promote'], models: 'all' },
]);

it('each grant counts by itself', () => {
  const may = (role: (typeof ROLES)[number]) => [
    mayAnywhere(ann, role),
    mayWith(ann, role, 'team-b-x'),
    mayWith(ann, role, 'digits'),
    mayWithAll(ann, role),
  ];

  expect(Object.fromEntries(ROLES.map((role) => [role, may(role)]))).toEqual({
    see: [true, true, true, true],
    drop: [true, true, false, false],
    promote: [false, false, false, false],
    call: [false, false, false, false],
  });
});

it('says what is missing, and who can change that', () => {
  const nobody = holderOfPerson({ subject: '2', name: 'bob', groups: [] }, []);

  expect(() => requireRole(ann, 'promote')).toThrow('ann lacks the role promote; it has see, drop');
  expect(() => requireRole(nobody, 'see')).toThrow('bob lacks the role see; it has none');
  expect(() => requireModel(ann, 'drop', 'digits')).toThrow(
    'ann has the role drop for team-b-*, and not for digits',
  );
  expect(() => requireModel(ann, 'drop', 'team-b-x')).not.toThrow();
  expect(notForModel(ann, 'see', 'x')).toMatchObject({
    message: 'ann has the role see for all models, and not for x',
    fix: expect.stringContaining('--oidc-grant'),
  });
  const key = holderOfKey({ name: 'app', models: ['a'] });
  expect(() => requireRole(key, 'see')).toThrow('the key app lacks the role see; it has call');
  expect(notForModel(key, 'call', 'b')).toMatchObject({
    fix: expect.stringContaining('slipway keys list'),
  });
  expect(() => requireRole(key, 'drop')).toThrow(
    expect.objectContaining({ fix: expect.stringContaining('--role drop') }),
  );
});
