import { ecsServices, type TaskFate } from '../aws/rules/ecs-services.ts';
import { ruled } from './ruled.ts';

const CLUSTER = 'slipway-test';
const NAME = 'slipway-digits-v1-0a';
const GROUP = 'arn:group';
const REFUSED = 'InvalidParameterException';
const SERVICE = {
  cluster: CLUSTER,
  serviceName: NAME,
  clientToken: 'a',
  taskDefinition: 'definition',
  desiredCount: 2,
  loadBalancers: [{ targetGroupArn: GROUP }, { targetGroupArn: 'arn:second' }],
};

type Shown = {
  readonly status: string;
  readonly runningCount: number;
  readonly desiredCount: number;
  readonly events: readonly { readonly message: string }[];
};

/** A cluster in which all tasks have one fate, and a record of the calls to its surroundings. */
function cluster(fate: TaskFate = 'serves') {
  const around: unknown[][] = [];
  const images: string[] = [];
  const tell =
    (what: string) =>
    async (...told: readonly unknown[]) =>
      void around.push([what, ...told]);
  const services = ecsServices({
    fateOf(image) {
      images.push(image);
      return fate;
    },
    isUsed: async (group) => group === GROUP,
    register: tell('register'),
    deregister: tell('deregister'),
    log: tell('log'),
  });
  const answers = {
    DescribeTaskDefinition: ({ taskDefinition }: { taskDefinition: string }) => ({
      taskDefinition: { containerDefinitions: [{ image: `image of ${taskDefinition}` }] },
    }),
  };
  const asked = (command: string, input: object = {}, output: object = {}) =>
    ruled(
      services.rules,
      `ECS.${command}`,
      { cluster: CLUSTER, service: NAME, ...input },
      { answers, output },
    );
  const create = (over: object = {}) => asked('CreateService', { ...SERVICE, ...over });
  const look = async (serviceName = NAME): Promise<Shown | undefined> => {
    const found = { services: [{ serviceName, serviceArn: 'arn' }] };
    const shown = (await asked('DescribeServices', {}, found)) as { services: Shown[] };
    return shown.services[0];
  };
  const looks = async (times: number) => {
    for (let left = times; left > 1; left -= 1) await look();
    return look();
  };
  const scale = (desiredCount?: number) => asked('UpdateService', { desiredCount });
  const remove = () => asked('DeleteService');
  const stopped = async () => {
    const { taskArns } = (await asked('ListTasks', { serviceName: NAME })) as {
      taskArns: readonly string[];
    };
    const { tasks } = (await asked('DescribeTasks', { tasks: taskArns })) as {
      tasks: readonly object[];
    };
    return { taskArns, tasks };
  };
  return { ...services, around, images, asked, create, look, looks, scale, remove, stopped };
}

