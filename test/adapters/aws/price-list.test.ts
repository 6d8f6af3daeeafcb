import { PricingClient } from '@aws-sdk/client-pricing';
import { priceListRegion, readInstancePrices, readPriceList } from '#adapters/aws/price-list.ts';
import { PRICE_NAMES, SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { awsClient } from '../../support/aws/clients.ts';
import { awsFault } from '../../support/aws/faults.ts';
import { type ListedProduct, priceList } from '../../support/aws/rules/pricing.ts';
import { type AwsRule, awsRules } from '../../support/aws/rules/rules.ts';

// Every call is answered by the rules.
const NOWHERE = { endpoint: 'http://127.0.0.1:9' };
const region = 'eu-central-1';

const listed = (
  service: string,
  usagetype: string,
  usd: string | Readonly<Record<string, string>>,
  { productFamily, ...more }: Readonly<Record<string, string>> = {},
): ListedProduct => ({
  service,
  ...(productFamily && { productFamily }),
  attributes: { regionCode: region, usagetype, ...more },
  usd: typeof usd === 'string' ? { 0: usd } : usd,
});

const PRODUCTS = [
  listed(
    'AmazonApiGateway',
    'EUC1-ApiGatewayRequest',
    { 0: '0.0000037', 333000000: '0.00000295', 1000000000: '0.0000025' },
    { productFamily: 'API Calls' },
  ),
  listed('AmazonApiGateway', 'EUC1-ApiGatewayHttpRequest', '0.0000012', {
    productFamily: 'API Calls',
  }),
  listed('AmazonECS', 'EUC1-Fargate-GB-Hours', '0.00511', { productFamily: 'Compute' }),
  listed('AmazonECS', 'EUC1-Fargate-ARM-GB-Hours', '0.00409', { productFamily: 'Compute' }),
  listed('AmazonECS', 'EUC1-Fargate-EphemeralStorage-GB-Hours', '0.000127', {
    productFamily: 'Compute',
  }),
  listed('AmazonECS', 'EUC1-Fargate-vCPU-Hours:perCPU', '0.04656', { productFamily: 'Compute' }),
  listed('AmazonECS', 'EUC1-Fargate-ARM-vCPU-Hours:perCPU', '0.03725', {
    productFamily: 'Compute',
  }),
  listed('AmazonECS', 'EUC1-SpotUsage:Fargate-vCPU-Hours:perCPU', '0.0139', {
    productFamily: 'Compute',
  }),
  listed(
    'AmazonKinesisFirehose',
    'EUC1-BilledBytes',
    { 0: '0.031', 512000: '0.027' },
    { group: 'Event-by-Event Processing' },
  ),
  listed('AWSLambda', 'EUC1-Lambda-GB-Second-ARM', '0.0000133334', {
    group: 'AWS-Lambda-Duration-ARM',
  }),
  listed(
    'AWSLambda',
    'EUC1-Request',
    { 0: '0.0000000000', 1000000: '0.0000002' },
    { group: 'AWS-Lambda-Requests' },
  ),
  listed(
    'AWSLambda',
    'EUC1-Lambda-GB-Second',
    { 0: '0.0000166667', 6000000000: '0.000015' },
    { group: 'AWS-Lambda-Duration' },
  ),
  listed('AmazonEC2', 'EUC1-LoadBalancerUsage', '0.027', {
    productFamily: 'Load Balancer-Application',
  }),
  listed('AmazonEC2', 'EUC1-TS-LoadBalancerUsage', '0.9', {
    productFamily: 'Load Balancer-Application',
  }),
  listed('AmazonEC2', 'EUC1-LCUUsage', '0.0085', { productFamily: 'Load Balancer-Application' }),
  listed('AmazonEC2', 'EUC1-ReservedLCUUsage', '0.9', {
    productFamily: 'Load Balancer-Application',
  }),
  listed(
    'AmazonCloudWatch',
    'EUC1-VendedLog-Bytes',
    { 0: '0.63', 10240: '0.315', 30720: '0.126' },
    { productFamily: 'Data Payload' },
  ),
  listed('AmazonCloudWatch', 'EUC1-VendedLog-Bytes-WAFLogs', '0.9', {
    productFamily: 'Data Payload',
  }),
  // The logs that a program puts itself.
  listed('AmazonCloudWatch', 'EUC1-DataProcessing-Bytes', '0.9', {
    productFamily: 'Data Payload',
  }),
  listed('AmazonCloudWatch', 'EUC1-DataProcessingIA-Bytes', '0.9', {
    productFamily: 'Data Payload',
  }),
  listed('AmazonVPC', 'EUC1-PublicIPv4:IdleAddress', '0.9'),
  listed('AmazonVPC', 'EUC1-PublicIPv4:InUseAddress', '0.005'),
  listed('AmazonEC2', 'EUC1-EBS:VolumeUsage.gp3', '0.0952', { productFamily: 'Storage' }),
  listed('AmazonEC2', 'EUC1-EBS:VolumeUsage.gp2', '0.119', { productFamily: 'Storage' }),
  listed('AmazonDynamoDB', 'EUC1-ReadRequestUnits', '0.0000001525', { group: 'DDB-ReadUnits' }),
  listed('AmazonDynamoDB', 'EUC1-ReadCapacityUnit-Hrs', '0.00015', { group: 'DDB-ReadUnits' }),
];

const PRICES = {
  apiRequest: 0.0000037,
  fargateGBHour: 0.00511,
  fargateVcpuHour: 0.04656,
  firehoseGBIn: 0.031,
  lambdaArmGBSecond: 0.0000133334,
  lambdaRequest: 0.0000002,
  lambdaX86GBSecond: 0.0000166667,
  loadBalancerHour: 0.027,
  loadBalancerUnitHour: 0.0085,
  logGBIn: 0.63,
  publicAddressHour: 0.005,
  tableRead: 0.0000001525,
  volumeGBMonth: 0.0952,
};

const TIERS = {
  apiRequest: [
    { from: 333_000_000, usd: 0.00000295 },
    { from: 1_000_000_000, usd: 0.0000025 },
  ],
  firehoseGBIn: [{ from: 512_000, usd: 0.027 }],
  lambdaX86GBSecond: [{ from: 6_000_000_000, usd: 0.000015 }],
  logGBIn: [
    { from: 10_240, usd: 0.315 },
    { from: 30_720, usd: 0.126 },
  ],
};

const clientOf = (products: readonly ListedProduct[]) =>
  awsClient(PricingClient, NOWHERE, awsRules(priceList(products)), { maxAttempts: 1 });

describe('the Price List of a region', () => {
  it('has every price that a placement is weighed by, for the first requests that cost anything, and the tiers after them', async () => {
    const read = await readPriceList(clientOf(PRODUCTS), region);

    expect(read).toEqual({ usd: PRICES, tiers: TIERS });
  });

  it('counts a free tier as used up, and the next ones from where they begin', async () => {
    const requests = { 0: '0.0000000000', 1000000: '0.0000037', 333000000: '0.000003' };
    const client = clientOf([
      listed('AmazonApiGateway', 'EUC1-ApiGatewayRequest', requests, {
        productFamily: 'API Calls',
      }),
    ]);

    expect(await readPriceList(client, region)).toEqual({
      usd: { apiRequest: 0.0000037 },
      tiers: { apiRequest: [{ from: 333_000_000, usd: 0.000003 }] },
    });
  });

  it('has the tiers of the dearest of several products alone', async () => {
    const product = (usd: Readonly<Record<string, string>>) =>
      listed('AmazonApiGateway', 'EUC1-ApiGatewayRequest', usd, { productFamily: 'API Calls' });
    const client = clientOf([
      product({ 0: '0.0000035', 333000000: '0.0000028' }),
      product({ 0: '0.0000042', 500000000: '0.000004' }),
    ]);

    expect(await readPriceList(client, region)).toEqual({
      usd: { apiRequest: 0.0000042 },
      tiers: { apiRequest: [{ from: 500_000_000, usd: 0.000004 }] },
    });
  });

  it('takes no tier that does not begin where the one before it ends', async () => {
    const [rule] = priceList(PRODUCTS.slice(0, 1)) as [AwsRule];
    const ending: AwsRule = {
      ...rule,
      async before(call) {
        const { output } = (await rule.before!(call)) as { output: { PriceList: string[] } };
        const PriceList = output.PriceList.map((text) =>
          text.replace('"endRange":"1000000000"', '"endRange":"900000000"'),
        );
        return { output: { ...output, PriceList } };
      },
    };
    const client = awsClient(PricingClient, NOWHERE, awsRules([ending]), { maxAttempts: 1 });

    expect((await readPriceList(client, region)).tiers).toEqual({
      apiRequest: TIERS.apiRequest.slice(0, 1),
    });
  });

  it('has no price of other regions', async () => {
    expect(await readPriceList(clientOf(PRODUCTS), 'eu-west-1')).toEqual({ usd: {}, tiers: {} });
  });

  it('names usage types of us-east-1 with its prefix or without', async () => {
    const there = { regionCode: 'us-east-1', group: 'AWS-Lambda-Requests' };
    for (const usagetype of ['Request', 'USE1-Request']) {
      const client = clientOf([
        { service: 'AWSLambda', attributes: { ...there, usagetype }, usd: { 0: '0.0000002' } },
      ]);

      expect(await readPriceList(client, 'us-east-1')).toMatchObject({
        usd: { lambdaRequest: 0.0000002 },
      });
    }
  });

  it('reads on where a service has more products than a page', async () => {
    const many = Array.from({ length: 250 }, (_, index) =>
      listed('AmazonVPC', `EUC1-Other${index}`, '1'),
    );

    expect((await readPriceList(clientOf([...many, ...PRODUCTS]), region)).usd).toEqual(PRICES);
  });

  it('leaves out a product that it cannot read', async () => {
    const odd = listed('AmazonVPC', 'EUC1-PublicIPv4:InUseAddress', { 0: 'free' });

    const read = await readPriceList(clientOf([odd]), region);

    expect(read.usd).toEqual({});
  });

  it.each([
    ['denied', 'PlatformDenied'],
    ['throttled', 'PlatformThrottled'],
    ['broken', 'PlatformUnavailable'],
    ['reply lost', 'PlatformUnavailable'],
  ] as const)('fails by name when a call is %s', async (fault, name) => {
    const client = awsClient(PricingClient, NOWHERE, undefined, { maxAttempts: 1 });
    const failing = awsFault(client, 'GetProducts', fault);
    awsRules(priceList(PRODUCTS)).guard(client);

    await expect(readPriceList(client, region)).rejects.toMatchObject({ name });
    expect(failing.count()).toBe(1);
  });

  it('has the hour of each instance type that is sold there, on demand and plain', async () => {
    const plain = {
      operatingSystem: 'Linux',
      tenancy: 'Shared',
      preInstalledSw: 'NA',
      capacitystatus: 'Used',
    };
    const hour = (instanceType: string, usd: string, more: Readonly<Record<string, string>> = {}) =>
      listed('AmazonEC2', `EUC1-BoxUsage:${instanceType}`, usd, {
        instanceType,
        ...plain,
        ...more,
      });
    const sold = [
      hour('c6a.large', '0.0876'),
      hour('c6a.large', '0.1796', { operatingSystem: 'Windows' }),
      hour('c6a.large', '0.0963', { tenancy: 'Dedicated' }),
      hour('c6a.large', '0', { capacitystatus: 'AllocatedCapacityReservation' }),
      hour('g6.xlarge', '1.0064'),
      hour('t3.micro', '0.012'),
    ];
    const types = Object.keys(SHIPPED_PRICES.instances ?? {});
    expect(types.length).toBeGreaterThan(90);
    expect(Math.max(...types.map((type) => type.length))).toBeLessThanOrEqual(18);

    const read = await readInstancePrices(clientOf(sold), region, types);

    expect(read).toEqual({ 'c6a.large': 0.0876, 'g6.xlarge': 1.0064 });
    expect(await readInstancePrices(clientOf(sold), 'eu-west-1', types)).toEqual({});
  });

  it('is asked at an endpoint near the region, of the three that there are', () => {
    expect(['eu-west-1', 'ap-northeast-1', 'us-west-2', 'sa-east-1'].map(priceListRegion)).toEqual([
      'eu-central-1',
      'ap-south-1',
      'us-east-1',
      'us-east-1',
    ]);
  });

  it('has the names of the shipped prices', () => {
    expect(Object.keys(PRICES)).toEqual([...PRICE_NAMES]);
    expect(Object.keys(SHIPPED_PRICES.usd)).toEqual([...PRICE_NAMES]);
  });
});
