/** A task that ECS stopped: the `code` and `reason` that ECS gives, and its server's exit code if there was one. */
export type StoppedTask = {
  readonly code: string;
  readonly reason: string;
  readonly exitCode: number | null;
};

/** The observed state of a service: the `needed` number of tasks that must run and answer, its events, newest first, and the tasks stopped in the last hour, latest first. */
export type ServiceView = {
  readonly needed: number;
  readonly running: number;
  readonly healthy: number;
  readonly hasGivenUp: boolean;
  readonly events: readonly string[];
  readonly stopped: readonly StoppedTask[];
};

export type ServiceVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'pending'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

// ECS's own circuit breaker resets its count with the first task that runs, so a crash-looping server never trips it.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
const MOST_ENDS = 3;
const EVENTS = 5;

const CRASHED = 'EssentialContainerExited';
// ECS's messages: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
// and https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
const QUOTA = /VcpuLimitExceeded|reached the limit on the number of vCPUs/i;
const NO_CAPACITY =
  /RESOURCE:|Capacity is unavailable|InsufficientInstanceCapacity|unable to place|no container instance met/i;
const NO_IMAGE = /CannotPull\w*|pull image/i;
// Permanent errors, which a retry does not fix; a network failure is temporary.
const NO_SUCH_IMAGE =
  /not found|manifest unknown|does not exist|denied|not authorized|no space left/i;
const UNHEALTHY = /failed (?:ELB|container) health checks/i;

/**
 * Judges the state of an ECS service. It is ready when the needed tasks run and answer the load balancer, and none is crash-looping.
 * Missing capacity leaves it pending, with ECS's message: the waiting side has a deadline. It fails on a quota, an image that cannot be pulled, a server that ended three times (and at least as often as there are tasks) or never answered, and on ECS's circuit breaker.
 */
export function judgeService(view: ServiceView): ServiceVerdict {
  const { needed, running, healthy, stopped } = view;
  const said = [...view.events.slice(0, EVENTS), ...stopped.map(({ reason }) => reason)];
  const crash = crashLoop(stopped, needed);
  if (crash) return failed(crash);
  if (needed > 0 && running >= needed && healthy >= needed) return { kind: 'ready' };

  const failure = quotaReached(said) ?? imageMissing(stopped) ?? neverAnswers(stopped);
  if (failure) return failed(failure);
  if (view.hasGivenUp) return failed(`ECS gave up: ${said[0] ?? 'its tasks do not start'}`);

  const capacity = said.find((text) => NO_CAPACITY.test(text));
  if (capacity) return { kind: 'pending', reason: `AWS has no capacity for it: ${capacity}` };
  const last = stopped[0] ? `; a task ended: ${stopped[0].reason}` : '';
  const reason = `${running} of ${needed} tasks are running, ${healthy} are healthy${last}`;
  return { kind: 'pending', reason };
}

function failed(reason: string): ServiceVerdict {
  return { kind: 'failed', reason };
}

/** Where there are many tasks, three may end within the hour that ECS remembers while the others serve. */
function crashLoop(stopped: readonly StoppedTask[], needed: number): string | undefined {
  const crashes = stopped.filter(({ code }) => code === CRASHED);
  const [last] = crashes;
  if (!last || crashes.length < Math.max(MOST_ENDS, needed)) return undefined;
  const how = last.exitCode === null ? 'without an exit code' : `with exit code ${last.exitCode}`;
  return `its server exited ${crashes.length} times, the last time ${how} (${last.reason})`;
}

function quotaReached(said: readonly string[]): string | undefined {
  const quota = said.find((text) => QUOTA.test(text));
  if (!quota) return undefined;
  return `the account has reached its quota of vCPUs of this kind: ${quota}; request an increase in Service Quotas`;
}

function imageMissing(stopped: readonly StoppedTask[]): string | undefined {
  const misses = stopped.filter(({ reason }) => NO_IMAGE.test(reason));
  const lasting = misses.find(({ reason }) => NO_SUCH_IMAGE.test(reason));
  const miss = lasting ?? (misses.length >= MOST_ENDS ? misses[0] : undefined);
  return miss && `ECS cannot pull its image: ${miss.reason}`;
}

function neverAnswers(stopped: readonly StoppedTask[]): string | undefined {
  const kills = stopped.filter(({ reason }) => UNHEALTHY.test(reason));
  if (kills.length < MOST_ENDS) return undefined;
  return `ECS stopped ${kills.length} tasks whose server did not answer /ping: ${kills[0]?.reason}`;
}
