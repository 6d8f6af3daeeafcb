import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { Moto } from '../support/aws/moto.ts';

/** An answer of AWS's to a call that moto does not know; `calls` says which, by the request line, its target and its body. */
export type Stand = {
  readonly calls: RegExp;
  readonly status?: number;
  readonly body: string;
};

/** What `slipway doctor` asks and moto does not have, in the form of the services' own models. */
export function accountAnswers({ concurrency = 1000, builds = 20 } = {}): readonly Stand[] {
  const quota = 'Concurrently running builds for Linux/Medium environment';
  return [
    {
      calls: /^GET \/2016-08-19\/account-settings/,
      body: JSON.stringify({
        AccountLimit: {
          ConcurrentExecutions: concurrency,
          UnreservedConcurrentExecutions: concurrency,
        },
      }),
    },
    {
      calls: /ServiceQuotasV20190624\.ListServiceQuotas/,
      body: JSON.stringify({ Quotas: [{ QuotaName: quota, Value: builds }] }),
    },
    {
      calls: /^GET \/[^/]+\/?\?notification/,
      body: '<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>',
    },
    {
      calls: /Action=DescribeStackResource&.*LogicalResourceId=(?:Image|Environment)Project/,
      body: `<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>
        <PhysicalResourceId>image</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus>
        </StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>`,
    },
  ];
}

/** Moto has no quotas of these services. */
export function quotas(values: Readonly<Record<string, number>>): readonly Stand[] {
  return Object.entries(values).map(([code, Value]) => ({
    calls: new RegExp(`GetServiceQuota .*"${code}"`),
    body: JSON.stringify({ Quota: { QuotaCode: code, Value } }),
  }));
}

export const GOOD_QUOTAS = quotas({
  'L-F678F1CE': 5,
  'L-3032A538': 140,
  'L-DB2E81BA': 8,
  'L-417A185B': 0,
});

/** Stands in front of moto: answers what `stands` say, and lets moto answer the rest. */
export async function startFront(moto: Moto, stands: readonly Stand[]) {
  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray());
    const { method, url, headers } = request;
    const call = `${method} ${url} ${headers['x-amz-target'] ?? ''} ${bytes}`;
    const stand = stands.find(({ calls }) => calls.test(call));
    if (stand) {
      response.writeHead(stand.status ?? 200).end(stand.body);
      return;
    }
    const passed = ask(moto.endpoint + url, { method, headers }, (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.end(bytes);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
