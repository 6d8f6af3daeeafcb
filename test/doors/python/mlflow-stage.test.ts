import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { installInMoto } from '../../aws/cli-world.ts';
import { pythonWith } from '../../runtimes/python-environment.ts';
import { admitted } from '../../support/aws/admitted.ts';
import { awsClient } from '../../support/aws/clients.ts';
import { describeOnMoto } from '../../support/aws/moto.ts';
import { startMlflow } from '../../support/doors/mlflow-server.ts';
import { addConstantModel } from '../../support/models/onnx.ts';
import { needing } from '../../support/needs.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';
import { walkTo } from '../../support/worlds/registry.ts';

const MINUTES_10 = 600_000;
const python = await pythonWith('../../test/doors/python/mlflow-requirements.txt');

needing(typeof python === 'string' ? undefined : python.missing, () => {
  describeOnMoto('slipway mlflow for a stage', (moto) => {
    it(
      'deploys the champion of a real MLflow, writes its outcome there, and does so once',
      async () => {
        await using folder = await temporaryFolder();
        const mlflow = await startMlflow(String(python), folder.path);
        try {
          const world = await installInMoto(moto(), 'dev');
          const s3 = awsClient(S3Client, moto());
          const uploads = async () => {
            const Bucket = world.outputs['Bucket'];
            const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
            return Versions.map(({ Key }) => Key).toSorted();
          };
          const look = ['mlflow', mlflow.url, '--once'];
          await writeFile(join(folder.path, 'one.onnx'), addConstantModel({ constant: 10 }));
          await writeFile(join(folder.path, 'two.onnx'), 'no model');
          await mlflow.registry('register', 'Adder', 'one.onnx', 'two.onnx');
          const first = ['models/adder/mlflow-1/model.yaml', 'models/adder/mlflow-1/one.onnx'];

          await mlflow.registry('alias', 'Adder', '1');
          const begun = await world.run(look);
          const one = await admitted(moto(), world, { model: 'adder', key: first[0]!, n: 1 });
          await walkTo(one as never, one.holder, 'Baking');
          await one.registry.commit(
            one.holder,
            { version: 1, previous: null },
            { reason: 'it works' },
          );
          await one.registry.releaseLease(one.holder);
          const live = await world.run(look);
          const again = await world.run(look);

          expect(begun).toMatchObject({ code: 0 });
          expect(begun.stdout).toContain('Adder version 1: adder is uploaded');
          expect(live).toMatchObject({ code: 0 });
          expect(live.stdout).toContain('Adder version 1: Live');
          expect(again).toMatchObject({ code: 0 });
          expect(again.stdout).not.toContain('Adder');
          expect(await uploads()).toEqual(first);
          expect(await mlflow.tagsOf('1')).toMatchObject({
            'slipway.dev.state': 'Live',
            'slipway.dev.version': '1',
            'slipway.dev.endpoint': `${world.outputs['Endpoint']}/models/adder`,
          });

          await mlflow.registry('alias', 'Adder', '2');
          await world.run(look);
          const second = 'models/adder/mlflow-2/model.yaml';
          const two = await admitted(moto(), world, { model: 'adder', key: second, n: 2 });
          const trouble = { reason: 'two.onnx is no model', fix: 'Save it as ONNX.' };
          await two.registry.recordTrouble(two.holder, { name: 'ArtifactRejected', ...trouble });
          await two.registry.advance(two.holder, 'Rejected', {}, trouble);
          const refused = await world.run(look);

          expect(refused.stdout).toContain('Adder version 2: Rejected');
          expect(await mlflow.tagsOf('2')).toMatchObject({
            'slipway.dev.state': 'Rejected',
            'slipway.dev.reason': expect.stringContaining('two.onnx is no model'),
          });
          expect(await mlflow.tagsOf('1')).toMatchObject({ 'slipway.dev.state': 'Live' });
        } finally {
          mlflow.stop();
        }
      },
      MINUTES_10,
    );
  });
});
