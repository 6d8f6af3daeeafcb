import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PricingClient } from '@aws-sdk/client-pricing';
import { priceListRegion, readPriceList } from '#adapters/aws/price-list.ts';
import { dynamoPrices } from '#adapters/aws/registry/dynamo-prices.ts';
import { pricesWith, pricesWords, SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { findStackIfAny } from '#operations/account/stack.ts';
import type { Clock } from '#ports/clock.ts';

/** Reads the prices of the account's region and keeps them in the registry's table. Returns in words what later estimates go by. It never fails: the stack is deployed by then, and no price is worth a deploy. */
export async function readPrices(
  account: AwsAccount & { readonly region: string },
  clock: Pick<Clock, 'now'>,
): Promise<string> {
  const { region } = account;
  try {
    const settings = clientSettings(account);
    const client = new PricingClient({ ...settings, region: priceListRegion(region) });
    const read = await readPriceList(client, region);
    const asOf = new Date(clock.now()).toISOString().slice(0, 10);
    const stack = await findStackIfAny(account);
    const isUnlogged = stack?.parameters['AccessLog'] === 'off';
    const prices = pricesWith(read, { region, asOf, ...(isUnlogged && { accessLog: 'off' }) });
    if (stack) await dynamoPrices(new DynamoDBClient(settings), stack.outputs.Table).keep(prices);
    return `${pricesWords(prices)}, for the choice of targets and the estimates`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `the prices of ${region} could not be read (${why}): those that were kept before hold, else ${pricesWords(SHIPPED_PRICES).replace('Prices', 'the shipped ones')}`;
  }
}
