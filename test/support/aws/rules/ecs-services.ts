import { randomUUID } from 'node:crypto';
import {
  type CreateServiceCommandInput,
  type DescribeServicesCommandOutput,
  DescribeTaskDefinitionCommand,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs';
import type { AwsCall, AwsRule, Refusal, Ruling } from './rules.ts';

/** The fate of a service's tasks. */
export type TaskFate = 'serves' | 'crashes' | 'hangs' | 'no capacity' | 'no quota' | 'no image';

type Around = {
  /** The fate of the tasks of an image. */
  fateOf(image: string): TaskFate;
  /** Whether a rule of the load balancer uses the group. */
  isUsed(targetGroup: string): Promise<boolean>;
  register(targetGroup: string, address: string, answers: boolean): Promise<void>;
  deregister(targetGroup: string, address: string): Promise<void>;
  /** A server's last words, in the stream of its task. */
  log(stream: string): Promise<void>;
};

type Standing = {
  readonly input: CreateServiceCommandInput;
  readonly image: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  desired: number;
  looks: number;
  running: string[];
  stopped: Task[];
  events: string[];
};

export type EcsServices = {
  readonly rules: readonly AwsRule[];
  /** The number of tasks ever started for services with this prefix. */
  starts(prefix: string): number;
  /** The names of the capacity providers that a service uses. */
  usedProviders(): readonly string[];
  /** Gives the service's tasks this fate from now on. */
  turn(prefix: string, fate: TaskFate): void;
  /** Sets the number of tasks, as automatic scaling does. */
  resize(prefix: string, desired: number): void;
};

const REFERENCE = 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference';
const SERVICES = ['CreateService', 'DeleteService', 'DescribeServices', 'UpdateService'];
// Looks (DescribeServices) until the first task is there.
const START_LOOKS = 2;

/** Services whose tasks start, answer, crash or find no capacity; moto simulates none of this. */
export function ecsServices(around: Around): EcsServices {
  const services = new Map<string, Standing>();
  const turned = new Map<string, TaskFate>();
  const started: string[] = [];
  let addresses = 0;

  const fateOf = (name: string, { image }: Standing): TaskFate => {
    const own = [...turned].find(([prefix]) => name.startsWith(prefix));
    return own ? own[1] : around.fateOf(image);
  };

  /** One look later. */
  async function advance(name: string, standing: Standing): Promise<void> {
    standing.looks += 1;
    if (standing.status === 'DRAINING' && standing.running.length === 0) {
      standing.status = 'INACTIVE';
    }
    while (standing.running.length > standing.desired) await stop(standing);
    if (standing.status === 'ACTIVE' && standing.looks >= START_LOOKS) await begin(name, standing);
  }

  async function begin(name: string, standing: Standing): Promise<void> {
    const fate = fateOf(name, standing);
    switch (fate) {
      case 'serves':
      case 'hangs':
        while (standing.running.length < standing.desired) {
          await start(name, standing, fate === 'serves');
        }
        return;
      case 'crashes':
        started.push(name);
        standing.stopped.push(task('EssentialContainerExited', EXITED, 1));
        return around.log(`${name.replace(/-[^-]+$/, '')}/model/${standing.stopped.length}`);
      case 'no image':
        standing.stopped.push(task('TaskFailedToStart', NO_IMAGE, null));
        return;
      default:
        standing.events.unshift(
          `(service ${name}) was unable to place a task. Reason: ${REASONS[fate]}`,
        );
    }
  }

  async function start(name: string, standing: Standing, answers: boolean): Promise<void> {
    addresses += 1;
    const address = `10.1.${addresses >> 8}.${addresses & 255}`;
    started.push(name);
    standing.running.push(address);
    await around.register(groupOf(standing.input), address, answers);
  }

  async function stop(standing: Standing): Promise<void> {
    const address = standing.running.pop() ?? '';
    await around.deregister(groupOf(standing.input), address);
  }

  const find = (input: AwsCall['input'], name: unknown): [string, Standing] | undefined => {
    const standing = services.get(`${input['cluster']}/${name}`);
    return standing && [String(name), standing];
  };

  async function creation({ input, send }: AwsCall): Promise<Ruling> {
    const wanted = input as unknown as CreateServiceCommandInput;
    const { taskDefinition } = await send(DescribeTaskDefinitionCommand, {
      taskDefinition: wanted.taskDefinition,
    });
    if (!(await around.isUsed(groupOf(wanted)))) {
      return invalid(
        `The target group with targetGroupArn ${groupOf(wanted)} does not have an associated load balancer.`,
      );
    }
    const [, there] = find(input, wanted.serviceName) ?? [];
    if (there && there.status !== 'INACTIVE') return nameTaken(there, wanted);
    services.set(`${wanted.cluster}/${wanted.serviceName}`, {
      input: wanted,
      image: taskDefinition?.containerDefinitions?.[0]?.image ?? '',
      status: 'ACTIVE',
      desired: wanted.desiredCount ?? 0,
      looks: 0,
      running: [],
      stopped: [],
      events: [],
    });
    return undefined;
  }

  const rules: readonly AwsRule[] = [
    WEIGHT_RULE,
    {
      name: 'ecs: a service needs a target group that a listener uses, and a name that no other has',
      service: 'ECS',
      commands: ['CreateService'],
      source: `hashicorp/terraform#32908 for the group, spinnaker/spinnaker#5476 and hashicorp/terraform-provider-aws#2283 for the name, and ${REFERENCE}/API_CreateService.html for the token`,
      before: creation,
    },
    {
      name: 'ecs: tasks start, stop and fail in their own time',
      service: 'ECS',
      commands: SERVICES,
      source: `${REFERENCE}/API_Service.html and https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html`,
      before({ command, input }) {
        const [, standing] = find(input, input['service']) ?? [];
        if (!standing) return undefined;
        if (command === 'UpdateService') return resized(standing, input);
        return command === 'DeleteService' ? deleted(standing) : undefined;
      },
      async after({ command, input }, output) {
        if (command !== 'DescribeServices') return undefined;
        const { services: found = [] } = output as DescribeServicesCommandOutput;
        const shown: Service[] = [];
        for (const service of found) {
          const [name, standing] = find(input, service.serviceName) ?? [];
          if (!name || !standing) continue;
          await advance(name, standing);
          shown.push({ ...service, ...seen(standing) });
        }
        return { ...output, services: shown };
      },
    },
    {
      name: 'ecs: stopped tasks say why they stopped',
      service: 'ECS',
      commands: ['DescribeTasks', 'ListTasks'],
      source: `${REFERENCE}/API_Task.html`,
      before({ command, input }) {
        if (command === 'ListTasks') {
          const [, standing] = find(input, input['serviceName']) ?? [];
          const taskArns = (standing?.stopped ?? []).map(({ taskArn }) => taskArn);
          return { output: { taskArns } };
        }
        const arns = input['tasks'] as string[];
        const all = [...services.values()].flatMap(({ stopped }) => stopped);
        return { output: { tasks: all.filter(({ taskArn }) => arns.includes(taskArn ?? '')) } };
      },
    },
  ];

  return {
    rules,
    starts: (prefix) => started.filter((name) => name.startsWith(prefix)).length,
    usedProviders: () =>
      [...services.values()]
        .filter(({ status }) => status !== 'INACTIVE')
        .flatMap(({ input }) => input.capacityProviderStrategy ?? [])
        .flatMap(({ capacityProvider }) => capacityProvider ?? []),
    turn: (prefix, fate) => void turned.set(prefix, fate),
    resize(prefix, desired) {
      for (const standing of services.values()) {
        if (standing.input.serviceName?.startsWith(prefix)) standing.desired = desired;
      }
    },
  };
}

const WEIGHT_RULE: AwsRule = {
  name: 'ecs: a capacity provider of weight 0 places no task',
  service: 'ECS',
  commands: ['CreateService'],
  source: `${REFERENCE}/API_CapacityProviderStrategyItem.html, which does not say what becomes of a base on it: taken for a refusal, whose text is of terraform-aws-modules/terraform-aws-ecs#26`,
  before({ input }) {
    const { capacityProviderStrategy: items = [] } = input as Partial<CreateServiceCommandInput>;
    const isPlaced = items.every(({ base = 0, weight = 0 }) => weight > 0 || base === 0);
    if (isPlaced && (items.length === 0 || items.some(({ weight = 0 }) => weight > 0))) return;
    return invalid(
      'There are no capacity providers with a weight value greater than zero defined in the capacity provider strategy.',
    );
  },
};

function nameTaken({ input, status }: Standing, wanted: CreateServiceCommandInput): Ruling {
  if (status === 'DRAINING') return invalid('Unable to Start a service that is still Draining.');
  return input.clientToken === wanted.clientToken
    ? { output: { service: {} } }
    : invalid('Creation of service was not idempotent.');
}

function resized(standing: Standing, input: AwsCall['input']): Ruling {
  if (standing.status !== 'ACTIVE') {
    const message = 'Service was not ACTIVE.';
    return { name: 'ServiceNotActiveException', message, status: 400 };
  }
  standing.desired = Number(input['desiredCount'] ?? standing.desired);
  return undefined;
}

function deleted(standing: Standing): Ruling {
  if (standing.status !== 'ACTIVE') return { output: {} };
  if (standing.desired > 0) {
    return invalid('The service cannot be stopped while it is scaled above 0.');
  }
  standing.status = 'DRAINING';
  return undefined;
}

const EXITED = 'Essential container in task exited';
const NO_IMAGE =
  'CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref: not found';
const REASONS = {
  'no capacity':
    'Capacity is unavailable at this time. Please try again later or in a different availability zone.',
  'no quota': "You've reached the limit on the number of vCPUs you can run concurrently.",
} as const;

function task(stopCode: Task['stopCode'], stoppedReason: string, exitCode: number | null): Task {
  return {
    taskArn: `arn:aws:ecs:us-east-1:123456789012:task/${randomUUID()}`,
    stopCode,
    stoppedReason,
    stoppedAt: new Date(),
    containers: [exitCode === null ? { name: 'model' } : { name: 'model', exitCode }],
  };
}

function seen({ input, status, desired, running, events }: Standing): Partial<Service> {
  return {
    status,
    desiredCount: desired,
    runningCount: running.length,
    pendingCount: 0,
    events: events.map((message) => ({ message })),
    capacityProviderStrategy: input.capacityProviderStrategy,
    deployments: [{ status: 'PRIMARY', rolloutState: 'IN_PROGRESS' }],
  };
}

function groupOf({ loadBalancers = [] }: CreateServiceCommandInput): string {
  return loadBalancers[0]?.targetGroupArn ?? '';
}

function invalid(message: string): Refusal {
  return { name: 'InvalidParameterException', message, status: 400 };
}
