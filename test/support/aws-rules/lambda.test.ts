import { lambdaStates } from '../aws/rules/lambda.ts';
import { ruled } from './ruled.ts';

const NAME = 'slipway-test-m-digits';
const BUSY = 'ResourceConflictException';
const STALE = 'PreconditionFailedException';
const FAULT = { code: 'InvalidImage', reason: 'no' };

type Shown = {
  readonly State: string;
  readonly LastUpdateStatus: string;
  readonly RevisionId: string;
};

/** Lambda, where a change takes so many looks. */
function account(looks = 2) {
  const { rules, failNext, putAside } = lambdaStates({ looks });
  const asked = async (command: string, input: object = {}, output: object = {}) =>
    (await ruled(
      rules,
      `Lambda.${command}`,
      { FunctionName: NAME, ...input },
      { output: { of: command, ...output } },
    )) as Shown;
  const create = (input?: object) => asked('CreateFunction', input);
  const update = (input?: object) => asked('UpdateFunctionConfiguration', input);
  const publish = (Version: string, input?: object) => asked('PublishVersion', input, { Version });
  const look = async (Qualifier?: string, FunctionName = NAME): Promise<Shown> => {
    const output = { Configuration: { FunctionName } };
    const seen: unknown = await asked('GetFunction', { FunctionName, Qualifier }, output);
    expect(seen).toMatchObject({ of: 'GetFunction', Configuration: { FunctionName } });
    const { Configuration } = seen as { Configuration: Shown & typeof output.Configuration };
    const { FunctionName: _, ...configuration } = Configuration;
    return configuration;
  };
  const settle = async (Qualifier?: string) => {
    for (let left = looks; left > 0; left -= 1) await look(Qualifier);
    return look(Qualifier);
  };
  return { asked, create, update, publish, look, settle, failNext, putAside };
}

