import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LISTS } from '#operations/account/lists.ts';
import { accountGround } from '#operations/evidence/account-ground.ts';
import { CLAIMS } from '#operations/evidence/claims.ts';
import { inventory } from '#operations/evidence/inventory.ts';
import { prove } from '#operations/evidence/prove.ts';
import type { Finding } from '#operations/evidence/signed.ts';
import { motoEnvironment } from '../aws/cli-world.ts';
import { AWS_REGION } from '../support/aws/clients.ts';
import { deployStack } from '../support/stack/deploy.ts';
import { UNKNOWN_TO_MINISTACK } from '../support/stack/lost.ts';
import { isMinistackHere, startMinistack, whyNoMinistack } from '../support/stack/ministack.ts';
import { packageWithout } from '../support/stack/prepared.ts';
import { packagedFolder, STAGE } from '../template/packaged.ts';

/** An execution of the sweep that outlives the stage makes its log group again in ministack; in AWS the function's role may make none. */
const LATE = 'log group /aws/lambda/slipway-test-sweep';

if (!isMinistackHere) process.stderr.write(`skipped: a proof in ministack: ${whyNoMinistack}\n`);

(isMinistackHere ? it : it.skip)(
  'a proof deploys the packaged template into ministack, drops a model, is told why it is not built, and leaves nothing',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-prove-'));
    const ministack = await startMinistack();
    const environment = { ...process.env };
    Object.assign(process.env, motoEnvironment(ministack));
    try {
      const known = await packageWithout(await packagedFolder(), folder, UNKNOWN_TO_MINISTACK);
      const account = { stage: STAGE, region: AWS_REGION, profile: undefined };
      const plan = {
        account,
        parameters: new Map(),
        findings: [],
        notes: [],
        turnsOn: null,
        broken: undefined,
      };
      const own = accountGround(
        { root: folder, caches: folder, environment: process.env },
        plan,
        () => {},
      );
      // It has no Application Auto Scaling.
      const lists = LISTS.filter(({ kind }) => kind !== 'scaled service');
      const there = () => inventory(account, lists);
      let deployed: readonly string[] = [];
      const ground = {
        ...own,
        inventory: there,
        async deploy() {
          // It refuses the template as it is.
          await deployStack(ministack, known);
          deployed = await there();
        },
      };

      const { acts, findings, leftovers } = await prove(ground, {
        targets: ['lambda'],
        claims: CLAIMS,
        watchMs: 0,
        signal: new AbortController().signal,
        tell: ({ act, said }) => process.stdout.write(`ministack: ${act}: ${said}\n`),
      });

      expect(acts).toMatchObject([
        { act: 'deploy the stage', isDone: true },
        {
          act: 'push prove-lambda, version 1',
          isDone: false,
          said: expect.stringContaining('codebuild:startBuild.sync is not yet implemented'),
        },
        { act: 'look at the claims', isDone: true },
        { act: 'remove the stage', isDone: true },
        { act: 'look at what is left', isDone: true },
      ]);
      // The emulator's events name no version, and it deletes deployments that a stage names.
      expect(rowsThat(findings, 'otherwise')).toEqual([
        "EventBridge starts the deploy machine with S3's event",
        'A deployment that no stage names is deleted, and one that a stage names is refused',
      ]);
      expect(rowsThat(findings, 'as written')).toEqual([
        'Versions, delete markers, ranged reads',
        'A transaction sent again with its token is done once',
      ]);
      // The look that finds nothing afterwards finds things of every kind before.
      const kinds = new Set(deployed.map((each) => each.slice(0, each.lastIndexOf(' '))));
      expect([...kinds]).toEqual([
        ...['alarm', 'api', 'bucket', 'build project', 'bus', 'cluster', 'delivery stream'],
        ...['function', 'load balancer', 'log group', 'machine', 'network', 'queue'],
        ...['repository', 'role', 'stack', 'table', 'topic'],
      ]);
      expect(leftovers.filter((each) => each !== LATE)).toEqual([]);
    } finally {
      for (const name of Object.keys(process.env)) delete process.env[name];
      Object.assign(process.env, environment);
      await ministack.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

function rowsThat(findings: readonly Finding[], verdict: Finding['verdict']): readonly string[] {
  return findings.filter((each) => each.verdict === verdict).map(({ row }) => row);
}
