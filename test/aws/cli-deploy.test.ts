import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, ListChangeSetsCommand } from '@aws-sdk/client-cloudformation';
import { type Result, runCli } from '../cli/run-cli.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { asReason, NO_LOAD_BALANCERS } from '../support/aws/rules/young-account.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { cloneWith } from './cli-clone.ts';
import {
  accountAnswers,
  GOOD_QUOTAS,
  quotas,
  type Stand,
  stackIn,
  startFront,
} from './cli-front.ts';
import { installInMoto, motoEnvironment } from './cli-world.ts';

const GOOD = [...GOOD_QUOTAS, ...accountAnswers()];

describeOnMoto('slipway deploy', (moto) => {
  beforeEach(() => moto().reset());

  const deploy = async (stands: readonly Stand[], ...args: readonly string[]): Promise<Result> => {
    await using front = await startFront(moto(), stands);
    return await runCli(['deploy', ...args], motoEnvironment(front)).result;
  };

  it('looks at the account, says what the stack costs, and deploys nothing unless it is agreed to', async () => {
    const { code, stderr } = await deploy(GOOD, '--stage', 'new');

    expect(code).toBe(2);
    expect(stderr).toMatch(/^ok {4}credentials/m);
    expect(stderr).toMatch(/^deploys slipway-new in us-east-1$/m);
    expect(stderr).toMatch(/^costs about 4\.95 USD a month .*containers=off .*, 2026-/m);
    expect(stderr).not.toMatch(/service roles/);
    expect(stderr).toMatch(/nothing was deployed\n→ Use --yes/);
  });

  it('looks at what containers need where they are asked for', async () => {
    const { stderr } = await deploy(GOOD, '--stage', 'new', '--containers', 'public');

    expect(stderr).toMatch(/^costs about 21\.58 USD a month .*, 2026-/m);
    expect(stderr).toMatch(/^warn {2}service roles +.*AWSServiceRoleForECS, /m);
  });

  // Moto's region has one VPC already.
  it.each([
    { vpcs: 1, containers: 'off', result: 'fail', says: /creates 1\./ },
    { vpcs: 2, containers: 'off', result: 'ok', says: /1 of 2 VPCs/ },
    { vpcs: 2, containers: 'public', result: 'fail', says: /creates 2\./ },
    { vpcs: 3, containers: 'isolated', result: 'ok', says: /1 of 3 VPCs/ },
  ])(
    'looks for room for each network that the stack makes: $vpcs with containers=$containers',
    async ({ vpcs, containers, result, says }) => {
      const stands = [...quotas({ 'L-F678F1CE': vpcs }), ...GOOD];

      const { stderr } = await deploy(stands, '--stage', 'new', `--param=containers=${containers}`);

      expect(stderr).toMatch(new RegExp(`^${result} +networks`, 'm'));
      expect(stderr).toMatch(says);
    },
  );

  it('deploys nothing into an account in which nothing could be built', async () => {
    const stands = [...GOOD_QUOTAS, ...accountAnswers({ builds: 0 })];

    const { code, stderr } = await deploy(stands, '--stage', 'new', '--yes');

    expect(code).toBe(1);
    expect(stderr).toMatch(/^fail {2}builds at once/m);
    expect(stderr).toMatch(/the account is not ready: nothing was deployed\n→ Fix/);
  });

  it('says which parameters go back to their defaults, or change', async () => {
    const world = await installInMoto(moto(), 'old');
    await using front = await startFront(moto(), GOOD);
    const args = ['deploy', '--param', 'buildCompute=BUILD_GENERAL1_LARGE'];

    const { stderr } = await world.run(args, { AWS_ENDPOINT_URL: front.endpoint });

    expect(stderr).toMatch(
      /^changes buildCompute from BUILD_GENERAL1_MEDIUM to BUILD_GENERAL1_LARGE$/m,
    );
  });

  it.each([
    ['--param', 'container=off'],
    ['--param', 'containers=none'],
  ])('refuses %s %s, which osls would take and forget', async (...args) => {
    const { code, stderr } = await deploy([], '--stage', 'new', ...args);

    expect(code).toBe(2);
    expect(stderr).toMatch(/containers/);
  });

  it('shows what would be made, and deploys that by the serverless of the clone, with the stage, region and parameters that were agreed to', async () => {
    await using clone = await deployingClone('');

    const { code, stdout, stderr } = await clone.deploy(moto());

    expect(stderr).toMatch(/^adds 3 resources: 2 SQS::Queue, SNS::Topic$/m);
    expect(stderr).toMatch(/^deployed: `.*slipway.* push MODEL --stage new --region us-east-1`$/m);
    const [packaging, deploying] = saidBy(stdout);
    const given = ['--stage', 'new', '--region', 'us-east-1', '--param=containers=off'];
    expect(packaging).toEqual(['package', ...given, '--package', expect.any(String)]);
    expect(deploying).toEqual(['deploy', ...packaging!.slice(1)]);
    expect(code).toBe(0);
  });

  describe('containers', () => {
    const SAYS_ARGUMENTS = 'console.log(JSON.stringify(process.argv.slice(2)))';
    const UPDATE = {
      // This one parameter has a value, the others keep theirs.
      calls:
        /Action=UpdateStack&(?=.*UsePreviousTemplate=true)(?=.*CAPABILITY_NAMED_IAM)(?=.*ParameterKey=Containers&Parameters\.member\.\d\.ParameterValue=public)(?=.*ParameterKey=BuildCompute&Parameters\.member\.\d\.UsePreviousValue=true)/,
      body: '<UpdateStackResponse><UpdateStackResult><StackId>id</StackId></UpdateStackResult></UpdateStackResponse>',
    };

    // Moto's account lacks the roles that a stack with containers makes.
    const TURNS_ON = ['--containers', 'public', '--skip-doctor'] as const;

    it('stay as they are where a deploy does not name them', async () => {
      await using clone = await deployingClone(SAYS_ARGUMENTS);
      const { outputs } = await installInMoto(moto(), 'new', { containers: CONTAINERS });

      const { stdout, stderr } = await clone.deploy(
        moto(),
        {},
        ['--skip-doctor'],
        [stackStand('UPDATE_COMPLETE', 'public', outputs)],
      );

      expect(stderr).toMatch(/^costs about 21\.58 USD .*containers=public/m);
      expect(stdout).toContain('"--param=containers=public"');
    });

    it('are turned on last, by an update of this parameter alone, and the API is published', async () => {
      await using clone = await deployingClone(SAYS_ARGUMENTS);
      const { outputs } = await installInMoto(moto(), 'new', { containers: CONTAINERS });
      const stack = stackStand('UPDATE_COMPLETE', 'off', outputs);

      const { code, stdout, stderr } = await clone.deploy(moto(), {}, TURNS_ON, [stack, UPDATE]);

      expect(stdout).toContain('"--param=containers=off"');
      expect(stderr).toMatch(/^containers=public for slipway-new: .*minutes$/m);
      expect(stderr).toMatch(/^deployed: /m);
      expect(code).toBe(0);
    });

    it('that the account may not have leave a stack that works, and the case to open', async () => {
      await using clone = await deployingClone(SAYS_ARGUMENTS);
      const { outputs } = await installInMoto(moto(), 'new', { containers: CONTAINERS });
      const stack = stackStand('UPDATE_ROLLBACK_COMPLETE', 'off', outputs);

      const { code, stderr } = await clone.deploy(moto(), {}, TURNS_ON, [stack, UPDATE, EVENTS]);

      expect(stderr).toMatch(
        /does not let this account make load balancers.*slipway-new works on without containers\n→ Open a case in the AWS Support Center/,
      );
      expect(code).toBe(1);
    });
  });

  describe('the first build', () => {
    const project = 'CodeBuild_20161006\\.StartBuild .*"slipway-new-environment"';
    const started = { calls: new RegExp(project), body: '{"build": {"id": "b1"}}' };
    const refused = (most: number): Stand => ({
      calls: new RegExp(project),
      status: 400,
      body: `{"__type": "AccountLimitExceededException", "message": "Cannot have more than ${most} builds in queue for the account"}`,
    });
    const firstBuild = async (stand: Stand) => {
      await using clone = await deployingClone('');
      const { outputs } = await installInMoto(moto(), 'new', {});
      const stack = stackStand('UPDATE_COMPLETE', 'off', { ...outputs, EnvironmentHash: 'h1' });
      return await clone.deploy(moto(), {}, [], [stack, stand]);
    };

    it('is started by the deploy, of what the first model needs anyway', async () => {
      const { code, stderr } = await firstBuild(started);

      expect(stderr).toMatch(/^builds what serves ONNX models, for the first of them$/m);
      expect(code).toBe(0);
    });

    it('says the way where AWS lets the account build nothing, and the stack is there', async () => {
      const { code, stderr } = await firstBuild(refused(0));

      expect(stderr).toMatch(
        /lets this account run no build at all, .*the stack itself is there\n→ Open a case with AWS Support/,
      );
      expect(code).toBe(1);
    });

    it('is no matter where the account is only busy', async () => {
      const { code, stderr } = await firstBuild(refused(1));

      expect(stderr).toMatch(/^deployed: /m);
      expect(code).toBe(0);
    });
  });

  it('deploys nothing where the packaging fails', async () => {
    await using clone = await deployingClone('process.exitCode = 3');

    const { code, stdout } = await clone.deploy(moto());

    expect(code).toBe(1);
    expect(saidBy(stdout)).toHaveLength(1);
  });

  it('fails as the serverless of the clone fails', async () => {
    await using clone = await deployingClone("if (args[0] === 'deploy') process.exitCode = 3");

    const { code } = await clone.deploy(moto());

    expect(code).toBe(3);
  });

  it('shows by a change set what an update changes, and leaves no change set behind', async () => {
    const world = await installInMoto(moto(), 'new');
    await using clone = await deployingClone('');

    const { code, stderr } = await clone.deploy(moto());

    // Moto passes over the conditions of a template: AWS would not make the cluster.
    expect(stderr).toMatch(/^adds 4 resources: 2 SQS::Queue, SNS::Topic, ECS::Cluster$/m);
    expect(stderr).toMatch(/^removes \d+ resources: /m);
    expect(stderr).toMatch(/^ {2}removes Registry \(AWS::DynamoDB::Table\)$/m);
    expect(code).toBe(0);
    const StackName = `slipway-${world.stage}`;
    const cloudFormation = awsClient(CloudFormationClient, moto());
    const { Summaries } = await cloudFormation.send(new ListChangeSetsCommand({ StackName }));
    expect(Summaries ?? []).toEqual([]);
  });

  it.each([
    {
      status: 'ROLLBACK_COMPLETE',
      action: 'DeleteStack',
      mended: 'DELETE_COMPLETE',
      says: /^deletes slipway-new first, which is ROLLBACK_COMPLETE/m,
    },
    {
      status: 'REVIEW_IN_PROGRESS',
      action: 'DeleteStack',
      mended: 'DELETE_COMPLETE',
      says: /^deletes slipway-new first, which is REVIEW_IN_PROGRESS/m,
    },
    {
      status: 'UPDATE_ROLLBACK_FAILED',
      action: 'ContinueUpdateRollback',
      mended: 'UPDATE_ROLLBACK_COMPLETE',
      says: /^continues the rollback of slipway-new first/m,
    },
  ])(
    'goes on from a deploy that left the stack $status',
    async ({ status, action, mended, says }) => {
      let now = status;
      const mends = {
        calls: new RegExp(`Action=${action}&`),
        body: () => {
          now = mended;
          return `<${action}Response><${action}Result/></${action}Response>`;
        },
      };
      const { outputs } = await installInMoto(moto(), 'new');
      const stack = { calls: DESCRIBES, body: () => stackBody(now, 'off', outputs) };
      await using clone = await deployingClone('');

      const { code, stdout, stderr } = await clone.deploy(moto(), {}, [], [stack, mends]);

      expect(stderr).toMatch(says);
      expect(now).toBe(mended);
      expect(saidBy(stdout).map(([command]) => command)).toEqual(['package', 'deploy']);
      expect(code).toBe(0);
    },
  );

  it('deploys nothing while CloudFormation is at work on the stack', async () => {
    await using clone = await deployingClone('');

    const { code, stdout, stderr } = await clone.deploy(
      moto(),
      {},
      [],
      [stackIn('new', 'UPDATE_ROLLBACK_IN_PROGRESS')],
    );

    expect(stderr).toMatch(
      /^fail {2}stack +slipway-new is UPDATE_ROLLBACK_IN_PROGRESS: planted\n +→ Wait/m,
    );
    expect({ code, said: saidBy(stdout) }).toEqual({ code: 1, said: [] });
  });

  it('prints the policy that it needs, of the account and the stage, and deploys nothing', async () => {
    const { code, stdout } = await deploy([], '--stage', 'new', '--print-policy');

    expect(code).toBe(0);
    expect(JSON.parse(stdout).Version).toBe('2012-10-17');
    expect(stdout).toContain('arn:aws:iam::123456789012:role/slipway-new-*');
  });

  it('deploys from a packed copy too, by a folder of the user’s own that is made of what it brings', async () => {
    await using clone = await deployingClone('');
    await using cache = await temporaryFolder();
    const packed = join(clone.folder, 'dist/stack');
    await cp(join(clone.folder, 'infra'), join(packed, 'infra'), { recursive: true });
    await rename(join(clone.folder, 'serverless.yml'), join(packed, 'serverless.yml'));
    await cp(join(clone.folder, 'package.json'), join(packed, 'package.json'));
    await writeFile(join(packed, 'package-lock.json'), '{}');
    await writeFile(join(packed, 'install.js'), INSTALLS_SERVERLESS);

    const { code, stdout, stderr } = await clone.deploy(moto(), { XDG_CACHE_HOME: cache.path });

    expect(stderr).toMatch(/^deployed: /m);
    expect(code).toBe(0);
    const { at, has, args } = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(at.startsWith(join(cache.path, 'slipway/stack-'))).toBe(true);
    expect(has).toEqual(expect.arrayContaining(['buildspecs', 'infra', 'runtimes']));
    expect(args.slice(0, 3)).toEqual(['deploy', '--stage', 'new']);
  });

  it.each([
    { args: ['--stage', 'Prod'], says: /stage is `Prod`: .*\n→ Give a letter and at most 12/ },
    {
      args: ['--stage', 'new', '--param', 'bakeSeconds=4000'],
      says: /bakeSeconds is `4000`: .*\n→ Give a number from 0 to 3600/,
    },
  ])('makes nothing where $args is not what the template takes', async ({ args, says }) => {
    const { code, stdout, stderr } = await deploy([], ...args, '--yes');

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });

  it('says what a copy without the template lacks', async () => {
    await using clone = await deployingClone('');
    await rm(join(clone.folder, 'serverless.yml'));

    const { code, stderr } = await clone.deploy(moto());

    expect(code).toBe(2);
    expect(stderr).toMatch(/no template to deploy\n→ Install it again/);
  });
});

