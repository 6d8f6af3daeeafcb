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
const describeHere = isSimulatorHere ? describe : describe.skip;

describeHere(isSimulatorHere ? 'the printed policy' : `the printed policy: ${whySkipped}`, () => {
  it('allows all that CloudFormation asks of the installer, for each resource of the template and each of its handlers', async () => {
    const simulator = await iamSimulator();
    const asked = await installerAsks(await readTemplate(), simulator);

    const refused: string[] = [];
    for (const each of asked) {
      if (await simulator.isAllowed(statements, each)) continue;
      refused.push(`${each.action} on ${each.resource} to ${each.by}`);
    }

    expect(asked.length).toBeGreaterThan(700);
    expect(refused).toEqual([]);
  });
});
