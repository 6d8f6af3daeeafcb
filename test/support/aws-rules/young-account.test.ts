import { explainBuild } from '#domain/build/explain-build.ts';
import { codeBuildRules, tooManyBuilds } from '../aws/rules/codebuild.ts';
import { withoutLoadBalancers, withoutService } from '../aws/rules/young-account.ts';
import { ruled } from './ruled.ts';

describe('a new account', () => {
  it('may make no load balancer, and look for some', async () => {
    const asked = (command: string) =>
      ruled(withoutLoadBalancers(), `ElasticLoadBalancingV2.${command}`, { Name: 'slipway-dev' });

    expect(await asked('CreateLoadBalancer')).toBe('OperationNotPermitted');
    expect(await asked('DescribeLoadBalancers')).toBeUndefined();
  });

  it('may be held at no builds at all, of which the first is refused', async () => {
    const rules = codeBuildRules({ now: () => 0, running: () => 0, runningMost: 0 });

    expect(await ruled(rules, 'CodeBuild.StartBuild', { projectName: 'image' })).toBe(
      'AccountLimitExceededException',
    );
    const { message } = tooManyBuilds(0);
    expect(
      explainBuild({ error: message, phase: '', isStopped: false, told: null, log: null }, []),
    ).toMatchObject({ reason: expect.stringContaining('no build at all') });
  });

  it('lacks services on the Free plan', async () => {
    const rules = withoutService('Firehose', ['ListDeliveryStreams']);

    expect(await ruled(rules, 'Firehose.ListDeliveryStreams', {})).toBe(
      'SubscriptionRequiredException',
    );
  });
});
