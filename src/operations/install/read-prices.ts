import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PricingClient } from '@aws-sdk/client-pricing';
import { priceListRegion, readInstancePrices, readPriceList } from '#adapters/aws/price-list.ts';
import { dynamoPrices } from '#adapters/aws/registry/dynamo-prices.ts';
import {
  pricesWith,
  pricesWords,
  SHIPPED_PRICES,
  type UnitPrices,
} from '#domain/placement/unit-prices.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { findStackIfAny } from '#operations/account/stack.ts';
import type { Clock } from '#ports/clock.ts';

type Deployed = AwsAccount & { readonly region: string };

/** Reads the prices of the account's region, and those of the instance types that it sells, and keeps them in the registry's table, with whether the stack logs requests. Returns in words what later estimates go by. It never fails: the stack is deployed by then, and no price is worth a deploy. */
export async function readPrices(account: Deployed, clock: Pick<Clock, 'now'>): Promise<string> {
  const { region } = account;
  try {
    const client = new PricingClient({
      ...clientSettings(account),
      region: priceListRegion(region),
    });
    const { usd, tiers } = await readPriceList(client, region);
    const asOf = new Date(clock.now()).toISOString().slice(0, 10);
    const types = Object.keys(SHIPPED_PRICES.instances ?? {});
    const instances = await readInstancePrices(client, region, types);
    const prices = pricesWith(usd, { region, asOf, tiers, instances });
    await keep(account, () => prices);
    return `${pricesWords(prices)}, for the choice of targets and the estimates`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // The log may have been turned on or off all the same. Without any prices nobody knows which instances the region sells.
    const unread = pricesWith({}, { region, asOf: SHIPPED_PRICES.asOf });
    const shipped = region === SHIPPED_PRICES.region ? SHIPPED_PRICES : unread;
    await keep(account, (kept) => kept ?? shipped).catch(() => undefined);
    return `the prices of ${region} could not be read (${why}): those that were kept before hold, else ${pricesWords(SHIPPED_PRICES).replace('Prices', 'the shipped ones')}`;
  }
}

/** Keeps prices in place of those before, with the access log of the stack as it is now. */
async function keep(
  account: Deployed,
  next: (kept: UnitPrices | undefined) => UnitPrices,
): Promise<void> {
  const stack = await findStackIfAny(account);
  if (!stack) return;
  const table = dynamoPrices(new DynamoDBClient(clientSettings(account)), stack.outputs.Table);
  const prices = next(await table.read());
  const { accessLog: _, ...logged } = prices;
  const isUnlogged = stack.parameters['AccessLog'] === 'off';
  await table.keep(isUnlogged ? { ...logged, accessLog: 'off' } : logged);
}
