import { applicationAutoScalingRules } from '../aws/rules/application-auto-scaling.ts';
import { type Answers, ruled } from './ruled.ts';

const SCALING = 'ApplicationAutoScaling';
const GROUP = 'targetgroup/digits/1';
const BALANCER = 'app/slipway/9';
const TARGET = {
  ServiceNamespace: 'ecs',
  ResourceId: 'service/slipway/digits',
  ScalableDimension: 'ecs:service:DesiredCount',
};

const group = (name: string, ...balancers: readonly string[]) => ({
  TargetGroupArn: `arn:aws:elasticloadbalancing:us-east-1:1:${name}`,
  LoadBalancerArns: balancers.map((each) => `arn:aws:elasticloadbalancing::1:loadbalancer/${each}`),
});
const rules = (...TargetGroups: readonly object[]) =>
  applicationAutoScalingRules({ send: async () => ({ TargetGroups }) } as never);

describe('a policy by requests', () => {
  const put = (metric: object | undefined, ...groups: readonly object[]) =>
    ruled(rules(...groups), `${SCALING}.PutScalingPolicy`, {
      TargetTrackingScalingPolicyConfiguration: { PredefinedMetricSpecification: metric },
    });
  const counted = (ResourceLabel?: string) => ({
    PredefinedMetricType: 'ALBRequestCountPerTarget',
    ResourceLabel,
  });
  const label = `${BALANCER}/${GROUP}`;
  const other = group('targetgroup/other/2', BALANCER);

  it('counts those of a group that is on the balancer of its label, maybe among others', async () => {
    const shared = group(GROUP, 'app/other/8', BALANCER);

    expect(await put(counted(label), other, shared)).toBeUndefined();
  });

  it.each([
    { what: 'is on another balancer', groups: [other, group(GROUP, 'app/other/8')] },
    { what: 'is on none', groups: [other, { ...group(GROUP), LoadBalancerArns: undefined }] },
    { what: 'is not there', groups: [other] },
  ])('is refused where the group $what', async ({ groups }) => {
    expect(await put(counted(label), ...groups)).toBe('ValidationException');
  });

  it.each([undefined, '', GROUP, BALANCER, `${label}/more`, `more/${label}`])(
    'is refused with the label %j',
    async (text) => {
      expect(await put(counted(text), group(GROUP, BALANCER))).toBe('ValidationException');
    },
  );

  it('has no label where it counts something else', async () => {
    expect(await put({ PredefinedMetricType: 'ECSServiceAverageCPU' })).toBeUndefined();
    expect(await put(undefined)).toBeUndefined();
    expect(await ruled(rules(), `${SCALING}.PutScalingPolicy`, {})).toBeUndefined();
  });
});

describe('a target that is not scaled any more', () => {
  const deregister = (answers: Answers) =>
    ruled(rules(), `${SCALING}.DeregisterScalableTarget`, TARGET, { answers });

  it.each([{}, { ScalableTargets: [] }])('is not found where there are %j', async (answer) => {
    expect(await deregister({ DescribeScalableTargets: () => answer })).toBe(
      'ObjectNotFoundException',
    );
  });

  it('takes its policies and schedules with it', async () => {
    const listed: object[] = [];
    const removed: object[] = [];
    const list = (answer: object) => (input: object) => {
      listed.push(input);
      return answer;
    };
    const remove = (input: object) => {
      removed.push(input);
      return {};
    };

    const outcome = await deregister({
      DescribeScalableTargets: list({ ScalableTargets: [TARGET] }),
      DescribeScalingPolicies: list({ ScalingPolicies: [{ PolicyName: 'requests' }] }),
      DescribeScheduledActions: list({
        ScheduledActions: [{ ScheduledActionName: 'night' }, { ScheduledActionName: 'day' }],
      }),
      DeleteScalingPolicy: remove,
      DeleteScheduledAction: remove,
    });

    expect(outcome).toBeUndefined();
    expect(listed).toEqual([
      { ServiceNamespace: 'ecs', ResourceIds: [TARGET.ResourceId] },
      TARGET,
      TARGET,
    ]);
    expect(removed).toEqual([
      { ...TARGET, PolicyName: 'requests' },
      { ...TARGET, ScheduledActionName: 'night' },
      { ...TARGET, ScheduledActionName: 'day' },
    ]);
  });

  it('may have none', async () => {
    const outcome = await deregister({
      DescribeScalableTargets: () => ({ ScalableTargets: [TARGET] }),
      DescribeScalingPolicies: () => ({}),
      DescribeScheduledActions: () => ({}),
    });

    expect(outcome).toBeUndefined();
  });
});

describe('a target with tags', () => {
  const ScalableTargetARN = 'arn:aws:application-autoscaling:us-east-1:1:scalable-target/0a';
  const Tags = { team: 'vision' };
  const asked = (command: string, input: object, ScalableTargets?: readonly object[]) =>
    ruled(rules(), `${SCALING}.${command}`, input, {
      answers: { DescribeScalableTargets: () => ({ ScalableTargets }) },
    });
  const there = [{ ...TARGET, ScalableTargetARN }];

  it.each([
    { what: 'takes them when it is made', input: { ...TARGET, Tags }, targets: [] },
    { what: 'is registered again without them', input: TARGET, targets: there },
  ])('$what', async ({ input, targets }) => {
    expect(await asked('RegisterScalableTarget', input, targets)).toBeUndefined();
  });

  it('takes none when it is registered again', async () => {
    const outcome = await asked('RegisterScalableTarget', { ...TARGET, Tags }, there);

    expect(outcome).toBe('ValidationException');
  });

  it.each([
    { what: 'takes them by its ARN', ResourceARN: ScalableTargetARN, outcome: {} },
    {
      what: 'takes none by another',
      ResourceARN: `${ScalableTargetARN}b`,
      outcome: 'ResourceNotFoundException',
    },
  ])('$what', async ({ ResourceARN, outcome }) => {
    expect(await asked('TagResource', { ResourceARN, Tags }, there)).toEqual(outcome);
  });

  it('takes none where there is none', async () => {
    const input = { ResourceARN: ScalableTargetARN, Tags };

    expect(await asked('TagResource', input)).toBe('ResourceNotFoundException');
  });
});

it.each([
  ['cron(0 8 ? * MON,TUE *)', undefined],
  ['daily at 8', 'ValidationException'],
])('the schedule %s is %s', async (Schedule, outcome) => {
  expect(await ruled(rules(), `${SCALING}.PutScheduledAction`, { Schedule })).toBe(outcome);
});
