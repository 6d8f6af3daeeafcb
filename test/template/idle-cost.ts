import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { CONTAINERS, type Containers, resourcesWith, type Template } from './template.ts';

type Item = {
  readonly item: string;
  readonly how: string;
  /** USD a month, in an account whose free allowance is used up by others. */
  readonly usd: Readonly<Record<Containers, number>>;
  readonly free: string;
};

const HOURS = 730;
const {
  alarmPerMonth,
  dashboardPerMonth,
  interfaceEndpointZoneHour,
  lambdaArmGBSecond,
  lambdaRequest,
  loadBalancerHour,
  logGBIn,
  traceRecorded,
} = prices;

// The assumed needs of a sweep of an empty stack; the log of a real one shows its own.
const SWEEP = { seconds: 1, tableReads: 6, bucketLists: 1, logBytes: 2000 };

/** The cost of a stack without models, for each value of the parameter `containers`. */
export function idleCost(template: Template): readonly Item[] {
  return [...observed(template), ...swept(template), ...reached(template)];
}

function observed(template: Template): readonly Item[] {
  const alarms = counts(template, ({ Type }) => Type === 'AWS::CloudWatch::Alarm');
  const dashboards = counts(template, ({ Type }) => Type === 'AWS::CloudWatch::Dashboard');
  return [
    {
      item: 'Alarms',
      how: `${alarms.off}, ${alarms.public} with containers, × $${alarmPerMonth.usd.toFixed(2)}`,
      usd: each((containers) => alarms[containers] * alarmPerMonth.usd),
      free: `the account's first ${alarmPerMonth.free}`,
    },
    {
      item: 'Dashboard',
      how: `${dashboards.off} × $${dashboardPerMonth.usd.toFixed(2)}`,
      usd: each((containers) => dashboards[containers] * dashboardPerMonth.usd),
      free: `the account's first ${dashboardPerMonth.free}`,
    },
  ];
}

function swept(template: Template): readonly Item[] {
  const sweeps = HOURS * sweepsPerHour(template);
  const memoryGB = template.Resources['SweepLambdaFunction']!.Properties.MemorySize / 1024;
  const run = lambdaRequest.usd + SWEEP.seconds * memoryGB * lambdaArmGBSecond.usd;
  const asked =
    SWEEP.bucketLists * prices.s3Request.usd +
    SWEEP.tableReads * prices.tableRead.usd +
    (SWEEP.logBytes / 1e9) * logGBIn.usd;
  return [
    {
      item: 'Sweep, every 15 minutes',
      how: `${thousands(sweeps)} runs of ${SWEEP.seconds} s with ${memoryGB} GB`,
      usd: each(() => sweeps * run),
      free: `${thousands(lambdaArmGBSecond.free)} GB-seconds`,
    },
    {
      item: 'Its reads and logs',
      how: `${SWEEP.bucketLists} list, ${SWEEP.tableReads} reads, ${SWEEP.logBytes / 1000} kB each`,
      usd: each(() => sweeps * asked),
      free: 'none for the lists',
    },
    {
      item: 'Its traces',
      how: `${thousands(sweeps)} × $${traceRecorded.usd.toFixed(6)}`,
      usd: each(() => sweeps * traceRecorded.usd),
      free: `the account's first ${thousands(traceRecorded.free)}`,
    },
  ];
}

/** The way to containers, and theirs to images and logs. */
function reached(template: Template): readonly Item[] {
  const balancers = counts(template, ({ Type }) => Type.endsWith('V2::LoadBalancer'));
  const zones = counts(template, ({ Properties }) =>
    Properties?.VpcEndpointType === 'Interface' ? Properties.SubnetIds.length : 0,
  );
  const endpoints = counts(
    template,
    ({ Properties }) => Properties?.VpcEndpointType === 'Interface',
  );
  const perBalancer = HOURS * loadBalancerHour.usd;
  const perZone = HOURS * interfaceEndpointZoneHour.usd;
  return [
    {
      item: 'Load balancer',
      how: `${balancers.public} × $${cents(perBalancer)}`,
      usd: each((containers) => balancers[containers] * perBalancer),
      free: '750 hours in the first year',
    },
    {
      item: 'Endpoints',
      how: `${endpoints.isolated} in ${zones.isolated / endpoints.isolated} zones × $${cents(perZone)}`,
      usd: each((containers) => zones[containers] * perZone),
      free: 'none',
    },
  ];
}

/** The resources that a parameter adds, whatever the containers. */
export function requestedCost({ Resources }: Template) {
  const ofType = (type: string) => Object.values(Resources).filter(({ Type }) => Type === type);
  const keys = ofType('AWS::KMS::Key');
  const acls = ofType('AWS::WAFv2::WebACL');
  const rules = acls.flatMap(({ Properties }) => Properties.Rules).length;
  const { kmsKeyMonth, webAclMonth, webAclRuleMonth } = prices;
  return {
    signReleases: { count: keys.length, usd: keys.length * kmsKeyMonth.usd },
    firewall: {
      count: acls.length,
      rules,
      usd: acls.length * webAclMonth.usd + rules * webAclRuleMonth.usd,
    },
  };
}

/** The table of these in docs/deploy.md. */
export function requestedTable({ signReleases, firewall }: ReturnType<typeof requestedCost>) {
  const { kmsKeyMonth, webAclMonth, webAclRuleMonth } = prices;
  return [
    '| on request, USD a month | | |',
    '|---|---|---|',
    `| \`signReleases=on\` | ${signReleases.count} KMS key × $${cents(kmsKeyMonth.usd)} | ${cents(signReleases.usd)} |`,
    `| \`kmsKeyArn\` | your own KMS key, if it is there for this alone | ${cents(kmsKeyMonth.usd)} |`,
    `| \`firewall=on\` | ${firewall.count} web ACL × $${cents(webAclMonth.usd)}, ${firewall.rules} rules × $${cents(webAclRuleMonth.usd)} | ${cents(firewall.usd)} |`,
  ].join('\n');
}

/** The table in docs/deploy.md. */
export function costTable(items: readonly Item[]): string {
  const total = each((containers) => items.reduce((sum, { usd }) => sum + usd[containers], 0));
  const columns = (usd: Item['usd'], mark = '') =>
    CONTAINERS.map((containers) => `${mark}${cents(usd[containers])}${mark}`).join(' | ');
  return [
    `| idle, USD a month | | ${CONTAINERS.map((name) => `\`${name}\``).join(' | ')} | free |`,
    '|---|---|---|---|---|---|',
    ...items.map(({ item, how, usd, free }) => `| ${item} | ${how} | ${columns(usd)} | ${free} |`),
    `| **Together** | | ${columns(total, '**')} | |`,
  ].join('\n');
}

type Count = Parameters<typeof resourcesWith>[0]['Resources'][string];

/** The count by `of` of the resources that exist with each value. */
function counts(template: Template, of: (resource: Count) => boolean | number): Item['usd'] {
  return each((containers) =>
    Object.values(resourcesWith(template, containers)).reduce(
      (sum, resource) => sum + Number(of(resource)),
      0,
    ),
  );
}

function each(of: (containers: Containers) => number): Item['usd'] {
  return { off: of('off'), public: of('public'), isolated: of('isolated') };
}

function sweepsPerHour({ Resources }: Template): number {
  const rate = Resources['SweepSchedule']!.Properties.ScheduleExpression;
  return 60 / Number(/^rate\((\d+) minutes\)$/.exec(rate)![1]);
}

function cents(usd: number): string {
  return usd.toFixed(2);
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}
