import { describeOnMoto } from '../support/aws/moto.ts';
import { IS_THOROUGH, someInARow } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import { onForeign, otherActions } from '../support/iam/foreign.ts';
import { permission } from '../support/iam/permission.ts';
import {
  grantsOf,
  otherNames,
  otherPaths,
  ownResources,
  type Role,
  rolesOf,
} from '../support/iam/roles.ts';
import {
  type IamSimulator,
  iamSimulator,
  isSimulatorHere,
  whySkipped,
} from '../support/iam/simulator.ts';
import { tracedRuns } from '../support/traced/runs.ts';
import type { TracedWorld } from '../support/traced/world.ts';
import { list, ofType, readTemplate } from '../template/template.ts';

const template = await readTemplate();
const LEAST_DENIED = 500;
// A run that is not thorough tries so many of them.
const TRIED = 60;

/** The permissions that are granted but that no call here needed, by action and role, and why they stay. */
const UNTRACED: readonly (readonly [RegExp, string])[] = [
  [
    /^ecr:(?:BatchGetImage|GetDownloadUrlForLayer) ImageProjectRole .*\/slipway-test$/,
    'a build pulls the image that a model names as its own: from the repositories of the parameter customImages, by default none but this',
  ],
  [
    /^dynamodb:ConditionCheckItem /,
    'a write checks the rows that it has read and leaves: which they are depends on the rows',
  ],
  [
    /^lambda:DeleteFunction (?:ProvisionLambda|RestartVersion)Role /,
    'a function whose creation failed is made anew, and in moto none fails',
  ],
  [
    /^apigateway:POST ShiftTrafficRole .*\/resources$/,
    'whether IAM asks for the parent’s path or, as its list of resource types has it, for the collection is not documented',
  ],
  [
    /^(?:lambda:CreateAlias|apigateway:(?:POST|PUT|DELETE)|elasticloadbalancing:(?:CreateRule|AddTags)) RollBackRole /,
    'the alias, the rule and the route are made again where somebody took them away',
  ],
  [
    /^apigateway:(?:DELETE|PUT) (?:RemoveRoute|Sweep)Role .*\/methods\/(?:ANY|OPTIONS)/,
    'a route that somebody left half made or half moved is put right before the API is deployed, as ShiftTraffic does it here',
  ],
  [
    /^(?:lambda:AddPermission|apigateway:\w+|dynamodb:(?:Query|UpdateItem|PutItem)|elasticloadbalancing:(?:CreateRule|AddTags|ModifyRule)|cloudwatch:GetMetricData) CompensateRole /,
    'what a deployment that died has begun of a route is finished by the next one’s end',
  ],
  [
    /^(?:lambda:(?:DeleteAlias|RemovePermission)|elasticloadbalancing:DeleteRule|cloudwatch:GetMetricData) (?:ShiftTraffic|Compensate)Role /,
    'the side that a move has left is closed by whoever finds it quiet: here that is RetirePrevious',
  ],
  [
    /^dynamodb:DeleteItem SweepRole /,
    'what is known of a route goes with it, where an undeploy died between the two',
  ],
  [
    /^xray:Put(?:TraceSegments|TelemetryRecords) /,
    'Lambda and Step Functions send the traces of what they run by its role, and moto runs neither',
  ],
  [
    /^codebuild:\w+ (?:AcquireLease|ExplainBuild)Role /,
    'a build of moto is over at once, so that none is found under way and stopped',
  ],
  [
    /^dynamodb:PutItem (?:AwaitApproval|GrantBuild)Role /,
    'it adds no row: what a step may do with the registry is one grant for all',
  ],
  [
    /^(?:dynamodb|logs):\w+ AwaitContainersRole /,
    'the stack that is traced has containers, so that no model waits for them',
  ],
  [
    /^lambda:ListVersionsByFunction (?:VerifyTraffic|RemoveRoute)Role /,
    'a client remembers the versions that it has listed, and all steps that are traced share one: in Lambda each has its own',
  ],
  [
    /^dynamodb:DeleteItem AwaitApprovalRole /,
    'a promotion that a person refuses leaves the list of those under way: here none is refused',
  ],
  [
    /^(?:cloudwatch:GetMetricData|dynamodb:Query) SweepRole /,
    'the sweep reads the demand of models that their builds have measured, without Slipway’s own requests, and a build here measures nothing',
  ],
  [
    /^ssm:PutParameter RestartVersionRole /,
    'a version that starts again finds the keys of its kept requests, and makes some only where they are gone',
  ],
  [
    /^s3:PutObject GrantBuildRole .*\/own-builds\/\*$/,
    'no model that is traced is built from a Dockerfile: test/aws/own-image.test.ts is',
  ],
  [
    /^s3:ListBucket (?:AdmitPromotion|CompareAnswers)Role /,
    'without it S3 calls a file that is missing forbidden, and here all have arrived',
  ],
  [
    /^states:(?:DescribeExecution AcquireLease|StartExecution Sweep)Role .*-promote/,
    'a promotion that died with the lease, or died and was left, is taken up as any deployment is here',
  ],
  [
    /^(?:lambda:(?:Put|Delete)FunctionConcurrency|application-autoscaling:RegisterScalableTarget) SweepRole /,
    'the sweep holds the cap of a model that has spent more than it may, and no model that is traced has a cap',
  ],
  [/^s3:\w+ ApiLogRole /, 'Firehose writes the access log of the API'],
  [
    /^(?:lambda:AddPermission|apigateway:\w+|dynamodb:(?:Query|UpdateItem)) RetirePreviousRole /,
    'a model that was routed by an older Slipway gets the method of its endpoint by the next change of its shares, whichever step makes that',
  ],
];

