import {
  type Action,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  type DescribeRulesCommandOutput,
  type DescribeTargetHealthCommandOutput,
  type Rule,
  type RuleCondition,
  type RuleTransform,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsCall, AwsRule, Refusal } from './rules.ts';

type Options = {
  /** The load balancer's, in place of AWS's. */
  readonly mostRules?: number;
  readonly mostTargetGroups?: number;
  /** Whether the target at this address answers its health check. */
  readonly isHealthy?: (address: string) => boolean;
};

const QUOTAS =
  'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html';
const MOST_GROUPS_PER_ACTION = 5;
const MOST_WEIGHT = 999;
const MOST_VALUES_PER_RULE = 5;

/** One listener's rules; moto itself refuses a name over 32 characters, a priority in use, and the deletion of a group that a rule uses. */
export function elbv2Rules(options: Options = {}): readonly AwsRule[] {
  const { mostRules = 100, mostTargetGroups = 100, isHealthy = () => true } = options;
  const transforms = new Map<string, RuleTransform[]>();

  return [
    {
      name: 'elbv2: an action has at most 5 target groups, with weights from 0 to 999',
      service: 'ElasticLoadBalancingV2',
      commands: ['CreateRule', 'ModifyRule'],
      source: `${QUOTAS}, and TargetGroupTuple in the API reference; the names of these errors are not documented`,
      before({ input }) {
        const groups = actionsOf(input).map(({ ForwardConfig }) => ForwardConfig?.TargetGroups);
        if (groups.some((each) => (each ?? []).length > MOST_GROUPS_PER_ACTION)) {
          return invalid('ValidationError', 'Up to 5 target groups can be specified in an action');
        }
        const weights = groups.flatMap((each) => (each ?? []).map(({ Weight = 1 }) => Weight));
        const isWrong = weights.some((weight) => weight < 0 || weight > MOST_WEIGHT);
        return isWrong ? invalid('ValidationError', 'Weights are from 0 to 999') : undefined;
      },
    },
    {
      name: 'elbv2: the conditions of a rule have at most 5 values together',
      service: 'ElasticLoadBalancingV2',
      commands: ['CreateRule', 'ModifyRule'],
      source: `${QUOTAS}; the name of this error is not documented`,
      before({ input }) {
        const conditions = (input['Conditions'] ?? []) as RuleCondition[];
        const values = conditions.flatMap(
          ({ PathPatternConfig, Values }) => PathPatternConfig?.Values ?? Values ?? [],
        );
        if (values.length <= MOST_VALUES_PER_RULE) return undefined;
        return invalid('ValidationError', 'A rule can have at most 5 condition values');
      },
    },
    {
      name: 'elbv2: a load balancer has at most 100 rules, and 100 target groups in them',
      service: 'ElasticLoadBalancingV2',
      commands: ['CreateRule', 'ModifyRule'],
      source: QUOTAS,
      async before({ command, input, send }) {
        const ListenerArn = listenerOf(input);
        const { Rules = [] } = await send(DescribeRulesCommand, { ListenerArn });
        const rules = Rules.filter(({ IsDefault }) => !IsDefault);
        if (command === 'CreateRule' && rules.length >= mostRules) {
          return invalid(
            'TooManyRulesException',
            'The limit on rules per load balancer is reached',
          );
        }
        const others = rules.filter(({ RuleArn }) => RuleArn !== input['RuleArn']);
        const groups = new Set([...others.flatMap(groupsOf), ...groupsIn(actionsOf(input))]);
        if (groups.size <= mostTargetGroups) return undefined;
        return invalid(
          'TooManyUniqueTargetGroupsPerLoadBalancerException',
          'The limit on unique target groups per load balancer is reached',
        );
      },
    },
    {
      name: 'elbv2: targets of a group on no rule are unused, and others are what their health check says',
      service: 'ElasticLoadBalancingV2',
      commands: ['DescribeTargetHealth'],
      source:
        'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html',
      async after({ input, send }, output: DescribeTargetHealthCommandOutput) {
        const group = String(input['TargetGroupArn']);
        const targets = output.TargetHealthDescriptions ?? [];
        const used = await usesGroup(send, group);
        const changed = targets.filter(({ Target }) => !used || !isHealthy(Target?.Id ?? ''));
        if (changed.length === 0) return undefined;
        const TargetHealth = used
          ? { State: 'unhealthy' as const, Reason: 'Target.Timeout' as const }
          : { State: 'unused' as const, Reason: 'Target.NotInUse' as const };
        const shown = targets.map((each) =>
          changed.includes(each) ? { ...each, TargetHealth } : each,
        );
        return { ...output, TargetHealthDescriptions: shown };
      },
    },
    {
      name: 'elbv2: a rule keeps its transforms',
      service: 'ElasticLoadBalancingV2',
      commands: ['CreateRule', 'ModifyRule', 'DescribeRules'],
      source: 'RuleTransform in @aws-sdk/client-elastic-load-balancing-v2',
      after({ input }, output: DescribeRulesCommandOutput) {
        const { Rules = [] } = output;
        const given = input['Transforms'] as RuleTransform[] | undefined;
        for (const { RuleArn = '' } of Rules) if (given) transforms.set(RuleArn, given);
        const withTheirs = Rules.map((rule) => ({
          ...rule,
          Transforms: transforms.get(rule.RuleArn ?? '') ?? [],
        }));
        const isChanged = withTheirs.some(({ Transforms }) => Transforms.length > 0);
        return isChanged ? { ...output, Rules: withTheirs } : undefined;
      },
    },
  ];
}

/** Looks through the rules of the one listener that this moto has. */
async function usesGroup(send: AwsCall['send'], group: string): Promise<boolean> {
  const { LoadBalancers = [] } = await send(DescribeLoadBalancersCommand, {});
  for (const { LoadBalancerArn } of LoadBalancers) {
    const { Listeners = [] } = await send(DescribeListenersCommand, { LoadBalancerArn });
    for (const { ListenerArn } of Listeners) {
      const { Rules = [] } = await send(DescribeRulesCommand, { ListenerArn });
      if (Rules.flatMap(groupsOf).includes(group)) return true;
    }
  }
  return false;
}

function listenerOf(input: AwsCall['input']): string {
  const rule = String(input['RuleArn'] ?? '');
  const ofRule = rule.replace(':listener-rule/', ':listener/').replace(/\/[^/]+$/, '');
  return String(input['ListenerArn'] ?? ofRule);
}

function actionsOf(input: AwsCall['input']): readonly Action[] {
  return (input['Actions'] ?? []) as Action[];
}

function groupsOf({ Actions = [] }: Rule): readonly string[] {
  return groupsIn(Actions);
}

function groupsIn(actions: readonly Action[]): readonly string[] {
  return actions.flatMap(({ TargetGroupArn, ForwardConfig }) => [
    ...(TargetGroupArn ? [TargetGroupArn] : []),
    ...(ForwardConfig?.TargetGroups ?? []).flatMap((each) => each.TargetGroupArn ?? []),
  ]);
}

function invalid(name: string, message: string): Refusal {
  return { name, message, status: 400 };
}
