import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { clientSettings } from '#operations/account/clients.ts';
import { LISTS } from '#operations/account/lists.ts';
import { lookAtSigning } from '#operations/doctor/signing.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { motoEnvironment } from './cli-world.ts';

describeOnMoto('the key by which a stage signs', (moto) => {
  const before = { ...process.env };
  beforeAll(() => void Object.assign(process.env, motoEnvironment(moto())));
  afterAll(() => {
    for (const name of Object.keys(motoEnvironment(moto()))) delete process.env[name];
    Object.assign(process.env, before);
  });
  const account = { stage: 'signs', profile: undefined, region: AWS_REGION };
  const PROMOTER = { PromoterPrincipal: 'arn:aws:iam::210987654321:root' };

  async function newKey() {
    const create = new CreateKeyCommand({
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
      Description: 'Signs what slipway-signs releases',
    });
    const { KeyMetadata } = await awsClient(KMSClient, moto()).send(create);
    return { SigningKey: KeyMetadata!.Arn!, id: KeyMetadata!.KeyId! };
  }

  async function listed() {
    const found: (string | undefined)[] = [];
    const { pages } = LISTS.find(({ kind }) => kind === 'signing key')!;
    for await (const page of pages(clientSettings(account))) found.push(...(page ?? []));
    return found;
  }

  it('is looked at by doctor, and found by the inventory of a proof', async () => {
    const { SigningKey, id } = await newKey();
    const look = () => lookAtSigning(account, { parameters: {}, outputs: { SigningKey } });

    expect(await look()).toMatchObject({
      result: 'ok',
      says: expect.stringContaining('a KMS key of 1.00 USD a month'),
    });
    expect(await listed()).toContain('Signs what slipway-signs releases');

    await awsClient(KMSClient, moto()).send(new DisableKeyCommand({ KeyId: id }));

    expect(await look()).toMatchObject({
      result: 'fail',
      says: expect.stringMatching(/is Disabled/),
    });
  });

  it('need not be there; but whom another account may promote to is told to ask for one', async () => {
    const look = (parameters: Readonly<Record<string, string>>) =>
      lookAtSigning(account, { parameters, outputs: {} });

    expect(await look({})).toBeUndefined();
    expect(await look({ ...PROMOTER, TrustedSigners: 'MFkw' })).toBeUndefined();
    expect(await look(PROMOTER)).toMatchObject({
      result: 'warn',
      fix: expect.stringContaining('slipway signing-key'),
    });
  });
});
