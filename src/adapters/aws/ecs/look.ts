import { DescribeTasksCommand, ListTasksCommand, type Service } from '@aws-sdk/client-ecs';
import { judgeService, type StoppedTask } from '#domain/placement/ecs-failure.ts';
import { type RevisionState, textsOf } from '#ports/platform.ts';
import { findDefinition } from './definitions.ts';
import { absentIf, ask } from './errors.ts';
import type { EcsPlatformOptions } from './options.ts';
import { findService, type ServiceRef, serviceRef, startedWith } from './service.ts';
import { healthyTargets, targetGroupOf } from './target-group.ts';

const LOG_LINES = 20;
// The limit of DescribeTasks. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
const MOST_TASKS = 100;

/** Reads a revision's state once. */
export async function lookAtRevision(
  options: EcsPlatformOptions,
  revision: string,
): Promise<RevisionState> {
  const { ecs, elb, settings, logs } = options;
  const definition = await findDefinition(ecs, settings, revision);
  if (!definition) return { kind: 'absent' };
  const group = await targetGroupOf(elb, settings.stage, revision);
  if (!group) return { kind: 'pending', reason: 'none of it runs yet' };
  const ref = serviceRef(definition.cluster, revision, group.arn);
  const service = await findService(ecs, ref);
  if (service?.status !== 'ACTIVE') {
    return { kind: 'pending', reason: `its service is ${service?.status ?? 'not made yet'}` };
  }
  const verdict = judgeService({
    // A service that scales out stays ready, and one that a schedule scaled in needs no more.
    needed: Math.min(startedWith(service), service.desiredCount ?? 0),
    running: service.runningCount ?? 0,
    healthy: await healthyTargets(elb, group.arn),
    hasGivenUp: hasGivenUp(service),
    events: (service.events ?? []).flatMap(({ message }) => message ?? []),
    stopped: await stoppedTasks(options, ref),
  });
  if (verdict.kind !== 'failed') return verdict;
  return { ...verdict, logTail: textsOf(await logs.tail(revision, { lines: LOG_LINES })) };
}

function hasGivenUp({ deployments = [] }: Service): boolean {
  return deployments.some(
    ({ status, rolloutState }) => status === 'PRIMARY' && rolloutState === 'FAILED',
  );
}

/** ECS lists a stopped task for an hour. Latest first. */
async function stoppedTasks(
  { ecs }: EcsPlatformOptions,
  { cluster, name }: ServiceRef,
): Promise<readonly StoppedTask[]> {
  const query = { cluster, serviceName: name, desiredStatus: 'STOPPED' as const };
  const list = new ListTasksCommand({ ...query, maxResults: MOST_TASKS });
  const gone = absentIf('ServiceNotFoundException');
  const taskArns = (await ask(() => ecs.send(list).catch(gone)))?.taskArns ?? [];
  if (taskArns.length === 0) return [];
  const describe = new DescribeTasksCommand({ cluster, tasks: taskArns });
  const { tasks = [] } = await ask(() => ecs.send(describe));
  return tasks
    .toSorted((a, b) => Number(b.stoppedAt ?? 0) - Number(a.stoppedAt ?? 0))
    .map(({ stopCode = '', stoppedReason = '', containers = [] }) => ({
      code: stopCode,
      reason: [stoppedReason, ...containers.flatMap(({ reason }) => reason ?? [])].join(': '),
      exitCode: containers[0]?.exitCode ?? null,
    }));
}