describe('a function', () => {
  it('is Active and changed where nothing is known of it, and the same at each look', async () => {
    const { look } = account();
    const shown = await look();

    expect(shown).toEqual({
      State: 'Active',
      LastUpdateStatus: 'Successful',
      RevisionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await look()).toEqual(shown);
    expect((await look('1')).RevisionId).not.toBe(shown.RevisionId);
  });

  it('is Pending for so many looks after its creation, and taken for nothing until then', async () => {
    const { create, asked, look, update } = account();

    expect(await create()).toMatchObject({ of: 'CreateFunction', State: 'Pending' });
    for (const command of ['PublishVersion', 'UpdateFunctionCode', 'Invoke']) {
      expect(await asked(command)).toBe(BUSY);
    }
    expect([(await look()).State, (await look()).State]).toEqual(['Pending', 'Pending']);
    expect((await look()).State).toBe('Active');
    expect(await asked('Invoke')).toBeUndefined();
    expect(await update()).toMatchObject({ LastUpdateStatus: 'InProgress' });
  });

  it.each(['UpdateFunctionConfiguration', 'UpdateFunctionCode'])(
    'is InProgress for so many looks after %s, and takes requests and no change',
    async (command) => {
      const { asked, look } = account();

      expect(await asked(command)).toMatchObject({
        of: command,
        State: 'Active',
        LastUpdateStatus: 'InProgress',
      });
      expect(await asked('UpdateFunctionConfiguration')).toBe(BUSY);
      expect(await asked('UpdateFunctionCode')).toBe(BUSY);
      expect(await asked('PublishVersion')).toBe(BUSY);
      expect(await asked('Invoke')).toBeUndefined();
      const statuses = [await look(), await look(), await look()].map(
        ({ LastUpdateStatus }) => LastUpdateStatus,
      );
      expect(statuses).toEqual(['InProgress', 'InProgress', 'Successful']);
    },
  );

  it('is ready at once where changes take no look', async () => {
    const { create, update, look } = account(0);

    expect(await create()).toMatchObject({ State: 'Active' });
    expect(await update()).toMatchObject({ LastUpdateStatus: 'Successful' });
    expect(await look()).toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' });
  });

  it('says why its creation failed, and is made anew', async () => {
    const { create, settle, failNext } = account();
    failNext(NAME, FAULT);
    await create();

    expect(await settle()).toStrictEqual({
      State: 'Failed',
      StateReasonCode: FAULT.code,
      StateReason: FAULT.reason,
      LastUpdateStatus: 'Successful',
      RevisionId: expect.any(String),
    });
    await create();
    expect(await settle()).toMatchObject({ State: 'Active' });
  });

  it('says why a change failed, and takes the next', async () => {
    const { update, settle, failNext } = account();
    failNext('another', { code: 'Other', reason: 'other' });
    failNext(NAME, FAULT);
    await update();

    expect(await settle()).toStrictEqual({
      State: 'Active',
      LastUpdateStatus: 'Failed',
      LastUpdateStatusReasonCode: FAULT.code,
      LastUpdateStatusReason: FAULT.reason,
      RevisionId: expect.any(String),
    });
    await update();
    expect(await settle()).toMatchObject({ LastUpdateStatus: 'Successful' });
  });

  it('is woken by the request that finds it Inactive, which is refused', async () => {
    const { putAside, asked, look, settle } = account();
    putAside(NAME, '1');

    expect(await asked('Invoke')).toBeUndefined();
    expect(await look('1')).toMatchObject({ State: 'Inactive' });
    expect(await asked('Invoke', { Qualifier: '1' })).toBe(BUSY);
    expect(await look('1')).toMatchObject({ State: 'Pending' });
    await settle('1');
    expect(await asked('Invoke', { Qualifier: '1' })).toBeUndefined();
  });

  it('is forgotten with all its versions when it is deleted or made anew, and no other is', async () => {
    const { asked, create, update, look, putAside } = account();
    const neighbour = await look('1', `${NAME}-2`);
    for (const end of [() => asked('DeleteFunction'), create]) {
      putAside(NAME, '1');
      await end();
      expect(await look('1')).toMatchObject({ State: 'Active' });
    }

    await asked('DeleteFunction', { Qualifier: '1' });
    expect(await update()).toBe(BUSY);
    await asked('DeleteFunction');
    expect(await update()).toMatchObject({ LastUpdateStatus: 'InProgress' });
    expect(await look('1', `${NAME}-2`)).toEqual(neighbour);
  });
});

describe('a version', () => {
  it('is Pending when it is published, and as it was where it is the last one again', async () => {
    const { publish, look, settle } = account();

    expect(await publish('1')).toMatchObject({ of: 'PublishVersion', State: 'Pending' });
    expect(await look()).toMatchObject({ State: 'Active' });
    await settle('1');
    expect(await publish('1')).toMatchObject({ State: 'Active' });
    expect(await publish('2')).toMatchObject({ State: 'Pending' });
  });
});

describe('a RevisionId', () => {
  it('is new when a change begins and when it ends', async () => {
    const { update, look } = account();
    const ids = [(await look()).RevisionId, (await update()).RevisionId];
    await look();
    ids.push((await look()).RevisionId, (await look()).RevisionId);

    const [before, begun, during, after] = ids;
    expect(during).toBe(begun);
    expect(new Set([before, begun, after]).size).toBe(3);
  });

  it.each(['UpdateFunctionConfiguration', 'UpdateFunctionCode', 'PublishVersion'])(
    'that is stale is refused by %s, and one that is not given is not asked for',
    async (command) => {
      const { asked, update, look, settle } = account();
      const { RevisionId: stale } = await look();
      await update();
      const { RevisionId } = await settle();
      const ask = (input: object) => asked(command, input, { Version: '1' });

      expect(await ask({ RevisionId: stale })).toBe(STALE);
      expect(await ask({ RevisionId })).toMatchObject({ of: command });
      await settle();
      expect(await ask({})).toMatchObject({ of: command });
    },
  );

  it('serves one of two changes that come at once, and each of two publications', async () => {
    const { look, update, publish } = account();
    const { RevisionId } = await look();

    const publications = [publish('1', { RevisionId }), publish('1', { RevisionId })];
    expect(await Promise.all(publications)).not.toContain(STALE);
    const changes = [update({ RevisionId }), update({ RevisionId })];
    expect(await Promise.all(changes)).toEqual([
      expect.objectContaining({ LastUpdateStatus: 'InProgress' }),
      STALE,
    ]);
  });
});
