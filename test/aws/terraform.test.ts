import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { missingTerraform, TERRAFORM_MODULES, terraformIn } from '../support/doors/terraform.ts';
import { needing } from '../support/needs.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { cloneWith } from './cli-clone.ts';
import { accountAnswers, GOOD_QUOTAS, startFront } from './cli-front.ts';
import { installInMoto, motoEnvironment } from './cli-world.ts';

needing(missingTerraform, () => {
  describeOnMoto('the Terraform module of a stage', (moto) => {
    it('deploys with its parameters, deploys again where one changes, and takes the stage away at its end', async () => {
      await using folder = await temporaryFolder();
      await using clone = await cloneWith('');
      await using front = await startFront(moto(), [...GOOD_QUOTAS, ...accountAnswers()]);
      await installInMoto(moto(), 'new');
      const place = join(folder.path, 'configuration');
      await mkdir(place);
      const terraform = terraformIn(place, {
        ...(motoEnvironment(front) as Record<string, string>),
        HOME: folder.path,
      });
      const configure = (bakeSeconds: number) =>
        writeFile(
          join(place, 'main.tf'),
          `module "slipway" {
            source     = "${TERRAFORM_MODULES}stack"
            stage      = "new"
            region     = "us-east-1"
            parameters = { bakeSeconds = ${bakeSeconds} }
            command    = ${JSON.stringify(join(clone.folder, 'slipway.js'))}
          }
          output "stack" { value = module.slipway.stack_name }`,
        );
      const apply = () => terraform('apply', '-auto-approve');

      await configure(300);
      expect(await terraform('init')).toMatchObject({ code: 0 });
      const first = await apply();
      const still = await terraform('plan', '-detailed-exitcode');
      await configure(600);
      const changed = await apply();
      const destroyed = await terraform('destroy', '-auto-approve');

      expect(first).toMatchObject({ code: 0 });
      expect(first.out).toMatch(/\["deploy","--stage","new",.*"--param=bakeSeconds=300"/);
      expect(first.out).toContain('stack = "slipway-new"');
      expect(still).toMatchObject({ code: 0 });
      expect(changed).toMatchObject({ code: 0 });
      expect(changed.out).toMatch(/\["deploy","--stage","new",.*"--param=bakeSeconds=600"/);
      expect(changed.out).not.toContain('uninstall');
      expect(destroyed).toMatchObject({ code: 0 });
      expect(destroyed.out).toMatch(/removed +.*slipway-new/);
      const cloudFormation = awsClient(CloudFormationClient, moto());
      const look = cloudFormation.send(new DescribeStacksCommand({ StackName: 'slipway-new' }));
      await expect(look).rejects.toThrow(/does not exist/);
    });

    it('plans nothing for a stage whose name AWS would not take', async () => {
      await using folder = await temporaryFolder();
      const terraform = terraformIn(folder.path, { HOME: folder.path });
      await writeFile(
        join(folder.path, 'main.tf'),
        `module "slipway" {
          source = "${TERRAFORM_MODULES}stack"
          stage  = "Prod"
          region = "us-east-1"
        }`,
      );
      await terraform('init');

      const { code, err } = await terraform('plan');

      expect(code).toBe(1);
      expect(err).toContain('A stage is a letter, followed by at most 12');
    });
  });
});