const CONTAINERS = {
  ...{ Containers: 'public', Cluster: 'slipway-new', ContainerSubnets: 'subnet-1,subnet-2' },
  ...{ Listener: 'arn:listener', LoadBalancer: 'lb.example', VpcLink: 'link' },
};

const DESCRIBES = /Action=DescribeStacks&/;

/** The stack as CloudFormation describes it at every look. */
function stackStand(...about: Parameters<typeof stackBody>): Stand {
  return { calls: DESCRIBES, body: stackBody(...about) };
}

function stackBody(
  status: string,
  containers: string,
  outputs: Readonly<Record<string, string>>,
): string {
  const parameters = {
    Stage: 'new',
    Containers: containers,
    BuildCompute: 'BUILD_GENERAL1_MEDIUM',
  };
  const told = Object.entries(outputs).map(
    ([name, value]) =>
      `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  const given = Object.entries(parameters).map(
    ([name, value]) =>
      `<member><ParameterKey>${name}</ParameterKey><ParameterValue>${value}</ParameterValue></member>`,
  );
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
      <StackId>arn:stack</StackId><StackName>slipway-new</StackName><StackStatus>${status}</StackStatus>
      <CreationTime>2026-11-30T00:00:00Z</CreationTime>
      <Parameters>${given.join('')}</Parameters><Outputs>${told.join('')}</Outputs>
      </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

// Newest first.
const EVENTS: Stand = {
  calls: /Action=DescribeStackEvents&/,
  body: `<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>${[
    ['VpcLink', 'x', 'CREATE_FAILED', 'Resource creation cancelled'],
    ['LoadBalancer', 'x', 'CREATE_FAILED', asReason(NO_LOAD_BALANCERS)],
    ['slipway-new', 'arn:stack', 'UPDATE_IN_PROGRESS', 'User Initiated'],
    ['Old', 'x', 'CREATE_FAILED', 'an older failure'],
  ]
    .map(
      ([logical, physical, status, reason]) =>
        `<member><LogicalResourceId>${logical}</LogicalResourceId><PhysicalResourceId>${physical}</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus><ResourceStatusReason>${reason}</ResourceStatusReason></member>`,
    )
    .join('')}</StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>`,
};

/** An install.js whose `serverless` prints its folder, the files there, and its arguments. */
const INSTALLS_SERVERLESS = `
  import { mkdirSync, writeFileSync } from 'node:fs';
  mkdirSync('node_modules/serverless/bin', { recursive: true });
  writeFileSync('node_modules/serverless/bin/serverless.js', \`
    const { readdirSync } = require('node:fs');
    const { writeFileSync } = require('node:fs');
    const [at, args] = [process.cwd(), process.argv.slice(2)];
    if (args[0] === 'package') writeFileSync(args.at(-1) + '/cloudformation-template-update-stack.json', '{"Resources": {}}');
    console.log(JSON.stringify({ at, has: readdirSync('.'), args }));
  \`);
`;

/** The arguments of each run. */
function saidBy(stdout: string): readonly (readonly string[])[] {
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** A clone as `cloneWith` makes it, and its `slipway deploy`. */
async function deployingClone(script: string) {
  const clone = await cloneWith(script);
  const { folder } = clone;
  return {
    ...clone,
    async deploy(
      moto: Moto,
      besides: Readonly<Record<string, string>> = {},
      more: readonly string[] = [],
      stands: readonly Stand[] = [],
    ): Promise<Result> {
      await using front = await startFront(moto, [...stands, ...GOOD]);
      const args = ['deploy', '--stage', 'new', ...more, '--yes'];
      const environment = { ...motoEnvironment(front), ...besides };
      return await runCli(args, environment, folder, join(folder, 'slipway.js')).result;
    },
  };
}
