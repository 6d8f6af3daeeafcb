import { AWS_ACCOUNT, AWS_REGION } from '../support/aws/clients.ts';
import { arn, type Permission, permission } from '../support/iam/permission.ts';
import {
  type IamSimulator,
  iamSimulator,
  isSimulatorHere,
  whySkipped,
} from '../support/iam/simulator.ts';
import { resolver } from '../support/stack/template.ts';
import { readTemplate, type Statement, statementsOf } from '../template/template.ts';

const template = await readTemplate();
const BUCKET = 'slipway-test-models';
const { resolve } = resolver(template, {
  account: AWS_ACCOUNT,
  region: AWS_REGION,
  physicalIds: {
    ...Object.fromEntries(Object.keys(template.Resources).map((id) => [id, id])),
    ModelBucket: BUCKET,
    ImageProjectLogGroup: '/slipway/test/builds',
  },
});
const own: readonly Statement[] = resolve(statementsOf(template.Resources['OwnImageProjectRole']!));
const object = (key: string) => `arn:aws:s3:::${BUCKET}/${key}`;

if (!isSimulatorHere) {
  process.stderr.write(`skipped: what the build of a Dockerfile may do: ${whySkipped}\n`);
}

(isSimulatorHere ? describe : describe.skip)('the build of a Dockerfile', () => {
  let simulator: IamSimulator;
  beforeAll(async () => {
    simulator = await iamSimulator();
  });

  const allowedOf = async (statements: readonly Statement[], asked: readonly Permission[]) => {
    const allowed: string[] = [];
    for (const each of asked) {
      if (await simulator.isAllowed(statements, each))
        allowed.push(`${each.action} ${each.resource}`);
    }
    return allowed;
  };

  /** Every action of ECR, on the stage's repositories or, where it knows no resource, on all. */
  async function registry(): Promise<readonly Permission[]> {
    const actions = await simulator.actionsOf('ecr');
    const details = await Promise.all(
      actions.map(async (name) => ({ name, ...(await simulator.action('ecr', name)) })),
    );
    return details.flatMap(({ name, resourceTypes }) => {
      const isOnRepository = resourceTypes.some((type) => type.name === 'repository');
      const on = isOnRepository
        ? ['slipway-test', 'slipway-test-environments'].map((each) =>
            arn('ecr', `repository/${each}`),
          )
        : ['*'];
      return on.map((resource) => permission(`ecr:${name}`, resource));
    });
  }

  it('may do nothing with any image of the account, not even log in', async () => {
    const asked = await registry();

    expect(asked.length).toBeGreaterThan(80);
    expect(asked.map(({ action }) => action)).toContain('ecr:GetAuthorizationToken');
    expect(await allowedOf(own, asked)).toEqual([]);
  });

  it.each(['ecr:GetAuthorizationToken', 'ecr:BatchGetImage'])(
    'would be seen to, if it were granted %s',
    async (Action) => {
      const more = { Effect: 'Allow', Action, Resource: '*' } as Statement;

      const allowed = await allowedOf([...own, more], await registry());

      expect(new Set(allowed.map((each) => each.split(' ')[0]))).toEqual(new Set([Action]));
    },
  );

  it('reads its list, leaves its image, and touches nothing else in the bucket', async () => {
    const keys = [
      'own-builds/d1/secret.json',
      'own-images/d1/secret.tar',
      'builds/d2/secret.json',
      'orders/d2/secret.json',
      'models/digits/model.onnx',
      'promotions/digits/1/release.json',
    ];
    const actions = ['GetObject', 'GetObjectVersion', 'PutObject', 'DeleteObject', 'PutObjectAcl'];
    const asked = [
      ...keys.flatMap((key) => actions.map((name) => permission(`s3:${name}`, object(key)))),
      ...['ListBucket', 'ListBucketVersions', 'ListBucketMultipartUploads'].map((name) =>
        permission(`s3:${name}`, `arn:aws:s3:::${BUCKET}`),
      ),
    ];

    expect(await allowedOf(own, asked)).toEqual([
      `s3:GetObject ${object('own-builds/d1/secret.json')}`,
      `s3:PutObject ${object('own-images/d1/secret.tar')}`,
    ]);
  });

  it('writes its own log, and to the streams of no other build', async () => {
    const stream = (name: string) =>
      permission(
        'logs:PutLogEvents',
        arn('logs', `log-group:/slipway/test/builds:log-stream:${name}`),
      );

    expect(await allowedOf(own, [stream('own-image/b1'), stream('b2')])).toEqual([
      `logs:PutLogEvents ${stream('own-image/b1').resource}`,
    ]);
  });
});
