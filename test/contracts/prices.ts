import { pricesWith, type UnitPrices } from '#domain/placement/unit-prices.ts';
import type { Prices } from '#ports/prices.ts';

const READ: UnitPrices = pricesWith(
  { lambdaRequest: 0.0000003, tableRead: 0.0000002 },
  { region: 'eu-central-1', asOf: '2026-12-01' },
);

/** The promises that every `Prices` keeps. */
export function describePrices(name: string, open: () => Prices | Promise<Prices>): void {
  describe(`${name} keeps the promises of Prices`, () => {
    it('knows none before a deploy has read any', async () => {
      expect(await (await open()).read()).toBeUndefined();
    });

    it('knows those that were kept last, with their region and day', async () => {
      const prices = await open();
      await prices.keep({ ...READ, asOf: '2026-11-01' });

      await prices.keep(READ);

      expect(await prices.read()).toEqual(READ);
    });

    it('knows that no request is logged, until it is told otherwise', async () => {
      const prices = await open();
      await prices.keep({ ...READ, accessLog: 'off' });
      expect(await prices.read()).toEqual({ ...READ, accessLog: 'off' });

      await prices.keep(READ);

      expect(await prices.read()).toEqual(READ);
    });
  });
}
