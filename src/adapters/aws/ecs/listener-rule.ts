import {
  type Action,
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { modelRoute } from '#adapters/aws/api/model-api.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { TAG, tagMap } from '#adapters/aws/tags.ts';
import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { ContainerFront } from './container-front.ts';
import { absentIf, ask } from './errors.ts';
import { below, FOREIGN_RULE_FIX, isBelow } from './rule-path.ts';
import { targetGroupOf } from './target-group.ts';
import { readRules } from './test-rule.ts';

/** Where a model's rule sends requests: weights by target group, and by the revision in the group's tag; an absent weight is 0. */
export type RuleShares = {
  readonly groups: ReadonlyMap<string, number>;
  readonly shares: Shares;
};

/** The rule that distributes a model's requests among its revisions; recognised by path and tags, since anybody can make a rule with that path. */
export type ListenerRule = {
  /** Undefined when there is no rule. */
  read(model: string): Promise<RuleShares | undefined>;
  /** Fails with `SharesRefused` for a revision without a target group, or when a foreign rule has the path. */
  write(model: string, shares: Shares, change: Change): Promise<void>;
  /** Idempotent. */
  remove(model: string, change: Change): Promise<void>;
};

export type ListenerRuleOptions = {
  readonly elb: ElasticLoadBalancingV2Client;
  readonly front: Pick<ContainerFront, 'listener' | 'stage'>;
  readonly apiStage: string;
};

/** Below the priorities of the rules for single revisions. A load balancer has at most 100 rules. */
const PRIORITIES = { first: 1_000, count: 100 } as const;

export function listenerRule(options: ListenerRuleOptions): ListenerRule {
  const { elb, front } = options;

  const find = async (model: string): Promise<Rule | undefined> =>
    (await placed(options, model, await readRules(elb, front.listener))).own;

  return {
    async read(model) {
      const rule = await find(model);
      return rule && sharesOf(elb, rule);
    },

    async write(model, shares, change) {
      const actions = [forward(await groupsOf(options, shares))];
      for (let attempt = 0; attempt < PRIORITIES.count; attempt += 1) {
        const rules = await readRules(elb, front.listener);
        const { own, foreign } = await placed(options, model, rules);
        if (foreign) throw notOurs(foreign, model, front.stage);
        const RuleArn = own?.RuleArn;
        if (RuleArn) {
          const command = new ModifyRuleCommand({ RuleArn, Actions: actions });
          await change(() => ask(() => elb.send(command)));
          return;
        }
        const command = creation(options, model, actions, freePriority(rules));
        const taken = absentIf('PriorityInUseException');
        if (await change(() => ask(() => elb.send(command).catch(taken)))) return;
      }
      throw new Failure('PlatformUnavailable', 'others keep changing the rules of this listener');
    },

    async remove(model, change) {
      const RuleArn = (await find(model))?.RuleArn;
      if (!RuleArn) return;
      const command = new DeleteRuleCommand({ RuleArn });
      await change(() => ask(() => elb.send(command).catch(absentIf('RuleNotFoundException'))));
    },
  };
}

function creation(
  { front, apiStage }: ListenerRuleOptions,
  model: string,
  Actions: Action[],
  Priority: number,
): CreateRuleCommand {
  return new CreateRuleCommand({
    ListenerArn: front.listener,
    Priority,
    ...below(modelRoute(model), apiStage),
    Actions,
    Tags: [
      { Key: TAG.stage, Value: front.stage },
      { Key: TAG.model, Value: model },
    ],
  });
}

/** Without stickiness, so that a weight of 0 applies from the next request on. */
function forward(groups: ReadonlyMap<string, number>): Action {
  return {
    Type: 'forward',
    ForwardConfig: {
      TargetGroups: [...groups].map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
      TargetGroupStickinessConfig: { Enabled: false },
    },
  };
}

async function groupsOf(
  { elb, front }: ListenerRuleOptions,
  shares: Shares,
): Promise<ReadonlyMap<string, number>> {
  const groups = new Map<string, number>();
  for (const [revision, weight] of Object.entries(shares)) {
    const group = await targetGroupOf(elb, front.stage, revision);
    if (!group) throw new Failure('SharesRefused', `${revision} has no target group`);
    groups.set(group.arn, weight);
  }
  return groups;
}

async function sharesOf(elb: ElasticLoadBalancingV2Client, rule: Rule): Promise<RuleShares> {
  const tuples = (rule.Actions ?? []).flatMap(
    ({ TargetGroupArn, ForwardConfig }) =>
      ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }],
  );
  const groups = new Map(
    tuples
      .map(({ TargetGroupArn = '', Weight = 1 }) => [TargetGroupArn, Weight] as const)
      .filter(([, weight]) => weight > 0),
  );
  const tags = new DescribeTagsCommand({ ResourceArns: [...groups.keys()] });
  const { TagDescriptions = [] } = await ask(() => elb.send(tags));
  const names = new Map(
    TagDescriptions.map(({ ResourceArn, Tags }) => [ResourceArn, tagMap(Tags).get(TAG.revision)]),
  );
  const shares = [...groups].map(([arn, weight]) => [names.get(arn) ?? arn, weight] as const);
  return { groups, shares: Object.fromEntries(shares) };
}

/** The rules with the model's path: the one with its tags, and one without. */
async function placed(
  { elb, front }: ListenerRuleOptions,
  model: string,
  rules: readonly Rule[],
): Promise<{ readonly own: Rule | undefined; readonly foreign: Rule | undefined }> {
  const found = rules.filter((rule) => isBelow(rule, modelRoute(model)));
  if (found.length === 0) return { own: undefined, foreign: undefined };
  const command = new DescribeTagsCommand({
    ResourceArns: found.flatMap(({ RuleArn }) => RuleArn ?? []),
  });
  const { TagDescriptions = [] } = await ask(() => elb.send(command));
  const isOwn = ({ RuleArn }: Rule) => {
    const told = TagDescriptions.find(({ ResourceArn }) => ResourceArn === RuleArn);
    const tags = tagMap(told?.Tags);
    return tags.get(TAG.stage) === front.stage && tags.get(TAG.model) === model;
  };
  return { own: found.find(isOwn), foreign: found.find((rule) => !isOwn(rule)) };
}

function notOurs({ RuleArn }: Rule, model: string, stage: string): Failure {
  const tags = `${TAG.stage}=${stage} and ${TAG.model}=${model}`;
  return new Failure('SharesRefused', `${RuleArn} has the path of ${model}, without ${tags}`, {
    fix: FOREIGN_RULE_FIX,
  });
}

function freePriority(rules: readonly Rule[]): number {
  const taken = new Set(rules.map(({ Priority }) => Priority));
  const { first, count } = PRIORITIES;
  const free = Array.from({ length: count }, (_, index) => first + index).find(
    (priority) => !taken.has(String(priority)),
  );
  if (free !== undefined) return free;
  throw new Failure(
    'SharesRefused',
    `the load balancer leads to ${count} models; it takes no more`,
  );
}
