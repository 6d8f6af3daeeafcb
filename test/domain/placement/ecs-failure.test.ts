import { judgeService, type ServiceView, type StoppedTask } from '#domain/placement/ecs-failure.ts';

const VIEW: ServiceView = {
  needed: 2,
  running: 0,
  healthy: 0,
  hasGivenUp: false,
  events: [],
  stopped: [],
};
const NO_PLACE = '(service digits-v1) was unable to place a task. Reason: ';
const QUOTA = `${NO_PLACE}You've reached the limit on the number of vCPUs you can run concurrently.`;
const CAPACITY = `${NO_PLACE}Capacity is unavailable at this time. Please try again later.`;

const crash = (exitCode: number | null = 1): StoppedTask => ({
  code: 'EssentialContainerExited',
  reason: 'Essential container in task exited',
  exitCode,
});
const failing = (reason: string): StoppedTask => ({
  code: 'TaskFailedToStart',
  reason,
  exitCode: null,
});
const killed: StoppedTask = {
  code: 'ServiceSchedulerInitiated',
  reason: 'Task failed ELB health checks in (target-group arn:a)',
  exitCode: 143,
};
const scaledIn: StoppedTask = {
  code: 'ServiceSchedulerInitiated',
  reason: 'Scaling activity initiated by (deployment d)',
  exitCode: 143,
};

describe('the verdict on a service of ECS', () => {
  it.each([
    { name: 'all that it needs run and answer', view: { running: 2, healthy: 2 } },
    { name: 'more run than it needs', view: { running: 5, healthy: 3 } },
    {
      name: 'it was made smaller often',
      view: { running: 2, healthy: 2, stopped: Array(9).fill(scaledIn) },
    },
    { name: 'capacity was missing before', view: { running: 2, healthy: 2, events: [CAPACITY] } },
    { name: 'a quota was in the way before', view: { running: 2, healthy: 2, events: [QUOTA] } },
    { name: 'it ended twice', view: { running: 2, healthy: 2, stopped: [crash(), crash()] } },
  ])('is ready when $name', ({ view }) => {
    expect(judgeService({ ...VIEW, ...view })).toEqual({ kind: 'ready' });
  });

  it.each([
    { name: 'nothing runs yet', view: {}, says: '0 of 2 tasks are running, 0 are healthy' },
    {
      name: 'they run and do not answer',
      view: { running: 2, healthy: 1 },
      says: '2 of 2 tasks are running, 1 are healthy',
    },
    { name: 'it needs none', view: { needed: 0 }, says: '0 of 0' },
    {
      name: 'one ended',
      view: { running: 1, stopped: [crash()] },
      says: 'a task ended: Essential',
    },
    {
      name: 'AWS has no capacity',
      view: { events: [CAPACITY] },
      says: `no capacity for it: ${CAPACITY}`,
    },
    {
      name: 'no instance has the memory',
      view: { events: ['unable to place: RESOURCE:MEMORY'] },
      says: 'RESOURCE:MEMORY',
    },
    {
      name: 'EC2 has none of the type',
      view: { stopped: [failing('InsufficientInstanceCapacity: g6.xlarge')] },
      says: 'no capacity',
    },
    {
      name: 'a pull ran into the network once',
      view: { stopped: [failing('CannotPullContainerError: i/o timeout')] },
      says: 'i/o timeout',
    },
    {
      name: 'a health check failed twice',
      view: { stopped: [killed, killed] },
      says: 'failed ELB health checks',
    },
  ])('is pending, and says why, while $name', ({ view, says }) => {
    const verdict = judgeService({ ...VIEW, ...view });

    expect(verdict).toEqual({ kind: 'pending', reason: expect.stringContaining(says) });
  });

  it('is ready though three of ten tasks ended, and has failed when as many did as it has', () => {
    const ten = { ...VIEW, needed: 10, running: 10, healthy: 10 };
    const ended = (count: number) => judgeService({ ...ten, stopped: Array(count).fill(crash()) });

    expect(ended(9)).toEqual({ kind: 'ready' });
    expect(ended(10)).toMatchObject({ kind: 'failed' });
  });

  it.each([
    {
      name: 'its server ended three times',
      view: { stopped: [crash(137), crash(), crash()] },
      says: 'exited 3 times, the last time with exit code 137',
    },
    {
      name: 'it comes and goes',
      view: { running: 2, healthy: 2, stopped: [crash(), crash(), crash()] },
      says: 'exited 3 times',
    },
    {
      name: 'it ended without an exit code',
      view: { stopped: Array(3).fill(crash(null)) },
      says: 'without an exit code',
    },
    {
      name: 'the account has no more vCPUs',
      view: { events: [QUOTA] },
      says: 'request an increase in Service Quotas',
    },
    {
      name: 'EC2 says that there is a limit',
      view: { stopped: [failing('VcpuLimitExceeded: 0')] },
      says: 'VcpuLimitExceeded: 0',
    },
    {
      name: 'there is no such image',
      view: { stopped: [failing('CannotPullContainerError: not found')] },
      says: 'cannot pull its image',
    },
    {
      name: 'three pulls failed',
      view: { stopped: Array(3).fill(failing('CannotPullContainerError: i/o timeout')) },
      says: 'cannot pull its image',
    },
    {
      name: 'it never answers',
      view: { stopped: [killed, killed, killed] },
      says: 'did not answer /ping',
    },
    {
      name: 'ECS gave up',
      view: { hasGivenUp: true, events: ['deployment failed: tasks failed to start.'] },
      says: 'tasks failed to start',
    },
    {
      name: 'ECS gave up without a word',
      view: { hasGivenUp: true },
      says: 'its tasks do not start',
    },
  ])('fails, and says why, when $name', ({ view, says }) => {
    const verdict = judgeService({ ...VIEW, ...view });

    expect(verdict).toEqual({ kind: 'failed', reason: expect.stringContaining(says) });
  });
});
