import { Agent } from 'node:http';
import type { Moto } from './moto.ts';
import type { AnyClient, AwsRules } from './rules/rules.ts';

type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

type Configuration = {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly maxAttempts: number;
  readonly forcePathStyle: boolean;
  readonly requestHandler: { readonly httpAgent: Agent };
};

export const AWS_REGION = 'us-east-1';
/** Moto's own account. */
export const AWS_ACCOUNT = '123456789012';
const OWN = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
// The SDK's own default, which production does not change.
const MAX_ATTEMPTS = 3;
// Shared by all clients, since every world makes new ones: each would open its own connections, and never close them.
const AGENT = new Agent({ keepAlive: true });

/** A client of moto, behind AWS's rules where they are given. S3 is asked by path: no name server knows `bucket.127.0.0.1`. */
export function awsClient<Client extends AnyClient>(
  Client: new (configuration: Configuration) => Client,
  moto: Pick<Moto, 'endpoint'> & { readonly credentials?: Credentials },
  rules?: AwsRules,
  { maxAttempts = MAX_ATTEMPTS } = {},
): Client {
  const client = new Client({
    endpoint: moto.endpoint,
    region: AWS_REGION,
    credentials: moto.credentials ?? OWN,
    maxAttempts,
    forcePathStyle: true,
    requestHandler: { httpAgent: AGENT },
  });
  return rules ? rules.guard(client) : client;
}
