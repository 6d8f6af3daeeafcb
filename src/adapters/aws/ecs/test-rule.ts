import {
  CreateRuleCommand,
  DeleteRuleCommand,
  type ElasticLoadBalancingV2Client,
  paginateDescribeRules,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { revisionTags } from '#adapters/aws/tags.ts';
import { Failure } from '#domain/failure.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { absentIf, ask } from './errors.ts';
import { below, FOREIGN_RULE_FIX, isBelow } from './rule-path.ts';
import type { EcsSettings } from './settings.ts';

/**
 * The priorities of rules that reach a single revision. Their paths differ from those of models' routes, so the order of the two does not matter.
 * A load balancer has at most 100 rules. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
 */
export const TEST_RULE_PRIORITIES = { first: 40_000, count: 100 } as const;

/** The listener's path to the revision, whatever the shares; the rest of the path is what its server sees. */
export function testRulePath(revision: string): string {
  return `/candidate/${revision}`;
}

export async function readRules(
  elb: ElasticLoadBalancingV2Client,
  ListenerArn: string,
): Promise<readonly Rule[]> {
  const read = async () => {
    const rules: Rule[] = [];
    for await (const page of paginateDescribeRules({ client: elb }, { ListenerArn })) {
      rules.push(...(page.Rules ?? []));
    }
    return rules;
  };
  const found = await ask(() => read().catch(absentIf('ListenerNotFoundException')));
  return found ?? [];
}

/**
 * Creates the revision's test rule if it is missing. Without a rule, ECS refuses the group's service, and its targets are never checked.
 * Concurrent calls choose the same priority, so the second one finds the first one's rule. Fails with `RevisionFailed` when a foreign rule has its path: probes would reach that one's targets.
 */
export async function ensureTestRule(
  elb: ElasticLoadBalancingV2Client,
  settings: EcsSettings,
  spec: RevisionSpec,
  targetGroup: string,
  change: Change,
): Promise<void> {
  for (let attempt = 0; attempt < TEST_RULE_PRIORITIES.count; attempt += 1) {
    const rules = await readRules(elb, settings.listener);
    const { own, foreign } = placed(rules, spec.revision, targetGroup);
    if (foreign[0]) throw notOurs(foreign[0], spec.revision);
    if (own.length > 0) return;
    const command = creation(settings, spec, targetGroup, freePriority(rules));
    const taken = absentIf('PriorityInUseException');
    if (await change(() => ask(() => elb.send(command).catch(taken)))) return;
  }
  throw new Failure('PlatformUnavailable', 'others keep changing the rules of this listener');
}

function creation(
  settings: EcsSettings,
  spec: RevisionSpec,
  TargetGroupArn: string,
  Priority: number,
): CreateRuleCommand {
  return new CreateRuleCommand({
    ListenerArn: settings.listener,
    Priority,
    ...below(testRulePath(spec.revision), settings.apiStage),
    Actions: [{ Type: 'forward', TargetGroupArn }],
    Tags: revisionTags(spec, settings).map(([Key, Value]) => ({ Key, Value })),
  });
}

/** Deletes the test rule of the revision with this target group. Idempotent. */
export async function removeTestRule(
  elb: ElasticLoadBalancingV2Client,
  rules: readonly Rule[],
  { revision, targetGroup }: { readonly revision: string; readonly targetGroup: string },
  change: Change,
): Promise<void> {
  for (const { RuleArn } of placed(rules, revision, targetGroup).own) {
    const command = new DeleteRuleCommand({ RuleArn });
    await change(() => ask(() => elb.send(command).catch(absentIf('RuleNotFoundException'))));
  }
}

/** Whether a rule other than the revision's test rule sends requests to its target group. */
export function servesClients(
  rules: readonly Rule[],
  revision: string,
  targetGroup: string,
): boolean {
  const { own } = placed(rules, revision, targetGroup);
  return rules.some((rule) => !own.includes(rule) && leadsTo(rule, targetGroup));
}

/** The rules with the revision's path: its own leads to its target group, which its tags tell. */
function placed(
  rules: readonly Rule[],
  revision: string,
  targetGroup: string,
): { readonly own: readonly Rule[]; readonly foreign: readonly Rule[] } {
  const found = rules.filter((rule) => isBelow(rule, testRulePath(revision)));
  return {
    own: found.filter((rule) => leadsTo(rule, targetGroup)),
    foreign: found.filter((rule) => !leadsTo(rule, targetGroup)),
  };
}

function leadsTo({ Actions = [] }: Rule, targetGroup: string): boolean {
  return Actions.some(({ TargetGroupArn, ForwardConfig }) => {
    const groups = ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }];
    return groups.some((group) => group.TargetGroupArn === targetGroup && (group.Weight ?? 1) > 0);
  });
}

function notOurs({ RuleArn }: Rule, revision: string): Failure {
  return new Failure('RevisionFailed', `${RuleArn} has the test path of ${revision}`, {
    fix: FOREIGN_RULE_FIX,
  });
}

function freePriority(rules: readonly Rule[]): number {
  const taken = new Set(rules.map(({ Priority }) => Priority));
  const { first, count } = TEST_RULE_PRIORITIES;
  const free = Array.from({ length: count }, (_, index) => first + index).find(
    (priority) => !taken.has(String(priority)),
  );
  if (free !== undefined) return free;
  throw new Failure(
    'RevisionFailed',
    `the load balancer has ${count} candidates; it takes no more`,
    {
      fix: 'Undeploy a model, or lower `rollout.keepVersions`.',
    },
  );
}
