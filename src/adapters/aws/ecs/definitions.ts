import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  paginateListTaskDefinitionFamilies,
  paginateListTaskDefinitions,
  RegisterTaskDefinitionCommand,
  type TaskDefinitionStatus,
} from '@aws-sdk/client-ecs';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { TAG, tagMap } from '#adapters/aws/tags.ts';
import { Failure } from '#domain/failure.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { ask } from './errors.ts';
import { type EcsSettings, type Family, familyPrefix } from './settings.ts';
import { taskDefinition } from './task-definition.ts';

/** The record of a revision, kept for as long as the revision exists. */
export type Definition = {
  readonly arn: string;
  readonly model: string;
  readonly deploymentId: string;
  readonly cluster: string;
};

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
const DELETED_AT_ONCE = 10;
const NONE = /Unable to describe task definition/;

/** Undefined when the revision does not exist. */
export async function findDefinition(
  ecs: ECSClient,
  settings: Family,
  revision: string,
): Promise<Definition | undefined> {
  const command = new DescribeTaskDefinitionCommand({
    taskDefinition: familyPrefix(settings) + revision,
    include: ['TAGS'],
  });
  const found = await ask(() => ecs.send(command).catch(undefinedIfNone));
  if (found?.taskDefinition?.status !== 'ACTIVE') return undefined;
  return definitionOf(settings, found.taskDefinition.taskDefinitionArn, tagMap(found.tags));
}

export async function registerDefinition(
  ecs: ECSClient,
  settings: EcsSettings,
  spec: RevisionSpec,
): Promise<Definition> {
  const command = new RegisterTaskDefinitionCommand(taskDefinition(spec, settings));
  const { taskDefinition: made } = await ask(() => ecs.send(command));
  return definitionOf(settings, made?.taskDefinitionArn, tagMap(command.input.tags));
}

/** Removes all of a revision's task definitions. */
export async function removeDefinitions(
  ecs: ECSClient,
  settings: EcsSettings,
  revision: string,
  change: Change,
): Promise<void> {
  const family = familyPrefix(settings) + revision;
  for (const taskDefinition of await definitions(ecs, family, 'ACTIVE')) {
    const command = new DeregisterTaskDefinitionCommand({ taskDefinition });
    await change(() => ask(() => ecs.send(command)));
  }
  const inactive = await definitions(ecs, family, 'INACTIVE');
  for (let start = 0; start < inactive.length; start += DELETED_AT_ONCE) {
    const taskDefinitions = inactive.slice(start, start + DELETED_AT_ONCE);
    const command = new DeleteTaskDefinitionsCommand({ taskDefinitions });
    await change(() => ask(() => ecs.send(command)));
  }
}

/** The revisions with a task definition in the given state. */
export async function definedRevisions(
  ecs: ECSClient,
  settings: EcsSettings,
  status: 'ACTIVE' | 'INACTIVE',
): Promise<readonly string[]> {
  const prefix = familyPrefix(settings);
  const query = { familyPrefix: prefix, status };
  return ask(async () => {
    const names: string[] = [];
    for await (const page of paginateListTaskDefinitionFamilies({ client: ecs }, query)) {
      names.push(...(page.families ?? []));
    }
    return names.map((family) => family.slice(prefix.length));
  });
}

async function definitions(
  ecs: ECSClient,
  familyPrefix: string,
  status: TaskDefinitionStatus,
): Promise<readonly string[]> {
  return ask(async () => {
    const arns: string[] = [];
    const query = { familyPrefix, status };
    for await (const page of paginateListTaskDefinitions({ client: ecs }, query)) {
      arns.push(...(page.taskDefinitionArns ?? []));
    }
    return arns;
  });
}

function definitionOf(
  { capacity }: Family,
  arn = '',
  tags: ReadonlyMap<string, string>,
): Definition {
  // On Fargate there is a single cluster; a revision on hosts may be in any, which only its tag tells.
  const known = capacity.target === 'fargate' ? capacity.cluster : undefined;
  const cluster = tags.get(TAG.cluster) ?? known;
  if (cluster === undefined) throw untagged(arn);
  return {
    arn,
    model: tags.get(TAG.model) ?? '',
    deploymentId: tags.get(TAG.deployment) ?? '',
    cluster,
  };
}

function untagged(arn: string): Failure {
  return new Failure('RevisionFailed', `${arn} has no tag ${TAG.cluster}`, {
    fix: `Somebody took it away: tag it again with its cluster (aws ecs tag-resource --resource-arn ${arn} --tags key=${TAG.cluster},value=CLUSTER).`,
  });
}

function undefinedIfNone(error: unknown): undefined {
  if (error instanceof Error && NONE.test(error.message)) return undefined;
  throw error;
}
