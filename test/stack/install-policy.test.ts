import policy from '#domain/data/install-policy.json' with { type: 'json' };
import { AWS_ACCOUNT } from '../support/aws/clients.ts';
import { installerAsks } from '../support/iam/installer.ts';
import { iamSimulator, isSimulatorHere, whySkipped } from '../support/iam/simulator.ts';
import { STAGE } from '../template/packaged.ts';
import { readTemplate, type Statement } from '../template/template.ts';

/** The policy as the account's owner fills it in. */
const statements: readonly Statement[] = JSON.parse(
  JSON.stringify(policy.Statement).replaceAll('ACCOUNT', AWS_ACCOUNT).replaceAll('STAGE', STAGE),
);
/** The part of the key's policy that lets the account's own policies decide. */
function ownersPart(key: readonly Statement[]): readonly Statement[] {
  const [owners] = key;
  if (!owners) throw new Error('the key has no policy');
  return [{ ...owners, Principal: { AWS: `arn:aws:iam::${AWS_ACCOUNT}:root` } }];
}

const describeHere = isSimulatorHere ? describe : describe.skip;

describeHere(isSimulatorHere ? 'the printed policy' : `the printed policy: ${whySkipped}`, () => {
  it('allows all that CloudFormation asks of the installer, for each resource of the template and each of its handlers', async () => {
    const simulator = await iamSimulator();
    const template = await readTemplate();
    const asked = await installerAsks(template, simulator);
    const keyPolicy = ownersPart(template.Resources['SigningKey']?.Properties.KeyPolicy.Statement);

    const refused: string[] = [];
    for (const each of asked) {
      const isOfKey = each.resource.includes(':key/');
      if (await simulator.isAllowed(statements, each, isOfKey ? keyPolicy : undefined)) continue;
      refused.push(`${each.action} on ${each.resource} to ${each.by}`);
    }

    expect(asked.length).toBeGreaterThan(700);
    expect(refused).toEqual([]);
  });
});