if (!IS_THOROUGH) {
  process.stderr.write(
    `skipped: what is granted and never asked for: a third of the troubles is traced, by SLIPWAY_SEED=${SEED}; SLIPWAY_THOROUGH=1 traces all\n`,
  );
}
if (!isSimulatorHere) {
  process.stderr.write(`skipped: what the roles allow: ${whySkipped}\n`);
}

(isSimulatorHere ? describeOnMoto : skipped)('what the roles allow', (moto) => {
  let world: TracedWorld;
  let simulator: IamSimulator;
  let roles: readonly Role[];
  beforeAll(async () => {
    world = await tracedRuns(moto());
    simulator = await iamSimulator();
    roles = rolesOf(template, world);
  });
  afterAll(() => world.close());

  it('is all that was asked with them', async () => {
    const refused = await each(roles, ({ id, statements, calls }) =>
      each(calls, async (call) =>
        (await simulator.isAllowed(statements, call)) ? [] : [`${id}: ${JSON.stringify(call)}`],
      ),
    );

    expect(refused).toEqual([]);
    // Firehose's own, which writes the access log and runs nowhere here.
    const unasked = roles.filter(({ calls }) => calls.length === 0);
    expect(unasked.map(({ id }) => id)).toEqual(['ApiLogRole']);
  });

  it('is nothing else: each role is denied 500 other things and more', async () => {
    const own = ownResources(world);
    const counts: Record<string, number> = {};
    const allowed = await each(roles, async ({ id, statements, calls }) => {
      const others = [
        ...(await otherActions(simulator, statements, own)),
        ...calls.flatMap((call) => onForeign(call, otherNames(world))),
        ...otherPaths(world),
      ];
      counts[id] = others.length;
      return each(someInARow(others, TRIED), async (other) =>
        (await simulator.isAllowed(statements, other)) ? [`${id}: ${JSON.stringify(other)}`] : [],
      );
    });

    expect(allowed).toEqual([]);
    expect(Math.min(...Object.values(counts))).toBeGreaterThanOrEqual(LEAST_DENIED);
    process.stdout.write(
      roles
        .map(({ id, calls }) => `${id}: ${calls.length} calls allowed, ${counts[id]} denied\n`)
        .join(''),
    );
  });

  (IS_THOROUGH ? it : it.skip)(
    'is not more than was asked for, but for what is explained',
    async () => {
      const unused = await each(roles, (role) =>
        each(grantsOf(role), async ({ name, statement }) => {
          const asked = role.calls.filter(({ action }) => action === statement.Action);
          const used = await each(asked, async (call) =>
            (await simulator.isAllowed([statement], call)) ? [name] : [],
          );
          return used.length > 0 ? [] : [name.replace(' on ', ` ${role.id} on `)];
        }),
      );
      const reasons = unused.map((name) => [name, UNTRACED.find(([of]) => of.test(name))] as const);

      expect(reasons.filter(([, reason]) => !reason)).toEqual([]);
      expect(UNTRACED.filter((reason) => !reasons.some(([, given]) => given === reason))).toEqual(
        [],
      );
      process.stdout.write(
        reasons
          .map(([name, reason]) => `granted and not traced: ${name}: ${reason?.[1]}\n`)
          .join(''),
      );
    },
  );

  it('is no change on all resources, where the action knows resources', async () => {
    const everywhere = roles.flatMap(({ id, statements }) =>
      statements
        .filter(({ Effect, Resource }) => Effect === 'Allow' && list(Resource).includes('*'))
        .flatMap(({ Action }) => list(Action).map((action) => [id, action] as const)),
    );
    const changing = await each(everywhere, async ([id, action]) => {
      const [service = '', name = ''] = action.split(':');
      const { accessLevel, resourceTypes } = await simulator.action(service, name);
      const isRead = accessLevel === 'Read' || accessLevel === 'List';
      return isRead || resourceTypes.length === 0 ? [] : [`${id}: ${action}`];
    });

    expect(changing).toEqual([]);
  });

  it('is nothing in the network for the code of a model', async () => {
    const { statements, calls } = roles.find(({ id }) => id === 'ModelRole')!;
    const fromInside = calls
      .filter(({ action }) => action.startsWith('ec2:'))
      .map(({ action, resource }) =>
        permission(action, resource, {
          'lambda:SourceFunctionArn': ownResources(world)['lambda:function']!,
        }),
      );
    const allowed = await each(fromInside, async (call) =>
      (await simulator.isAllowed(statements, call)) ? [call] : [],
    );

    expect(fromInside).not.toEqual([]);
    expect(allowed).toEqual([]);
  });

  it('leaves no route open: each asks for a key or a signature, but for what API Gateway itself answers a preflight', () => {
    const put = (end: string) =>
      world.requests
        .filter(({ method, url }) => method === 'PUT' && url.pathname.endsWith(end))
        .map(({ body }) => JSON.parse(body));
    const made = put('/methods/ANY');
    const answered = put('/methods/OPTIONS/integration').map(({ type }) => type);
    const owned = ofType(template, 'AWS::ApiGateway::Method').map(
      ([, { Properties }]) => Properties.AuthorizationType,
    );

    expect(new Set(owned)).toEqual(new Set(['AWS_IAM']));
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(answered)).toEqual(new Set(['MOCK']));
    for (const method of made) {
      expect(method).toMatchObject({
        authorizationType: 'CUSTOM',
        authorizerId: world.api.authorizer,
        apiKeyRequired: true,
      });
    }
  });
});

async function each<Item, Found>(
  items: readonly Item[],
  look: (item: Item) => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const item of items) found.push(...(await look(item)));
  return found;
}

function skipped(name: string, body: Parameters<typeof describeOnMoto>[1]): void {
  describe.skip(name, () => body(() => Promise.reject(new Error(whySkipped)) as never));
}
