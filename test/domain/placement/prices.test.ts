import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };

/** No public page that states them was found on 2026-12-01; AWS's page on Firehose has the rounding to 5 kB, but its prices are filled in by a script. */
const UNSOURCED = ['firehoseGBIn', 'tableRecoveryGBMonth'];

it('every price has a page that states it, except the ones known to lack one', () => {
  const recalled = Object.entries(prices)
    .filter(([, price]) => typeof price === 'object' && !price.source.startsWith('https://'))
    .map(([name]) => name);

  expect(recalled.toSorted()).toEqual(UNSOURCED);
});
