import { ACMClient, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import { translated } from '#adapters/aws/failures.ts';
import { isNamedIn } from '#domain/certificate-names.ts';
import { failureName } from '#domain/failure.ts';
import { type AwsAccount, clientSettings, DENIED_FIX } from '#operations/account/clients.ts';
import { fail, ok, warn } from './doctor.ts';

/** A custom domain for the endpoint, and its certificate. */
export type Domain = { readonly name: string; readonly certificateArn: string };

/** The domain of these parameters of a stack; undefined without one. */
export function domainOf(name: string | undefined, certificateArn: string | undefined) {
  return name && certificateArn ? { name, certificateArn } : undefined;
}

/** Whether the certificate exists, is issued, and is valid for the domain: API Gateway refuses any other, and with it the stack. No finding without a domain. */
export async function lookAtCertificate(account: AwsAccount, domain: Domain | undefined) {
  if (!domain) return undefined;
  const { name, certificateArn: CertificateArn } = domain;
  const acm = new ACMClient(clientSettings(account));
  try {
    const describe = new DescribeCertificateCommand({ CertificateArn });
    const { Certificate = {} } = await translated(() => acm.send(describe), {
      ResourceNotFoundException: 'InputInvalid',
      InvalidArnException: 'InputInvalid',
    });
    const { DomainName = '', SubjectAlternativeNames = [], Status } = Certificate;
    const names = [...new Set([DomainName, ...SubjectAlternativeNames])];
    if (!isNamedIn(name, names)) {
      return fail(
        `the certificate is for ${names.join(', ')}, not for ${name}`,
        `Request one for ${name} in AWS Certificate Manager: \`*.\` stands for one label, and not for the domain itself.`,
      );
    }
    if (Status === 'ISSUED') return ok(`the certificate is one for ${name}`);
    return fail(
      `the certificate for ${name} is ${Status}`,
      'Have it issued first: AWS Certificate Manager says how it is validated.',
    );
  } catch (error) {
    const { message } = error as Error;
    if (failureName(error) === 'InputInvalid') {
      return fail(
        `there is no certificate ${CertificateArn}`,
        'Give the ARN of one that is there.',
      );
    }
    // An unknown state is no reason to stop a deploy.
    return warn(`the certificate for ${name} could not be looked at: ${message}`, DENIED_FIX);
  }
}
