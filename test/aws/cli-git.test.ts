import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { admitted } from '../support/aws/admitted.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { eventually } from '../support/clock/eventually.ts';
import { run } from '../support/local/commands.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { missingPrograms, needing } from '../support/needs.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { walkTo } from '../support/worlds/registry.ts';
import { installInMoto } from './cli-world.ts';

const KEY = 'models/digits/digits.onnx';

needing(missingPrograms('git'), () => {
  describeOnMoto('slipway git deploy in AWS', (moto) => {
    it('deploys what a checkout has, inspects it before, and knows a version by its bytes', async () => {
      await using folder = await temporaryFolder();
      const world = await installInMoto(moto(), 'dev');
      const Bucket = world.outputs['Bucket']!;
      const s3 = awsClient(S3Client, moto());
      const git = (...args: readonly string[]) =>
        run('git', ['-C', folder.path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
      const commit = async (bytes: Uint8Array | string) => {
        await mkdir(join(folder.path, 'models/digits'), { recursive: true });
        await writeFile(join(folder.path, KEY), bytes);
        await git('add', '--all');
        await git('commit', '--quiet', '--message', 'a change');
      };
      const versionsOf = async () =>
        (await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: KEY }))).Versions ?? [];
      const none = '0'.repeat(40);
      const deploy = ['git', 'deploy', '--repository', folder.path, '--before'];
      await git('init', '--quiet');
      await commit(addConstantModel({ constant: 10 }));

      const deploying = world.command([...deploy, none]);
      await eventually(() => deploying.output().includes(`uploaded ${KEY}`));
      const { registry, holder } = await admitted(moto(), world, {
        model: 'digits',
        key: KEY,
        n: 1,
      });
      await walkTo({ registry } as never, holder, 'Baking');
      await registry.commit(holder, { version: 1, previous: null }, { reason: 'it works' });
      const first = await deploying.result;
      const again = await world.run([...deploy, none]);
      await commit('this is no model');
      const refused = await world.run([...deploy, 'HEAD~1']);

      expect(first).toMatchObject({ code: 0 });
      expect(first.stdout).toMatch(/Live +digits v1/);
      expect(again).toMatchObject({ code: 0 });
      expect(again.stdout).toContain('digits v1 has these bytes, and is live');
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stdout).toContain('digits is refused');
      expect(await versionsOf()).toHaveLength(1);
    });
  });
});
