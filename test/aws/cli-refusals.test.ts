import { runCli } from '../cli/run-cli.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { startFront } from './cli-front.ts';
import { type CliWorld, installInMoto, motoEnvironment } from './cli-world.ts';

describeOnMoto('slipway in AWS refuses', (moto) => {
  let world: CliWorld;

  beforeAll(async () => {
    world = await installInMoto(moto(), 'dev');
  });

  it.each([
    {
      name: 'a model that is not there',
      args: ['logs', 'nobody'],
      says: /^slipway: no model nobody\n→ See which there are: `\S.* status`\.\n$/,
    },
    {
      name: 'no key',
      args: ['invoke', 'shapes', '--body', '{}'],
      says: /a key is needed to call shapes\n→ Make one with `.*keys create NAME --models shapes --stage dev`/,
    },
    {
      name: 'no body',
      args: ['invoke', 'shapes', '--key', 'slw_x'],
      says: /\/invocations takes a body\n→ Give one with --body/,
    },
    {
      name: 'a body in no file',
      args: ['invoke', 'shapes', '--body', '@/nowhere', '--key', 'slw_x'],
      says: /\/nowhere does not exist/,
    },
    {
      name: 'this machine and AWS at once',
      args: ['status', '--data', 'x'],
      says: /'--data <dir>' cannot be used with option '--stage <stage>'/,
    },
  ])('answers 2 for $name', async ({ args, says }) => {
    const { code, stderr } = await world.run(args);

    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });

  it('says what to do about a stage, credentials or a region that are not there', async () => {
    const env = motoEnvironment(moto());
    const { AWS_ACCESS_KEY_ID: _, ...anonymous } = env;
    const { AWS_REGION: __, ...nowhere } = env;

    const stage = await runCli(['status', '--stage', 'other'], env).result;
    const credentials = await runCli(['status', '--stage', 'dev'], anonymous).result;
    const region = await runCli(['status'], { ...nowhere, SLIPWAY_STAGE: 'dev' }).result;
    const profile = await runCli(['status', '--profile', 'nobody'], env).result;

    expect(stage.code).toBe(2);
    expect(stage.stderr).toMatch(
      /there is no stack slipway-other in us-east-1\n→ Install it with `.*deploy --stage other --region us-east-1`/,
    );
    expect(credentials.code).toBe(1);
    expect(credentials.stderr).toMatch(/no AWS credentials: .*\n→ Sign in .* --profile/);
    expect(region.code).toBe(2);
    expect(region.stderr).toMatch(/no AWS region is given\n→ Name it with --region/);
    expect(profile.code).toBe(1);
    expect(profile.stderr).toMatch(/no AWS credentials: .*\n→ Sign in .* --profile/);
  });

  it.each([
    {
      of: 'DynamoDB',
      calls: /DynamoDB_20120810\.Query/,
      status: 400,
      body: '{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized to perform: dynamodb:Query"}',
      says: /AccessDeniedException: not authorized to perform: dynamodb:Query/,
    },
    {
      of: 'CloudFormation',
      calls: /Action=DescribeStacks/,
      status: 403,
      body: '<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The token is expired</Message></Error></ErrorResponse>',
      says: /ExpiredToken: The token is expired/,
    },
  ])('says in one sentence what $of refuses, and what to do', async ({ says, ...stand }) => {
    await using front = await startFront(moto(), [stand]);

    const { code, stderr } = await world.run(['status'], { AWS_ENDPOINT_URL: front.endpoint });

    expect(code).toBe(1);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/\n→ Sign in again .* docs\/deploy\.md/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
