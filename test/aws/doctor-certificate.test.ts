import { ACMClient, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { lookAtCertificate } from '#operations/doctor/certificate.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { motoEnvironment } from './cli-world.ts';

describeOnMoto('doctor looks at the certificate of a domain', (moto) => {
  const before = { ...process.env };
  beforeAll(() => void Object.assign(process.env, motoEnvironment(moto())));
  afterAll(() => {
    for (const name of Object.keys(motoEnvironment(moto()))) delete process.env[name];
    Object.assign(process.env, before);
  });
  const account = { stage: 'x', profile: undefined, region: AWS_REGION };

  async function look(name: string, certificate: readonly [string, ...string[]]) {
    const [DomainName, ...others] = certificate;
    const request = new RequestCertificateCommand({
      DomainName,
      ...(others.length > 0 && { SubjectAlternativeNames: others }),
    });
    const { CertificateArn: certificateArn = '' } = await awsClient(ACMClient, moto()).send(
      request,
    );
    return lookAtCertificate(account, { name, certificateArn });
  }

  it.each<[string, readonly [string, ...string[]]]>([
    ['models.example.com', ['models.example.com']],
    ['models.example.com', ['example.com', '*.example.com']],
    ['Models.example.com.', ['models.example.com']],
  ])('%s is one of the names %j', async (name, certificate) => {
    expect((await look(name, certificate))?.says).toMatch(
      new RegExp(`^the certificate (?:is one )?for ${name}`),
    );
  });

  it.each<[string, readonly [string, ...string[]]]>([
    ['example.com', ['*.example.com']],
    ['a.models.example.com', ['*.example.com']],
    ['models.example.org', ['models.example.com', '*.example.com']],
  ])('%s is none of the names %j', async (name, certificate) => {
    expect(await look(name, certificate)).toMatchObject({
      result: 'fail',
      says: `the certificate is for ${certificate.join(', ')}, not for ${name}`,
      fix: expect.stringContaining('stands for one label'),
    });
  });

  it('says that there is none, and has nothing to say without a domain', async () => {
    const certificateArn = `arn:aws:acm:${AWS_REGION}:${AWS_ACCOUNT}:certificate/1a2b`;

    expect(await lookAtCertificate(account, { name: 'a.example', certificateArn })).toMatchObject({
      result: 'fail',
      says: `there is no certificate ${certificateArn}`,
    });
    expect(await lookAtCertificate(account, undefined)).toBeUndefined();
  });
});
