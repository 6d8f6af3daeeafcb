import type { Rule } from '@aws-sdk/client-elastic-load-balancing-v2';
import { elbv2Rules } from '../aws/rules/elbv2.ts';
import { type Answers, ruled } from './ruled.ts';

const ELB = 'ElasticLoadBalancingV2';
const LISTENER = 'arn:listener/app/slipway/1/2';
const RULE = 'arn:aws:elb:listener-rule/app/slipway/1/2/3';

const action = (...weights: readonly (number | undefined)[]) => ({
  Type: 'forward',
  ForwardConfig: {
    TargetGroups: weights.map((Weight, index) => ({ TargetGroupArn: `group-${index}`, Weight })),
  },
});
const rule = (RuleArn: string, ...groups: readonly string[]): Rule => ({
  RuleArn,
  IsDefault: false,
  Actions: groups.map((TargetGroupArn) => ({ Type: 'forward', TargetGroupArn })),
});

/** A load balancer that has these rules besides its listener's own. */
function holding(...rules: readonly Rule[]) {
  const asked: unknown[] = [];
  const answers: Answers = {
    DescribeRules(input: { ListenerArn: string }) {
      asked.push(input.ListenerArn);
      return { Rules: [{ IsDefault: true, RuleArn: 'default', Actions: [] }, ...rules] };
    },
    DescribeLoadBalancers: () => ({ LoadBalancers: [{ LoadBalancerArn: 'balancer' }] }),
    DescribeListeners: () => ({ Listeners: [{ ListenerArn: LISTENER }] }),
  };
  return { answers, asked };
}

describe.each(['CreateRule', 'ModifyRule'])('%s', (command) => {
  const change = (input: object, ...rules: readonly Rule[]) =>
    ruled(
      elbv2Rules(),
      `${ELB}.${command}`,
      { ListenerArn: LISTENER, ...input },
      holding(...rules),
    );

  it.each([
    [[1, 1, 1, 1, 1], undefined],
    [[1, 1, 1, 1, 1, 1], 'ValidationError'],
    [[0, 999], undefined],
    [[undefined, 100], undefined],
    [[100, 1000], 'ValidationError'],
    [[100, -1], 'ValidationError'],
  ])('with the weights %j is %s', async (weights, outcome) => {
    expect(await change({ Actions: [action(...weights)] })).toBe(outcome);
  });

  it('is judged by each of its actions', async () => {
    const actions = [action(1), action(1, 1, 1, 1, 1, 1)];

    expect(await change({ Actions: actions })).toBe('ValidationError');
    expect(await change({ Actions: [{ Type: 'fixed-response' }] })).toBeUndefined();
  });

  it.each([
    [['a', 'b', 'c'], ['d', 'e'], undefined],
    [['a', 'b', 'c'], ['d', 'e', 'f'], 'ValidationError'],
  ])('with values %j and %j of its conditions is %s', async (paths, values, outcome) => {
    const Conditions = [
      { Field: 'path-pattern', PathPatternConfig: { Values: paths } },
      { Field: 'host-header', Values: values },
      { Field: 'source-ip' },
    ];

    expect(await change({ Conditions })).toBe(outcome);
  });
});

describe('the rules of a load balancer', () => {
  const few = () => elbv2Rules({ mostRules: 2, mostTargetGroups: 2 });

  it('are so many, the default one not counted', async () => {
    const input = { ListenerArn: LISTENER, Actions: [action(1)] };
    const one = holding(rule('r1', 'group-0'));
    const two = holding(rule('r1', 'group-0'), rule('r2', 'group-0'));

    expect(await ruled(few(), `${ELB}.CreateRule`, input, one)).toBeUndefined();
    expect(await ruled(few(), `${ELB}.CreateRule`, input, two)).toBe('TooManyRulesException');
    expect(one.asked).toEqual([LISTENER]);
  });

  it('are changed when there may be no more', async () => {
    const held = holding(rule('r1', 'group-0'), rule(RULE, 'group-1'));

    expect(
      await ruled(few(), `${ELB}.ModifyRule`, { RuleArn: RULE, Actions: [action(1)] }, held),
    ).toBe(undefined);
    // The listener of a rule is a part of its name.
    expect(held.asked).toEqual(['arn:aws:elb:listener/app/slipway/1/2']);
  });

  it.each([
    { what: 'one that others have', groups: ['group-0'], outcome: undefined },
    { what: 'those in place of its own', groups: ['group-2'], outcome: undefined },
    {
      what: 'one too many',
      groups: ['group-2', 'group-3'],
      outcome: 'TooManyUniqueTargetGroupsPerLoadBalancerException',
    },
  ])('lead to so many groups: a rule gets $what', async ({ groups, outcome }) => {
    const held = holding(rule('r1', 'group-0'), rule(RULE, 'group-1'));
    const Actions = groups.map((TargetGroupArn) => ({ Type: 'forward', TargetGroupArn }));

    expect(await ruled(few(), `${ELB}.ModifyRule`, { RuleArn: RULE, Actions }, held)).toBe(outcome);
  });
});

describe('the health of targets', () => {
  const output = {
    TargetHealthDescriptions: [
      { Target: { Id: '10.0.0.1' }, TargetHealth: { State: 'healthy' } },
      { Target: { Id: '10.0.0.2' }, TargetHealth: { State: 'healthy' } },
    ],
  };
  const states = (answer: unknown) =>
    (answer as typeof output | undefined)?.TargetHealthDescriptions.map(
      ({ TargetHealth }) => TargetHealth,
    );
  const look = (held: ReturnType<typeof holding>, sick: readonly string[] = []) =>
    ruled(
      elbv2Rules({ isHealthy: (address) => !sick.includes(address) }),
      `${ELB}.DescribeTargetHealth`,
      { TargetGroupArn: 'group-0' },
      { ...held, output },
    );

  it('is unused for all of a group that no rule names', async () => {
    const unused = { State: 'unused', Reason: 'Target.NotInUse' };

    expect(states(await look(holding(rule('r1', 'group-1'))))).toEqual([unused, unused]);
  });

  it('is what each answers, where a rule names the group, alone or among others', async () => {
    const alone = holding(rule('r1', 'group-0'));
    const among = holding({ RuleArn: 'r2', Actions: [action(1, 1)] as never });

    expect(await look(alone)).toBeUndefined();
    expect(await look(among)).toBeUndefined();
    expect(states(await look(among, ['10.0.0.2']))).toEqual([
      { State: 'healthy' },
      { State: 'unhealthy', Reason: 'Target.Timeout' },
    ]);
  });
});

describe('the transforms of a rule', () => {
  const Transforms = [{ Type: 'url-rewrite' }];
  const made = { Rules: [rule('r1', 'group-0')] };

  it('are kept, and those of others stay their own', async () => {
    const rules = elbv2Rules();
    const input = { ListenerArn: LISTENER, Actions: [action(1)], Transforms };
    await ruled(rules, `${ELB}.CreateRule`, input, { ...holding(), output: made });

    const all = { Rules: [rule('r1', 'group-0'), rule('r2', 'group-1')] };
    const shown = await ruled(rules, `${ELB}.DescribeRules`, {}, { output: all });

    expect((shown as typeof all).Rules).toMatchObject([{ Transforms }, { Transforms: [] }]);
  });

  it('are nothing to tell where no rule has any', async () => {
    expect(await ruled(elbv2Rules(), `${ELB}.DescribeRules`, {}, { output: made })).toBeUndefined();
  });
});
