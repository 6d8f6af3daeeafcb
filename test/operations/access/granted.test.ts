import { type MachineControl, machineOperations } from '#control/operations.ts';
import { holderOfKey, holderOfPerson } from '#domain/grant.ts';
import { ROLES, type Role } from '#domain/key-role.ts';
import { grantedTo } from '#operations/access/granted.ts';

const ASKED = {
  name: 'digits',
  model: 'digits',
  key: 'models/digits/digits.onnx',
  id: 'x',
  prefix: '',
};

/** A machine that answers each operation with what a list or a deployment of digits has. */
const machine = Object.fromEntries(
  Object.keys(machineOperations).map((name) => [
    name,
    async () => ({ models: [], refused: [], builds: [], keys: [], model: 'digits' }),
  ]),
) as unknown as MachineControl;

type Run = (input: object) => Promise<unknown>;

async function opens(role: Role, models: 'all' | readonly string[] = ['digits']) {
  const granted = grantedTo(holderOfKey({ name: 'k', models, roles: [role] }), machine);
  const opened: string[] = [];
  for (const [name, run] of Object.entries(granted) as [string, Run][]) {
    const input = name === 'promote' ? { ...ASKED, key: 'promotions/digits/r' } : ASKED;
    if (await run(input).then(Boolean, () => false)) opened.push(name);
  }
  return opened.toSorted();
}

describe('a key for a model opens', () => {
  it('with the role see what only reads', async () => {
    const opened = await opens('see');

    expect(opened).toEqual(
      [
        ...['diffVersions', 'explainVersion', 'health', 'listBuilds', 'listModels', 'listObjects'],
        ...['listRefused', 'listVersions', 'readCapture', 'readDemand', 'readDeployment'],
        ...['readEvents', 'readLogs', 'readModel', 'readRelease', 'readReport', 'readSteps'],
        ...['readTraffic', 'readWorkflow', 'storage'],
      ].toSorted(),
    );
    const table: Readonly<Record<string, { readonly method: string }>> = machineOperations;
    expect(opened.filter((name) => table[name]?.method !== 'GET')).toEqual([]);
  });

  it.each([
    ['drop', ['continueUpload', 'health', 'putObject', 'readUpload', 'removeObject']],
    [
      'promote',
      [
        'abort',
        'answerPromotion',
        'health',
        'promote',
        'readUpload',
        'rollBack',
        'tagVersion',
        'undeploy',
      ],
    ],
    ['call', ['giveFeedback', 'health']],
  ] as const)('with the role %s: %j', async (role, names) => {
    expect(await opens(role)).toEqual(names);
  });
});

it('a key for all models also reads the metrics', async () => {
  const all = await opens('see', 'all');

  expect(all.filter((name) => !name.includes('metrics'))).toEqual(await opens('see'));
  expect(all).toContain('metrics');
});

it('a key for another model opens nothing of this one', async () => {
  for (const role of ROLES) {
    const opened = await opens(role, ['shapes']);

    const lists = /^(health|list.*|readEvents|readWorkflow|readUpload|storage)$/;
    expect([role, opened.filter((name) => !lists.test(name))]).toEqual([role, []]);
  }
});

it('an answer to a promotion is given by the key that gives it', async () => {
  const given: unknown[] = [];
  const answerPromotion = async (input: unknown) => given.push(input);
  const granted = grantedTo(holderOfKey({ name: 'alice', models: 'all', roles: ['promote'] }), {
    ...machine,
    answerPromotion,
  } as unknown as MachineControl);

  await (granted.answerPromotion as Run)({ name: 'digits', version: 1, by: 'the boss' });

  expect(given).toEqual([{ name: 'digits', version: 1, by: 'alice' }]);
});

it('a list has the models of the key alone', async () => {
  const all = {
    ...machine,
    listModels: async () => ({ models: [{ name: 'digits' }, { name: 'shapes' }] }),
    listRefused: async () => ({ refused: [{ name: 'digits' }, { name: 'shapes' }] }),
    listObjects: async () => ({
      keys: ['models/digits/a', 'models/shapes/a', 'promotions/shapes/r', 'loose.txt'],
    }),
    listBuilds: async () => ({ builds: [{ deploymentId: 'd' }, { deploymentId: 's' }] }),
    readDeployment: async ({ id }: { id: string }) => ({ model: id === 'd' ? 'digits' : 'shapes' }),
    readEvents: async function* () {
      yield* [
        { event: { detail: { model: 'digits' } } },
        { event: { detail: { model: 'shapes' } } },
      ];
    },
  } as unknown as MachineControl;
  const own = grantedTo(holderOfKey({ name: 'k', models: ['digits'], roles: ['see'] }), {
    ...all,
    readEvents: async (...asked: Parameters<MachineControl['readEvents']>) =>
      all.readEvents(...asked),
  });

  expect(await own.listModels({})).toEqual({ models: [{ name: 'digits' }] });
  expect(await own.listRefused()).toEqual({ refused: [{ name: 'digits' }] });
  expect(await own.listObjects({ prefix: '' })).toEqual({ keys: ['models/digits/a'] });
  expect(await own.listBuilds()).toEqual({ builds: [{ deploymentId: 'd' }] });
  const events = [];
  for await (const each of await own.readEvents({ follow: false })) events.push(each);
  expect(events).toEqual([{ event: { detail: { model: 'digits' } } }]);
  await expect(own.readDeployment({ id: 's' })).rejects.toMatchObject({
    isAbsent: true,
    message: 'no deployment s',
  });
});

it('somebody in two groups may do with the models of each what that group may, and no more', async () => {
  const person = { subject: 's', name: 'ann@example.com', groups: ['a', 'b'] };
  const granted = grantedTo(
    holderOfPerson(person, [
      { group: 'a', roles: ['see', 'promote'], models: ['digits'] },
      { group: 'b', roles: ['see'], models: ['shapes'] },
      { group: 'c', roles: ['promote'], models: 'all' },
    ]),
    machine,
  );

  await granted.rollBack({ name: 'digits' });
  await granted.readModel({ name: 'shapes' });

  await expect(granted.rollBack({ name: 'shapes' })).rejects.toMatchObject({
    name: 'PlatformDenied',
    message: 'ann@example.com has the role promote for digits, and not for shapes',
  });
  await expect(granted.removeObject({ key: 'models/digits/a' })).rejects.toThrow(
    'ann@example.com lacks the role drop; it has see, promote',
  );
});
