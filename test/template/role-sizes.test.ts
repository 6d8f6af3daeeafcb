import { resolver } from '../support/stack/template.ts';
import { type Json, ofType, readTemplate } from './template.ts';

const template = await readTemplate();

// Names as long as AWS makes them: the stack's name with the longest stage, the logical id and 12 or 13 characters, in 64 at most where a role or function is meant.
const LONGEST_STAGE = 'abcdefghijklm';
const STAGE = 'test';
const EXTRA = 'A1B2C3D4E5F6G';
const SHORT: Readonly<Record<string, string>> = {
  Api: 'a1b2c3d4e5',
  ApiStage: 'v1',
  Listener: `arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:listener/app/slipway-${LONGEST_STAGE}/0123456789abcdef/0123456789abcdef`,
};

function longestName(id: string): string {
  return SHORT[id] ?? `slipway-${LONGEST_STAGE}-${id}-${EXTRA}`.slice(0, 64);
}

describe('the inline policies of each role', () => {
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: without spaces
  it('fit the 10,240 characters that a role holds with room for a statement more, in GovCloud and with the longest names', () => {
    const physicalIds = Object.fromEntries(
      Object.keys(template.Resources).map((id) => [id, longestName(id)]),
    );
    const { resolve } = resolver(template, {
      account: '123456789012',
      region: 'us-gov-west-1',
      partition: 'aws-us-gov',
      physicalIds,
    });
    const sizes = ofType(template, 'AWS::IAM::Role').map(([id, { Properties }]) => {
      const policies: readonly Json[] = resolve(Properties.Policies ?? []);
      const text = policies
        .map(({ PolicyDocument }) => JSON.stringify(PolicyDocument))
        .join('')
        .replaceAll('arn:aws:', 'arn:aws-us-gov:')
        .replaceAll(`slipway-${STAGE}`, `slipway-${LONGEST_STAGE}`);
      return [id, text.length] as const;
    });

    expect(sizes.filter(([, size]) => size > 9_000)).toEqual([]);
  });
});
