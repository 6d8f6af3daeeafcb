import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { Browser, Locator, Page } from 'playwright-core';
import type { Comparison } from '#domain/comparison/comparison.ts';
import type { Registry } from '#ports/registry.ts';
import type { RunningCommand } from '../cli/run-cli.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import {
  CHROMIUM,
  faultsOf,
  openBrowser,
  openWindow,
  picture,
  type Window,
} from '../support/browser/browser.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { idOf, leaseFor, upload, walkTo } from '../support/worlds/registry.ts';
import { candidateThatWrote } from './cli-containers.ts';
import { type CliWorld, installInMoto, twoVersions } from './cli-world.ts';

needing(existsSync(CHROMIUM) ? undefined : 'there is no Chromium', () => {
  describeOnMoto('slipway console --stage, in a browser', (moto) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let world: CliWorld;
    let registry: Registry;
    let command: RunningCommand;
    let browser: Browser;
    let window: Window;
    let page: Page;

    beforeAll(async () => {
      folder = await temporaryFolder();
      world = await installInMoto(moto(), 'dev');
      registry = await twoVersions(moto(), world);
      command = world.command(['console', '--no-open']);
      const link = await eventually(() => /http\S+#open=\S+/.exec(command.output())?.[0]);
      browser = await openBrowser();
      window = await openWindow(browser);
      page = window.page;
      page.setDefaultTimeout(60_000);
      await page.goto(link);
      await page.getByRole('link', { name: 'shapes' }).waitFor();
    });

    afterAll(async () => {
      await browser.close();
      command.interrupt();
      await command.result;
      await folder[Symbol.asyncDispose]();
    });

    const goTo = (hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

    /** The start of a workflow that the console has asked for, once it has: no step of it runs here. */
    async function asked(machine: string, word: string): Promise<unknown> {
      const sfn = awsClient(SFNClient, moto());
      const stateMachineArn = world.outputs[machine];
      return eventually(async () => {
        const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
        const inputs = await Promise.all(
          executions.map(({ executionArn }) =>
            sfn.send(new DescribeExecutionCommand({ executionArn })),
          ),
        );
        const found = inputs.find(({ input }) => input?.includes(word));
        return found && JSON.parse(found.input ?? '');
      });
    }

    it('shows the models of the account, their requests, versions, choices and events', async () => {
      await picture(page, 'account-models-light');
      for (const [hash, seen] of [
        ['#/models/shapes', 'CloudWatch counts a minute or two late'],
        ['#/models/shapes', 'Make live'],
        ['#/models/shapes/why', 'What was found'],
        ['#/models/shapes/events', 'upload 2 is live'],
        ['#/events', 'upload 1 is live'],
        [`#/deployments/${idOf(2)}`, 'It answers at its endpoint'],
      ] as const) {
        await goTo(hash);
        await page.getByText(seen).first().waitFor();
        expect({ hash, faults: await faultsOf(page) }).toEqual({ hash, faults: [] });
      }
      expect(window.errors).toEqual([]);
    });

    it('sends a drop to the bucket of the account', async () => {
      const path = join(folder.path, 'new.onnx');
      writeFileSync(path, addConstantModel({ constant: 1 }));
      await goTo('#/');
      await page.setInputFiles('input[type=file] >> nth=0', path);
      await page.getByRole('button', { name: 'Deploy' }).click();
      await page.getByRole('link', { name: 'See how it goes' }).waitFor();

      const Bucket = world.outputs['Bucket'];
      const { Contents } = await awsClient(S3Client, moto()).send(
        new ListObjectsV2Command({ Bucket }),
      );
      expect(Contents?.map(({ Key }) => Key)).toEqual(['models/new/new.onnx']);
    });

    it('asks the workflows of the account to roll back and to undeploy', async () => {
      await goTo('#/models/shapes');
      await page.getByRole('button', { name: 'Roll back to v1' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Roll back to v1' }).click();
      expect(await asked('RollbackWorkflow', 'shapes')).toMatchObject({ kind: 'rollback' });
      // The question waits for its workflow to begin.
      await page.reload();

      await page.getByRole('button', { name: 'Undeploy' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Undeploy' }).click();
      expect(await asked('UndeployWorkflow', 'shapes')).toMatchObject({ kind: 'undeploy' });
      await page.reload();
    });

    it.each([
      ['Approve', 'approved', 31],
      ['Refuse', 'refused', 32],
    ] as const)('answers the gate, which asks about a version: %s', async (title, verdict, n) => {
      const model = `asked-${n}`;
      await askedAbout(registry, n, model);
      await goTo(`#/models/${model}`);
      const waiting = page.getByRole('region', { name: 'Awaits approval' });
      await waiting.getByText('the name of your credentials').waitFor();
      await page.getByRole('heading', { name: 'Beside version 1' }).waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await picture(page, `account-asked-${title.toLowerCase()}-light`);
      await answer(waiting, title);
      await page.getByText(`has ${verdict} it`).waitFor();

      const { work } = (await registry.deployment(idOf(n)))!;
      expect(work.clearance).toMatchObject({ verdict, by: CALLER, digest: `${model}-v1` });
      expect(await waiting.getByRole('button').count()).toBe(0);
    });

    it.each([
      ['Approve', 'approved', 41],
      ['Refuse', 'refused', 42],
    ] as const)('answers a promotion that waits: %s', async (title, verdict, n) => {
      const model = `promoted-${n}`;
      await registry.admit(promotion(n, model));
      await registry.askApproval(idOf(n));
      await goTo(`#/models/${model}`);
      const waiting = page.getByRole('region', { name: 'Awaits approval' });
      await waiting.getByText('It is version 7 of staging').waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await answer(waiting, title);
      await page.getByText(`has ${verdict} it`).waitFor();

      const { work } = (await registry.deployment(idOf(n)))!;
      expect(work.promotion?.approval).toMatchObject({ verdict, by: CALLER, digest: DIGEST });
      expect(window.errors).toEqual([]);
    });

    async function answer(waiting: Locator, title: string): Promise<void> {
      await waiting.getByRole('button', { name: title }).click();
      await page.getByRole('dialog').getByRole('button', { name: title }).click();
    }

    it('follows the log of a model that runs in a container', async () => {
      await candidateThatWrote('the model <b>is loaded</b>', moto(), world, registry);

      await goTo('#/models/shapes/logs');
      await page.getByText('the model <b>is loaded</b>').waitFor();
      await goTo('#/models/shapes');
      await page.getByRole('button', { name: 'Give it up' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Give it up' }).click();

      expect(await asked('StateMachine', 'recovery')).toMatchObject({
        recovery: { deploymentId: idOf(3) },
      });
      expect(window.errors).toEqual([]);
    });
  });
});

const DIGEST = `sha256:${'1'.repeat(64)}`;
/** The one who asks, as moto's Security Token Service names them. */
const CALLER = expect.stringMatching(/^arn:aws:/);

/** A promotion of version 7 of staging, which wants an approval. */
function promotion(n: number, model: string) {
  const from = { place: 'staging', version: 7, deploymentId: idOf(7) };
  const asked = { from, digest: DIGEST, proof: null, needsApproval: true, approval: null };
  return {
    ...upload(n, model),
    promoted: { work: { promotion: asked }, announcement: { reason: 'it comes from staging' } },
  };
}

/** Takes upload `n` to the gate, which has found that its answers have changed and asks a person. */
async function askedAbout(registry: Registry, n: number, model: string): Promise<void> {
  await registry.admit(upload(n, model));
  const lease = await registry.acquireLease(leaseFor(n));
  const holder = { deploymentId: idOf(n), epoch: lease.kind === 'acquired' ? lease.epoch : 0 };
  await walkTo({ registry } as never, holder, 'Ready');
  const counted = { asked: 20, changed: 5 };
  const comparison: Comparison = {
    verdict: 'changed',
    level: 'answers',
    reason: '5 of 20 examples are answered otherwise',
    beside: { version: 1, revision: `${model}-v1`, deploymentId: idOf(1) },
    decision: 'asked',
    fix: '',
    differences: [],
    answers: {
      kept: counted,
      drawn: { asked: 0, changed: 0 },
      noisy: 0,
      signs: [],
      examples: ['example 3: before: [1], now: [2]'],
    },
  };
  await registry.advance(
    holder,
    'Compared',
    { comparison },
    { reason: comparison.reason, data: { verdict: 'changed', beside: 1, decision: 'asked' } },
  );
}
