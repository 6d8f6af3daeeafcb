import { lambdaAliases } from '../aws/rules/lambda-alias.ts';
import { type Answers, ruled } from './ruled.ts';

const NAME = 'digits';
const LIVE = { FunctionName: NAME, Name: 'live' };
const INVALID = 'InvalidParameterValueException';
const GONE = 'ResourceNotFoundException';
const TAKEN = 'ResourceConflictException';
const STALE = 'PreconditionFailedException';

function notFound(): never {
  throw Object.assign(new Error('not found'), { name: GONE });
}

/** Functions whose versions 1, 2 and 4 have one role, and 3 another; no alias, but where the answers say so. */
function account(more: Answers = {}) {
  const rules = lambdaAliases();
  const roles: Readonly<Record<string, string>> = { $LATEST: 'a', 1: 'a', 2: 'a', 3: 'b', 4: 'a' };
  const answers: Answers = {
    GetAlias: notFound,
    GetPolicy: notFound,
    ListAliases: () => ({}),
    GetFunction: ({ FunctionName, Qualifier }: Record<string, string>) => {
      const Role = FunctionName === NAME ? roles[Qualifier!] : undefined;
      return Role ? { Configuration: { Role } } : notFound();
    },
    ...more,
  };
  return (command: string, input: object = {}, output: object = {}) =>
    ruled(
      rules,
      `Lambda.${command}`,
      { FunctionName: NAME, ...input },
      { answers, output },
    ) as Promise<never>;
}

const revisionOf = (answer: unknown) => (answer as { RevisionId: string }).RevisionId;

