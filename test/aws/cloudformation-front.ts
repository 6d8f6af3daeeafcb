import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { Moto } from '../support/aws/moto.ts';

/** Something that keeps a resource of the stack from being deleted, as CloudFormation tells of it. */
export type Blocked = { readonly logicalId: string; readonly reason: string };

// Moto calls it a ValidationException. https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
const NO_SCALING = /AnyScaleFrontendService\.(?:Deregister|Delete)/;

type Planted = {
  readonly status?: string;
  /** Whether the stack tells its outputs; by default it does. */
  readonly hasOutputs?: boolean;
  /** What would keep the stack now. */
  readonly blocked?: () => Promise<readonly Blocked[]>;
  /** Buckets with the tags that CloudFormation gives what it makes, and nobody else can; moto's gives none. */
  readonly tagged?: readonly string[];
};

/**
 * CloudFormation as moto lacks it, before moto: a stack `slipway-dev` in a planted state, whose deletion fails as long as something keeps one of its resources.
 * States and what can be done in them: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html and .../troubleshooting.html#troubleshooting-errors-delete-stack-fails
 */
export async function startCloudFormation(moto: Moto, planted: Planted) {
  let { status } = planted;
  let failed: readonly Blocked[] = [];
  const deletions: string[] = [];

  async function answered(body: string): Promise<string | undefined> {
    if (!/Action=DeleteStack/.test(body)) return undefined;
    deletions.push(body);
    failed = (await planted.blocked?.()) ?? [];
    status = failed.length > 0 ? 'DELETE_FAILED' : undefined;
    return failed.length > 0 ? '<DeleteStackResponse/>' : undefined;
  }

  function rewritten(body: string, answer: string): string {
    if (/Action=DescribeStacks/.test(body)) {
      const told = answer.replace(/<StackStatus>CREATE_COMPLETE</, `<StackStatus>${status}<`);
      const isPlanted = status !== undefined;
      const shown = isPlanted ? told : answer;
      return planted.hasOutputs === false ? shown.replace(/<Outputs>[^]*<\/Outputs>/, '') : shown;
    }
    if (!/Action=ListStackResources/.test(body)) return answer;
    return failed.reduce(
      (text, { logicalId, reason }) =>
        text.replace(/<member>(?:(?!<\/member>)[^])*<\/member>/g, (member) =>
          member.includes(`<LogicalResourceId>${logicalId}<`)
            ? member.replace(
                /<ResourceStatus>\w+<\/ResourceStatus>/,
                `<ResourceStatus>DELETE_FAILED</ResourceStatus><ResourceStatusReason>${reason}</ResourceStatusReason>`,
              )
            : member,
        ),
      answer,
    );
  }

  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray());
    const { method, url, headers } = request;
    const isAsked = /Action=\w+&?.*Version=2010-05-15/.test(String(bytes));
    if (NO_SCALING.test(String(headers['x-amz-target']))) {
      const error = { __type: 'ObjectNotFoundException', message: 'no such target' };
      response.writeHead(400).end(JSON.stringify(error));
      return;
    }
    const bucket = /^\/([^/?]+)\/?\?tagging/.exec(url ?? '')?.[1] ?? '';
    if (method === 'GET' && planted.tagged?.includes(bucket)) {
      response.end(
        '<Tagging><TagSet><Tag><Key>aws:cloudformation:stack-name</Key><Value>slipway-dev</Value></Tag></TagSet></Tagging>',
      );
      return;
    }
    const own = isAsked ? await answered(String(bytes)) : undefined;
    if (own !== undefined) {
      response.end(own);
      return;
    }
    const passed = ask(moto.endpoint + url, { method, headers }, async (answer: IncomingMessage) => {
      const { 'content-length': _, ...kept } = answer.headers;
      const told = Buffer.concat(await answer.toArray());
      response.writeHead(answer.statusCode ?? 502, kept);
      response.end(isAsked ? rewritten(String(bytes), String(told)) : told);
    });
    passed.end(bytes);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** How often the stack's deletion was asked for. */
    deletions: () => deletions.length,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
