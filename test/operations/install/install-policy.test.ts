import { filledIn } from '#operations/install/policy.ts';

describe('the install policy of a stage', () => {
  it('names the stage and the account, and no placeholder', () => {
    const text = JSON.stringify(filledIn({ stage: 'prod', id: '111122223333', region: '' }));

    expect(text).toContain('arn:aws:events:*:111122223333:rule/slipway-prod/*');
    expect(text).not.toMatch(/ACCOUNT|STAGE/);
  });

  it.each([
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eu-west-1', 'aws'],
  ])('names the partition of %s', (region, partition) => {
    const text = JSON.stringify(filledIn({ stage: 'prod', id: '111122223333', region }));

    expect(new Set(text.match(/arn:[\w-]+/g))).toEqual(new Set([`arn:${partition}`]));
  });
});
