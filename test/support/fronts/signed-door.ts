import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Door = {
  readonly url: string;
  close(): Promise<void>;
};

type Key = { readonly accessKeyId: string; readonly secretAccessKey: string };

/**
 * A door in front of the calls that IAM allows `key`: it reads the signature of each request off the wire, as
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html says, and refuses others as API Gateway does.
 */
export async function signedDoor(
  key: Key,
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<Door> {
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (isSigned(request, body, key)) return answer(request, body, response);
    response.writeHead(403, { 'x-amzn-errortype': 'InvalidSignatureException' });
    response.end('{"message":"The request signature we calculated does not match"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isSigned({ method, url = '', headers }: IncomingMessage, body: string, key: Key): boolean {
  const [, accessKeyId, scope = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const signed = names.split(';');
  const [date = '', region = '', service = ''] = scope.split('/');
  if (accessKeyId !== key.accessKeyId || service !== 'execute-api') return false;
  if (!signed.includes('host') || !signed.includes('x-amz-date')) return false;
  const canonical = [
    method,
    url,
    '',
    ...signed.map((name) => `${name}:${headers[name]}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const signing = [date, region, service, 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${key.secretAccessKey}`,
  );
  return createHmac('sha256', signing).update(text).digest('hex') === signature;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