describe('a service', () => {
  it('is made where a listener uses its first target group', async () => {
    const { create } = cluster();

    expect(await create()).toBeUndefined();
  });

  it.each([undefined, [], [{}], [{ targetGroupArn: 'arn:unused' }]])(
    'is refused with the target groups %j',
    async (loadBalancers) => {
      expect(await cluster().create({ loadBalancers })).toBe(REFUSED);
    },
  );

  it.each([
    [undefined, undefined],
    [[], undefined],
    [[{ weight: 1 }], undefined],
    [[{ base: 1, weight: 1 }], undefined],
    [[{ weight: 0 }, { weight: 1 }], undefined],
    [[{ weight: 0 }, { weight: 0 }], REFUSED],
    [[{}], REFUSED],
    [[{ base: 1, weight: 0 }, { weight: 1 }], REFUSED],
  ])('with the strategy %j is %s', async (capacityProviderStrategy, outcome) => {
    expect(await cluster().create({ capacityProviderStrategy })).toBe(outcome);
  });

  it('is made once for a token, and its name is taken for others', async () => {
    const { create } = cluster();
    await create();

    expect(await create()).toEqual({ service: {} });
    expect(await create({ clientToken: 'b' })).toBe(REFUSED);
    expect(await create({ cluster: 'other', clientToken: 'b' })).toBeUndefined();
    expect(await create({ serviceName: 'other', clientToken: 'b' })).toBeUndefined();
  });

  it('is unknown until it is made', async () => {
    const { look, scale, remove, asked } = cluster();

    expect(await look()).toBeUndefined();
    expect([await scale(1), await remove()]).toEqual([undefined, undefined]);
    expect(await asked('ListTasks', { serviceName: NAME })).toEqual({ taskArns: [] });
    expect(await asked('DescribeServices')).toEqual({ services: [] });
  });

  it('shows itself as it stands', async () => {
    const { create, look } = cluster();
    const capacityProviderStrategy = [{ capacityProvider: 'FARGATE', weight: 1 }];
    await create({ capacityProviderStrategy });

    expect(await look()).toEqual({
      serviceName: NAME,
      serviceArn: 'arn',
      status: 'ACTIVE',
      desiredCount: 2,
      runningCount: 0,
      pendingCount: 0,
      events: [],
      capacityProviderStrategy,
      deployments: [{ status: 'PRIMARY', rolloutState: 'IN_PROGRESS' }],
    });
  });
});

describe('the tasks of a service', () => {
  it.each([
    ['serves', true],
    ['hangs', false],
  ] as const)('are there at the second look, where each %s', async (fate, answers) => {
    const { create, look, around, images, starts } = cluster(fate);
    await create();

    expect(await look()).toMatchObject({ runningCount: 0 });
    expect(await look()).toMatchObject({ runningCount: 2 });
    expect(await look()).toMatchObject({ runningCount: 2 });

    expect(around).toEqual([
      ['register', GROUP, '10.1.0.1', answers],
      ['register', GROUP, '10.1.0.2', answers],
    ]);
    expect(images[0]).toBe('image of definition');
    expect([starts('slipway-digits'), starts('digits')]).toEqual([2, 0]);
  });

  it('are none where it wants none', async () => {
    const { create, looks, around } = cluster();
    await create({ desiredCount: undefined });

    expect(await looks(2)).toMatchObject({ desiredCount: 0, runningCount: 0 });
    expect(around).toEqual([]);
  });

  it('crash one after the other, with words in a stream of the model and a task that says why', async () => {
    const { create, looks, around, starts, stopped } = cluster('crashes');
    await create();

    expect(await looks(3)).toMatchObject({ runningCount: 0 });

    expect(around).toEqual([
      ['log', 'slipway-digits-v1/model/1'],
      ['log', 'slipway-digits-v1/model/2'],
    ]);
    expect(starts(NAME)).toBe(2);
    const { taskArns, tasks } = await stopped();
    expect(new Set(taskArns).size).toBe(2);
    expect(tasks).toHaveLength(2);
    expect(tasks[0]).toEqual({
      taskArn: expect.stringMatching(/^arn:aws:ecs:us-east-1:123456789012:task\/./),
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      stoppedAt: expect.any(Date),
      containers: [{ name: 'model', exitCode: 1 }],
    });
  });

  it('are not started where their image is gone', async () => {
    const { create, looks, starts, stopped, asked } = cluster('no image');
    await create();
    await looks(2);

    const { tasks } = await stopped();
    expect(tasks).toEqual([
      expect.objectContaining({
        stopCode: 'TaskFailedToStart',
        stoppedReason: expect.stringContaining('CannotPullContainerError'),
        containers: [{ name: 'model' }],
      }),
    ]);
    expect(starts(NAME)).toBe(0);
    expect(await asked('DescribeTasks', { tasks: ['arn:other'] })).toEqual({ tasks: [] });
  });

  it.each([
    ['no capacity', 'Capacity is unavailable'],
    ['no quota', 'number of vCPUs'],
  ] as const)(
    'are not placed where there is %s, which the newest event says',
    async (fate, why) => {
      const { create, looks, turn } = cluster('no capacity');
      await create();
      await looks(2);
      turn('slipway-digits', fate);

      const { events } = (await looks(1))!;

      expect(events).toHaveLength(2);
      expect(events[0]!.message).toContain(`(service ${NAME}) was unable to place a task`);
      expect(events[0]!.message).toContain(why);
      expect(events[1]!.message).toContain('Capacity is unavailable');
    },
  );

  it('have another fate from when their service turns, and no other service has it', async () => {
    const { create, look, looks, turn } = cluster('no image');
    await create();
    turn('slipway-other', 'no quota');
    turn('slipway-digits', 'serves');

    expect(await looks(2)).toMatchObject({ runningCount: 2 });
    await create({ serviceName: 'third' });
    await look('third');
    expect(await look('third')).toMatchObject({ runningCount: 0 });
  });

  it('are as many as is asked for, the last one stopped first', async () => {
    const { create, looks, scale, around } = cluster();
    await create();
    await looks(2);
    around.length = 0;

    expect(await scale(1)).toBeUndefined();
    expect(await looks(1)).toMatchObject({ status: 'ACTIVE', desiredCount: 1, runningCount: 1 });
    await scale();
    expect(await looks(1)).toMatchObject({ desiredCount: 1, runningCount: 1 });

    expect(around).toEqual([['deregister', GROUP, '10.1.0.2']]);
  });

  it('are as many as scaling makes of those whose name begins so', async () => {
    const { create, looks, resize } = cluster();
    await create();
    resize('slipway-digits', 3);
    resize('slipway-other', 5);

    expect(await looks(2)).toMatchObject({ desiredCount: 3, runningCount: 3 });
  });

  it('have each an address of its own, also the 256th', async () => {
    const { create, looks, around } = cluster();
    await create({ desiredCount: 256 });
    await looks(2);

    expect(around.at(-1)).toEqual(['register', GROUP, '10.1.1.0', true]);
  });
});