describe('the RevisionId of an alias', () => {
  it('is renewed by each change, and by nothing else', async () => {
    const asked = account();
    const look = async (over = {}) => {
      const seen = await asked('GetAlias', { ...LIVE, ...over }, { Name: 'live' });
      expect(seen).toEqual({ Name: 'live', RevisionId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
      return revisionOf(seen);
    };
    const found = await look();
    const made = revisionOf(await asked('CreateAlias', { ...LIVE, FunctionVersion: '1' }));
    const seen = await look();
    const changed = revisionOf(await asked('UpdateAlias', { ...LIVE, FunctionVersion: '2' }));

    expect(seen).toBe(made);
    expect(await look()).toBe(changed);
    const others = [await look({ Name: 'other' }), await look({ FunctionName: 'other' })];
    expect(new Set([found, made, changed, ...others]).size).toBe(5);
  });

  it('that is stale is refused, and one that is not given is not asked for', async () => {
    const asked = account();
    const update = (RevisionId?: string) =>
      asked('UpdateAlias', { ...LIVE, FunctionVersion: '2', RevisionId });
    const first = revisionOf(await asked('CreateAlias', { ...LIVE, FunctionVersion: '1' }));

    expect(revisionOf(await update(first))).not.toBe(first);
    expect(await update(first)).toBe(STALE);
    expect(await update()).toEqual({ RevisionId: expect.any(String) });
  });

  it('serves one of two changes that come at once', async () => {
    const asked = account();
    const RevisionId = revisionOf(await asked('GetAlias', LIVE));
    const update = () => asked('UpdateAlias', { ...LIVE, FunctionVersion: '1', RevisionId });

    expect(await Promise.all([update(), update()])).toEqual([
      { RevisionId: expect.any(String) },
      STALE,
    ]);
  });
});

describe('an alias', () => {
  it('is made once', async () => {
    const looked: object[] = [];
    const asked = account({
      GetAlias(input: object) {
        looked.push(input);
        return { AliasArn: 'arn' };
      },
    });

    expect(await asked('CreateAlias', { ...LIVE, FunctionVersion: '1' })).toBe(TAKEN);
    expect(looked).toEqual([LIVE]);
  });

  it('is not taken for absent where Lambda does not answer', async () => {
    const asked = account({
      GetAlias() {
        throw new Error('throttled');
      },
    });

    await expect(asked('CreateAlias', { ...LIVE, FunctionVersion: '1' })).rejects.toThrow(
      'throttled',
    );
  });

  describe.each(['CreateAlias', 'UpdateAlias'])('by %s', (command) => {
    const route = (FunctionVersion: string, RoutingConfig?: object) =>
      account()(command, { ...LIVE, FunctionVersion, RoutingConfig });
    const weighted = (version: string, AdditionalVersionWeights: object) =>
      route(version, { AdditionalVersionWeights });

    it.each([
      ['1', {}],
      ['1', { 2: 0 }],
      ['1', { 2: 1 }],
      ['$LATEST', {}],
    ])('leads to version %s, with the weights %j', async (version, weights) => {
      expect(await weighted(version, weights)).toEqual({ RevisionId: expect.any(String) });
    });

    it('needs no weights', async () => {
      const taken = { RevisionId: expect.any(String) };

      expect(await route('2')).toEqual(taken);
      expect(await route('2', {})).toEqual(taken);
    });

    it.each([
      ['three versions', '1', { 2: 0.1, 4: 0.1 }],
      ['a weight below 0', '1', { 2: -0.1 }],
      ['a weight over 1', '1', { 2: 1.1 }],
      ['$LATEST and another', '$LATEST', { 1: 0.1 }],
      ['a version and $LATEST', '1', { $LATEST: 0.1 }],
      ['one version twice', '1', { 1: 0.1 }],
      ['a version that is not there', '9', {}],
      ['another one that is not there', '1', { 9: 0.1 }],
      ['versions of two roles', '1', { 3: 0.1 }],
    ])('is refused with %s', async (_, version, weights) => {
      expect(await weighted(version, weights)).toBe(INVALID);
    });

    it('is refused with a version that was deleted, whatever moto keeps of it', async () => {
      const asked = account();
      await asked('DeleteFunction', { Qualifier: '2' });
      const RoutingConfig = { AdditionalVersionWeights: { 2: 0.1 } };

      expect(await asked(command, { ...LIVE, FunctionVersion: '2' })).toBe(INVALID);
      expect(await asked(command, { ...LIVE, FunctionVersion: '1', RoutingConfig })).toBe(INVALID);
      expect(await asked(command, { ...LIVE, FunctionVersion: '1' })).toBeInstanceOf(Object);
    });
  });
});

describe('a version', () => {
  it.each([
    ['1', TAKEN],
    ['2', TAKEN],
    ['3', TAKEN],
    ['4', {}],
  ])('%s is deleted where no alias names it: %j', async (Qualifier, outcome) => {
    const asked = account({
      ListAliases: ({ FunctionName }: { FunctionName: string }) => ({
        Aliases:
          FunctionName === NAME
            ? [
                { FunctionVersion: '1', RoutingConfig: { AdditionalVersionWeights: { 2: 0.1 } } },
                { FunctionVersion: '3', RoutingConfig: {} },
                { FunctionVersion: '3' },
              ]
            : [],
      }),
    });

    expect(await asked('DeleteFunction', { Qualifier })).toEqual(outcome);
  });

  it('that was deleted is gone for all', async () => {
    const asked = account();

    expect(await asked('DeleteFunction', { Qualifier: '2' })).toEqual({});
    for (const command of ['GetFunction', 'Invoke', 'DeleteFunction']) {
      expect(await asked(command, { Qualifier: '2' })).toBe(GONE);
    }
    expect(await asked('GetFunction', { Qualifier: '1' })).toBeUndefined();
    expect(await asked('GetFunction', { FunctionName: 'digits-2', Qualifier: '2' })).toBe(
      undefined,
    );
  });

  it('that was deleted is listed no more', async () => {
    const asked = account();
    const Versions = [{ Version: '$LATEST' }, { Version: '1' }, { Version: '2' }];
    const list = (output: object) => asked('ListVersionsByFunction', {}, output);

    expect(await list({ Versions })).toBeUndefined();
    expect(await list({})).toBeUndefined();
    await asked('DeleteFunction', { Qualifier: '1' });
    expect(await list({ Versions, more: true })).toEqual({
      Versions: [{ Version: '$LATEST' }, { Version: '2' }],
      more: true,
    });
    expect(await asked('GetFunction', {}, { Versions })).toBeUndefined();
  });

  it('has its number again once its function is made anew, and that of no other', async () => {
    const asked = account({ ListAliases: () => ({}) });
    const ofNeighbour = { FunctionName: 'digits-2', Qualifier: '2' };
    await asked('DeleteFunction', { Qualifier: '2' });
    await asked('DeleteFunction', ofNeighbour);

    expect(await asked('GetFunction')).toBeUndefined();
    expect(await asked('GetFunction', { Qualifier: '2' })).toBe(GONE);
    expect(await asked('DeleteFunction')).toBeUndefined();
    expect(await asked('GetFunction', { Qualifier: '2' })).toBeUndefined();
    expect(await asked('GetFunction', ofNeighbour)).toBe(GONE);
  });
});

describe('a permission', () => {
  const allow = (more: Answers) =>
    account(more)('AddPermission', { Qualifier: 'live', StatementId: 'route' });
  const asked: object[] = [];
  const telling = (told: object) => (input: object) => {
    asked.push(input);
    return told;
  };
  const alias = { GetAlias: telling({}) };
  const policy = (told: object) => ({ ...alias, GetPolicy: telling(told) });
  const having = (...ids: readonly string[]) =>
    policy({ Policy: JSON.stringify({ Statement: ids.map((Sid) => ({ Sid })) }) });

  it('has an id that no other of its alias has', async () => {
    asked.length = 0;

    expect(await allow(having('other', 'route'))).toBe(TAKEN);
    expect(asked).toEqual([
      { ...LIVE, Qualifier: 'live' },
      { FunctionName: NAME, Qualifier: 'live' },
    ]);
    expect(await allow(having('other'))).toBeUndefined();
  });

  it.each([
    ['no alias', { GetPolicy: () => ({ Policy: '{"Statement":[{"Sid":"route"}]}' }) }],
    ['no policy', alias],
    ['an empty policy', policy({})],
    ['a policy of nothing', policy({ Policy: '{}' })],
  ])('is given where there is %s', async (_, answers) => {
    expect(await allow(answers)).toBeUndefined();
  });
});
