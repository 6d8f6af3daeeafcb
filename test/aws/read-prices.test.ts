import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CloudFormationClient,
  CreateStackCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoPrices } from '#adapters/aws/registry/dynamo-prices.ts';
import { PRICE_NAMES, SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { OUTPUTS } from '#operations/account/stack.ts';
import { readPrices } from '#operations/install/read-prices.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { REGISTRY_TABLE } from '../support/aws/registry-table.ts';
import { type ListedProduct, priceList } from '../support/aws/rules/pricing.ts';

const TABLE = 'slipway-priced-registry';
const TODAY = Date.UTC(2026, 11, 1);
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };

const listed = (service: string, usagetype: string, usd: string, more: object): ListedProduct => ({
  service,
  attributes: { regionCode: AWS_REGION, usagetype },
  usd: { 0: '0.0000000000', 1000: usd },
  ...more,
});

// More than a page of others comes first.
const PRODUCTS: readonly ListedProduct[] = [
  ...Array.from({ length: 130 }, (_, index) =>
    listed('AmazonECS', `USE1-Other${index}`, '9', { productFamily: 'Compute' }),
  ),
  listed('AmazonECS', 'USE1-Fargate-GB-Hours', '0.5', { productFamily: 'Compute' }),
  listed('AmazonEC2', 'BoxUsage:m6a.large', '0.09', {
    attributes: {
      ...{ regionCode: AWS_REGION, usagetype: 'BoxUsage:m6a.large', instanceType: 'm6a.large' },
      ...{ operatingSystem: 'Linux', tenancy: 'Shared', preInstalledSw: 'NA' },
      capacitystatus: 'Used',
    },
  }),
  listed('AmazonApiGateway', 'ApiGatewayRequest', '', {
    productFamily: 'API Calls',
    usd: { 0: '0.0000042', 333000000: '0.0000035' },
  }),
];

describeOnMoto('the prices that a deploy reads', (moto) => {
  it('come over HTTP from the Price List of the region, page by page, and are kept in its table, whose log of requests follows the stack in any case', async () => {
    const list = await servePriceList(PRODUCTS);
    await install(moto(), 'off');

    const words = await deployed(moto(), list.url);

    await list.close();
    const kept = await dynamoPrices(awsClient(DynamoDBClient, moto()), TABLE).read();
    expect(words).toMatch(
      new RegExp(`^Prices of ${AWS_REGION}, 2026-12-01 \\(${PRICE_NAMES.length - 2} of them of `),
    );
    expect(kept).toEqual({
      region: AWS_REGION,
      asOf: '2026-12-01',
      usd: { ...SHIPPED_PRICES.usd, fargateGBHour: 0.5, apiRequest: 0.0000042 },
      tiers: {
        ...SHIPPED_PRICES.tiers,
        apiRequest: [{ from: 333_000_000, usd: 0.0000035 }],
      },
      shipped: PRICE_NAMES.filter((name) => name !== 'fargateGBHour' && name !== 'apiRequest'),
      instances: { 'm6a.large': 0.09 },
      accessLog: 'off',
    });
    await update(moto(), 'on');
    const refused = await deployed(moto(), list.url);
    expect(refused).toMatch(
      /could not be read \(.*ECONNREFUSED.*\): those that were kept before hold/,
    );
    const { accessLog: _, ...logged } = kept!;
    expect(await dynamoPrices(awsClient(DynamoDBClient, moto()), TABLE).read()).toEqual(logged);
    expect(list.asked.length).toBeGreaterThan(PRICE_NAMES.length);
    expect(new Set(list.asked)).toEqual(
      new Set([`AWSPriceListService.GetProducts ${AWS_REGION}/pricing`]),
    );
  });
});

/** A Price List as AWS serves it: JSON 1.1 over HTTP, with signed requests. */
async function servePriceList(products: readonly ListedProduct[]) {
  const [rule] = priceList(products);
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const input = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const { authorization = '', 'x-amz-target': target = '' } = request.headers;
    const [, scope = ''] = /\/([^/]+\/[^/]+)\/aws4_request/.exec(authorization) ?? [];
    asked.push(`${target} ${scope}`);
    const answer = (await rule?.before?.({ input } as never)) as { readonly output?: object };
    response.writeHead(answer.output ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer.output ?? answer));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A stack such as Slipway's, with its table. */
async function install(moto: Moto, accessLog: 'on' | 'off'): Promise<void> {
  await awsClient(DynamoDBClient, moto).send(
    new CreateTableCommand({ TableName: TABLE, ...REGISTRY_TABLE }),
  );
  await awsClient(CloudFormationClient, moto).send(new CreateStackCommand(stackWith(accessLog)));
}

async function update(moto: Moto, accessLog: 'on' | 'off'): Promise<void> {
  await awsClient(CloudFormationClient, moto).send(new UpdateStackCommand(stackWith(accessLog)));
}

function stackWith(accessLog: 'on' | 'off') {
  const known: Readonly<Record<string, string>> = { Table: TABLE, Containers: 'off' };
  const template = {
    Parameters: { AccessLog: { Type: 'String' } },
    Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    Outputs: Object.fromEntries(OUTPUTS.map((name) => [name, { Value: known[name] ?? name }])),
  };
  return {
    StackName: 'slipway-priced',
    TemplateBody: JSON.stringify(template),
    Parameters: [{ ParameterKey: 'AccessLog', ParameterValue: accessLog }],
  };
}

/** The words of a deploy to that stack. */
async function deployed({ endpoint }: Moto, priceListUrl: string): Promise<string> {
  const before = { ...process.env };
  Object.assign(process.env, {
    ...KEYS,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_PRICING: priceListUrl,
    AWS_MAX_ATTEMPTS: '1',
  });
  try {
    const account = { stage: 'priced', profile: undefined, region: AWS_REGION };
    return await readPrices(account, { now: () => TODAY });
  } finally {
    process.env = before;
  }
}