describe('the end of a service', () => {
  async function draining() {
    const world = cluster();
    await world.create();
    await world.looks(2);
    await world.scale(0);
    expect(await world.remove()).toBeUndefined();
    return world;
  }

  it('comes once it is scaled to nothing', async () => {
    const { create, remove, look } = cluster();
    await create();

    expect(await remove()).toBe(REFUSED);
    expect(await look()).toMatchObject({ status: 'ACTIVE' });
  });

  it('is drained at one look and inactive at the next, and starts nothing', async () => {
    const { look, around } = await draining();

    expect(await look()).toMatchObject({ status: 'DRAINING', runningCount: 0 });
    expect(await look()).toMatchObject({ status: 'INACTIVE' });
    expect(around.map(([what]) => what)).toEqual([
      ...['register', 'register', 'deregister', 'deregister'],
    ]);
  });

  it('lets nobody change it or take its name before it is over', async () => {
    const { create, look, looks, scale, remove, resize, starts } = await draining();

    expect(await scale(1)).toBe('ServiceNotActiveException');
    expect(await remove()).toEqual({});
    expect(await create()).toBe(REFUSED);
    await looks(2);
    expect(await scale(1)).toBe('ServiceNotActiveException');
    resize(NAME, 1);
    expect(await look()).toMatchObject({ status: 'INACTIVE', runningCount: 0 });
    expect(await create({ clientToken: 'b' })).toBeUndefined();
    expect(await look()).toMatchObject({ status: 'ACTIVE' });
    expect(starts(NAME)).toBe(2);
  });

  it('frees the capacity providers that it used', async () => {
    const { create, looks, scale, remove, usedProviders } = cluster();
    const capacityProviderStrategy = [{ capacityProvider: 'gpu', weight: 1 }, { weight: 1 }];
    await create({ capacityProviderStrategy });
    await create({ serviceName: 'second' });

    await scale(0);
    await remove();
    expect(usedProviders()).toEqual(['gpu']);
    await looks(1);
    expect(usedProviders()).toEqual([]);
  });
});
