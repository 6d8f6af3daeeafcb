import {
  ListTaskDefinitionsCommand,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import type { AwsCall, AwsRule, Refusal } from './rules.ts';

const SIZES =
  'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html';

/** ECS's requirements for a task definition; `passable` are the roles that the caller may pass. */
export function ecsRules(passable: readonly string[]): readonly AwsRule[] {
  return [
    definitionRule('ecs: Fargate takes some pairs of CPU and memory only', SIZES, (input) => {
      const { cpu, memory } = input;
      const size = fargate.sizes.find(({ cpuUnits }) => String(cpuUnits) === cpu);
      if (!isFargate(input) || size?.memoryMiB.includes(Number(memory))) return undefined;
      return clientError('No Fargate configuration exists for given values.');
    }),
    definitionRule('ecs: Fargate has no GPU', SIZES, (input) => {
      const needs = (input.containerDefinitions ?? []).flatMap(
        ({ resourceRequirements = [] }) => resourceRequirements,
      );
      if (!isFargate(input) || needs.every(({ type }) => type !== 'GPU')) return undefined;
      return clientError(
        'Tasks using the Fargate launch type do not support GPU resource requirements.',
      );
    }),
    definitionRule('ecs: Fargate takes no network mode but awsvpc', SIZES, (input) => {
      if (!isFargate(input) || input.networkMode === 'awsvpc') return undefined;
      return clientError("Fargate only supports network mode 'awsvpc'.");
    }),
    definitionRule(
      'ecs: only a role that the caller may pass is taken',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html',
      ({ executionRoleArn = '' }) => {
        if (passable.includes(executionRoleArn)) return undefined;
        const message = `not authorized to perform: iam:PassRole on resource: ${executionRoleArn}`;
        return { name: 'AccessDeniedException', message, status: 400 };
      },
    ),
    {
      name: 'ecs: families are listed by whether they have an active definition',
      service: 'ECS',
      commands: ['ListTaskDefinitionFamilies'],
      source: 'ListTaskDefinitionFamilies in @aws-sdk/client-ecs',
      async after(call, output) {
        const { families = [] } = output as { families?: string[] };
        const isWanted = await Promise.all(families.map((family) => hasWanted(call, family)));
        if (!isWanted.includes(false)) return undefined;
        return { ...output, families: families.filter((_, index) => isWanted[index]) };
      },
    },
  ];
}

/** Whether a family is active; it is INACTIVE when it has definitions and all of them are inactive. */
async function hasWanted({ input, send }: AwsCall, familyPrefix: string): Promise<boolean> {
  const has = async (status: 'ACTIVE' | 'INACTIVE') => {
    const found = await send(ListTaskDefinitionsCommand, { familyPrefix, status });
    return (found.taskDefinitionArns ?? []).length > 0;
  };
  const isActive = await has('ACTIVE');
  return input['status'] === 'INACTIVE' ? !isActive && has('INACTIVE') : isActive;
}

function definitionRule(
  name: string,
  source: string,
  refuse: (input: RegisterTaskDefinitionCommandInput) => Refusal | undefined,
): AwsRule {
  return {
    name,
    service: 'ECS',
    commands: ['RegisterTaskDefinition'],
    source,
    before: ({ input }) => refuse(input as unknown as RegisterTaskDefinitionCommandInput),
  };
}

function isFargate({ requiresCompatibilities = [] }: RegisterTaskDefinitionCommandInput): boolean {
  return requiresCompatibilities.includes('FARGATE');
}

function clientError(message: string): Refusal {
  return { name: 'ClientException', message, status: 400 };
}
