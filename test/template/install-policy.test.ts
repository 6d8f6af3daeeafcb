import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import policy from '#domain/data/install-policy.json' with { type: 'json' };
import { installPolicy } from './install-policy.ts';
import { readTemplate } from './template.ts';

// The limit counts no spaces. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const LARGEST_MANAGED_POLICY = 6144;

describe('the policy that `slipway deploy --print-policy` prints', () => {
  it('is what the packaged template asks for: `npm run policy` writes it', async () => {
    expect(policy.Statement).toEqual(installPolicy(await readTemplate()));
  });

  it('is on the page that tells of it', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8');
    const [, json = ''] = /```json\n(\{\n {2}"Version": "2012-10-17"[\s\S]*?)```/.exec(page) ?? [];

    expect(JSON.parse(json)).toEqual(policy);
  });

  it('is small enough for one managed policy, with the longest stage', () => {
    const filled = JSON.stringify(policy)
      .replaceAll('ACCOUNT', '123456789012')
      .replaceAll('STAGE', 'a'.repeat(13));

    expect(filled.length).toBeLessThanOrEqual(LARGEST_MANAGED_POLICY);
  });

  it('refuses to be made of a resource that it does not know', () => {
    const template = { Resources: { Odd: { Type: 'AWS::Odd::Kind', Properties: {} } } };

    expect(() => installPolicy(template as never)).toThrow(
      'Odd: AWS::Odd::Kind has no row in KINDS',
    );
  });
});
