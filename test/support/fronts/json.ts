import type { IncomingMessage, ServerResponse } from 'node:http';
import * as autoScaling from '@aws-sdk/client-application-auto-scaling';
import * as ecs from '@aws-sdk/client-ecs';
import { awsClient } from '../aws/clients.ts';
import type { Moto } from '../aws/moto.ts';
import type { AnyClient, AwsRules } from '../aws/rules/rules.ts';

type Input = Readonly<Record<string, unknown>>;

/** A call of a client of ECS or of Application Auto Scaling. */
export type JsonCall = { readonly service: string; readonly operation: string };

const SERVICES = {
  AmazonEC2ContainerServiceV20141113: { sdk: ecs, client: ecs.ECSClient },
  AnyScaleFrontendService: {
    sdk: autoScaling,
    client: autoScaling.ApplicationAutoScalingClient,
  },
} as const;

/** Answers calls in AWS's JSON 1.1, by making the same call to moto behind AWS's rules: for callers that are other processes. */
export function jsonFront(moto: Pick<Moto, 'endpoint'>, rules: AwsRules) {
  const clients = new Map<string, AnyClient>();

  function clientOf(service: keyof typeof SERVICES): AnyClient {
    const { client: Client } = SERVICES[service];
    const once = { maxAttempts: 1 };
    const client = clients.get(service) ?? awsClient<AnyClient>(Client, moto, rules, once);
    clients.set(service, client);
    return client;
  }

  return {
    /** The call in a request; undefined for one to another service. */
    callOf({ headers }: IncomingMessage): JsonCall | undefined {
      const [service = '', operation = ''] = String(headers['x-amz-target'] ?? '').split('.');
      return service in SERVICES ? { service, operation } : undefined;
    },

    async answer(
      { service, operation }: JsonCall,
      input: Input,
      response: ServerResponse,
    ): Promise<void> {
      const { sdk } = SERVICES[service as keyof typeof SERVICES];
      const Command = (sdk as never as Readonly<Record<string, new (input: Input) => never>>)[
        `${operation}Command`
      ];
      if (!Command) throw new Error(`${service} has no ${operation}`);
      try {
        const command = new Command(input);
        const output = await clientOf(service as keyof typeof SERVICES).send(command);
        respond(response, 200, output as object);
      } catch (error) {
        const { name, message, $metadata } = error as Error & {
          readonly $metadata?: { readonly httpStatusCode?: number };
        };
        respond(response, $metadata?.httpStatusCode ?? 500, { __type: name, message });
      }
    },
  };
}

function respond(response: ServerResponse, status: number, output: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ ...output, $metadata: undefined }, inSeconds));
}

/** A time is a number of seconds. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
function inSeconds(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const raw = this[key];
  return raw instanceof Date ? raw.getTime() / 1000 : value;
}
