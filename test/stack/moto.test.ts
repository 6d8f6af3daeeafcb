import { join } from 'node:path';
import { AWS_ACCOUNT } from '../support/aws/clients.ts';
import { isMotoHere, type Moto, startMoto } from '../support/aws/moto.ts';
import { type DeployedStack, deployStack } from '../support/stack/deploy.ts';
import { HELD_ELSEWHERE, LOST_IN_MOTO, lostInBoth, printLost } from '../support/stack/lost.ts';
import { makeModel, modelState, stackState } from '../support/stack/route.ts';
import { missingIn } from '../support/stack/seen.ts';
import { changedFolder, packagedFolder } from '../template/packaged.ts';
import { readTemplate } from '../template/template.ts';

const MENDED = join(import.meta.dirname, '../support/stack/moto');

if (!isMotoHere) process.stderr.write('skipped: the stack in moto: .ci/tools installs moto\n');

(isMotoHere ? describe : describe.skip)('the packaged template in moto', () => {
  let moto: Moto;
  let stack: DeployedStack;
  let packaged: string;
  beforeAll(async () => {
    moto = await startMoto({ PYTHONPATH: MENDED });
    packaged = await packagedFolder();
    stack = await deployStack(moto, packaged);
  });
  afterAll(() => moto.close());

  it('is there, resource by resource, but for what moto does not show', async () => {
    const template = await readTemplate(packaged);

    const { seen, missing } = await missingIn(template, stack, moto, AWS_ACCOUNT);

    expect(missing).toEqual(Object.keys(LOST_IN_MOTO).sort());
    printLost('moto', LOST_IN_MOTO);
    process.stdout.write(`moto: ${seen.length} properties looked at\n`);
  });

  it('has what no witness shows held by something else', () => {
    expect(lostInBoth()).toEqual(Object.keys(HELD_ELSEWHERE).sort());
    for (const [name, by] of Object.entries(HELD_ELSEWHERE)) {
      process.stdout.write(`no witness shows ${name}: held by ${by}\n`);
    }
  });

  it('leaves a model’s route, function and alias alone when it is deployed again with other code', async () => {
    await makeModel(moto, stack);
    const before = { model: await modelState(moto, stack), stack: await stackState(moto, stack) };

    stack = await deployStack(moto, await changedFolder());

    const after = await stackState(moto, stack);
    expect(before.model.routes.map(({ path }) => path)).toContain('/models/shapes/{proxy+}');
    expect(await modelState(moto, stack)).toEqual(before.model);
    expect(after.code).not.toBe(before.stack.code);
    expect(after.deploymentId).not.toBe(before.stack.deploymentId);
  });
});
